//! Writes the mail: subject, text part and HTML part.

use shared::clock::Timestamp;

use super::inert::{self, Subject};
use super::{Alert, Digest, DigestRow, Kind, Links};

/// Colours of both themes. Styles stand in the elements too, because some mail programs drop this block;
/// what stands there is readable on a light and on a dark page.
const STYLE: &str = "\
:root{color-scheme:light dark;supported-color-schemes:light dark}\
body{margin:0;padding:24px;background:#ffffff;color:#1c1f24}\
.muted{color:#5c6470}pre{background:#f2f4f7;color:#1c1f24}\
@media (prefers-color-scheme:dark){body{background:#16181c;color:#e6e8eb}\
.muted{color:#9aa3af}pre{background:#22262c;color:#e6e8eb}}";

const FONT: &str = "font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:15px;line-height:1.5";
const MONOSPACE: &str = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px;line-height:1.45";
const BUTTON: &str = "display:inline-block;padding:10px 18px;border-radius:6px;background:#2457d6;color:#ffffff;\
text-decoration:none;font-weight:600";

/// `[project] Type: message (#id)`, the form that people's mail filters know.
pub(super) fn alert_subject(alert: &Alert) -> Subject {
    let text = format!("[{}] {}: {}", alert.project, alert.exception_type, alert.message);
    let ending = if alert.kind == Kind::Test {
        String::new()
    } else {
        format!(" (#{})", alert.group_id)
    };
    Subject::new(&text, &ending)
}

pub(super) fn alert_text(alert: &Alert, link: Option<&str>) -> String {
    let mut text = format!(
        "{} in {}\n\n",
        alert.kind.headline(),
        inert::one_line(&alert.project)
    );
    text += &format!(
        "{}: {}\n",
        inert::one_line(&alert.exception_type),
        inert::plain_lines(&alert.message)
    );
    if let Some(culprit) = &alert.culprit {
        text += &format!("at {}\n", inert::one_line(culprit));
    }
    text.push('\n');
    for (name, value) in facts(alert) {
        text += &format!("{name:<12} {value}\n");
    }
    if let Some(link) = link {
        text += &format!("\n{link}\n");
    }
    if !alert.traceback.is_empty() {
        text += &format!("\n{}\n", inert::plain_lines(&alert.traceback));
    }
    text
}

pub(super) fn alert_html(alert: &Alert, link: Option<&str>) -> String {
    let mut body = format!(
        "<p class=\"muted\" style=\"margin:0\">{} in <strong>",
        alert.kind.headline()
    );
    body += &format!("{}</strong></p>\n", inert::html(&inert::one_line(&alert.project)));
    body += &format!(
        "<h1 style=\"margin:4px 0 8px;font-size:20px\">{}</h1>\n",
        inert::html(&inert::one_line(&alert.exception_type))
    );
    body += &format!(
        "<p style=\"margin:0 0 8px;white-space:pre-wrap;overflow-wrap:anywhere\">{}</p>\n",
        inert::html(&alert.message)
    );
    if let Some(culprit) = &alert.culprit {
        let culprit = inert::html(&inert::one_line(culprit));
        body += &format!("<p class=\"muted\" style=\"margin:0 0 8px;{MONOSPACE}\">at {culprit}</p>\n");
    }
    body += "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin:16px 0\">\n";
    for (name, value) in facts(alert) {
        body += &format!(
            "<tr><td class=\"muted\" style=\"padding:2px 16px 2px 0\">{name}</td><td>{}</td></tr>\n",
            inert::html(&value)
        );
    }
    body += "</table>\n";
    body += &button(
        link,
        if alert.kind == Kind::Test {
            "Open the error tracker"
        } else {
            "Open the error"
        },
    );
    if !alert.traceback.is_empty() {
        body += &format!(
            "<pre style=\"margin:16px 0 0;padding:12px;border-radius:6px;overflow-x:auto;{MONOSPACE}\">{}</pre>\n",
            inert::html(&alert.traceback)
        );
    }
    page(&body)
}

