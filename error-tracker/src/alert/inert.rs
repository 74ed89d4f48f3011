//! Makes the text of strangers harmless in the place where it is shown.
//!
//! Whoever can make an application fail writes the message of an alert: it must not
//! become a header, a tag, a link, a mention or a control sequence of a terminal.

use std::fmt::Write as _;

/// What stands where text was left out.
const MARK: &str = "\u{2026}";
/// Separates characters that would mean something side by side, and shows nothing.
const ZERO_WIDTH_SPACE: char = '\u{200B}';
/// Longest subject in characters. Mail programs show far less.
const SUBJECT_CHARS: usize = 200;

/// The subject of a mail: one line of at most 200 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject(String);

impl Subject {
    /// Folds `text` and cuts it to make room for `ending`, which is our own and is kept whole.
    pub(super) fn new(text: &str, ending: &str) -> Self {
        // "=?" begins a word in the encoding of RFC 2047, which mail programs decode: a message could
        // show itself as something else than it is.
        let text = one_line(text).replace("=?", &format!("={ZERO_WIDTH_SPACE}?"));
        let room = SUBJECT_CHARS.saturating_sub(ending.chars().count());
        Self(cut(&text, room) + ending)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Cuts `text` to `max_chars` characters, of which the last says that there was more.
pub(super) fn cut(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some(_) => {
            let kept = text
                .char_indices()
                .nth(max_chars.saturating_sub(1))
                .map_or(0, |(at, _)| at);
            format!("{}{MARK}", &text[..kept])
        }
    }
}

/// Keeps the first and the last lines of a long text, and the head of long lines.
///
/// Both ends matter: Python's innermost frame comes last, JavaScript's and Java's first.
pub(super) fn cut_lines(text: &str, max_lines: usize, max_line_chars: usize) -> String {
    let text = plain_lines(text);
    let text = text.trim_end();
    let count = text.lines().count();
    let cut_line = |line| cut(line, max_line_chars);
    if count <= max_lines {
        return text.lines().map(cut_line).collect::<Vec<_>>().join("\n");
    }
    // One line says how many are missing.
    let head = (max_lines - 1) / 2;
    let tail = max_lines - 1 - head;
    let missing = count - head - tail;
    let mut kept: Vec<String> = text.lines().take(head).map(cut_line).collect();
    kept.push(format!("{MARK} {missing} lines left out {MARK}"));
    kept.extend(text.lines().skip(count - tail).map(cut_line));
    kept.join("\n")
}

/// Folds `text` into one line: controls, line ends and runs of space become one space.
pub(super) fn one_line(text: &str) -> String {
    let mut folded = String::with_capacity(text.len().min(1024));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let mut shown = word.chars().filter(|c| !turns_direction(*c)).peekable();
        if shown.peek().is_some() && !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(shown);
    }
    folded
}

/// Keeps the lines of `text` but no other control character, and ends every line with `\n`.
pub(super) fn plain_lines(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' => {
                rest.next_if_eq(&'\n');
                plain.push('\n');
            }
            '\n' | '\t' => plain.push(c),
            _ if c.is_control() || turns_direction(c) => plain.push('\u{FFFD}'),
            _ => plain.push(c),
        }
    }
    plain
}

/// Escapes `text` for HTML, within an element and within a quoted attribute.
pub(super) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in plain_lines(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// One line for Slack and Mattermost.
///
/// Slack reads `<!channel>`, `<@user>` and `<url|text>`, which its three escapes prevent.
/// Mattermost reads the same escapes as HTML does, and besides them `@channel` and
/// `[text](url)`; a zero-width space breaks both.
pub(super) fn slack(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    for c in one_line(text).chars() {
        // "](" begins the address of a link, "``" a block that would swallow what follows.
        if matches!((before, c), (']', '(' | '[') | ('`', '`')) {
            escaped.push(ZERO_WIDTH_SPACE);
        }
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => {
                escaped.push('@');
                escaped.push(ZERO_WIDTH_SPACE);
            }
            _ => escaped.push(c),
        }
        before = c;
    }
    escaped
}

