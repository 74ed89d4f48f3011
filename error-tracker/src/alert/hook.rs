//! Writes the body of the webhook.
//!
//! One body serves everybody: Slack and Mattermost show `text`, Discord shows
//! `content`, and a program reads `monlight`. Each ignores what is meant for the others.

use serde::Serialize;
use shared::clock::Timestamp;

use super::inert::{self, discord, discord_code, slack};
use super::{Alert, Digest, DigestRow, Kind, Links, letter};

/// Discord refuses more. Counted in UTF-16 units, the strictest way to count characters.
const CONTENT_UNITS: usize = 2_000;
/// Characters of a message in a chat, where a long one pushes the talk away.
const CHAT_MESSAGE_CHARS: usize = 500;
/// Characters of a short field in a chat.
const CHAT_FIELD_CHARS: usize = 80;
/// Rows of a digest that a chat shows.
const CHAT_ROWS: usize = 10;

#[derive(Serialize)]
struct Body<'a, T> {
    text: String,
    content: String,
    /// Discord: no text of ours calls anybody.
    allowed_mentions: AllowedMentions,
    monlight: &'a T,
}

#[derive(Serialize)]
struct AllowedMentions {
    parse: [&'static str; 0],
}

#[derive(Serialize)]
struct AlertFields<'a> {
    kind: Kind,
    id: i64,
    project: &'a str,
    #[serde(rename = "type")]
    exception_type: &'a str,
    message: &'a str,
    culprit: Option<&'a str>,
    environment: Option<&'a str>,
    release: Option<&'a str>,
    count: i64,
    url: Option<&'a str>,
    at: Timestamp,
}

#[derive(Serialize)]
struct DigestFields<'a> {
    kind: &'static str,
    alerts: i64,
    groups: i64,
    from: Timestamp,
    to: Timestamp,
    url: Option<String>,
    errors: Vec<RowFields<'a>>,
}

#[derive(Serialize)]
struct RowFields<'a> {
    kind: Kind,
    id: i64,
    project: &'a str,
    #[serde(rename = "type")]
    exception_type: &'a str,
    message: &'a str,
    environment: Option<&'a str>,
    count: i64,
    url: Option<String>,
    at: Timestamp,
}

pub(super) fn alert_body(alert: &Alert, link: Option<&str>) -> String {
    let fields = AlertFields {
        kind: alert.kind,
        id: alert.group_id,
        project: &alert.project,
        exception_type: &alert.exception_type,
        message: &alert.message,
        culprit: alert.culprit.as_deref(),
        environment: alert.environment.as_deref(),
        release: alert.release.as_deref(),
        count: alert.count,
        url: link,
        at: Timestamp::from_millis(alert.at_ms),
    };
    write_body(alert_text(alert, link), alert_content(alert, link), &fields)
}

pub(super) fn digest_body(digest: &Digest, links: &Links) -> String {
    let fields = DigestFields {
        kind: "digest",
        alerts: digest.alerts,
        groups: digest.groups,
        from: Timestamp::from_millis(digest.from_ms),
        to: Timestamp::from_millis(digest.to_ms),
        url: links.list(),
        errors: digest.rows.iter().map(|row| row_fields(row, links)).collect(),
    };
    write_body(
        digest_chat(digest, links, slack),
        digest_chat(digest, links, discord),
        &fields,
    )
}

fn row_fields<'a>(row: &'a DigestRow, links: &Links) -> RowFields<'a> {
    RowFields {
        kind: row.kind,
        id: row.group_id,
        project: &row.project,
        exception_type: &row.exception_type,
        message: &row.message,
        environment: row.environment.as_deref(),
        count: row.count,
        url: links.group(row.group_id),
        at: Timestamp::from_millis(row.at_ms),
    }
}

fn write_body<T: Serialize>(text: String, content: String, fields: &T) -> String {
    let content = cut_to_units(content, CONTENT_UNITS);
    let body = Body {
        text,
        content,
        allowed_mentions: AllowedMentions { parse: [] },
        monlight: fields,
    };
    serde_json::to_string(&body).expect("strings and numbers can be written as JSON")
}

/// Slack's and Mattermost's text.
fn alert_text(alert: &Alert, link: Option<&str>) -> String {
    let title = slack(&inert::cut(&title(alert), 2 * CHAT_FIELD_CHARS));
    // The marks of a quote and of bold are the same in both.
    let message = slack(&inert::cut(&alert.message, CHAT_MESSAGE_CHARS));
    join_lines([
        Some(format!("*{}*: {title}", alert.kind.headline())),
        Some(format!("> {message}")),
        Some(slack(&state(alert))),
        link.map(slack),
    ])
}

/// Discord's text: the message stands in a code block, where nothing but its end has a meaning.
fn alert_content(alert: &Alert, link: Option<&str>) -> String {
    let title = discord(&inert::cut(&title(alert), 2 * CHAT_FIELD_CHARS));
    let message = discord_code(&inert::cut(&alert.message, CHAT_MESSAGE_CHARS));
    join_lines([
        Some(format!("**{}**: {title}", alert.kind.headline())),
        (!message.is_empty()).then(|| format!("```\n{message}\n```")),
        Some(discord(&state(alert))),
        link.map(str::to_owned),
    ])
}