pub(super) fn digest_subject(digest: &Digest) -> Subject {
    Subject::new(&format!("[monlight] {}", digest_headline(digest)), "")
}

pub(super) fn digest_text(digest: &Digest, links: &Links) -> String {
    let mut text = format!("{}\n{}\n", digest_headline(digest), digest_period(digest));
    for row in &digest.rows {
        text += &format!("\n{}\n  {}\n", row_title(row), row_state(row));
        if let Some(link) = links.group(row.group_id) {
            text += &format!("  {link}\n");
        }
    }
    if let Some(rest) = digest_rest(digest) {
        text += &format!("\n{rest}\n");
    }
    if let Some(link) = links.list() {
        text += &format!("\n{link}\n");
    }
    text
}

pub(super) fn digest_html(digest: &Digest, links: &Links) -> String {
    let mut body = format!(
        "<h1 style=\"margin:0 0 4px;font-size:20px\">{}</h1>\n",
        digest_headline(digest)
    );
    body += &format!(
        "<p class=\"muted\" style=\"margin:0 0 16px\">{}</p>\n",
        digest_period(digest)
    );
    body += "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"width:100%\">\n";
    for row in &digest.rows {
        let title = inert::html(&row_title(row));
        let title = match links.group(row.group_id) {
            Some(link) => format!(
                "<a href=\"{}\" style=\"color:inherit\">{title}</a>",
                inert::html(&link)
            ),
            None => title,
        };
        body += &format!(
            "<tr><td style=\"padding:8px 0;border-top:1px solid #8a93a055;overflow-wrap:anywhere\">{title}<br>\
             <span class=\"muted\">{}</span></td></tr>\n",
            inert::html(&row_state(row))
        );
    }
    body += "</table>\n";
    if let Some(rest) = digest_rest(digest) {
        body += &format!("<p class=\"muted\">{rest}</p>\n");
    }
    body += &button(links.list().as_deref(), "Open the error tracker");
    page(&body)
}

/// One row of a digest, as the subject of its own mail would be.
pub(super) fn row_title(row: &DigestRow) -> String {
    let text = format!(
        "[{}] {}: {} (#{})",
        row.project, row.exception_type, row.message, row.group_id
    );
    inert::one_line(&text)
}

pub(super) fn row_state(row: &DigestRow) -> String {
    let mut state = format!(
        "{}, seen {}, last at {}",
        row.kind.headline(),
        times(row.count),
        moment(row.at_ms)
    );
    if let Some(environment) = &row.environment {
        state += &format!(", {}", inert::one_line(environment));
    }
    state
}

pub(super) fn digest_headline(digest: &Digest) -> String {
    let alerts = if digest.alerts == 1 {
        "1 alert".to_owned()
    } else {
        format!("{} alerts", digest.alerts)
    };
    let groups = if digest.groups == 1 {
        "1 error".to_owned()
    } else {
        format!("{} errors", digest.groups)
    };
    format!("{alerts} about {groups}")
}

/// Says how many groups the digest does not name.
pub(super) fn digest_rest(digest: &Digest) -> Option<String> {
    match digest.unnamed_groups() {
        ..=0 => None,
        1 => Some("and 1 more error".to_owned()),
        more => Some(format!("and {more} more errors")),
    }
}

pub(super) fn times(count: i64) -> String {
    if count == 1 {
        "once".to_owned()
    } else {
        format!("{count} times")
    }
}

fn digest_period(digest: &Digest) -> String {
    format!(
        "Held back by the hourly limit, {} to {}",
        moment(digest.from_ms),
        moment(digest.to_ms)
    )
}

/// The small facts of an alert, each on one line.
fn facts(alert: &Alert) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    for (name, value) in [("Environment", &alert.environment), ("Release", &alert.release)] {
        if let Some(value) = value {
            facts.push((name, inert::one_line(value)));
        }
    }
    if alert.kind == Kind::Test {
        facts.push(("Sent", moment(alert.at_ms)));
    } else {
        facts.push((
            "Seen",
            format!("{}, last at {}", times(alert.count), moment(alert.at_ms)),
        ));
        facts.push(("Error", format!("#{}", alert.group_id)));
    }
    facts
}

