//! Documents are stored as they came, with one exception: the address under which a file can be fetched without any
//! token.

use std::{borrow::Cow, collections::HashMap};

use bytes::Bytes;
use serde_json::value::RawValue;

/// The members that hold such an address. Both spellings are in use.
const DOWNLOAD: [&str; 2] = ["@microsoft.graph.downloadUrl", "@content.downloadUrl"];

/// `document` with `null` in place of a pre-authenticated download address, every other byte as it was.
///
/// Whoever reads the address reads the file: it must not be stored. It also changes with every answer. `$select` asks
/// for items without it; this is for the answer that holds it all the same.
pub(super) fn without_download_url(document: Bytes) -> Bytes {
    const MARK: &[u8] = b"downloadUrl\"";
    if !document.windows(MARK.len()).any(|window| window == MARK) {
        return document;
    }
    let Ok(members) = serde_json::from_slice::<HashMap<Cow<'_, str>, &RawValue>>(&document) else {
        return document;
    };
    let start = document.as_ptr() as usize;
    let mut cuts: Vec<_> = DOWNLOAD
        .iter()
        .filter_map(|name| members.get(*name))
        .map(|raw| (raw.get().as_ptr() as usize - start, raw.get().len()))
        .collect();
    cuts.sort_unstable();
    let (mut kept, mut from) = (Vec::with_capacity(document.len()), 0);
    for (at, length) in cuts {
        kept.extend_from_slice(&document[from..at]);
        kept.extend_from_slice(b"null");
        from = at + length;
    }
    kept.extend_from_slice(&document[from..]);
    kept.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_is_cut_out() {
        let cut = |text: &'static str| without_download_url(text.into());
        assert_eq!(
            cut(r#"{ "@microsoft.graph.downloadUrl" : "https://x/?tempauth=secret" ,"size":1.50, "id":"a"}"#),
            r#"{ "@microsoft.graph.downloadUrl" : null ,"size":1.50, "id":"a"}"#
        );
        assert_eq!(
            cut(r#"{"id":"a","@content.downloadUrl":"s","@microsoft.graph.downloadUrl":"t"}"#),
            r#"{"id":"a","@content.downloadUrl":null,"@microsoft.graph.downloadUrl":null}"#
        );
        for untouched in
            [r#"{"id":"a"}"#, r#"{"name":"downloadUrl"}"#, r#"{"downloadUrl":1}"#, "downloadUrl\""]
        {
            assert_eq!(cut(untouched), untouched);
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_left_reads_as_before(name in "\\PC{0,20}", url in "\\PC{0,40}") {
            let document = serde_json::json!({"@microsoft.graph.downloadUrl": url, "name": name}).to_string();
            let cut = without_download_url(document.into());
            let read: serde_json::Value = serde_json::from_slice(&cut).expect("JSON");
            proptest::prop_assert_eq!(read, serde_json::json!({"@microsoft.graph.downloadUrl": null, "name": name}));
        }
    }
}
