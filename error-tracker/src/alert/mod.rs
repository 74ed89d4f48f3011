//! What an alert says and when it may be said.
//!
//! Pure: no clock, no database, no network. `inert` makes the text of strangers
//! harmless, `letter` and `hook` write the mail and the webhook's body, `hourly_cap`
//! and `backoff` decide when. The room `notify` sends what is written here.

pub(crate) mod backoff;
mod digest;
mod hook;
pub(crate) mod hourly_cap;
pub(crate) mod inert;
mod letter;

use serde::{Deserialize, Serialize};

pub(crate) use digest::{Digest, DigestRow};
pub(crate) use inert::Subject;

/// Characters of the message that an alert carries; the group's page has the rest.
const MESSAGE_CHARS: usize = 4_000;
/// Characters of each of the short fields, as ingest allows at most.
const FIELD_CHARS: usize = 200;
/// Lines of the traceback that an alert carries, and characters of each.
const TRACEBACK_LINES: usize = 60;
const TRACEBACK_LINE_CHARS: usize = 200;

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A group was seen for the first time.
    New,
    /// A resolved group was seen again.
    Reopened,
    /// The project has as many groups as it may have; new ones now share one group.
    Overflow,
    /// Somebody asked whether alerts arrive.
    Test,
}

impl Kind {
    /// The first words of an alert.
    fn headline(self) -> &'static str {
        match self {
            Kind::New => "New error",
            Kind::Reopened => "Resolved error is back",
            Kind::Overflow => "Too many kinds of errors",
            Kind::Test => "Test alert",
        }
    }
}

/// One event that somebody should know of. Stored as JSON in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alert {
    pub(crate) kind: Kind,
    pub(crate) group_id: i64,
    pub(crate) project: String,
    #[serde(default)]
    pub(crate) environment: Option<String>,
    #[serde(default)]
    pub(crate) release: Option<String>,
    pub(crate) exception_type: String,
    pub(crate) message: String,
    /// Where the application failed, such as `app/views.py:12 in checkout`.
    #[serde(default)]
    pub(crate) culprit: Option<String>,
    #[serde(default)]
    pub(crate) traceback: String,
    pub(crate) count: i64,
    pub(crate) at_ms: i64,
}

impl Alert {
    /// Cuts the texts to what an alert shows, so that a row of the queue stays below 100 KB.
    #[must_use]
    pub(crate) fn trimmed(self) -> Self {
        let field = |text: &str| inert::cut(text, FIELD_CHARS);
        Self {
            project: field(&self.project),
            environment: self.environment.as_deref().map(field),
            release: self.release.as_deref().map(field),
            exception_type: field(&self.exception_type),
            message: inert::cut(&self.message, MESSAGE_CHARS),
            culprit: self.culprit.as_deref().map(field),
            traceback: inert::cut_lines(&self.traceback, TRACEBACK_LINES, TRACEBACK_LINE_CHARS),
            ..self
        }
    }

    /// The alert that shows whether a channel works. It belongs to no group.
    #[must_use]
    pub(crate) fn test(at_ms: i64) -> Self {
        Self {
            kind: Kind::Test,
            group_id: 0,
            project: "monlight".to_owned(),
            environment: None,
            release: None,
            exception_type: "TestAlert".to_owned(),
            message: "Alerts of the error tracker arrive here.".to_owned(),
            culprit: None,
            traceback: String::new(),
            count: 1,
            at_ms,
        }
    }
}

/// Where links lead: `BASE_URL` without a slash at its end, when it is set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links(Option<String>);

impl Links {
    /// `base_url` has been checked to be an http or https address.
    pub(crate) fn new(base_url: Option<&str>) -> Self {
        Self(base_url.map(|url| url.trim_end_matches('/').to_owned()))
    }

    /// The page of a group.
    fn group(&self, id: i64) -> Option<String> {
        self.0.as_ref().map(|base| format!("{base}/?error={id}"))
    }

    /// The list of groups.
    fn list(&self) -> Option<String> {
        self.0.as_ref().map(|base| format!("{base}/"))
    }

    /// The page that an alert is about.
    fn alert(&self, alert: &Alert) -> Option<String> {
        if alert.kind == Kind::Test {
            self.list()
        } else {
            self.group(alert.group_id)
        }
    }
}

