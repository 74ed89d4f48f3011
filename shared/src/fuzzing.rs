//! What the fuzzer calls, and what a test repeats with the inputs that it has found interesting: one function for each parser.
//!
//! Each takes any bytes and panics when something is wrong. Part of the library so that `fuzz/` needs nothing but its name;
//! no service calls it.

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

use crate::clock::Timestamp;
use crate::env::{Reader, Unit};
use crate::http::auth::{Auth, Via};
use crate::http::body::text::{Scalar, Text};
use crate::http::body::{Encoding, parse_object, with_whole_characters};
use crate::http::client::TrustedProxies;
use crate::http::params::{Limit, parse_query};
use crate::packed;
use crate::settings::{Defaults, ServiceSettings};

/// A parser's check.
pub type Check = fn(&[u8]);

/// The checks by the names of their targets in `fuzz/`.
pub const CHECKS: [(&str, Check); 8] = [
    ("shared_packed", check_packed),
    ("shared_settings", check_settings),
    ("shared_client", check_client),
    ("shared_query", check_query),
    ("shared_json", check_json),
    ("shared_encoding", check_encoding),
    ("shared_auth", check_auth),
    ("shared_time", check_time),
];

/// The inputs that were kept in `corpus` for each of `checks`, one after the other.
///
/// # Panics
/// When a check does, or has no inputs.
pub fn repeat(corpus: &std::path::Path, checks: &[(&str, Check)]) {
    for (name, check) in checks {
        let inputs: Vec<_> = std::fs::read_dir(corpus.join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .map(|entry| entry.expect("a folder that can be read").path())
            .collect();
        assert!(!inputs.is_empty(), "{name} has inputs");
        for input in inputs {
            // The name of the input is in the output of a test that fails.
            println!("{}", input.display());
            check(&std::fs::read(&input).expect("an input that can be read"));
        }
    }
}

/// Numbers: the first byte says how many are skipped, which is the same as to take them.
pub fn check_packed(input: &[u8]) {
    let Some((count, bytes)) = input.split_first() else {
        return;
    };
    let mut rest = bytes;
    let taken: Option<Vec<u64>> = (0..*count).map(|_| packed::take(&mut rest)).collect();
    if let Some(numbers) = taken {
        let mut skipped = bytes;
        assert_eq!(packed::skip(&mut skipped, numbers.len()), Some(()));
        assert_eq!(skipped, rest, "what is skipped is what would be taken");
        let mut written = Vec::new();
        for number in &numbers {
            packed::put(&mut written, *number);
            assert_eq!(packed::zigzag(packed::unzigzag(*number)), *number);
        }
        let mut written = written.as_slice();
        assert!(
            numbers
                .iter()
                .all(|number| packed::take(&mut written) == Some(*number))
        );
        assert!(written.is_empty());
    } else {
        let mut skipped = bytes;
        let _ = packed::skip(&mut skipped, usize::from(*count));
        assert!(skipped.len() <= bytes.len());
    }
}

/// Settings, one on each line as `NAME=value`: they are within their bounds, or one that was given is named; and what is
/// said never holds a key.
pub fn check_settings(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let lookup = |name: &str| {
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        // A file that somebody else has is no business of the fuzzer's.
        value.filter(|_| !name.ends_with("_FILE")).map(str::to_owned)
    };
    let mut reader = Reader::new(&lookup);
    let defaults = Defaults {
        key_names: &["SERVICE_API_KEY", "API_KEY"],
        database_path: "./data/x.db",
        rate_limit: 7,
        max_body_bytes: 65_536,
    };
    let settings = ServiceSettings::read(&mut reader, defaults);
    let kept = reader.duration("RETENTION_DAYS", Unit::Days, Duration::from_secs(86_400));
    let url = reader.url("BASE_URL");
    match reader.finish(()) {
        Ok(()) => {
            assert!((1_024..=64 << 20).contains(&settings.max_body_bytes));
            assert!((1..=1_000_000).contains(&settings.max_connections));
            assert!(settings.rate_limit > 0 && kept <= Duration::from_secs(36_525 * 86_400));
            assert!((1..=2).contains(&settings.api_keys.len()));
            let host = url
                .as_deref()
                .map(|url| url.split_once("://").map_or("", |(_, rest)| rest));
            assert!(host.is_none_or(|host| !host.is_empty()), "{url:?} leads nowhere");
        }
        Err(faults) => {
            assert!(!faults.0.is_empty());
            for fault in &faults.0 {
                let secret = lookup(&fault.name).filter(|_| fault.name.ends_with("API_KEY"));
                // What is shorter may be a word of ours.
                let secret = secret.filter(|secret| secret.trim().len() > 40);
                let is_told = secret.is_some_and(|secret| fault.detail.contains(secret.trim()));
                assert!(!is_told, "a key is told");
            }
        }
    }
}

/// Who is asking: the first line has the trusted networks, the second the peer, the others are `X-Forwarded-For`.
pub fn check_client(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.lines();
    let networks = lines.next().unwrap_or_default().split(',');
    let proxies = TrustedProxies::new(networks.filter_map(|network| network.parse().ok()).collect());
    let Some(peer) = lines.next().and_then(|line| line.parse::<IpAddr>().ok()) else {
        return;
    };
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Ok(value) = HeaderValue::from_str(line) {
            headers.append("x-forwarded-for", value);
        }
    }

    let client = proxies.client(peer, &headers);

    assert_eq!(client, client.to_canonical(), "one client has one address");
    if !proxies.trusts(peer) {
        assert_eq!(client, peer.to_canonical(), "only a trusted peer is believed");
    }
    if client != peer.to_canonical() {
        let hops = headers.get_all("x-forwarded-for").iter();
        let is_told = hops
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|hop| hop.contains('.') || hop.contains(':'));
        assert!(is_told, "an address comes from the header or from the connection");
    }
    if !proxies.trusts(client) {
        // Whatever a client puts before what the proxy has added, it stays who it is.
        let mut longer = HeaderMap::new();
        longer.append("x-forwarded-for", HeaderValue::from_static("198.51.100.77, x"));
        for value in headers.get_all("x-forwarded-for") {
            longer.append("x-forwarded-for", value.clone());
        }
        let has_hop = client != peer.to_canonical();
        assert!(!has_hop || proxies.client(peer, &longer) == client);
    }
}

