//! Reads one HTTP/1.1 response from the bytes received so far: the status and where the body ends.

use std::borrow::Cow;

use anyhow::{Context, Result, bail};

const MAX_HEADERS: usize = 48;
/// A body that is longer than this is joined when its end is there.
const LONG_BODY_BYTES: usize = 64 << 10;

pub(crate) struct Response<'a> {
    pub(crate) status: u16,
    pub(crate) body: Cow<'a, [u8]>,
}

enum Framing {
    Length(usize),
    Chunked,
}

/// Answers `None` while the response is incomplete.
///
/// Stateless: it starts again with each call, which costs nothing while a response arrives in one piece.
pub(crate) fn parse(received: &[u8]) -> Result<Option<Response<'_>>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head_bytes) = head.parse(received).context("not an HTTP/1.1 response")?
    else {
        return Ok(None);
    };

    let status = head.code.context("a response without a status")?;
    let rest = &received[head_bytes..];
    let body = match framing(status, head.headers)? {
        Framing::Length(length) => rest.get(..length).map(Cow::Borrowed),
        Framing::Chunked => join_chunks(rest)?.map(Cow::Owned),
    };
    Ok(body.map(|body| Response { status, body }))
}

fn framing(status: u16, headers: &[httparse::Header<'_>]) -> Result<Framing> {
    if matches!(status, 204 | 304) {
        return Ok(Framing::Length(0));
    }
    for header in headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            let length = std::str::from_utf8(header.value)?
                .trim()
                .parse()
                .context("a bad Content-Length")?;
            return Ok(Framing::Length(length));
        }
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(Framing::Chunked);
        }
    }
    bail!("a {status} response with neither a length nor chunks cannot keep the connection")
}

/// The slow way, for the rare response without a length. Trailers are not expected.
fn join_chunks(mut rest: &[u8]) -> Result<Option<Vec<u8>>> {
    // A long body would be joined again for each piece that comes.
    if rest.len() > LONG_BODY_BYTES && !rest.ends_with(b"0\r\n\r\n") {
        return Ok(None);
    }
    let mut body = Vec::new();
    loop {
        let Ok(size) = httparse::parse_chunk_size(rest) else {
            bail!("a bad chunk size")
        };
        let httparse::Status::Complete((start, length)) = size else {
            return Ok(None);
        };
        let length = usize::try_from(length).context("a chunk over the address space")?;
        let end = start
            .checked_add(length)
            .context("a chunk over the address space")?;
        // The line end after a chunk, and the empty line after the last one.
        if rest.len() < end.saturating_add(2) {
            return Ok(None);
        }
        if length == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(&rest[start..end]);
        rest = &rest[end + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITH_LENGTH: &[u8] =
        b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\ncontent-length: 8\r\n\r\n{\"id\":1}";
    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"id\r\n4\r\n\":1}\r\n0\r\n\r\n";

    #[test]
    fn a_response_that_arrives_byte_by_byte_is_complete_only_at_its_last_byte() {
        for (wire, status) in [(WITH_LENGTH, 201), (CHUNKED, 200)] {
            for end in 0..wire.len() {
                assert!(
                    parse(&wire[..end]).expect("a valid prefix").is_none(),
                    "complete after {end} bytes"
                );
            }

            let response = parse(wire).expect("valid").expect("complete");

            assert_eq!(response.status, status);
            assert_eq!(&*response.body, b"{\"id\":1}");
        }
    }

    #[test]
    fn a_response_without_content_needs_no_length() {
        let response = parse(b"HTTP/1.1 204 No Content\r\n\r\n")
            .expect("valid")
            .expect("complete");

        assert_eq!((response.status, response.body.len()), (204, 0));
    }

    #[test]
    fn what_cannot_be_framed_is_an_error() {
        for wire in [
            &b"SSH-2.0-OpenSSH\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        ] {
            assert!(parse(wire).is_err(), "{}", String::from_utf8_lossy(wire));
        }
    }
}