/// One line for Discord's Markdown, outside a code block.
pub(super) fn discord(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '@' => {
                escaped.push('@');
                escaped.push(ZERO_WIDTH_SPACE);
            }
            '\\' | '*' | '_' | '~' | '`' | '|' | '<' | '>' | '[' | ']' | '(' | ')' | '#' => {
                let _ = write!(escaped, "\\{c}");
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

/// One line for the inside of a Discord code block, where only the end of the block has a meaning.
pub(super) fn discord_code(text: &str) -> String {
    one_line(text)
        .replace('`', &format!("`{ZERO_WIDTH_SPACE}"))
        .replace('@', &format!("@{ZERO_WIDTH_SPACE}"))
}

/// Marks that turn the reading direction of what follows: a known way to show text other than it is.
/// Letters of right-to-left scripts need none of them.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// For the fuzzer: each form holds nothing that means something in its place.
pub(crate) fn check(text: &str) {
    let subject = Subject::new(text, " (#7)");
    assert!(subject.as_str().chars().count() <= SUBJECT_CHARS && subject.as_str().ends_with(" (#7)"));
    assert!(!subject.as_str().contains("=?"));
    let line = one_line(text);
    assert_eq!(one_line(&line), line, "one line is one line");
    for shown in [
        subject.as_str(),
        &line,
        &slack(text),
        &discord(text),
        &discord_code(text),
    ] {
        assert!(
            !shown.chars().any(|c| c.is_control() || turns_direction(c)),
            "{shown:?}"
        );
    }
    let plain = plain_lines(text);
    assert_eq!(plain_lines(&plain), plain);
    assert!(!html(text).contains(['<', '>', '"', '\'']));
    assert!(!slack(text).contains(['<', '>']) && !slack(text).contains("]("));
    assert!(!discord_code(text).contains("``"));
    for mention in ["@everyone", "@here", "@channel"] {
        assert!(!slack(text).contains(mention) && !discord(text).contains(mention));
    }
    assert!(cut_lines(text, 9, 40).lines().count() <= 9);
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn a_cut_keeps_whole_characters_and_says_so() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab\u{2026}");
        assert_eq!(cut("\u{1F600}\u{1F600}\u{1F600}", 2), "\u{1F600}\u{2026}");
        assert_eq!(cut("", 0), "");
        assert_eq!(cut("abc", 0), "\u{2026}");
    }

    #[test]
    fn a_long_traceback_keeps_both_ends() {
        let text = (1..=100)
            .map(|n| format!("line {n}"))
            .collect::<Vec<_>>()
            .join("\n");

        let kept = cut_lines(&text, 5, 20);

        assert_eq!(
            kept,
            "line 1\nline 2\n\u{2026} 96 lines left out \u{2026}\nline 99\nline 100"
        );
    }

    #[test]
    fn a_subject_is_one_line_whatever_it_is_made_of() {
        for (text, subject) in [
            ("a\r\nBcc: thief@example.org", "a Bcc: thief@example.org (#1)"),
            ("a\0b\u{1b}[31mc", "a b [31mc (#1)"),
            ("a\u{2028}b\u{2029}c\u{85}d", "a b c d (#1)"),
            ("  a \t\n b  ", "a b (#1)"),
            ("user\u{202E}gpj.exe", "usergpj.exe (#1)"),
            ("a \u{202E} b", "a b (#1)"),
            (
                "\u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{1F600}",
                "\u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{1F600} (#1)",
            ),
            ("=?utf-8?q?x?=", "=\u{200B}?utf-8?q?x?= (#1)"),
            ("", " (#1)"),
        ] {
            assert_eq!(Subject::new(text, " (#1)").as_str(), subject, "{text:?}");
        }
    }

    #[test]
    fn a_long_subject_keeps_its_ending() {
        let subject = Subject::new(&"\u{1F600}".repeat(1 << 20), " (#12)");

        assert_eq!(subject.as_str().chars().count(), 200);
        assert!(subject.as_str().ends_with("\u{1F600}\u{2026} (#12)"));
    }

    #[test]
    fn every_kind_of_line_end_becomes_one() {
        assert_eq!(
            plain_lines("a\r\nb\rc\nd\r\r\n\te\0f"),
            "a\nb\nc\nd\n\n\te\u{FFFD}f"
        );
    }

    #[test]
    fn markup_is_text_in_html() {
        assert_eq!(
            html("<img src=x onerror='a(\"&\")'>"),
            "&lt;img src=x onerror=&#39;a(&quot;&amp;&quot;)&#39;&gt;"
        );
    }

    #[test]
    fn mentions_and_links_are_text_in_slack_and_mattermost() {
        for (text, shown) in [
            ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@\u{200B}U1&gt;"),
            ("@everyone @here", "@\u{200B}everyone @\u{200B}here"),
            ("<http://bad.example|bank>", "&lt;http://bad.example|bank&gt;"),
            ("[bank](http://bad.example)", "[bank]\u{200B}(http://bad.example)"),
            ("```\nstop", "`\u{200B}`\u{200B}` stop"),
        ] {
            assert_eq!(slack(text), shown, "{text}");
        }
    }

    #[test]
    fn mentions_and_links_are_text_in_discord() {
        for (text, shown) in [
            ("@everyone", "@\u{200B}everyone"),
            ("<@123>", "\\<@\u{200B}123\\>"),
            ("[bank](http://bad.example)", "\\[bank\\]\\(http://bad.example\\)"),
            ("a_b*c", "a\\_b\\*c"),
        ] {
            assert_eq!(discord(text), shown, "{text}");
        }
        assert!(!discord_code("x```y @everyone").contains("```"));
        assert!(!discord_code("x```y @everyone").contains("@everyone"));
    }

    proptest! {
        #[test]
        fn a_cut_is_never_longer_than_asked(text in any::<String>(), max in 1_usize..50) {
            prop_assert!(cut(&text, max).chars().count() <= max);
        }

        #[test]
        fn a_folded_line_has_no_control_character(text in any::<String>()) {
            let breaks = ['\u{2028}', '\u{2029}'];

            let line = one_line(&text);

            prop_assert!(!line.chars().any(|c| c.is_control() || breaks.contains(&c)));
        }

        #[test]
        fn no_text_opens_a_tag_or_a_mention(text in any::<String>()) {
            let escaped = html(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            prop_assert!(!slack(&text).contains(['<', '>']));
        }
    }
}
