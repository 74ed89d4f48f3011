//! Errors as browsers send them, and source maps as large applications have them.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde_json::json;

use crate::report::mix;
use crate::traceback::{Xorshift, padding};

/// Enough that no text comes twice in a commit.
const BODIES: usize = 512;
const FRAMES: usize = 15;
/// Of one report.
const BODY_BYTES: usize = 3 * 1_024;

/// Requests with an error of 3 KB each. No release has maps, as with most that come.
pub(crate) fn errors(address: SocketAddr, key: &str) -> impl FnMut(&mut Vec<u8>) + use<> {
    let requests: Vec<Vec<u8>> = (0..BODIES)
        .map(|number| request(address, key, &error(number)))
        .collect();
    let mut next = 0;
    move |out| {
        out.clear();
        out.extend_from_slice(&requests[next % BODIES]);
        next += 1;
    }
}

/// The body of an error.
pub(crate) fn error(number: usize) -> String {
    let mut stack = format!("TypeError: cannot read property 'total' of undefined ({number})");
    for frame in 0..FRAMES {
        let place = mix((number * FRAMES + frame) as u64) % 60_000;
        let _ = write!(
            stack,
            "\n    at f{frame} (https://shop.example.com/assets/app-3f9a1c2b.js:1:{place})"
        );
    }
    let body = |padding: &str| {
        json!({
            "type": "TypeError",
            "message": format!("cannot read property 'total' of undefined ({number})"),
            "stack": stack,
            "url": format!("https://shop.example.com/orders/{number}?step=2&token=secret"),
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "session_id": format!("{:032x}", mix(number as u64)),
            "release": "2.14.0",
            "environment": "production",
            "context": {"user_id": number, "cart": {"lines": number % 9}},
            "breadcrumbs": [
                {"category": "navigation", "data": {"to": "/cart", "from": "/"}},
                {"category": "fetch", "data": {"url": "/api/prices?item=4711", "status": 200}},
                {"category": "click", "message": padding},
            ],
        })
        .to_string()
    };
    let missing = BODY_BYTES.saturating_sub(body("").len());
    body(&padding(missing, &mut Xorshift::new(number as u64 + 1)))
}

/// A whole request.
pub(crate) fn request(address: SocketAddr, key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /api/browser/errors HTTP/1.1\r\nHost: {address}\r\nX-Monlight-Key: {key}\r\nOrigin: https://shop.example.com\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Segments of the large map, all on one line as a minifier writes them.
const SEGMENTS: i64 = 760_000;
const SOURCES: i64 = 200;
const NAMES: i64 = 20_000;

/// A map of 13 MB: 760 000 segments, 200 sources with their text, 20 000 names.
pub(crate) fn large_map() -> String {
    map(SEGMENTS, 550)
}

/// A map of half a megabyte.
pub(crate) fn usual_map() -> String {
    map(10_000, 8)
}

/// A map of 1 MB.
pub(crate) fn small_map() -> String {
    map(60_000, 40)
}

fn map(segments: i64, lines: usize) -> String {
    let mut map = String::from(r#"{"version":3,"sources":["#);
    let list = |map: &mut String, count: i64, item: &dyn Fn(&mut String, i64)| {
        for number in 0..count {
            if number > 0 {
                map.push(',');
            }
            map.push('"');
            item(map, number);
            map.push('"');
        }
    };
    list(&mut map, SOURCES, &|map, number| {
        let _ = write!(map, "webpack://shop/./src/modules/module{number}.ts");
    });
    map.push_str(r#"],"sourcesContent":["#);
    list(&mut map, SOURCES, &|map, number| {
        for line in 0..lines {
            let _ = write!(
                map,
                "  const value{line} = compute(\\\"{number}\\\", other.member, {line} * 3); // why it is so\\n"
            );
        }
    });
    map.push_str(r#"],"names":["#);
    list(&mut map, NAMES, &|map, number| {
        let _ = write!(map, "identifier{number}");
    });
    map.push_str(r#"],"mappings":""#);
    let each = segments / SOURCES;
    let mut before = [0; 4];
    for segment in 0..segments {
        let now = [
            segment / each,
            segment % each * lines as i64 / each,
            segment * 7 % 61,
            segment * 31 % NAMES,
        ];
        let mut fields = vec![3 + segment % 5];
        for field in 0..if segment % 4 == 0 { 4 } else { 3 } {
            fields.push(now[field] - before[field]);
            before[field] = now[field];
        }
        if segment > 0 {
            map.push(',');
        }
        fields.into_iter().for_each(|field| push_vlq(&mut map, field));
    }
    map.push_str(r#""}"#);
    map
}

fn push_vlq(text: &mut String, number: i64) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut rest = number.unsigned_abs() << 1 | u64::from(number < 0);
    loop {
        let digit = (rest & 31) as usize;
        rest >>= 5;
        text.push(DIGITS[digit | if rest > 0 { 32 } else { 0 }].into());
        if rest == 0 {
            return;
        }
    }
}

/// An error whose 30 frames lie all over five scripts, `spread` moving them.
pub(crate) fn error_over_maps(release: &str, spread: u64) -> String {
    let mut stack = String::from("TypeError: x is undefined");
    for frame in 0..30 {
        let column = mix(spread * 100 + frame) % 290_000;
        let script = frame % 5;
        let _ = write!(
            stack,
            "\n    at t{frame} (https://shop.example.com/assets/chunk{script}.js:1:{column})"
        );
    }
    json!({"type": "TypeError", "message": "x is undefined", "stack": stack, "release": release}).to_string()
}
