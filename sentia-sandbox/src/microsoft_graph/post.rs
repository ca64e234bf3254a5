//! A POST to a loopback address, for handshakes and notifications.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// Posts a body and reads the whole answer, within ten seconds.
pub(crate) async fn post(url: &str, content_type: &str, body: &str) -> io::Result<Posted> {
    let slow = |_| io::Error::new(io::ErrorKind::TimedOut, "no answer within ten seconds");
    tokio::time::timeout(Duration::from_secs(10), exchange(url, content_type, body)).await.map_err(slow)?
}

async fn exchange(url: &str, content_type: &str, body: &str) -> io::Result<Posted> {
    let invalid = |words: &str| io::Error::new(io::ErrorKind::InvalidInput, words.to_owned());
    let rest = url.strip_prefix("http://").ok_or_else(|| invalid("only http on loopback"))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    let mut socket = TcpStream::connect(authority).await?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
         Connection: close\r\nUser-Agent: Microsoft-Graph-Notifications\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(body.as_bytes()).await?;
    let mut answer = Vec::new();
    socket.take(1 << 20).read_to_end(&mut answer).await?;
    parse(&String::from_utf8_lossy(&answer)).ok_or_else(|| invalid("the answer is not HTTP"))
}

/// Status, type and body; the peer closes the connection, so the body ends with it.
fn parse(answer: &str) -> Option<Posted> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let chunked = header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let body = if chunked { unchunk(body) } else { body.to_owned() };
    Some(Posted { status, content_type: header("content-type").unwrap_or_default(), body })
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        whole.push_str(chunk);
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn answers_are_read_whole_and_in_chunks() {
        let plain = parse("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nabc").expect("an answer");
        assert_eq!(
            (plain.status, plain.body.as_str(), plain.content_type.as_str()),
            (200, "abc", "text/plain")
        );
        let chunked = "HTTP/1.1 202 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(parse(chunked).expect("an answer").body, "abcde");
    }
}
