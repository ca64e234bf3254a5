//! Requests: bearer token, request ids, preferences, and the check that a link leads to where the token may go. It
//! knows HTTP and nothing of records.

use secrecy::SecretString;
use sentia_core::{
    Context, Error, ErrorKind, Result,
    transport::{Classify, RequestBuilder, Response},
};
use serde::Serialize;
use url::{Origin, Url};
use uuid::Uuid;

use super::{
    envelope::Listing,
    error::{graph, workbook},
};
use crate::token::{AccessToken, AccessTokens};

/// For whom the token speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// For the app itself.
    Application,
    /// For a user who signed in.
    Delegated,
    /// A ready token does not say.
    Unstated,
}

/// A reading request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ask<'a> {
    /// Query parameters.
    pub(super) query: &'a [(&'static str, &'a str)],
    /// What stands in `Prefer`. It is not kept in links: it goes with every call.
    pub(super) prefer: Option<&'a str>,
    /// The workbook session to use.
    pub(super) session: Option<&'a str>,
    /// Whether the answer is judged by the workbook table.
    pub(super) table: Table,
}

/// Which table of errors holds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Table {
    /// Of everything else.
    #[default]
    Graph,
    /// Of workbooks.
    Workbook,
}

impl Table {
    fn classify(self) -> Classify {
        match self {
            Table::Graph => graph,
            Table::Workbook => workbook,
        }
    }
}

/// The way to one tenant's Graph.
#[derive(Debug)]
pub(super) struct Client {
    root: String,
    origin: Origin,
    tokens: AccessTokens,
    access: Access,
    tenant: String,
}

impl Client {
    /// A client of the Graph at `base`.
    pub(super) fn new(base: &Url, tokens: AccessTokens, access: Access, tenant: String) -> Self {
        let root = format!("{}/v1.0", base.as_str().trim_end_matches('/'));
        Client { root, origin: base.origin(), tokens, access, tenant }
    }

    /// For whom the token speaks.
    pub(super) fn access(&self) -> Access {
        self.access
    }

    /// The address of `path`, which begins with a slash.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    /// Reads an address of ours or a link of Graph's.
    ///
    /// # Errors
    /// As the table says; `InvalidResponse` for a link to another host, which must not see the token.
    pub(super) async fn get(&self, cx: &Context, url: &str, ask: Ask<'_>) -> Result<Response> {
        self.check(url)?;
        let build = || {
            let get = cx.http().get(url);
            let get = ask.query.iter().fold(get, |get, (name, value)| get.query(name, *value));
            let get = ask.prefer.into_iter().fold(get, |get, prefer| get.header("prefer", prefer));
            ask.session.into_iter().fold(get, |get, session| get.header("workbook-session-id", session))
        };
        Ok(self.authorized(cx, || build().classify(ask.table.classify())).await?.0)
    }

    /// Posts a body, and says with which token. Only what is harmless twice is posted: reads in a batch, sessions
    /// that keep nothing.
    ///
    /// # Errors
    /// As the table says.
    pub(super) async fn post(
        &self,
        cx: &Context,
        path: &str,
        body: &(impl Serialize + Sync),
        ask: Ask<'_>,
    ) -> Result<(Response, AccessToken)> {
        let operation = if path == "/$batch" { super::connector::BATCH } else { "" };
        self.authorized(cx, || self.posted(cx, path, ask).json(body).operation(operation)).await
    }

    /// Posts to a path that takes no body.
    ///
    /// # Errors
    /// As the table says.
    pub(super) async fn act(&self, cx: &Context, path: &str, ask: Ask<'_>) -> Result<Response> {
        Ok(self.authorized(cx, || self.posted(cx, path, ask)).await?.0)
    }

    fn posted(&self, cx: &Context, path: &str, ask: Ask<'_>) -> RequestBuilder {
        let post = cx.http().post(self.url(path)).repeatable();
        let post =
            ask.session.into_iter().fold(post, |post, session| post.header("workbook-session-id", session));
        post.classify(ask.table.classify())
    }

