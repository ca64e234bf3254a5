//! Answers as a twin makes them, and the ways in which a body can go wrong on its way.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use http::{HeaderName, HeaderValue, StatusCode, header};

/// How the body travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// All of it.
    #[default]
    Whole,
    /// Half of it, as if it were all: the content length says so.
    Truncated,
    /// Half of it, then the connection breaks.
    Cut,
    /// Half of it, then nothing more comes.
    Stalled,
}

/// An answer before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: String,
    pub(crate) delivery: Delivery,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).expect("twins only answer with three-digit status codes");
        Self { status, content_type, headers: vec![], body: body.into(), delivery: Delivery::Whole }
    }

    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "application/json; charset=utf-8", body)
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
        );
        Self::new(status, "text/html; charset=utf-8", body)
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((HeaderName::from_static(name), value.into()));
        self
    }

    pub(crate) fn delivered(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }

    /// Sends it with the `Date` of the sandbox clock. What `keep` holds lives as long as the body is being sent,
    /// so that a stalled answer goes on counting as a concurrent request.
    pub(crate) fn send<K: Send + 'static>(self, now: DateTime<Utc>, keep: K) -> Response {
        let bytes = Bytes::from(self.body);
        let half = bytes.slice(..bytes.len() / 2);
        let mut response = match self.delivery {
            Delivery::Whole => Response::new(Body::from(bytes)),
            Delivery::Truncated => Response::new(Body::from(half)),
            Delivery::Cut => {
                // The pause lets the server send what it has; broken at once, not even the head would go out.
                let broken = stream::once(async {
                    tokio::task::yield_now().await;
                    Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
                });
                Response::new(Body::from_stream(stream::iter([Ok(half)]).chain(broken)))
            }
            Delivery::Stalled => {
                let silence = stream::pending().map(move |item| {
                    let _held = &keep;
                    item
                });
                Response::new(Body::from_stream(stream::iter([Ok::<_, std::io::Error>(half)]).chain(silence)))
            }
        };
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        for (name, value) in self.headers.into_iter().chain([(header::DATE, date)]) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
