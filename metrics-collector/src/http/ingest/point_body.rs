//! A point on the wire, and what it takes to become one of the domain.

use std::borrow::Cow;
use std::fmt;

use md5::{Digest as _, Md5};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use shared::clock::Timestamp;
use shared::http::body::text::{Scalar, Text};

use crate::kind::Kind;
use crate::store::replaceable::PointId;

const NAME_CHARS: usize = 200;
const PROJECT_CHARS: usize = 100;
const DEFAULT_PROJECT: &str = "default";
/// A clock may go so far ahead of ours.
const MOST_AHEAD_MS: i64 = 10 * 60_000;

/// A point as clients send it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(remote = "Self", expecting = "an object")]
#[schema(as = Point)]
pub(super) struct PointBody<'a> {
    /// 1 to 200 characters.
    #[serde(borrow, default)]
    #[schema(required = true, value_type = String, example = "http_requests_total")]
    name: Option<Text<'a>>,
    /// `counter` (each value is an increment), `histogram` or `gauge`.
    #[serde(borrow, default)]
    #[schema(required = true, value_type = Kind)]
    r#type: Option<Text<'a>>,
    /// A finite number; of a counter not below zero.
    #[serde(default)]
    #[schema(required = true, value_type = f64, example = 1)]
    value: Option<f64>,
    /// Texts, numbers and booleans by name, at most 32. `session_id` is left out.
    #[serde(borrow, default)]
    #[schema(value_type = Option<std::collections::BTreeMap<String, Scalar<'static>>>)]
    labels: Option<&'a RawValue>,
    /// RFC 3339, or milliseconds since the epoch; now unless given.
    #[serde(borrow, default)]
    #[schema(value_type = Scalar<'static>, required = false)]
    timestamp: Option<When<'a>>,
    /// 1 to 100 characters; `default` unless given.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    project: Option<Text<'a>>,
    /// Of a histogram: a later value of the same series and id replaces this one, as long as points are kept.
    #[serde(borrow, default)]
    #[schema(value_type = Scalar<'static>, required = false)]
    id: Option<Scalar<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for PointBody<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(ObjectOnly(deserializer))
    }
}

/// Left to itself, serde takes the members in an array too.
struct ObjectOnly<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A point that can be stored.
#[derive(Debug)]
pub(super) struct Measured<'a> {
    pub(super) project: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) kind: Kind,
    pub(super) value: f64,
    /// As the client spelled them.
    pub(super) labels: &'a str,
    pub(super) at: Timestamp,
    pub(super) id: Option<PointId>,
}

/// Between which times points are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub(super) now: Timestamp,
    pub(super) oldest: Timestamp,
}

impl<'a> PointBody<'a> {
    /// What is wrong with it, or the point.
    pub(super) fn measured(self, reach: Reach) -> Result<Measured<'a>, String> {
        let name = self.name.ok_or("name: is missing")?.0;
        if name.trim().is_empty() || name.chars().count() > NAME_CHARS {
            return Err(format!("name: must have 1 to {NAME_CHARS} characters"));
        }
        let kind = self.r#type.ok_or("type: is missing")?.0;
        let kind = Kind::parse(&kind).ok_or_else(|| {
            format!(
                "type: must be counter, histogram or gauge, not \"{}\"",
                shown(&kind)
            )
        })?;
        let value = self.value.ok_or("value: is missing")?;
        if !value.is_finite() {
            return Err("value: must be a finite number".into());
        }
        if kind == Kind::Counter && value < 0.0 {
            return Err("value: a counter's increment must not be below zero".into());
        }
        let project = self
            .project
            .map_or(Cow::Borrowed(DEFAULT_PROJECT), |project| project.0);
        if project.trim().is_empty() || project.chars().count() > PROJECT_CHARS {
            return Err(format!("project: must have 1 to {PROJECT_CHARS} characters"));
        }
        let at = match self.timestamp {
            None => reach.now,
            Some(When::Millis(millis)) => Timestamp::from_millis(millis),
            Some(When::Text(text)) => text
                .parse()
                .map_err(|_| "timestamp: write RFC 3339, such as 2026-03-01T12:00:00Z, or milliseconds since the epoch")?,
        };
        if at.millis() > reach.now.millis() + MOST_AHEAD_MS {
            return Err("timestamp: is more than 10 minutes ahead of the collector's clock".into());
        }
        if at < reach.oldest {
            return Err(format!(
                "timestamp: is older than what is kept, which begins at {}",
                reach.oldest
            ));
        }
        let id = self.id.filter(|id| !id.0.is_empty());
        if id.is_some() && kind != Kind::Histogram {
            return Err("id: only values of a histogram can be replaced".into());
        }
        Ok(Measured {
            project,
            name,
            kind,
            // Zero below zero is the same value.
            value: value + 0.0,
            labels: self.labels.map_or("", RawValue::get),
            at,
            id: id.map(|id| point_id(&id.0)),
        })
    }
}

