//! What a connector types: a request builder over the stack.
//!
//! Nothing here retries, waits or judges; the layers below do.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use url::Url;

use super::{Classify, Repeat, Request, Response, Transport};
use crate::{
    Error, ErrorKind, Result,
    decode::{Decoded, split},
    json_record::json_record,
    quota::Urgency,
    spool::Spool,
    stream::StreamInfo,
};

/// A connector's way to its vendor: every request goes through the whole stack.
///
/// A clone shares the stack, with its limits and breaker.
#[derive(Debug, Clone)]
pub struct Http {
    transport: Arc<dyn Transport>,
    stream: Option<Arc<StreamInfo>>,
    vendor_clock: Arc<Mutex<Option<DateTime<Utc>>>>,
    urgency: Urgency,
}

impl Http {
    /// A client over `transport`.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Http { transport, stream: None, vendor_clock: Arc::default(), urgency: Urgency::default() }
    }

    pub(crate) fn for_stream(&self, stream: Arc<StreamInfo>) -> Self {
        Http { stream: Some(stream), vendor_clock: Arc::default(), ..self.clone() }
    }

    /// Says how soon calls are wanted, among those that wait for the same budgets. Default: routine.
    #[must_use]
    pub fn urgency(self, urgency: Urgency) -> Self {
        Http { urgency, ..self }
    }

    /// The `Date` of the first response received through this handle: the vendor's clock, not ours.
    pub(crate) fn vendor_clock(&self) -> Option<DateTime<Utc>> {
        *self.vendor_clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a GET.
    ///
    /// It may be repeated. A URL that does not parse is an error at [`RequestBuilder::send`].
    pub fn get(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::GET, url.as_ref())
    }

    /// Begins a POST. It is repeated only after [`RequestBuilder::repeatable`].
    pub fn post(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::POST, url.as_ref())
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let repeat = if method == Method::GET { Repeat::Safe } else { Repeat::Once };
        let request = Url::parse(url)
            .map(|url| Request { repeat, urgency: self.urgency, ..Request::new(method, url) })
            .map_err(|e| Error::new(ErrorKind::ConfigInvalid, "not a URL; check the base URL").source(e));
        RequestBuilder { http: self.clone(), request }
    }
}

/// What can stand in a query.
pub trait QueryValue {
    /// Its text, not yet percent-encoded.
    fn into_text(self) -> String;
}

macro_rules! query_values {
    ($($kind:ty),+) => {$(
        impl QueryValue for $kind {
            fn into_text(self) -> String {
                self.to_string()
            }
        }
    )+};
}

query_values!(&str, String, &String, &crate::Text, bool, u32, u64, i32, i64, chrono::NaiveDate);

impl QueryValue for DateTime<Utc> {
    /// RFC 3339 with `Z`, to the second where it is whole: the form that most vendors read.
    fn into_text(self) -> String {
        self.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
    }
}

/// A request under construction; a mistake surfaces at [`send`](RequestBuilder::send).
///
/// ```no_run
/// # // It needs a vendor to answer.
/// # async fn example(cx: &sentia_core::Context, token: &secrecy::SecretString) -> sentia_core::Result<()> {
/// let response = cx.http()
///     .get("https://api.example/orders")
///     .query("limit", 250)
///     .query_opt("since", None::<String>)
///     .secret_header("authorization", "Bearer ", token)
///     .send()
///     .await?;
/// let orders: serde_json::Value = response.json()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct RequestBuilder {
    http: Http,
    request: Result<Request>,
}

impl RequestBuilder {
    fn with(mut self, change: impl FnOnce(&mut Request) -> Result<()>) -> Self {
        self.request = self.request.and_then(|mut request| change(&mut request).map(|()| request));
        self
    }

    /// Adds a query parameter.
    ///
    /// Name and value are percent-encoded.
    pub fn query(self, name: &str, value: impl QueryValue) -> Self {
        self.with(|request| {
            request.url.query_pairs_mut().append_pair(name, &value.into_text());
            Ok(())
        })
    }