/// Query strings: what is read is the first that is not blank, decoded; limits are within their bounds.
pub fn check_query(input: &[u8]) {
    #[derive(Deserialize)]
    struct Asked {
        text: Option<String>,
        limit: Option<Limit>,
        since: Option<Timestamp>,
        offset: Option<u64>,
    }
    let query = String::from_utf8_lossy(input);
    match parse_query::<Asked>(&query) {
        Ok(asked) => {
            assert!((1..=200).contains(&Limit::resolve(asked.limit, 50, 200)));
            let given: Vec<_> = form_urlencoded::parse(query.as_bytes())
                .filter(|(name, value)| name == "text" && !value.is_empty())
                .map(|(_, value)| value.into_owned())
                .collect();
            assert_eq!(asked.text, given.first().cloned());
            let _ = (asked.since, asked.offset);
        }
        Err(problem) => {
            assert_eq!(problem.status(), http::StatusCode::BAD_REQUEST);
            assert!(!problem.detail().is_empty());
        }
    }
}

/// JSON bodies: mending changes neither length nor meaning, and leaves only whole characters.
pub fn check_json(input: &[u8]) {
    #[derive(Deserialize)]
    struct Read<'a> {
        #[serde(borrow, default)]
        text: Option<Text<'a>>,
        #[serde(borrow, default)]
        scalar: Option<Scalar<'a>>,
    }
    let mended = with_whole_characters(Bytes::copy_from_slice(input));
    assert_eq!(mended.len(), input.len());
    assert_eq!(
        with_whole_characters(mended.clone()),
        mended,
        "a second time changes nothing"
    );
    let before = serde_json::from_slice::<serde_json::Value>(input);
    let after = serde_json::from_slice::<serde_json::Value>(&mended);
    if let Ok(before) = &before {
        assert_eq!(
            Some(before),
            after.as_ref().ok(),
            "what can be read stays as it is"
        );
    }
    // What is passed over is not looked at, not even whether it is text.
    let is_text = std::str::from_utf8(input).is_ok();
    if is_text && serde_json::from_slice::<serde::de::IgnoredAny>(input).is_ok() {
        let is_too_deep_or_large = |error: &serde_json::Error| {
            let text = error.to_string();
            text.contains("recursion") || text.contains("out of range")
        };
        assert!(after.as_ref().err().is_none_or(is_too_deep_or_large), "{after:?}");
    }
    match parse_object::<Read<'_>>(&mended) {
        Ok(read) => {
            let text = read.text.map(|text| text.0.len()).unwrap_or_default();
            let scalar = read.scalar.map(|scalar| scalar.0.len()).unwrap_or_default();
            assert!(text <= input.len(), "a text takes room");
            assert!(scalar <= input.len() + 400, "a number's digits are few");
        }
        Err(problem) => assert!(!problem.detail().is_empty()),
    }
}

