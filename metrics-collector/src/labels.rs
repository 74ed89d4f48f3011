//! The labels of a series, and what a query asks of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use shared::http::body::text::Scalar;

/// Labels of one point.
const MOST_LABELS: usize = 32;
const NAME_CHARS: usize = 100;
const VALUE_CHARS: usize = 200;
/// What stands at the end of a value that was cut.
const CUT_MARK: char = '…';
/// Of each visitor another one: it would make each visitor a series.
const NEVER_A_LABEL: &str = "session_id";

/// Names with their values, in the order of the names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub(crate) struct Labels(Vec<(String, String)>);

impl Labels {
    /// What stands in the place of all that are too many.
    pub(crate) fn overflow() -> Self {
        Self(vec![("overflow".into(), "true".into())])
    }

    pub(crate) fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let by_name: BTreeMap<String, String> = pairs.into_iter().collect();
        Self(by_name.into_iter().collect())
    }

    /// Reads a JSON object. Numbers and booleans become text; what is null or empty is no label.
    pub(crate) fn parse(json: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Read<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, Option<Scalar<'a>>>);

        let Read(members) = serde_json::from_str(json).map_err(|error| explain(json, &error))?;
        let mut labels = Vec::with_capacity(members.len());
        for (name, value) in members {
            let value = value.map(|value| value.0).unwrap_or_default();
            if value.is_empty() || name == NEVER_A_LABEL {
                continue;
            }
            if name.is_empty() || name.chars().count() > NAME_CHARS {
                return Err(format!("labels: a name must have 1 to {NAME_CHARS} characters"));
            }
            labels.push((name.into_owned(), cut(&value)));
        }
        if labels.len() > MOST_LABELS {
            return Err(format!("labels: at most {MOST_LABELS}"));
        }
        Ok(Self(labels))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find_map(|(other, value)| (other == name).then_some(value))
    }
}

fn explain(json: &str, error: &serde_json::Error) -> String {
    if error.is_data() && !json.trim_start().starts_with('{') {
        return "labels: must be an object".into();
    }
    "labels: a value must be a string, a number or a boolean".into()
}

fn cut(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARS) {
        Some(_) => value.chars().take(VALUE_CHARS - 1).chain([CUT_MARK]).collect(),
        None => value.to_owned(),
    }
}

/// Labels that a series must have; it may have others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Selector(Vec<(String, String)>);

impl Selector {
    /// Reads `name:value,name:value`. A comma or backslash in a value is written with a backslash before it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut wanted = Vec::new();
        for part in split(text) {
            if part.is_empty() {
                continue;
            }
            let Some((name, value)) = part.split_once(':').filter(|(name, _)| !name.trim().is_empty()) else {
                return Err(format!(
                    "labels: write name:value, separated by commas, not \"{part}\""
                ));
            };
            wanted.push((name.trim().to_owned(), cut(value)));
        }
        Ok(Self(wanted))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// At the commas that have no backslash before them, which is taken away.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(characters.next()),
            (_, Some(part)) => part.push(character),
            (_, None) => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(labels: &Labels) -> Vec<(&str, &str)> {
        labels.iter().collect()
    }

    #[test]
    fn labels_are_text_in_the_order_of_their_names() {
        let labels =
            Labels::parse(r#"{"z":1,"a":true,"m":"ü","f":1.5,"none":null,"empty":"","session_id":"x"}"#)
                .unwrap();

        assert_eq!(
            pairs(&labels),
            [("a", "true"), ("f", "1.5"), ("m", "ü"), ("z", "1")]
        );
        assert_eq!((labels.get("m"), labels.get("none")), (Some("ü"), None));
        assert_eq!(
            Labels::parse(r#"{"a":"1","a":"2"}"#).map(|labels| labels.get("a").map(str::to_owned)),
            Ok(Some("2".into()))
        );
        assert_eq!(Labels::parse("{}"), Ok(Labels::default()));
    }

    #[test]
    fn what_is_too_long_is_cut_with_a_mark() {
        let labels = Labels::parse(&format!(r#"{{"a":"{}"}}"#, "é".repeat(201))).unwrap();

        let value = labels.get("a").unwrap();
        assert_eq!((value.chars().count(), value.ends_with("é…")), (200, true));
        let whole = "é".repeat(200);
        assert_eq!(
            Labels::parse(&format!(r#"{{"a":"{whole}"}}"#)).unwrap().get("a"),
            Some(whole.as_str())
        );
    }

    #[test]
    fn what_is_no_label_is_named() {
        let many: Vec<String> = (0..33).map(|number| format!(r#""l{number}":1"#)).collect();
        for (json, expected) in [
            ("[]".to_owned(), "labels: must be an object"),
            ("7".to_owned(), "labels: must be an object"),
            (
                r#"{"a":{"b":1}}"#.to_owned(),
                "labels: a value must be a string, a number or a boolean",
            ),
            (
                r#"{"":"x"}"#.to_owned(),
                "labels: a name must have 1 to 100 characters",
            ),
            (
                format!(r#"{{"{}":1}}"#, "n".repeat(101)),
                "labels: a name must have 1 to 100 characters",
            ),
            (format!("{{{}}}", many.join(",")), "labels: at most 32"),
        ] {
            assert_eq!(Labels::parse(&json), Err(expected.into()), "{json}");
        }
    }

    #[test]
    fn a_selector_is_read_as_it_is_written() {
        let read = |text: &str| Selector::parse(text).map(|selector| selector.0);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (text, expected) in [
            ("", vec![]),
            ("route:/a", vec![pair("route", "/a")]),
            (
                "route:http://x:80/, method:GET,",
                vec![pair("route", "http://x:80/"), pair("method", "GET")],
            ),
            (r"a:1\,2\\3", vec![pair("a", r"1,2\3")]),
            ("empty:", vec![pair("empty", "")]),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for text in ["route", ":x", "a:1,b"] {
            assert!(
                Selector::parse(text).is_err_and(|error| error.starts_with("labels: ")),
                "{text}"
            );
        }
    }
}
