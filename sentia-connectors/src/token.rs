//! One access token per connector: cached, renewed before it expires, by one caller at a time.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Context, Error, ErrorKind, Result};
use tokio::sync::Mutex;

/// How long before its end a token is no longer used: a call that begins with it should also end with it.
const EARLY: chrono::Duration = chrono::Duration::seconds(60);

/// A bearer token with what its vendor said about it.
#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    /// The token itself.
    pub(crate) secret: SecretString,
    /// The scopes it was granted, in the vendor's words, where the vendor says so.
    pub(crate) scope: Option<String>,
    expires: Option<DateTime<Utc>>,
}

impl AccessToken {
    /// A token that never expires by itself.
    pub(crate) fn lasting(secret: SecretString) -> Self {
        AccessToken { secret, scope: None, expires: None }
    }

    /// Says that the token ends `lifetime` from now, by the context's clock.
    #[must_use]
    pub(crate) fn expiring(self, cx: &Context, lifetime: Duration) -> Self {
        let lifetime = chrono::Duration::from_std(lifetime).unwrap_or(chrono::Duration::MAX);
        AccessToken { expires: cx.clock().now().checked_add_signed(lifetime), ..self }
    }

    /// Names the scopes granted.
    #[must_use]
    pub(crate) fn scoped(self, scope: Option<String>) -> Self {
        AccessToken { scope, ..self }
    }

    /// A token that another process obtained.
    pub(crate) fn published(
        secret: SecretString,
        scope: Option<String>,
        expires: Option<DateTime<Utc>>,
    ) -> Self {
        AccessToken { secret, scope, expires }
    }

    /// When the token ends, where the vendor says so.
    pub(crate) fn expires(&self) -> Option<DateTime<Utc>> {
        self.expires
    }

    /// Whether the token is good for a call now, and is not the one that was refused.
    pub(crate) fn serves(&self, now: DateTime<Utc>, refused: Option<&SecretString>) -> bool {
        self.is_fresh(now) && !refused.is_some_and(|refused| self.is(refused))
    }

    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_none_or(|expires| now + EARLY < expires)
    }

    fn is(&self, other: &SecretString) -> bool {
        self.secret.expose_secret() == other.expose_secret()
    }
}

/// How a vendor grants access tokens.
#[async_trait]
pub(crate) trait Grant: fmt::Debug + Send + Sync {
    /// Obtains a token. It is called by one task at a time.
    ///
    /// # Errors
    /// `Unauthenticated` when the vendor does not accept the credentials; otherwise as the vendor's table says.
    async fn obtain(&self, cx: &Context) -> Result<AccessToken>;

    /// Obtains a token in place of one that the vendor refused. It is called by one task at a time.
    ///
    /// # Errors
    /// As [`obtain`](Self::obtain).
    async fn replace(&self, cx: &Context, _refused: &SecretString) -> Result<AccessToken> {
        self.obtain(cx).await
    }
}

/// A token made by hand in the vendor's settings, used as it is.
#[derive(Debug)]
pub(crate) struct ReadyToken(pub(crate) SecretString);

#[async_trait]
impl Grant for ReadyToken {
    async fn obtain(&self, _: &Context) -> Result<AccessToken> {
        Ok(AccessToken::lasting(self.0.clone()))
    }
}

/// The token of one connector, shared by its tasks: however many ask, the vendor is asked once.
#[derive(Debug)]
pub(crate) struct AccessTokens {
    grant: Box<dyn Grant>,
    cached: Mutex<Option<AccessToken>>,
}

impl AccessTokens {
    /// Tokens as `grant` gives them; none is obtained before the first call.
    pub(crate) fn new(grant: impl Grant + 'static) -> Self {
        AccessTokens { grant: Box::new(grant), cached: Mutex::default() }
    }

