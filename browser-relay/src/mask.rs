//! Takes secrets out of URLs, wherever in a text a URL stands.
//!
//! What becomes `***`: the value of a parameter whose name says that it is secret, the whole fragment when it looks like
//! parameters (there is where OAuth puts its tokens), and the password before a host.

use std::borrow::Cow;

use memchr::memchr3;

const MASK: &str = "***";
const SECRET_WORDS: [&str; 13] = [
    "token",
    "key",
    "secret",
    "password",
    "passwd",
    "pwd",
    "auth",
    "authorization",
    "signature",
    "sig",
    "jwt",
    "session",
    "sid",
];
/// A one-time code of a sign-in is called so and nothing else; as one word of several it is a postcode or a language.
const SECRET_NAME: &str = "code";

/// Masks the URLs in a text: a message, a stack, a URL alone.
pub(crate) fn mask(text: &str) -> Cow<'_, str> {
    if memchr3(b'=', b'@', b'#', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::new();
    let mut copied = 0;
    for (start, end) in tokens(text) {
        let token = &text[start..end];
        if let Some(clean) = mask_url(token) {
            masked.push_str(&text[copied..start]);
            masked.push_str(&clean);
            copied = end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
}

/// The pieces of a text in which a URL could be: what stands between spaces, quotes and brackets.
fn tokens(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let start = at + rest.find(|character| !is_around_url(character))?;
        let length = text[start..].find(is_around_url).unwrap_or(text.len() - start);
        at = start + length;
        Some((start, at))
    })
}

fn is_around_url(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '{' | '}' | '\\' | '^'
        )
}

/// Masks what looks like a URL: it has a scheme, begins like a path, or has a query. `None` when nothing in it is secret.
fn mask_url(token: &str) -> Option<String> {
    let (token, position) = split_position(token);
    // What stands behind a question mark is the address of another, as a value.
    let scheme = token.find("://").filter(|at| !token[..*at].contains(['?', '#']));
    let authority_end = scheme.map_or(0, |at| {
        let host = at + 3;
        token[host..]
            .find(['/', '?', '#'])
            .map_or(token.len(), |length| host + length)
    });
    let query = token[authority_end..].find('?').map(|at| authority_end + at);
    let fragment = token[authority_end..].find('#').map(|at| authority_end + at);
    // A question mark inside the fragment begins no query.
    let query = query.filter(|query| fragment.is_none_or(|fragment| *query < fragment));
    let is_url = authority_end > 0 || token.starts_with(['/', '.', '?', '#']) || query.is_some();
    if !is_url {
        return None;
    }
    let end_of_path = query.or(fragment).unwrap_or(token.len());
    let mut clean = String::with_capacity(token.len() + position.len());
    let mut changed = false;
    push_authority(&mut clean, &token[..authority_end], &mut changed);
    clean.push_str(&token[authority_end..end_of_path]);
    if let Some(query) = query {
        clean.push('?');
        push_parameters(
            &mut clean,
            &token[query + 1..fragment.unwrap_or(token.len())],
            &mut changed,
        );
    }
    if let Some(fragment) = fragment {
        clean.push('#');
        push_fragment(&mut clean, &token[fragment + 1..], &mut changed);
    }
    clean.push_str(position);
    changed.then_some(clean)
}

/// Takes off the line and column that a stack writes behind a URL.
fn split_position(token: &str) -> (&str, &str) {
    let mut end = token.len();
    for _ in 0..2 {
        let digits = token[..end].bytes().rev().take_while(u8::is_ascii_digit).count();
        let before = end - digits;
        if digits == 0 || !token[..before].ends_with(':') {
            break;
        }
        end = before - 1;
    }
    token.split_at(end)
}

fn push_authority(clean: &mut String, authority: &str, changed: &mut bool) {
    let user_start = authority.find("://").map_or(0, |at| at + 3);
    let password = authority[user_start..].rfind('@').and_then(|at| {
        let user = &authority[user_start..user_start + at];
        user.find(':')
            .map(|colon| (user_start + colon + 1, user_start + at))
    });
    match password {
        Some((start, end)) if &authority[start..end] != MASK && start < end => {
            clean.push_str(&authority[..start]);
            clean.push_str(MASK);
            clean.push_str(&authority[end..]);
            *changed = true;
        }
        _ => clean.push_str(authority),
    }
}

fn push_parameters(clean: &mut String, query: &str, changed: &mut bool) {
    // Some write a second question mark where an ampersand should be.
    let mut rest = query;
    loop {
        let end = rest.find(['&', ';', '?']).unwrap_or(rest.len());
        let (name, value) = rest[..end].split_once('=').unwrap_or((&rest[..end], ""));
        clean.push_str(name);
        if rest[..end].len() > name.len() {
            clean.push('=');
            if !value.is_empty() && value != MASK && is_secret(name) {
                clean.push_str(MASK);
                *changed = true;
            } else {
                clean.push_str(value);
            }
        }
        let Some(separator) = rest[end..].chars().next() else {
            break;
        };
        clean.push(separator);
        rest = &rest[end + separator.len_utf8()..];
    }
}

/// A fragment of parameters is of no use to a developer but may be worth an account. One that is a route may have a query.
fn push_fragment(clean: &mut String, fragment: &str, changed: &mut bool) {
    if fragment == MASK {
        clean.push_str(fragment);
        return;
    }
    let (route, query) = fragment.split_once('?').unwrap_or((fragment, ""));
    if route.contains('=') {
        clean.push_str(MASK);
        *changed = true;
        return;
    }
    clean.push_str(route);
    if route.len() < fragment.len() {
        clean.push('?');
        push_parameters(clean, query, changed);
    }
}

