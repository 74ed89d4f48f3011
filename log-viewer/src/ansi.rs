//! Takes the escape sequences of terminals out of a text: colours, links, cursor movements.
//!
//! The text itself is kept as it came, for display; what is searched and judged goes through here.

use std::borrow::Cow;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// The text without escape sequences; borrowed when there are none. A sequence that the text cuts off is gone as well.
pub(crate) fn stripped(text: &str) -> Cow<'_, str> {
    let Some(mut escape) = memchr::memchr(ESC, text.as_bytes()) else {
        return Cow::Borrowed(text);
    };
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        plain.push_str(&rest[..escape]);
        rest = &rest[escape + sequence_bytes(&rest.as_bytes()[escape..])..];
        match memchr::memchr(ESC, rest.as_bytes()) {
            Some(next) => escape = next,
            None => {
                plain.push_str(rest);
                return Cow::Owned(plain);
            }
        }
    }
}

/// Length of the sequence at the start of `bytes`, which is an ESC. It ends where something stands that cannot be part of
/// it, so a broken sequence takes no text with it. All of a sequence but the payload of a string is ASCII.
fn sequence_bytes(bytes: &[u8]) -> usize {
    match bytes.get(1) {
        // CSI: parameters, intermediates, one final byte.
        Some(b'[') => {
            let parameters = run(bytes, 2, 0x30..=0x3f);
            let intermediates = run(bytes, parameters, 0x20..=0x2f);
            closed(bytes, intermediates, 0x40..=0x7e)
        }
        // OSC (titles, hyperlinks), DCS, SOS, PM, APC.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => string_end(bytes),
        Some(0x20..=0x7e) => {
            let intermediates = run(bytes, 1, 0x20..=0x2f);
            closed(bytes, intermediates, 0x30..=0x7e)
        }
        _ => 1,
    }
}

/// End of a string sequence: BEL or ESC \. A line break ends it too: a terminal would wait on, but the entry's other lines
/// must stay findable.
fn string_end(bytes: &[u8]) -> usize {
    match memchr::memchr3(BEL, ESC, b'\n', &bytes[2..]) {
        None => bytes.len(),
        Some(found) => match bytes[found + 2] {
            BEL => found + 3,
            ESC if bytes.get(found + 3) == Some(&b'\\') => found + 4,
            _ => found + 2,
        },
    }
}

fn run(bytes: &[u8], from: usize, wanted: std::ops::RangeInclusive<u8>) -> usize {
    let length = bytes[from..]
        .iter()
        .take_while(|byte| wanted.contains(byte))
        .count();
    from + length
}

fn closed(bytes: &[u8], at: usize, final_byte: std::ops::RangeInclusive<u8>) -> usize {
    at + usize::from(bytes.get(at).is_some_and(|byte| final_byte.contains(byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sequences_go_and_the_text_between_stays() {
        for (text, plain) in [
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b[38;5;196;1mx\x1b[m y", "x y"),
            ("a\x1b[2Kb\x1b[1;1Hc", "abc"),
            ("\x1b[?25lhidden\x1b[?25h", "hidden"),
            ("\x1b]8;;https://e.com/é\x1b\\link\x1b]8;;\x1b\\!", "link!"),
            ("\x1b]0;title\x07text", "text"),
            ("\x1bPpayload\x1b\\text", "text"),
            ("\x1b(Btext\x1b7\x1b8\x1b=\x1bM", "text"),
            ("é\x1b[1mü\x1b[0m", "éü"),
            ("two\x1b[3\x1b[31mred", "twored"),
        ] {
            assert_eq!(stripped(text), plain, "{text:?}");
        }
    }

    #[test]
    fn broken_and_unfinished_sequences_take_no_text_with_them() {
        for (text, plain) in [
            ("end\x1b", "end"),
            ("end\x1b[", "end"),
            ("end\x1b[31", "end"),
            ("end\x1b[31;", "end"),
            ("end\x1b]8;;http://e", "end"),
            ("end\x1b(", "end"),
            ("a\x1b\nb", "a\nb"),
            ("a\x1bé", "aé"),
            ("a\x1b[31é", "aé"),
            ("a\x1b]0;title\nb", "a\nb"),
            ("a\x1b]0;title\x1b[31mb", "ab"),
        ] {
            assert_eq!(stripped(text), plain, "{text:?}");
        }
    }

    #[test]
    fn a_text_without_escapes_is_borrowed() {
        assert!(matches!(stripped("plain [31m ü"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_of_a_sequence_is_left_and_nothing_else_is_lost(text in "[\u{1b}\\[\\]\\\\0-9;mé\u{7} a-d\n(P]{0,40}") {
            let plain = stripped(&text);

            let is_clean = !plain.as_bytes().contains(&ESC);
            prop_assert!(is_clean);
            prop_assert_eq!(plain.matches('é').count(), plain.chars().filter(|letter| *letter == 'é').count());
            // String sequences end at the line's end, so each line is left.
            prop_assert_eq!(plain.matches('\n').count(), text.matches('\n').count());
        }

        #[test]
        fn any_text_can_be_stripped(text in any::<String>()) {
            prop_assert!(stripped(&text).len() <= text.len());
        }
    }
}