    /// The token to use now.
    ///
    /// # Errors
    /// As the vendor's grant.
    ///
    /// # Cancel safety
    /// As the vendor's grant; the cached token stays what it was.
    pub(crate) async fn current(&self, cx: &Context) -> Result<AccessToken> {
        let mut cached = self.cached.lock().await;
        match &*cached {
            Some(token) if token.is_fresh(cx.clock().now()) => Ok(token.clone()),
            _ => Ok(cached.insert(self.grant.obtain(cx).await?).clone()),
        }
    }

    /// The token to use after the vendor refused `used`. Of all callers refused with the same token, the first
    /// obtains a new one; the others are given that.
    ///
    /// # Errors
    /// `Unauthenticated` when there is no other token than the refused one; otherwise as the vendor's grant.
    ///
    /// # Cancel safety
    /// As [`current`](Self::current).
    pub(crate) async fn renew(&self, cx: &Context, used: &SecretString) -> Result<AccessToken> {
        let mut cached = self.cached.lock().await;
        if let Some(token) = cached.as_ref().filter(|token| !token.is(used)) {
            return Ok(token.clone());
        }
        let token = self.grant.replace(cx, used).await?;
        if token.is(used) {
            let message =
                "the vendor refuses the access token and there is no way to renew it; issue a new one";
            return Err(Error::new(ErrorKind::Unauthenticated, message));
        }
        Ok(cached.insert(token).clone())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use sentia_core::{
        testing::ManualClock,
        transport::{Http, Request, Response, Transport},
    };

    use super::*;

    /// The way to no vendor.
    #[derive(Debug)]
    pub(crate) struct Nowhere;

    #[async_trait]
    impl Transport for Nowhere {
        async fn call(&self, _: Request) -> Result<Response> {
            Err(Error::new(ErrorKind::Unexpected, "this test makes no calls"))
        }
    }

    #[derive(Debug, Default, Clone)]
    struct Counted(Arc<AtomicUsize>);

    #[async_trait]
    impl Grant for Counted {
        async fn obtain(&self, cx: &Context) -> Result<AccessToken> {
            tokio::task::yield_now().await;
            let nth = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            let token = AccessToken::lasting(format!("token-{nth}").into());
            Ok(token.expiring(cx, Duration::from_secs(1800)))
        }
    }

    fn context() -> (Context, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
        (Context::new(Http::new(Arc::new(Nowhere)), clock.clone(), "tenant", "connection"), clock)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn fifty_callers_are_one_refresh() {
        let (cx, _) = context();
        let grant = Counted::default();
        let tokens = Arc::new(AccessTokens::new(grant.clone()));
        let first = tokens.current(&cx).await.expect("granted");
        let refused: Vec<_> = (0..50)
            .map(|_| {
                let (tokens, cx, used) = (tokens.clone(), cx.clone(), first.secret.clone());
                tokio::spawn(async move { tokens.renew(&cx, &used).await })
            })
            .collect();
        for task in refused {
            let token = task.await.expect("no panic").expect("renewed");
            assert_eq!(token.secret.expose_secret(), "token-2");
        }
        assert_eq!(grant.0.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_token_is_renewed_a_minute_before_its_end() {
        let (cx, clock) = context();
        let tokens = AccessTokens::new(Counted::default());
        let secret = async |tokens: &AccessTokens| tokens.current(&cx).await.expect("granted").secret;
        assert_eq!(secret(&tokens).await.expose_secret(), "token-1");
        clock.advance(Duration::from_secs(1739));
        assert_eq!(secret(&tokens).await.expose_secret(), "token-1");
        clock.advance(Duration::from_secs(1));
        assert_eq!(secret(&tokens).await.expose_secret(), "token-2");
    }

    #[tokio::test]
    async fn a_ready_token_that_is_refused_is_final() {
        let (cx, _) = context();
        let tokens = AccessTokens::new(ReadyToken("ready".into()));
        let token = tokens.current(&cx).await.expect("ready");
        let error = tokens.renew(&cx, &token.secret).await.expect_err("the same again");
        assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::Unauthenticated, false));
        assert!(!format!("{tokens:?}{error:?}").contains("ready\""));
    }
}