/// `2026-03-01 12:00:00 UTC`: what a person reads in a mail, without fractions.
fn moment(at_ms: i64) -> String {
    let written = Timestamp::from_millis(at_ms).to_string();
    let (date_time, _fraction) = written.split_once('.').unwrap_or((&written, ""));
    format!("{} UTC", date_time.replace('T', " "))
}

fn button(link: Option<&str>, label: &str) -> String {
    match link {
        Some(link) => format!(
            "<p><a href=\"{}\" style=\"{BUTTON}\">{label}</a></p>\n",
            inert::html(link)
        ),
        None => String::new(),
    }
}

fn page(body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"supported-color-schemes\" content=\"light dark\">\n\
         <title>Monlight</title>\n<style>{STYLE}</style>\n</head>\n\
         <body style=\"{FONT}\">\n<div style=\"max-width:680px\">\n{body}</div>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::tests::alert;

    fn links() -> Links {
        Links::new(Some("https://errors.example"))
    }

    #[test]
    fn the_subject_has_the_form_that_mail_filters_know() {
        assert_eq!(
            alert_subject(&alert("bad value")).as_str(),
            "[shop] ValueError: bad value (#12)"
        );
        assert_eq!(
            alert_subject(&Alert::test(0)).as_str(),
            "[monlight] TestAlert: Alerts of the error tracker arrive here."
        );
    }

    #[test]
    fn the_text_says_what_happened_where_and_when() {
        let text = alert_text(&alert("bad value"), links().group(12).as_deref());

        assert_eq!(
            text,
            "New error in shop\n\
             \n\
             ValueError: bad value\n\
             at app/views.py:12 in checkout\n\
             \n\
             Environment  production\n\
             Release      1.2.3\n\
             Seen         once, last at 2026-03-01 12:00:00 UTC\n\
             Error        #12\n\
             \n\
             https://errors.example/?error=12\n\
             \n\
             Traceback (most recent call last):\n  File \"app/views.py\", line 12\n"
        );
    }

    #[test]
    fn html_holds_no_tag_that_a_report_brought() {
        let hostile = "</td><script>alert(1)</script><img src=x onerror=alert(1)>";
        let alert = Alert {
            project: hostile.to_owned(),
            environment: Some(hostile.to_owned()),
            release: Some(hostile.to_owned()),
            exception_type: hostile.to_owned(),
            culprit: Some(hostile.to_owned()),
            traceback: hostile.to_owned(),
            ..alert(hostile)
        };
        let digest = Digest::of([alert.clone()]).unwrap();

        for html in [
            alert_html(&alert, links().group(12).as_deref()),
            digest_html(&digest, &links()),
        ] {
            assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
            assert!(html.contains("&lt;script&gt;"));
        }
    }

    #[test]
    fn the_button_leads_to_the_group_and_is_absent_without_a_base_url() {
        let with = alert_html(&alert("x"), links().group(12).as_deref());
        let without = alert_html(&alert("x"), None);

        assert!(with.contains("href=\"https://errors.example/?error=12\""));
        assert!(!without.contains("href="));
    }

    #[test]
    fn a_digest_names_its_groups_and_counts_the_rest() {
        let held = (1..=60).map(|id| Alert {
            group_id: id,
            count: 100 - id,
            ..alert("bad\nvalue")
        });
        let digest = Digest::of(held).unwrap();

        let text = digest_text(&digest, &links());

        assert_eq!(
            digest_subject(&digest).as_str(),
            "[monlight] 60 alerts about 60 errors"
        );
        let first = "\n[shop] ValueError: bad value (#1)\n  \
                     New error, seen 99 times, last at 2026-03-01 12:00:00 UTC, production\n  \
                     https://errors.example/?error=1\n";
        assert!(text.contains(first), "{text}");
        assert!(text.contains("\nand 10 more errors\n"));
        assert!(digest_html(&digest, &links()).contains("and 10 more errors"));
    }
}