    /// Adds a query parameter where there is a value.
    pub fn query_opt(self, name: &str, value: Option<impl QueryValue>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header.
    pub fn header(self, name: &'static str, value: impl Display) -> Self {
        self.with(|request| {
            let value = HeaderValue::try_from(value.to_string()).map_err(|e| {
                Error::new(ErrorKind::ConfigInvalid, "not a header value").context("header", name).source(e)
            })?;
            request.headers.insert(name, value);
            Ok(())
        })
    }

    /// Adds a header that holds a secret: it is never printed.
    ///
    /// `prefix` stands before it, as in `Bearer `. It is the one line where a connector's secret is exposed to a header.
    pub fn secret_header(self, name: &'static str, prefix: &str, secret: &SecretString) -> Self {
        self.with(|request| {
            let mut value =
                HeaderValue::try_from(format!("{prefix}{}", secret.expose_secret())).map_err(|_| {
                    Error::new(ErrorKind::ConfigInvalid, "the secret has characters no header can carry")
                })?;
            value.set_sensitive(true);
            request.headers.insert(name, value);
            Ok(())
        })
    }

    /// Sets a JSON body.
    pub fn json(self, body: &impl Serialize) -> Self {
        self.with(|request| {
            let bytes = serde_json::to_vec(body)
                .map_err(|e| Error::new(ErrorKind::Unexpected, "the request does not serialize").source(e))?;
            request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            request.body = Some(bytes.into());
            Ok(())
        })
    }

    /// Sets a form body.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        self.with(|request| {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers.insert(header::CONTENT_TYPE, form);
            request.body = Some(Bytes::from(body));
            Ok(())
        })
    }

    /// Says that sending it twice is harmless, as with a query that happens to be a POST.
    pub fn repeatable(self) -> Self {
        self.with(|request| {
            request.repeat = Repeat::Safe;
            Ok(())
        })
    }

    /// Sets the vendor's table of errors.
    ///
    /// Default: HTTP's own meaning of a status.
    pub fn classify(self, classify: Classify) -> Self {
        self.with(|request| {
            request.classify = classify;
            Ok(())
        })
    }

    /// Says what the request costs, where the vendor counts points.
    pub fn cost(self, points: f64) -> Self {
        self.with(|request| {
            request.cost = points;
            Ok(())
        })
    }

    /// Sends `key` in the header by which the vendor recognizes a repeated write, so that the request may be repeated:
    /// every attempt carries the same key, and takes effect once.
    ///
    /// For vendors that promise this (Xero: `Idempotency-Key`). The key is the caller's, who keeps it for as long as the write
    /// may be tried again; a fresh one for each attempt would be none.
    pub fn idempotent_by(self, header: &'static str, key: impl AsRef<str>) -> Self {
        self.header(header, key.as_ref()).repeatable()
    }

    /// Names the vendor's operation, where limits are per operation.
    pub fn operation(self, operation: &'static str) -> Self {
        self.with(|request| {
            request.operation = operation;
            Ok(())
        })
    }

    /// Sends the body of a good answer to a file of `spool` instead of into memory.
    ///
    /// An attempt that fails leaves no file behind. Such an answer may take ten times the policy's timeout.
    pub fn spool_to(self, spool: &Spool, name: &str) -> Self {
        self.with(|request| {
            request.spool = Some(spool.target(name));
            Ok(())
        })
    }

    /// Sends it through the stack.
    ///
    /// # Errors
    /// As the vendor's table says; `ConfigInvalid` for a URL or header that cannot be.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the request.
    pub async fn send(self) -> Result<Response> {
        let response = self.http.transport.call(self.request?).await?;
        if let Some(date) = response.date() {
            let mut first = self.http.vendor_clock.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(date);
        }
        Ok(response)
    }

    /// Sends it and reads records out of the array at the JSON `pointer`, checking each against `T`. Key,
    /// version and columns are taken from the members that the stream's entry names.
    ///
    /// # Errors
    /// As [`send`](Self::send); `InvalidResponse` when there is no array at `pointer`. A document that does not
    /// fit `T` is rejected into quarantine and stops nothing.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the request.
    pub async fn records<T: DeserializeOwned>(self, pointer: &str) -> Result<Decoded> {
        let stream = self.http.stream.clone().ok_or_else(|| {
            Error::new(ErrorKind::Unexpected, "records are read in fetch only, through its context")
        })?;
        let response = self.send().await?;
        let mut raw: &RawValue = serde_json::from_slice(&response.body)
            .map_err(|e| response.invalid("the body is not JSON").source(e))?;
        for member in pointer.split('/').filter(|member| !member.is_empty()) {
            let members: std::collections::HashMap<&str, &RawValue> = serde_json::from_str(raw.get())
                .map_err(|e| response.invalid("no object where the pointer leads").source(e))?;
            raw = members.get(member).ok_or_else(|| response.invalid("no member where the pointer leads"))?;
        }
        let mut decoded = Decoded::default();
        for document in split(&response.body, raw)? {
            decoded.push(json_record::<T>(&stream, document));
        }
        Ok(decoded)
    }
}
