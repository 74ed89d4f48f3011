//! Bundles and recorded stacks of the browser relay's own tests, and the reports that pages make of them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use shared::testing::Client;

use crate::stack::{Member, PROJECT};

/// Where the scripts of the recorded stacks are from.
const SITE: &str = "https://shop.example";
pub(crate) const RELEASE: &str = "1.4.0";

/// What a browser said of one failure in one bundle.
pub(crate) struct Recorded {
    bundle: &'static str,
    pub(crate) stack: String,
    /// File, line and function of each frame, as the browser names them when the sources themselves run.
    pub(crate) expected: Vec<Frame>,
}

/// A frame of the sources.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) file: String,
    pub(crate) line: u64,
    /// The last word of its name; engines put others before it.
    pub(crate) function: Option<String>,
}

impl Recorded {
    pub(crate) fn of(browser: &str, bundle: &'static str, failure: &str) -> Self {
        let text = fs::read_to_string(folder().join(format!("stacks/{browser}.json"))).unwrap();
        let recording: Value = serde_json::from_str(&text).unwrap();
        let lines = recording["stacks"][bundle][failure].as_array().unwrap();
        let lines: Vec<&str> = lines.iter().map(|line| line.as_str().unwrap()).collect();
        let expected = recording["expected"][failure].as_array().unwrap();
        Self {
            bundle,
            stack: lines.join("\n"),
            expected: expected.iter().map(Frame::read).collect(),
        }
    }

    /// The script's address.
    pub(crate) fn script(&self) -> String {
        format!("{SITE}/{}/shop.js", self.bundle)
    }

    /// What a page posts of it.
    pub(crate) fn report(&self) -> Value {
        let (head, _) = self.stack.split_once('\n').unwrap();
        let (kind, message) = head.split_once(": ").unwrap();
        json!({
            "type": kind, "message": message, "stack": self.stack, "release": RELEASE,
            "url": format!("{SITE}/cart?token=abc#top"), "session_id": "session-1", "user_agent": "Test/1.0",
        })
    }

    /// Uploads the bundle's map.
    pub(crate) async fn upload_map(&self, relay: &Member) {
        let map = fs::read_to_string(folder().join(format!("built/{}/shop.js.map", self.bundle))).unwrap();
        let upload = json!({
            "project": PROJECT, "release": RELEASE, "file_url": self.script(), "map_content": map,
        });
        let reply = relay.api().post_json("/api/source-maps", &upload).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
    }
}

impl Frame {
    /// From a recording, or from a frame of a report's `extra`.
    pub(crate) fn read(frame: &Value) -> Self {
        let function = frame["function"].as_str();
        Self {
            file: frame["file"].as_str().unwrap().to_owned(),
            line: frame["line"].as_u64().unwrap(),
            function: function.map(|name| {
                let plain = name.trim_end_matches(['/', '<']);
                plain.rsplit(['.', ' ', '/']).next().unwrap_or(plain).to_owned()
            }),
        }
    }
}

/// Posts an error that must be taken, and answers with the reply.
pub(crate) async fn report(browser: &Client, error: &Value) -> Value {
    let reply = browser.post_json("/api/browser/errors", error).await;
    assert!(
        matches!(reply.status, 200 | 201),
        "{}: {}",
        reply.status,
        reply.text()
    );
    reply.json()
}

fn folder() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../browser-relay/tests/fixtures/bundles"
    ))
}