    /// Sends a request with the current token; refused once, it is sent once more with a renewed one.
    async fn authorized(
        &self,
        cx: &Context,
        build: impl Fn() -> RequestBuilder,
    ) -> Result<(Response, AccessToken)> {
        let dressed = |token: &SecretString| {
            build()
                .secret_header("authorization", "Bearer ", token)
                .header("accept", "application/json")
                .header("client-request-id", Uuid::new_v4())
        };
        let token = self.tokens.current(cx).await?;
        match dressed(&token.secret).send().await {
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                let token = self.tokens.renew(cx, &token.secret).await?;
                Ok((dressed(&token.secret).send().await?, token))
            }
            outcome => Ok((outcome?, token)),
        }
    }

    /// Obtains another token, because a part of a batch refused the current one.
    pub(super) async fn renew(&self, cx: &Context, refused: &AccessToken) -> Result<()> {
        self.tokens.renew(cx, &refused.secret).await.map(drop)
    }

    /// What is in force: version, tenant, for whom, and the scopes where the token endpoint names them.
    pub(super) async fn read_scope(&self, cx: &Context) -> Result<String> {
        let token = self.tokens.current(cx).await?;
        let mut scopes: Vec<&str> = token.scope.as_deref().unwrap_or_default().split_whitespace().collect();
        scopes.sort_unstable();
        scopes.dedup();
        Ok(format!("v1.0; tenant {}; {:?}; scopes {}", self.tenant, self.access, scopes.join(" ")))
    }

    /// Reads a page of a list. A link that the token may not follow is refused here, before it becomes anybody's place.
    ///
    /// # Errors
    /// `InvalidResponse` for an answer that holds no list, or links elsewhere.
    pub(super) fn listing(&self, response: &Response) -> Result<Listing> {
        let listing = Listing::of(response)?;
        listing.next.iter().chain(&listing.delta).try_for_each(|link| self.check(link))?;
        Ok(listing)
    }

    /// A token goes to the configured host alone: links are the vendor's, and may be anybody's.
    fn check(&self, url: &str) -> Result<()> {
        let refused = |message| Error::new(ErrorKind::InvalidResponse, message);
        let link = Url::parse(url)
            .map_err(|e| refused("microsoft graph's link to the next page is not an address").source(e))?;
        if link.origin() == self.origin && link.username().is_empty() && link.password().is_none() {
            return Ok(());
        }
        let message =
            "microsoft graph's link leads to another host than the configured one; the token stays here";
        Err(refused(message).context("host", link.host_str().unwrap_or_default()))
    }
}

/// `text` as one segment of a path.
///
/// Ids hold `=`, `!` and `,`; guests' names hold `#`, tables' ids braces.
pub(super) fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => segment.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'(' | b')' | b'*' | b',' | b';' | b'=' | b':'
            | b'@' => {
                segment.push(char::from(byte));
            }
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::ReadyToken;

    fn client(base: &str) -> Client {
        let base = base.parse().expect("a URL");
        Client::new(&base, AccessTokens::new(ReadyToken("t".into())), Access::Unstated, "t".into())
    }

    #[test]
    fn a_link_to_another_host_is_refused() {
        let graph = client("https://graph.microsoft.com");
        assert!(graph.check("https://graph.microsoft.com/v1.0/users/delta?$deltatoken=x").is_ok());
        assert!(graph.check("https://GRAPH.microsoft.com:443/v1.0/users").is_ok());
        for link in [
            "https://graph.microsoft.com.evil.example/v1.0/users",
            "https://graph.microsoft.com@evil.example/v1.0/users",
            "https://evil.example@graph.microsoft.com/v1.0/users",
            "http://graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com:8443/v1.0/users",
            "https://dod-graph.microsoft.us/v1.0/users",
            "/v1.0/users",
            "file:///etc/passwd",
        ] {
            let error = graph.check(link).expect_err(link);
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{link}");
        }
    }

    #[test]
    fn a_link_travels_as_it_was_written() {
        for link in [
            "https://graph.microsoft.com/v1.0/users/delta?$skiptoken=a%2Bb%3d&$x=(y)",
            "https://graph.microsoft.com/v1.0/drives/b!a/root/delta(token='MzslMjM%3D')",
            "https://graph.microsoft.com/v1.0/drives/b!a/root/delta?(token=1230919asd190410jlka)",
        ] {
            assert_eq!(Url::parse(link).expect("a link").as_str(), link);
        }
    }

    #[test]
    fn segments_hold_one_segment() {
        assert_eq!(segment("{A-1}"), "%7BA-1%7D");
        assert_eq!(segment("b!x_y-Z="), "b!x_y-Z=");
        assert_eq!(segment("a/b?c#d e"), "a%2Fb%3Fc%23d%20e");
        assert_eq!(segment("contoso.sharepoint.com,1,2"), "contoso.sharepoint.com,1,2");
    }

    proptest::proptest! {
        #[test]
        fn no_segment_breaks_out(text in "\\PC{0,40}") {
            let url = Url::parse(&format!("https://h/a/{}/b", segment(&text))).expect("a URL");
            if text != "." && text != ".." {
                proptest::prop_assert_eq!(url.path_segments().expect("a path").count(), 3);
            }
            proptest::prop_assert_eq!(url.query(), None);
        }
    }
}
