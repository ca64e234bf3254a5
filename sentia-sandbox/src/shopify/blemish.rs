//! Faults of single values: the text of `data` goes in, a spoilt one comes out.

use super::fault::ShopifyFault;

/// Spoils the first value of its kind as the fault says.
pub(crate) fn spoil(fault: Option<ShopifyFault>, data: String) -> String {
    match fault {
        Some(ShopifyFault::NullKey) => replace_first(&data, "\"node\":{\"id\":", "null")
            .or_else(|| replace_first(&data, "[{\"id\":", "null"))
            .or_else(|| replace_first(&data, "\"id\":", "null"))
            .unwrap_or(data),
        Some(ShopifyFault::WrongType) => replace_first(&data, "\"amount\":", "{}")
            .or_else(|| replace_first(&data, "\"legacyResourceId\":", "[]"))
            .unwrap_or(data),
        Some(ShopifyFault::TooManyDigits) => {
            let digits = "\"12345678901234567890123456789012345678.901234567890123456789\"";
            replace_first(&data, "\"amount\":", digits)
                .or_else(|| replace_first(&data, "\"price\":", digits))
                .unwrap_or(data)
        }
        Some(ShopifyFault::RoundedIds) => rounded(&data),
        _ => data,
    }
}

/// Puts another value behind the first `name`, where a string or null stands now.
fn replace_first(data: &str, name: &str, value: &str) -> Option<String> {
    let start = data.find(name)? + name.len();
    let old = &data[start..];
    let length = match old.strip_prefix('"') {
        Some(rest) => rest.find('"')? + 2,
        None => old.find([',', '}'])?,
    };
    Some(format!("{}{value}{}", &data[..start], &old[length..]))
}

/// Replaces every run of 17 or more digits with what a double makes of it.
fn rounded(data: &str) -> String {
    let mut out = String::with_capacity(data.len());
    let mut digits = String::new();
    for c in data.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        match digits.parse::<f64>() {
            Ok(number) if digits.len() >= 17 => out.push_str(&format!("{number:.0}")),
            _ => out.push_str(&digits),
        }
        digits.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{replace_first, rounded};

    #[test]
    fn replaces_one_value() {
        assert_eq!(
            replace_first(r#"{"a":"x","a":"y"}"#, "\"a\":", "null").as_deref(),
            Some(r#"{"a":null,"a":"y"}"#)
        );
    }

    #[test]
    fn rounds_as_a_double_does() {
        assert_eq!(
            rounded(r#"{"id":"gid://shopify/Order/820982911946154509"}"#),
            r#"{"id":"gid://shopify/Order/820982911946154496"}"#
        );
    }
}
