//! Fetches a report's document: a link that lives five minutes, a download without the token, a file of lines.

use sentia_core::{Context, Error, ErrorKind, Result, transport::Response};
use serde::Deserialize;

use super::table::{self, Layout};
use crate::amazon::{client::Client, error::LINK, operation::GET_DOCUMENT};

#[derive(Deserialize)]
struct Linked {
    url: String,
}

/// A report's document in the spool.
#[derive(Debug)]
pub(in crate::amazon) struct Fetched {
    /// The name of its file of lines.
    pub(in crate::amazon) name: String,
}

impl Fetched {
    /// The document as lines: from the spool, or downloaded where it is not there.
    ///
    /// # Errors
    /// `PositionExpired` when Amazon no longer keeps it.
    pub(in crate::amazon) async fn rows(
        client: &Client,
        cx: &Context,
        document: &str,
        layout: Layout,
    ) -> Result<Self> {
        let name = format!("{document} as rows");
        if cx.spool().contains(&name) {
            return Ok(Fetched { name });
        }
        Fetched::anew(client, cx, document, layout).await
    }

    /// As [`rows`](Self::rows), downloaded whatever is in the spool.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub(in crate::amazon) async fn anew(
        client: &Client,
        cx: &Context,
        document: &str,
        layout: Layout,
    ) -> Result<Self> {
        let name = format!("{document} as rows");
        let charset = charset(&download(client, cx, document).await?);
        let rewrite = move |from, to: &mut _| table::rewrite(from, to, charset, layout);
        cx.spool().convert(document, &name, rewrite).await?;
        Ok(Fetched { name })
    }
}

/// The first words of a document that says why its report failed. What cannot be had is left out: the failure itself is
/// the news.
pub(super) async fn reason(client: &Client, cx: &Context, document: &str) -> Option<String> {
    let name = format!("{document} as text");
    let charset = charset(&download(client, cx, document).await.ok()?);
    cx.spool().convert(document, &name, move |from, to| table::text(from, to, charset)).await.ok()?;
    let text = cx.spool().read_at(&name, 0, 512).await.ok()?;
    Some(sentia_core::transport::body_excerpt(&text))
}

/// Downloads the file as it is, named after its document. A link that expired meanwhile is asked for once more.
async fn download(client: &Client, cx: &Context, document: &str) -> Result<Response> {
    let link = link(client, cx, document).await?;
    match client.download(cx, &link, document).await {
        Err(error) if error.context_value(LINK).is_some() => {
            let link = self::link(client, cx, document).await?;
            client.download(cx, &link, document).await
        }
        outcome => outcome,
    }
}

async fn link(client: &Client, cx: &Context, document: &str) -> Result<String> {
    let path = format!("/reports/2021-06-30/documents/{}", segment(document));
    // Without `enableContentEncodingUrlHeader`: a file that says how it is packed may be unpacked twice.
    let response = client.document(cx, &GET_DOCUMENT, &path).await.map_err(gone)?;
    // The body holds a signed link: it must not become an error's context.
    let linked: Linked = serde_json::from_slice(&response.body).map_err(|_| {
        Error::new(ErrorKind::InvalidResponse, "the answer holds no link to the report").temporary()
    })?;
    Ok(linked.url)
}

/// Reports and their documents are kept for 90 days at most; a page token may be older.
pub(super) fn gone(error: Error) -> Error {
    if error.kind() != ErrorKind::NotFound {
        return error;
    }
    Error::new(ErrorKind::PositionExpired, "amazon no longer keeps the report that was being read")
        .source(error)
}

/// An id of Amazon's as a segment of a path.
pub(super) fn segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

fn charset(response: &Response) -> Option<String> {
    let kind = response.header("content-type")?.to_ascii_lowercase();
    let (_, rest) = kind.split_once("charset=")?;
    let label = rest.split(';').next().unwrap_or(rest).trim().trim_matches('"');
    (!label.is_empty()).then(|| label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_character_set_in_its_spellings() {
        for (kind, expected) in [
            ("text/plain; charset=Cp1252", Some("cp1252")),
            ("text/plain;charset=\"UTF-8\"; x=y", Some("utf-8")),
            ("text/tab-separated-values; charset=utf8", Some("utf8")),
            ("text/plain; charset=", None),
            ("text/plain", None),
        ] {
            let headers = [(http::header::CONTENT_TYPE, kind.parse().expect("ASCII"))].into_iter().collect();
            let response = Response::new(http::StatusCode::OK, headers, bytes::Bytes::new());
            assert_eq!(charset(&response).as_deref(), expected, "{kind}");
        }
    }
}
