//! Which web pages may send: origins, exact or with one `*` inside the host.

use std::collections::HashSet;

/// Origins of one list.
const MOST_ORIGINS: usize = 100;
const ORIGIN_CHARS: usize = 300;

/// Why a text is no origin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    /// It is something else.
    #[error(
        "\"{0}\" is no origin: write scheme, host and port if it is not the usual one, such as https://example.com or https://*.example.com"
    )]
    NotAnOrigin(String),
    /// A list that is too long to be a list of somebody's pages.
    #[error("at most {MOST_ORIGINS} origins")]
    TooMany,
}

/// The origins whose pages may send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList {
    exact: HashSet<String>,
    patterns: Vec<Pattern>,
}

/// An origin with a hole in its host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pattern {
    before: String,
    after: String,
}

impl AllowList {
    /// Reads a list as it is set.
    ///
    /// # Errors
    /// What is wrong with the first entry that is no origin.
    pub fn parse<T: AsRef<str>>(origins: &[T]) -> Result<Self, BadOrigin> {
        if origins.len() > MOST_ORIGINS {
            return Err(BadOrigin::TooMany);
        }
        let mut list = Self::default();
        for origin in origins {
            let origin = origin.as_ref();
            let normal =
                normal(origin).ok_or_else(|| BadOrigin::NotAnOrigin(origin.chars().take(100).collect()))?;
            match normal.split_once('*') {
                None => {
                    list.exact.insert(normal);
                }
                Some((before, after)) => list.add(Pattern {
                    before: before.to_owned(),
                    after: after.to_owned(),
                }),
            }
        }
        Ok(list)
    }

    /// Whether a page of this origin, as a browser writes it, may send.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        self.exact.contains(origin) || self.patterns.iter().any(|pattern| pattern.matches(origin))
    }

    /// Adds all of another list.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.exact.extend(other.exact.iter().cloned());
        for pattern in &other.patterns {
            self.add(pattern.clone());
        }
    }

    fn add(&mut self, pattern: Pattern) {
        if !self.patterns.contains(&pattern) {
            self.patterns.push(pattern);
        }
    }
}

impl Pattern {
    fn matches(&self, origin: &str) -> bool {
        origin
            .strip_prefix(self.before.as_str())
            .and_then(|rest| rest.strip_suffix(self.after.as_str()))
            .is_some_and(|filling| !filling.is_empty() && filling.bytes().all(is_in_host))
    }
}

fn is_in_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// As a browser writes it: lower case, without the usual port, without a slash at the end. `None` for what is no origin.
fn normal(text: &str) -> Option<String> {
    if text == "null" {
        return Some(text.into());
    }
    let text = text.trim().trim_end_matches('/').to_ascii_lowercase();
    let (scheme, authority) = text.split_once("://")?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address are inside its brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let usual_port = match scheme {
        "http" => Some("80"),
        "https" => Some("443"),
        _ => None,
    };
    let is_bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    let is_host =
        !host.is_empty() && host != "*" && host.bytes().all(|byte| is_in_host(byte) || byte == b'*');
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
    let is_origin = is_scheme
        && (is_host || is_bracketed)
        && is_port
        && host.matches('*').count() <= 1
        && text.len() <= ORIGIN_CHARS;
    is_origin.then(|| match port.filter(|port| usual_port != Some(port)) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// For the fuzzer: an entry that is taken allows itself, and what is allowed has nothing but scheme, host and port.
pub(crate) fn check(entries: &[&str], origin: &str) {
    let Ok(list) = AllowList::parse(entries) else {
        return;
    };
    for entry in entries {
        let normal_entry = normal(entry).expect("it was taken");
        assert_eq!(normal(&normal_entry).as_ref(), Some(&normal_entry));
        let filled = normal_entry.replace('*', "x");
        assert!(list.allows(&filled), "{filled} by {entry}");
    }
    if list.allows(origin) && origin != "null" {
        let host = origin.split_once("://").expect("a scheme").1;
        assert!(
            !host.is_empty() && !host.contains(['/', '@', '?', '#', '\\', ' ']),
            "{origin}"
        );
    }
    let mut merged = AllowList::default();
    merged.merge(&list);
    assert_eq!(merged, list);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_compared_as_a_browser_writes_it() {
        for (entry, origin, allowed) in [
            ("https://example.com", "https://example.com", true),
            ("HTTPS://Example.com:443/", "https://example.com", true),
            ("http://example.com", "https://example.com", false),
            ("https://example.com", "https://example.com:8443", false),
            ("https://example.com", "https://example.com.evil.org", false),
            ("http://localhost:3000", "http://localhost:3000", true),
            ("http://[::1]:3000", "http://[::1]:3000", true),
            ("capacitor://localhost", "capacitor://localhost", true),
            ("https://*.example.com", "https://shop.example.com", true),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://.example.com", false),
            ("https://*.example.com", "https://evil.org/.example.com", false),
            ("https://*.example.com", "https://evil.org:1@x.example.com", false),
            (
                "https://preview-*.example.com:8443",
                "https://preview-17.example.com:8443",
                true,
            ),
            ("null", "null", true),
            ("https://example.com", "null", false),
        ] {
            let list = AllowList::parse(&[entry]).unwrap();
            assert_eq!(list.allows(origin), allowed, "{entry} and {origin}");
        }
    }

    #[test]
    fn what_is_no_origin_is_named() {
        for entry in [
            "example.com",
            "https://",
            "https://*",
            "*",
            "https://*.*.com",
            "https://example.com/path",
            "https://user@example.com",
            "https://example.com:99999",
            "ht tp://x",
            "https://exa mple.com",
        ] {
            let fault = AllowList::parse(&[entry]).expect_err(entry);
            assert!(fault.to_string().contains(&format!("\"{entry}\"")), "{fault}");
        }
        assert_eq!(
            AllowList::parse(&vec!["https://x.io"; 101]),
            Err(BadOrigin::TooMany)
        );
    }

    #[test]
    fn an_empty_list_allows_none() {
        assert!(!AllowList::default().allows("https://example.com"));
    }

    #[test]
    fn a_merged_list_allows_what_either_allows() {
        let mut union = AllowList::parse(&["https://a.io"]).unwrap();
        union.merge(&AllowList::parse(&["https://*.b.io"]).unwrap());

        assert!(union.allows("https://a.io") && union.allows("https://x.b.io"));
    }
}
