//! Settings of every kind, good and bad.

use shared::env::Faults;

use super::*;

fn read(values: &[(&str, &str)]) -> Result<AlertSettings, Faults> {
    let lookup = |name: &str| {
        values
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let mut reader = Reader::new(&lookup);
    let settings = AlertSettings::read(&mut reader);
    reader.finish(settings)
}

fn faulty_names(values: &[(&str, &str)]) -> Vec<String> {
    let faults = read(values).err().map_or(Vec::new(), |faults| faults.0);
    faults.into_iter().map(|fault| fault.name).collect()
}

#[test]
fn nothing_set_is_no_channel_and_no_fault() {
    let settings = read(&[]).unwrap();

    assert!(settings.channels().is_empty());
    assert_eq!(settings.max_per_hour, 20);
}

#[test]
fn every_channel_may_be_set_at_once() {
    let settings = read(&[
        ("POSTMARK_API_TOKEN", "token"),
        ("POSTMARK_FROM_EMAIL", "Monlight <errors@example.com>"),
        ("SMTP_HOST", "mail.example.com"),
        ("SMTP_PORT", "465"),
        ("SMTP_USERNAME", "errors"),
        ("SMTP_PASSWORD", "pass word"),
        ("SMTP_FROM", "errors@example.com"),
        ("ALERT_WEBHOOK_URL", "https://chat.example/hook"),
        ("ALERT_WEBHOOK_SECRET", "key"),
        (
            "ALERT_EMAILS",
            "a@example.com, b@example.com;c@example.com,,a@example.com",
        ),
        ("BASE_URL", "https://errors.example.com/"),
    ])
    .unwrap();

    assert_eq!(
        settings.channels(),
        [ChannelName::Postmark, ChannelName::Smtp, ChannelName::Webhook]
    );
    assert_eq!(settings.recipients.len(), 3);
    assert_eq!(
        settings.postmark.unwrap().endpoint.as_str(),
        "https://api.postmarkapp.com/email"
    );
    assert_eq!(settings.smtp.unwrap().port, 465);
}

#[test]
fn what_belongs_together_is_asked_for_by_name() {
    let recipients = ("ALERT_EMAILS", "a@example.com");
    let sender = ("SMTP_FROM", "a@example.com");
    let host = ("SMTP_HOST", "mail.example.com");
    for (values, names) in [
        (
            &[("POSTMARK_API_TOKEN", "t"), recipients][..],
            &["POSTMARK_FROM_EMAIL"][..],
        ),
        (&[host, recipients], &["SMTP_FROM"]),
        (&[host, sender], &["ALERT_EMAILS"]),
        (&[host], &["SMTP_FROM", "ALERT_EMAILS"]),
        (
            &[host, sender, recipients, ("SMTP_USERNAME", "u")],
            &["SMTP_PASSWORD"],
        ),
        (
            &[host, sender, recipients, ("SMTP_PASSWORD", "p")],
            &["SMTP_USERNAME"],
        ),
        (&[("SMTP_USERNAME", "u")], &["SMTP_HOST"]),
        (&[("ALERT_WEBHOOK_SECRET", "s")], &["ALERT_WEBHOOK_URL"]),
        // Left-overs that do no harm.
        (
            &[("POSTMARK_FROM_EMAIL", "a@example.com"), sender, recipients],
            &[],
        ),
    ] {
        assert_eq!(faulty_names(values), names, "{values:?}");
    }
}

#[test]
fn values_that_cannot_work_are_faults() {
    let mail = [
        ("ALERT_EMAILS", "a@example.com"),
        ("SMTP_HOST", "mail"),
        ("SMTP_FROM", "a@example.com"),
    ];
    let postmark = [mail[0], ("POSTMARK_FROM_EMAIL", "a@example.com")];
    for (base, name, value) in [
        (&mail[1..], "ALERT_EMAILS", "a@example.com, nobody"),
        (&mail[1..], "ALERT_EMAILS", "a@example.com\r\nBcc: b@example.com"),
        (&mail[1..], "ALERT_EMAILS", "j\u{f6}rg@example.com"),
        (&mail[..2], "SMTP_FROM", "nobody"),
        (&mail[..], "SMTP_PORT", "0"),
        (&mail[..], "SMTP_PORT", "65536"),
        (&[mail[0], mail[2]], "SMTP_HOST", "smtp://mail.example.com"),
        (&[mail[0], mail[2]], "SMTP_HOST", "mail.example.com:25"),
        (&postmark, "POSTMARK_API_TOKEN", "<your token>"),
        (&postmark, "POSTMARK_API_TOKEN", "t\u{f6}ken"),
        (&[], "ALERT_WEBHOOK_URL", "chat.example/hook"),
        (&[], "ALERT_WEBHOOK_URL", "ftp://chat.example/hook"),
        (&[], "BASE_URL", "errors.example.com"),
        (&[], "BASE_URL", "https://errors.example.com/?a=b"),
        (&[], "ALERT_MAX_PER_HOUR", "0"),
    ] {
        let mut values = base.to_vec();
        values.push((name, value));

        assert_eq!(faulty_names(&values), [name], "{value}");
    }
}

#[test]
fn no_fault_repeats_a_secret_or_an_address() {
    let faults = read(&[
        ("ALERT_WEBHOOK_URL", "chat.example/very-secret"),
        ("POSTMARK_API_TOKEN", "t\u{f6}ken-secret"),
        ("POSTMARK_FROM_EMAIL", "secret"),
        ("ALERT_EMAILS", "secret"),
    ])
    .expect_err("all of them are bad");

    assert_eq!(faults.0.len(), 4);
    assert!(!faults.to_string().contains("secret"), "{faults}");
}

#[test]
fn a_debug_print_shows_no_secret() {
    let settings = read(&[("ALERT_WEBHOOK_URL", "https://chat.example/secret")]).unwrap();

    assert_eq!(
        format!("{settings:?}"),
        "AlertSettings { channels: [Webhook], .. }"
    );
}