fn digest_chat(digest: &Digest, links: &Links, escape: fn(&str) -> String) -> String {
    let mut lines = vec![letter::digest_headline(digest)];
    for row in digest.rows.iter().take(CHAT_ROWS) {
        let title = inert::cut(&letter::row_title(row), CHAT_FIELD_CHARS);
        lines.push(escape(&format!("- {title}, seen {}", letter::times(row.count))));
    }
    let more = digest.groups - digest.rows.len().min(CHAT_ROWS) as i64;
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.extend(links.list());
    lines.join("\n")
}

fn title(alert: &Alert) -> String {
    let project = inert::cut(&alert.project, CHAT_FIELD_CHARS);
    format!(
        "[{project}] {} (#{})",
        inert::cut(&alert.exception_type, CHAT_FIELD_CHARS),
        alert.group_id
    )
}

/// Where and how often, on one line.
fn state(alert: &Alert) -> String {
    let named = |name: &str, value: &Option<String>| {
        value
            .as_ref()
            .map(|value| format!("{name} {}", inert::cut(value, CHAT_FIELD_CHARS)))
    };
    let parts = [
        named("environment", &alert.environment),
        named("release", &alert.release),
        named("at", &alert.culprit),
        Some(format!("seen {}", letter::times(alert.count))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn join_lines<const N: usize>(lines: [Option<String>; N]) -> String {
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn cut_to_units(text: String, max_units: usize) -> String {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > max_units {
            return text[..at].to_owned();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::alert;

    use serde_json::{Value, json};

    const LINK: &str = "https://errors.example/?error=12";

    fn body_of(alert: &Alert) -> Value {
        serde_json::from_str(&alert_body(alert, Some(LINK))).unwrap()
    }

    #[test]
    fn one_body_serves_chats_and_programs() {
        assert_eq!(
            body_of(&alert("bad value")),
            json!({
                "text": "*New error*: [shop] ValueError (#12)\n> bad value\n\
                         environment production, release 1.2.3, at app/views.py:12 in checkout, seen once\n\
                         https://errors.example/?error=12",
                "content": "**New error**: \\[shop\\] ValueError \\(\\#12\\)\n```\nbad value\n```\n\
                            environment production, release 1.2.3, at app/views.py:12 in checkout, seen once\n\
                            https://errors.example/?error=12",
                "allowed_mentions": {"parse": []},
                "monlight": {
                    "kind": "new",
                    "id": 12,
                    "project": "shop",
                    "type": "ValueError",
                    "message": "bad value",
                    "culprit": "app/views.py:12 in checkout",
                    "environment": "production",
                    "release": "1.2.3",
                    "count": 1,
                    "url": "https://errors.example/?error=12",
                    "at": "2026-03-01T12:00:00.120Z",
                },
            })
        );
    }

    #[test]
    fn a_hostile_message_calls_nobody_and_ends_no_block() {
        let hostile = "<!channel> @everyone @here <@U1> ``` [bank](http://bad.example)\n# big";
        let alert = Alert {
            project: hostile.to_owned(),
            exception_type: hostile.to_owned(),
            ..alert(hostile)
        };

        let body = body_of(&alert);

        let (text, content) = (body["text"].as_str().unwrap(), body["content"].as_str().unwrap());
        for shown in [text, content] {
            assert!(
                !shown.contains("@everyone") && !shown.contains("@here"),
                "{shown}"
            );
        }
        assert!(
            !text.contains('<') && !text.contains("```") && !text.contains("]("),
            "{text}"
        );
        let content_lines: Vec<_> = content.lines().collect();
        assert_eq!(content.matches("```").count(), 2, "only our own block: {content}");
        assert_eq!(
            (content_lines.len(), content_lines[1], content_lines[3]),
            (6, "```", "```"),
            "{content}"
        );
        assert!(!content_lines[0].contains("]("), "{content}");
        // A program gets what was reported.
        assert_eq!(body["monlight"]["message"], hostile);
    }

    #[test]
    fn discord_gets_no_more_than_it_takes() {
        for unit in ["\u{1F600}", "`", "*", "@", "<"] {
            let long = unit.repeat(10_000);
            let alert = Alert {
                project: long.clone(),
                environment: Some(long.clone()),
                release: Some(long.clone()),
                exception_type: long.clone(),
                culprit: Some(long.clone()),
                ..alert(&long)
            };
            let digest = Digest::of((1..=60).map(|id| Alert {
                group_id: id,
                ..alert.clone()
            }))
            .unwrap();

            let whole =
                serde_json::from_str::<Value>(&digest_body(&digest, &Links::new(Some("https://e.example"))));
            for body in [body_of(&alert), whole.unwrap()] {
                let content = body["content"].as_str().unwrap();
                let units = content.encode_utf16().count();
                assert!(units <= CONTENT_UNITS, "{units}");
                assert!(content.contains("https://e"), "the link is kept: {content}");
            }
        }
    }

    #[test]
    fn a_digest_lists_its_groups_for_programs() {
        let held = (1..=60).map(|id| Alert {
            group_id: id,
            ..alert("bad value")
        });
        let digest = Digest::of(held).unwrap();

        let body: Value = serde_json::from_str(&digest_body(&digest, &Links::new(None))).unwrap();

        assert_eq!(body["monlight"]["kind"], "digest");
        assert_eq!(body["monlight"]["errors"].as_array().unwrap().len(), 50);
        assert_eq!(body["text"].as_str().unwrap().lines().last(), Some("and 50 more"));
    }
}