/// Whether the name of a parameter says that its value is for nobody else.
fn is_secret(name: &str) -> bool {
    let name: Cow<'_, str> = if name.contains('%') || name.contains('+') {
        Cow::Owned(
            form_urlencoded::parse(name.as_bytes())
                .next()
                .map(|(name, _)| name.into_owned())
                .unwrap_or_default(),
        )
    } else {
        Cow::Borrowed(name)
    };
    name.eq_ignore_ascii_case(SECRET_NAME)
        || words(&name).any(|word| {
            SECRET_WORDS
                .iter()
                .any(|secret| word.eq_ignore_ascii_case(secret))
        })
}

/// `accessToken`, `X-Amz-Signature`, `user[password]`: words end where a capital begins and where there is no letter or digit.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|character: char| !character.is_alphanumeric())
        .flat_map(|part| {
            let mut rest = part;
            std::iter::from_fn(move || {
                if rest.is_empty() {
                    return None;
                }
                let end = end_of_word(rest);
                let (word, after) = rest.split_at(end);
                rest = after;
                Some(word)
            })
        })
}

/// A word ends before a capital that follows a small letter or digit, and before the last of several capitals (`APIKey`).
fn end_of_word(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    let mut before = None::<char>;
    while let Some((at, character)) = characters.next() {
        let next_is_small = characters.peek().is_some_and(|(_, next)| next.is_lowercase());
        match before {
            Some(before) if character.is_uppercase() && (!before.is_uppercase() || next_is_small) => {
                return at;
            }
            _ => before = Some(character),
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_in_urls_are_masked_and_the_rest_stays() {
        for (text, expected) in [
            ("https://x.io/a?token=abc", "https://x.io/a?token=***"),
            (
                "https://x.io/a?page=2&accessToken=abc&sort=up",
                "https://x.io/a?page=2&accessToken=***&sort=up",
            ),
            ("/a?api_key=1", "/a?api_key=***"),
            (
                "/a?APIKey=1&X-Amz-Signature=2&SIG=3",
                "/a?APIKey=***&X-Amz-Signature=***&SIG=***",
            ),
            ("/a?user.password=1;pwd=2", "/a?user.password=***;pwd=***"),
            ("/a?user%5Bpassword%5D=1", "/a?user%5Bpassword%5D=***"),
            (
                "/a?code=1&zip_code=2&postcode=3",
                "/a?code=***&zip_code=2&postcode=3",
            ),
            (
                "/a?monkey=1&keyboard=2&author=3&sessions=4",
                "/a?monkey=1&keyboard=2&author=3&sessions=4",
            ),
            (
                "/a?session_id=1&sid=2&PHPSESSID=3",
                "/a?session_id=***&sid=***&PHPSESSID=3",
            ),
            ("/a?token", "/a?token"),
            ("/a?token=&x=1", "/a?token=&x=1"),
            ("https://x.io/#access_token=abc&state=1", "https://x.io/#***"),
            ("https://x.io/a?x=1#chapter-2", "https://x.io/a?x=1#chapter-2"),
            (
                "https://x.io/#/route?tab=1&token=2",
                "https://x.io/#/route?tab=1&token=***",
            ),
            ("https://joe:secret@x.io/a", "https://joe:***@x.io/a"),
            ("mail joe@x.io, a=b", "mail joe@x.io, a=b"),
            ("a token=abc in words", "a token=abc in words"),
            ("https://x.io/a?x=1?token=2", "https://x.io/a?x=1?token=***"),
            ("users?jwt=abc", "users?jwt=***"),
            (
                "/a?token=abc&next=https://x.io/b?key=1",
                "/a?token=***&next=https://x.io/b?key=***",
            ),
            ("a?sid=1#https://x.io", "a?sid=***#https://x.io"),
            ("/#key=1&u=https://x.io", "/#***"),
            ("/a?token=ü&x=é", "/a?token=***&x=é"),
            ("", ""),
        ] {
            assert_eq!(mask(text), expected, "{text}");
            assert_eq!(mask(expected), expected, "a second time");
        }
    }

    #[test]
    fn a_stack_keeps_its_places() {
        let stack = "TypeError: GET https://x.io/b?sig=1 failed\n    at f (https://x.io/a.js?v=3&key=abc:10:55)\n    at https://x.io/a.js?key=abc:7:1\ng@https://x.io/c.js?auth=z:1:2";

        let expected = "TypeError: GET https://x.io/b?sig=*** failed\n    at f (https://x.io/a.js?v=3&key=***:10:55)\n    at https://x.io/a.js?key=***:7:1\ng@https://x.io/c.js?auth=***:1:2";
        assert_eq!(mask(stack), expected);
    }

    proptest! {
        #[test]
        fn nothing_is_left_of_a_secret(
            before in r"[a-z /.:=&?#(\n]{0,20}",
            name in "(api_)?(token|key|secret|sig)",
            after in r"(|[&) \n][a-z=&?# ]{0,20})",
        ) {
            let text = format!("{before} https://x.io/p?a=1&{name}=SeCrEt42{after}");
            let masked = mask(&text);
            prop_assert!(!masked.contains("SeCrEt42"), "{masked}");
            prop_assert_eq!(mask(&masked).into_owned(), masked.clone().into_owned());
        }

        #[test]
        fn text_of_any_kind_does_no_harm(text in r"([ :/?#=&@;%+\n]|\PC|token|://|A|b|1){0,60}") {
            let masked = mask(&text).into_owned();
            prop_assert_eq!(mask(&masked).into_owned(), masked.clone());
        }
    }
}
