//! Posting a delivery to an endpoint on this machine, and what the vendor thinks of the answer.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::webhook::XeroDelivery;

/// How an endpoint answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XeroAcknowledgement {
    /// Status answered.
    pub status: u16,
    /// Whether the body is empty, as the vendor wants it.
    pub is_empty: bool,
    /// Whether cookies were set, which the vendor does not want.
    pub sets_cookies: bool,
}

impl XeroAcknowledgement {
    /// Whether the vendor takes a genuine delivery for received.
    pub fn accepts(self) -> bool {
        (200..300).contains(&self.status) && self.is_empty && !self.sets_cookies
    }

    /// Whether the vendor is content with the answer to this delivery: a forged one wants 401.
    pub fn suits(self, delivery: &XeroDelivery) -> bool {
        if delivery.genuine { self.accepts() } else { self.status == 401 }
    }
}

impl XeroDelivery {
    /// Posts it to an endpoint over plain HTTP. The vendor gives up after five seconds; so may the caller.
    ///
    /// # Errors
    ///
    /// When the address is not plain HTTP with a host, when nobody answers, or when the answer is not HTTP.
    ///
    /// # Cancel safety
    ///
    /// Dropping it closes the connection; the endpoint may have received the delivery.
    pub async fn post(&self, url: &str) -> io::Result<XeroAcknowledgement> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_owned());
        let url = Url::parse(url).map_err(|_| invalid("not an address"))?;
        let host = url.host_str().filter(|_| url.scheme() == "http").ok_or_else(|| invalid("not http"))?;
        let port = url.port_or_known_default().unwrap_or(80);
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let head = format!(
            "POST {}{query} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json; charset=utf-8\r\n\
             Content-Length: {}\r\nUser-Agent: Xero/Webhooks\r\nx-xero-signature: {}\r\nConnection: close\r\n\r\n",
            url.path(),
            self.body.len(),
            self.signature
        );
        let mut stream = TcpStream::connect((host, port)).await?;
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(self.body.as_bytes()).await?;
        let mut answer = vec![];
        stream.read_to_end(&mut answer).await?;
        read_answer(&String::from_utf8_lossy(&answer))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))
    }
}

fn read_answer(answer: &str) -> Option<XeroAcknowledgement> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let head = head.to_ascii_lowercase();
    let is_chunked = head.contains("\r\ntransfer-encoding: chunked");
    let is_empty = body.is_empty() || (is_chunked && body.starts_with("0\r\n"));
    Some(XeroAcknowledgement { status, is_empty, sets_cookies: head.contains("\r\nset-cookie:") })
}

#[cfg(test)]
mod tests {
    use super::read_answer;

    #[test]
    fn reads_what_the_vendor_looks_at() {
        let good = read_answer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        assert!(good.accepts());
        let chatty = read_answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        assert!(!chatty.accepts());
        let cookie = read_answer("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\n").unwrap();
        assert!(!cookie.accepts());
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        assert!(read_answer(chunked).unwrap().accepts());
        assert!(read_answer("nonsense").is_none());
    }
}
