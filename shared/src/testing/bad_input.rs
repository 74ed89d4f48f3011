//! What nobody should send: bodies that are no JSON or whose members are wrong, and heads that are none.

use serde_json::Value;

use super::Client;

/// One JSON value of each kind, with the name of the kind.
const KINDS: [(&str, &str); 5] = [
    ("a number", "7"),
    ("a boolean", "true"),
    ("an array", "[\"x\"]"),
    ("an object", "{\"a\":1}"),
    ("a string", "\"x\""),
];
/// Texts without anything in them, as JSON.
pub const BLANK: [&str; 3] = ["\"\"", "\"  \"", "\"\\n\\t\""];

/// A body that has to be refused.
#[derive(Debug)]
pub struct Bad {
    /// What it is.
    pub name: String,
    /// The body itself.
    pub body: Vec<u8>,
    /// The status of the answer.
    pub status: u16,
    /// What the answer must name.
    pub named: &'static str,
}

/// A body that is bad in itself.
#[must_use]
pub fn bad(name: &str, body: impl Into<Vec<u8>>, named: &'static str) -> Bad {
    Bad {
        name: name.to_owned(),
        body: body.into(),
        status: 400,
        named,
    }
}

/// A body that is larger than what the answer names.
#[must_use]
pub fn too_large(name: &str, body: impl Into<Vec<u8>>, named: &'static str) -> Bad {
    Bad {
        status: 413,
        ..bad(name, body, named)
    }
}

/// An object with one member replaced by this JSON, which may be broken.
///
/// # Panics
/// When it is no object.
#[must_use]
pub fn member(object: &Value, name: &str, value: &str) -> String {
    let mut object = object.clone();
    object.as_object_mut().expect("an object").remove(name);
    let text = object.to_string();
    format!("{},\"{name}\":{value}}}", text.trim_end_matches('}'))
}

/// Ten thousand times `open` and then `close`: deeper than a parser may follow.
#[must_use]
pub fn deep(open: &str, close: &str) -> String {
    format!("{}{}", open.repeat(10_000), close.repeat(10_000))
}

/// This text with another byte where `place` begins in it.
///
/// # Panics
/// When that is nowhere.
#[must_use]
pub fn with_byte(text: &str, place: &str, byte: u8) -> Vec<u8> {
    let place = text.find(place).expect("a place in the text");
    let mut bytes = text.as_bytes().to_vec();
    bytes[place] = byte;
    bytes
}

/// A good body of which something is missing, to which something was added, or that is written in another way.
#[must_use]
pub fn no_json(good: &str) -> Vec<Bad> {
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(good.encode_utf16().flat_map(u16::to_le_bytes));
    vec![
        bad("an empty body", "", "empty"),
        bad("only space", "  \n", "JSON"),
        bad("half of it", &good[..good.len() / 2], "JSON"),
        bad("all but the last byte", &good[..good.len() - 1], "JSON"),
        bad("something behind it", format!("{good} x"), "JSON"),
        bad("twice in one body", format!("{good}{good}"), "JSON"),
        bad("a comment", format!("// it follows\n{good}"), "JSON"),
        bad("single quotes", good.replace('"', "'"), "JSON"),
        bad("NUL behind it", format!("{good}\0"), "JSON"),
        bad("UTF-16", utf16, "UTF-8"),
    ]
}

/// Each of these members as every kind of JSON but those that are accepted for it. `body` makes one of a member's name and
/// value.
#[must_use]
pub fn wrong_kinds(members: &[(&'static str, &[&str])], body: impl Fn(&str, &str) -> String) -> Vec<Bad> {
    let mut cases = Vec::new();
    for &(name, accepted) in members {
        for (kind, value) in KINDS {
            if !accepted.contains(&kind) {
                cases.push(bad(&format!("{name} is {kind}"), body(name, value), name));
            }
        }
    }
    cases
}

/// Each of these members with each of these values. `body` makes one of a member's name and value.
#[must_use]
pub fn wrong_values(
    members: &[&'static str],
    values: &[&str],
    body: impl Fn(&str, &str) -> String,
) -> Vec<Bad> {
    let mut cases = Vec::new();
    for &name in members {
        for &value in values {
            cases.push(bad(&format!("{name} is {value}"), body(name, value), name));
        }
    }
    cases
}

/// Each of these is refused in words, of fewer than `most` bytes, that name what is wrong and tell nothing of the program.
/// After each, `goes_on` is told how many there were and what the last one was.
///
/// # Panics
/// When one is not.
pub async fn assert_refused(
    client: &Client,
    path: &str,
    cases: Vec<Bad>,
    most: usize,
    goes_on: impl AsyncFn(u64, &str),
) {
    for (number, case) in (1..).zip(cases) {
        let name = case.name.as_str();
        let reply = client.post_bytes(path, &case.body).await;

        assert_eq!(reply.status, case.status, "{name}: {}", reply.text());
        let detail = reply.detail();
        assert!(detail.contains(case.named), "{name}: {detail}");
        assert!(
            !detail.contains("struct") && detail.len() < most,
            "{name}: {detail}"
        );
        goes_on(number, name).await;
    }
}

/// Heads that are none are refused, or the connection ends. `path` takes POST.
///
/// # Panics
/// When something else is answered.
pub async fn assert_heads_refused(client: &Client, path: &str) {
    let post = format!("POST {path} HTTP/1.1\r\nHost: x\r\n");
    for head in [
        "nonsense\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70_000)),
        format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(200)),
        format!("{post}Content-Length: -1\r\n\r\n"),
        format!("{post}Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        format!("{post}Transfer-Encoding: gzip\r\n\r\n"),
    ] {
        let mut connection = client.connect().await;
        connection.write(head.as_bytes()).await;

        let answer = connection.read_until("\r\n\r\n").await;

        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{head:.60}: {answer}"
        );
    }
}
