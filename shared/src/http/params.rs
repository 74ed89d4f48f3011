//! What handlers take from the address: the query and ids in the path.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use super::problem::Problem;

/// The query string, percent-decoded. A blank parameter counts as absent; a bad one is 400 with its name.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads a query string into `T`.
///
/// # Errors
/// 400 that names the parameter.
pub fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let filled: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let encoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&filled)
        .finish();
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(encoded.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        let detail = error.into_inner().to_string();
        Problem::bad_request(if path == "." || path == "?" {
            detail
        } else {
            format!("{path}: {detail}")
        })
    })
}

/// A page size: any whole number from 1; what is over the maximum is clamped where it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u64);

impl Limit {
    /// The number of rows to answer with.
    #[must_use]
    pub fn resolve(limit: Option<Self>, default: u32, most: u32) -> u32 {
        limit.map_or(default, |limit| {
            u32::try_from(limit.0).unwrap_or(u32::MAX).min(most)
        })
    }
}

impl utoipa::PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
        number.into()
    }
}

impl utoipa::ToSchema for Limit {}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(0) => Err(serde::de::Error::custom("must be at least 1")),
            Ok(number) => Ok(Self(number)),
            // More digits than a number has are over any maximum.
            Err(_) if all_digits => Ok(Self(u64::MAX)),
            Err(_) => Err(serde::de::Error::custom("must be a whole number")),
        }
    }
}

/// The id in a path. What is no id is answered like one that does not exist.
#[derive(Debug, Clone, Copy)]
pub struct Id(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let missing = || Problem::not_found("Not found");
        let path = axum::extract::Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| missing())?;
        i64::from_str(&path).map(Self).map_err(|_| missing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[derive(Debug, Deserialize, PartialEq)]
    struct List {
        limit: Option<Limit>,
        search: Option<String>,
        since: Option<Timestamp>,
    }

    #[test]
    fn values_are_percent_decoded_and_blank_ones_absent() {
        let list: List =
            parse_query("search=a%26b+c%C3%BC&limit=&since=2026-03-01T12%3A00%3A00Z&unknown=1").unwrap();

        assert_eq!(list.search.as_deref(), Some("a&b cü"));
        assert_eq!(list.limit, None);
        assert_eq!(list.since.unwrap().millis(), 1_772_366_400_000);
    }

    #[test]
    fn a_bad_value_is_named() {
        for (query, expected) in [
            ("limit=many", "limit: must be a whole number"),
            ("limit=0", "limit: must be at least 1"),
            ("limit=-1", "limit: must be a whole number"),
            ("since=now", "since: not a time: write it as 2026-03-01T12:00:00Z"),
        ] {
            let problem = parse_query::<List>(query).expect_err("bad");
            assert_eq!((problem.status().as_u16(), problem.detail()), (400, expected));
        }
    }

    #[test]
    fn a_limit_over_the_maximum_is_clamped() {
        let list: List = parse_query("limit=99999999999999999999999").unwrap();

        assert_eq!(Limit::resolve(list.limit, 50, 200), 200);
        assert_eq!(Limit::resolve(None, 50, 200), 50);
    }
}