/// Encoded bodies: the first byte says how. What comes out ends at its limit; what was packed comes out again.
pub fn check_encoding(input: &[u8]) {
    const MOST: u64 = 1 << 20;
    let Some((first, bytes)) = input.split_first() else {
        return;
    };
    let names = ["", "gzip", "DEFLATE", "br", " zstd "];
    let unpack = |name: &str, bytes: &[u8]| -> std::io::Result<Vec<u8>> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_ENCODING,
            HeaderValue::from_str(name).expect("a name"),
        );
        let encoding = Encoding::of(&headers).expect("a name that is known");
        let mut unpacked = Vec::new();
        encoding
            .decoder(bytes, 21)?
            .take(MOST)
            .read_to_end(&mut unpacked)?;
        Ok(unpacked)
    };
    let name = names[usize::from(*first) % names.len()];
    if let Ok(unpacked) = unpack(name, bytes) {
        assert!(unpacked.len() as u64 <= MOST);
    }
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).expect("memory takes bytes");
    let packed = packer.finish().expect("memory takes bytes");
    assert_eq!(unpack("x-gzip", &packed).ok().as_deref(), Some(bytes));
}

/// Who may pass: only the keys and the cookie that was given out let anybody in, whatever else is sent.
///
/// The first line is a `Cookie`, the second an `Authorization`, the third an `X-API-Key`.
pub fn check_auth(input: &[u8]) {
    const KEY: &str = "a key of our own";
    thread_local! {
        static AUTH: RefCell<Auth> = RefCell::new(Auth::new("fuzz", &[KEY.to_owned()]));
    }
    let now = Timestamp::from_millis(1_700_000_000_000);
    let text = String::from_utf8_lossy(input);
    let lines: Vec<&str> = text.split('\n').collect();
    let mut headers = HeaderMap::new();
    for (name, line) in ["cookie", "authorization", "x-api-key"].into_iter().zip(&lines) {
        if let Ok(value) = HeaderValue::from_str(line)
            && !line.is_empty()
        {
            headers.append(name, value);
        }
    }
    AUTH.with_borrow(|auth| {
        let issued = auth.issue_session(0, now).expect("the first key");
        if let Some((_, via)) = auth.identify(&headers, None, now) {
            let shown = if via == Via::Key { KEY } else { issued.as_str() };
            assert!(text.contains(shown), "let in without a key");
        }
        let cookie = format!("{}={issued}", auth.cookie_name());
        let others = lines.first().copied().unwrap_or_default();
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&format!("{cookie}; {others}")) {
            headers.append("cookie", value);
            assert_eq!(auth.identify(&headers, None, now), Some((0, Via::Cookie)));
        }
        // The right one with space around it, or another cookie beside it, is the right one.
        if let Some(forged) = lines.get(3).filter(|forged| !forged.contains(&issued)) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_str(&format!("{}={forged}", auth.cookie_name())) {
                headers.append("cookie", value);
                assert_eq!(auth.identify(&headers, None, now), None, "{forged}");
            }
        }
    });
}

/// Times: one that is read is written so that it is read as the same.
pub fn check_time(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(time) = text.parse::<Timestamp>() {
        let written = time.to_string();
        assert_eq!(
            written.parse().ok(),
            Some(time),
            "{text:?} is written as {written}"
        );
        assert!(written.ends_with('Z') && written.is_ascii());
    }
    let millis = input.iter().fold(0_i64, |sum, byte| {
        sum.wrapping_mul(131).wrapping_add(i64::from(*byte))
    });
    let written = Timestamp::from_millis(millis).to_string();
    let again: Timestamp = written.parse().expect("what is written can be read");
    assert_eq!(again.to_string(), written);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_input_that_the_fuzzer_has_kept_is_read() {
        repeat(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus"),
            &CHECKS,
        );
    }
}