/// A message ready for every channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) subject: Subject,
    pub(crate) text: String,
    pub(crate) html: String,
    /// The body of the webhook: JSON, to be sent and signed byte for byte.
    pub(crate) hook: String,
}

impl Rendered {
    /// Writes one alert.
    #[must_use]
    pub(crate) fn alert(alert: &Alert, links: &Links) -> Self {
        // A row of the queue may come from a release with other limits.
        let alert = &alert.clone().trimmed();
        let link = links.alert(alert);
        Self {
            subject: letter::alert_subject(alert),
            text: letter::alert_text(alert, link.as_deref()),
            html: letter::alert_html(alert, link.as_deref()),
            hook: hook::alert_body(alert, link.as_deref()),
        }
    }

    /// Writes what the hourly cap held back.
    #[must_use]
    pub(crate) fn digest(digest: &Digest, links: &Links) -> Self {
        Self {
            subject: letter::digest_subject(digest),
            text: letter::digest_text(digest, links),
            html: letter::digest_html(digest, links),
            hook: hook::digest_body(digest, links),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    pub(super) fn alert(message: &str) -> Alert {
        Alert {
            kind: Kind::New,
            group_id: 12,
            project: "shop".to_owned(),
            environment: Some("production".to_owned()),
            release: Some("1.2.3".to_owned()),
            exception_type: "ValueError".to_owned(),
            message: message.to_owned(),
            culprit: Some("app/views.py:12 in checkout".to_owned()),
            traceback: "Traceback (most recent call last):\n  File \"app/views.py\", line 12".to_owned(),
            count: 1,
            at_ms: 1_772_366_400_120,
        }
    }

    #[test]
    fn an_alert_survives_the_queue() {
        let before = alert("bad value").trimmed();

        let stored = serde_json::to_string(&before).unwrap();

        assert_eq!(serde_json::from_str::<Alert>(&stored).unwrap(), before);
    }

    #[test]
    fn a_row_of_the_queue_stays_small_whatever_was_reported() {
        let huge = "\u{1F600}\u{1}".repeat(1 << 20);
        let before = Alert {
            traceback: format!("{huge}\n").repeat(3) + &"x\n".repeat(10_000),
            project: huge.clone(),
            environment: Some(huge.clone()),
            release: Some(huge.clone()),
            exception_type: huge.clone(),
            culprit: Some(huge.clone()),
            ..alert(&huge)
        };

        let stored = serde_json::to_string(&before.trimmed()).unwrap();

        assert!(stored.len() < 100_000, "{}", stored.len());
    }

    #[test]
    fn links_stand_on_the_base_url_with_or_without_its_slash() {
        for base in ["https://errors.example", "https://errors.example/"] {
            assert_eq!(
                Links::new(Some(base)).group(12).unwrap(),
                "https://errors.example/?error=12"
            );
        }
        assert_eq!(
            Links::new(Some("https://a.example/e/")).group(1).unwrap(),
            "https://a.example/e/?error=1"
        );
        assert_eq!(Links::new(None).group(1), None);
    }

    #[test]
    fn the_test_alert_leads_to_the_list() {
        let link = Links::new(Some("https://errors.example")).alert(&Alert::test(0));

        assert_eq!(link.unwrap(), "https://errors.example/");
    }

    proptest! {
        #[test]
        fn trimming_twice_changes_nothing(message in any::<String>(), traceback in "(.{0,300}\n){0,80}") {
            let once = Alert { traceback, ..alert(&message.repeat(100)) }.trimmed();

            prop_assert_eq!(once.clone().trimmed(), once);
        }

        #[test]
        fn any_text_gives_one_subject_line_and_a_valid_webhook_body(
            project in any::<String>(),
            exception_type in any::<String>(),
            message in any::<String>(),
        ) {
            let alert = Alert { project, exception_type, ..alert(&message) };

            let rendered = Rendered::alert(&alert, &Links::new(None));

            prop_assert!(!rendered.subject.as_str().chars().any(char::is_control));
            let body: serde_json::Value = serde_json::from_str(&rendered.hook).unwrap();
            prop_assert!(body["content"].as_str().unwrap().encode_utf16().count() <= 2_000);
        }
    }
}