/// The id's digest: the first half of its MD5.
fn point_id(id: &str) -> PointId {
    let digest: [u8; 16] = Md5::digest(id.as_bytes()).into();
    let mut half = [0; 8];
    half.copy_from_slice(&digest[..8]);
    PointId(i64::from_le_bytes(half))
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// A time as clients write it.
#[derive(Debug)]
enum When<'a> {
    Millis(i64),
    Text(Cow<'a, str>),
}

impl<'de: 'a, 'a> Deserialize<'de> for When<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = When<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("RFC 3339 or milliseconds since the epoch")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(When::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(When::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_i64<E>(self, millis: i64) -> Result<Self::Value, E> {
                Ok(When::Millis(millis))
            }

            fn visit_u64<E>(self, millis: u64) -> Result<Self::Value, E> {
                Ok(When::Millis(i64::try_from(millis).unwrap_or(i64::MAX)))
            }

            fn visit_f64<E>(self, millis: f64) -> Result<Self::Value, E> {
                // Browsers measure fractions of a millisecond.
                Ok(When::Millis(millis.floor() as i64))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach() -> Reach {
        Reach {
            now: "2026-03-01T12:00:00Z".parse().unwrap(),
            oldest: "2026-01-30T12:00:00Z".parse().unwrap(),
        }
    }

    fn read(json: &str) -> Result<Measured<'_>, String> {
        serde_json::from_str::<PointBody<'_>>(json)
            .map_err(|error| error.to_string())?
            .measured(reach())
    }

    #[test]
    fn times_are_read_in_both_forms() {
        for (timestamp, expected) in [
            (r#""2026-03-01T11:59:59.5Z""#, "2026-03-01T11:59:59.500Z"),
            (r#""2026-03-01T13:00:00+01:00""#, "2026-03-01T12:00:00.000Z"),
            ("1772366400000", "2026-03-01T12:00:00.000Z"),
            ("1772366399999.9", "2026-03-01T11:59:59.999Z"),
            ("null", "2026-03-01T12:00:00.000Z"),
            (r#""2026-03-01T12:10:00Z""#, "2026-03-01T12:10:00.000Z"),
            (r#""2026-01-30T12:00:00Z""#, "2026-01-30T12:00:00.000Z"),
        ] {
            let json = format!(r#"{{"name":"x","type":"gauge","value":1,"timestamp":{timestamp}}}"#);
            assert_eq!(read(&json).unwrap().at.to_string(), expected, "{timestamp}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_point_is_said() {
        for (json, expected) in [
            (r#"{"type":"gauge","value":1}"#, "name: is missing"),
            (
                r#"{"name":" ","type":"gauge","value":1}"#,
                "name: must have 1 to 200 characters",
            ),
            (r#"{"name":"x","value":1}"#, "type: is missing"),
            (
                r#"{"name":"x","type":"timer","value":1}"#,
                "type: must be counter, histogram or gauge, not \"timer\"",
            ),
            (r#"{"name":"x","type":"gauge"}"#, "value: is missing"),
            (r#"{"name":"x","type":"gauge","value":null}"#, "value: is missing"),
            (
                r#"{"name":"x","type":"counter","value":-1}"#,
                "value: a counter's increment must not be below zero",
            ),
            (
                r#"{"name":"x","type":"gauge","value":1,"project":""}"#,
                "project: must have 1 to 100 characters",
            ),
            (
                r#"{"name":"x","type":"gauge","value":1,"timestamp":"soon"}"#,
                "timestamp: write RFC 3339",
            ),
            (
                r#"{"name":"x","type":"gauge","value":1,"timestamp":0}"#,
                "timestamp: is older than what is kept, which begins at 2026-01-30T12:00:00.000Z",
            ),
            (
                r#"{"name":"x","type":"gauge","value":1,"timestamp":"1969-12-31T23:59:59Z"}"#,
                "timestamp: is older",
            ),
            (
                r#"{"name":"x","type":"gauge","value":1,"timestamp":"2100-01-01T00:00:00Z"}"#,
                "timestamp: is more than 10 minutes ahead",
            ),
            (
                r#"{"name":"x","type":"gauge","value":1,"timestamp":9e99}"#,
                "timestamp: is more than 10 minutes ahead",
            ),
            (
                r#"{"name":"x","type":"gauge","value":1,"id":"a"}"#,
                "id: only values of a histogram can be replaced",
            ),
        ] {
            let error = read(json).expect_err(expected);
            assert!(error.starts_with(expected), "{json}: {error}");
        }
    }

    #[test]
    fn ordinary_and_odd_values_are_taken() {
        for (value, expected) in [("-0.0", 0.0), ("1e308", 1e308), ("-5", -5.0), ("5e-324", 5e-324)] {
            let json = format!(r#"{{"name":"x","type":"histogram","value":{value},"id":7}}"#);
            let point = read(&json).unwrap();
            assert_eq!(point.value.to_bits(), f64::to_bits(expected), "{value}");
            assert_eq!((point.project.as_ref(), point.labels), ("default", ""));
            assert!(point.id.is_some());
        }
    }
}
