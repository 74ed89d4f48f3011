//! How texts in JSON are read: borrowed where they can be, and numbers where a client did not quote.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, de};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

/// A string, borrowed from the body where it has no escapes.
#[derive(Debug)]
pub struct Text<'a>(pub Cow<'a, str>);

/// A string, or a number or boolean that a client did not quote.
#[derive(Debug)]
pub struct Scalar<'a>(pub Cow<'a, str>);

struct TextVisitor {
    scalars: bool,
}

impl<'de> de::Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        if self.scalars {
            Ok(Cow::Owned(number.to_string()))
        } else {
            Err(E::invalid_type(de::Unexpected::Signed(number), &self))
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        if self.scalars {
            Ok(Cow::Owned(number.to_string()))
        } else {
            Err(E::invalid_type(de::Unexpected::Unsigned(number), &self))
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        if self.scalars {
            Ok(Cow::Owned(number.to_string()))
        } else {
            Err(E::invalid_type(de::Unexpected::Float(number), &self))
        }
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        if self.scalars {
            Ok(Cow::Owned(value.to_string()))
        } else {
            Err(E::invalid_type(de::Unexpected::Bool(value), &self))
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(TextVisitor { scalars: false })
            .map(Self)
    }
}

impl utoipa::PartialSchema for Scalar<'_> {
    fn schema() -> RefOr<Schema> {
        let kinds = SchemaType::from_iter([Type::String, Type::Number, Type::Boolean, Type::Null]);
        ObjectBuilder::new()
            .schema_type(kinds)
            .description(Some("A text, or a number or boolean that was not quoted."))
            .into()
    }
}

impl utoipa::ToSchema for Scalar<'_> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Scalar")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(TextVisitor { scalars: true })
            .map(Self)
    }
}
