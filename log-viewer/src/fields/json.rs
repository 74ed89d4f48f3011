//! Fields of JSON objects: follows one path and reads nothing else.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// How deep a path may reach, lists included.
const MAX_DEPTH: usize = 16;

/// Whether a text looks like one object.
pub(super) fn is_object(text: &str) -> bool {
    let text = text.trim_ascii();
    text.starts_with('{') && text.ends_with('}')
}

/// Whether a value at the path passes the test. A member whose key is written with escapes is not found.
pub(super) fn any(object: &str, path: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
    in_object(object, path, 0, test)
}

fn in_object(object: &str, path: &str, depth: usize, test: &mut dyn FnMut(&str) -> bool) -> bool {
    let Ok(Members(members)) = serde_json::from_str(object) else {
        return false;
    };
    members.iter().any(|(key, value)| {
        let Key(Some(key)) = key else {
            return false;
        };
        match rest_of_path(path, key) {
            Some("") => scalar(value.get(), depth, test),
            Some(rest) => inside(value.get(), rest, depth, test),
            None => false,
        }
    })
}

/// What is left of a path behind a key that may itself have dots.
fn rest_of_path<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    let (begin, rest) = path.split_at_checked(key.len())?;
    if !begin.eq_ignore_ascii_case(key) {
        return None;
    }
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix('.').filter(|rest| !rest.is_empty())
}

/// Goes on with the path in an object, or in the objects of a list.
fn inside(value: &str, path: &str, depth: usize, test: &mut dyn FnMut(&str) -> bool) -> bool {
    match value.as_bytes() {
        _ if depth == MAX_DEPTH => false,
        [b'{', ..] => in_object(value, path, depth + 1, test),
        [b'[', ..] => elements(value)
            .iter()
            .any(|element| inside(element.get(), path, depth + 1, test)),
        _ => false,
    }
}

fn scalar(value: &str, depth: usize, test: &mut dyn FnMut(&str) -> bool) -> bool {
    match value.as_bytes() {
        _ if depth == MAX_DEPTH => false,
        [b'{', ..] => false,
        [b'[', ..] => elements(value)
            .iter()
            .any(|element| scalar(element.get(), depth + 1, test)),
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => test(&value[1..value.len() - 1]),
        [b'"', ..] => serde_json::from_str::<String>(value).is_ok_and(|text| test(&text)),
        _ => test(value),
    }
}

fn elements(list: &str) -> Vec<&RawValue> {
    serde_json::from_str(list)
        .map(|Elements(elements)| elements)
        .unwrap_or_default()
}

struct Members<'a>(Vec<(Key<'a>, &'a RawValue)>);
struct Elements<'a>(Vec<&'a RawValue>);

/// A key as it stands in the text; none when it has escapes.
struct Key<'a>(Option<&'a str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = access.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Elements<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = access.next_element()? {
                    elements.push(element);
                }
                Ok(Elements(elements))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Some(text)))
            }

            fn visit_str<E>(self, _escaped: &str) -> Result<Self::Value, E> {
                Ok(Key(None))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
