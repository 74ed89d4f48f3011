//! An error as a browser sends it, checked and without the secrets in its URLs.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::http::body::text::{Scalar, Text};

use crate::mask::{mask, mask_json};

const TYPE_CHARS: usize = 200;
const ID_CHARS: usize = 200;
/// Levels of nesting in `context` and `breadcrumbs`; the tracker takes 100 around them.
const MOST_LEVELS: usize = 90;

/// An error as browsers send it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "a JSON object")]
#[schema(as = BrowserError)]
pub(crate) struct ErrorBody<'a> {
    /// Such as `TypeError`; `Error` unless given.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "TypeError")]
    r#type: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = String)]
    message: Option<Text<'a>>,
    /// As the browser gives it.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    stack: Option<Text<'a>>,
    /// Of the page.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    url: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    user_agent: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    session_id: Option<Scalar<'a>>,
    /// Which source maps fit.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    release: Option<Scalar<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    environment: Option<Scalar<'a>>,
    /// RFC 3339, or milliseconds since the epoch.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    timestamp: Option<Scalar<'a>>,
    /// Any JSON; `user_id` in it tells who was hit.
    #[serde(borrow, default)]
    #[schema(value_type = Option<serde_json::Value>)]
    context: Option<&'a RawValue>,
    /// Any JSON: what happened before.
    #[serde(borrow, default)]
    #[schema(value_type = Option<serde_json::Value>)]
    breadcrumbs: Option<&'a RawValue>,
    /// A repeat within seven days is counted once.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    event_id: Option<Scalar<'a>>,
    /// Which script carries which debug id.
    #[serde(borrow, default)]
    debug_meta: Option<DebugMeta<'a>>,
}

/// Which script carries which debug id.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "an object")]
struct DebugMeta<'a> {
    #[serde(borrow, default)]
    images: Vec<Image<'a>>,
}

/// A script and its debug id.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "an object")]
struct Image<'a> {
    /// The script's URL, as in the stack.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    code_file: Option<Text<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    debug_id: Option<Text<'a>>,
}

/// An error that was checked and holds no secrets in its URLs.
#[derive(Debug)]
pub(crate) struct BrowserError {
    pub(crate) stack: String,
    pub(crate) release: Option<String>,
    /// By the URL of the script.
    pub(crate) debug_ids: HashMap<String, String>,
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) url: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) environment: Option<String>,
    /// As the browser wrote it.
    pub(crate) timestamp: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) context: Option<Value>,
    pub(crate) breadcrumbs: Option<Value>,
    pub(crate) event_id: Option<String>,
}

impl ErrorBody<'_> {
    /// Checks the members and masks the secrets.
    ///
    /// # Errors
    /// What is missing or cannot be, for the client.
    pub(crate) fn checked(self) -> Result<BrowserError, String> {
        let message = self.message.ok_or("Missing required field: message")?;
        let context = read_json("context", self.context)?;
        let user_id = context
            .as_ref()
            .and_then(|context| match context.get("user_id")? {
                Value::String(id) => Some(id.clone()),
                Value::Number(id) => Some(id.to_string()),
                _ => None,
            });
        let kind = self.r#type.map(|kind| mask(&kind.0).trim().to_owned());
        let images = self.debug_meta.map(|meta| meta.images).unwrap_or_default();
        let masked = |text: Option<Text<'_>>| text.map(|text| mask(&text.0).into_owned());
        let scalar = |text: Option<Scalar<'_>>| {
            text.map(|text| text.0.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        Ok(BrowserError {
            stack: masked(self.stack).unwrap_or_default(),
            release: scalar(self.release),
            debug_ids: images
                .into_iter()
                .filter_map(|image| {
                    Some((
                        mask(&image.code_file?.0).into_owned(),
                        image.debug_id?.0.into_owned(),
                    ))
                })
                .collect(),
            kind: match kind {
                Some(kind) if !kind.is_empty() => cut(&kind, TYPE_CHARS),
                _ => "Error".into(),
            },
            message: mask(&message.0).into_owned(),
            url: masked(self.url),
            user_agent: self.user_agent.map(|text| text.0.into_owned()),
            session_id: scalar(self.session_id),
            environment: scalar(self.environment),
            timestamp: scalar(self.timestamp),
            user_id,
            context,
            breadcrumbs: read_json("breadcrumbs", self.breadcrumbs)?,
            event_id: scalar(self.event_id).map(|id| cut(&id, ID_CHARS)),
        })
    }
}

fn read_json(name: &str, raw: Option<&RawValue>) -> Result<Option<Value>, String> {
    let Some(raw) = raw.map(RawValue::get).filter(|text| *text != "null") else {
        return Ok(None);
    };
    let too_deep = || format!("{name}: nested deeper than {MOST_LEVELS} levels");
    let mut value: Value = serde_json::from_str(raw).map_err(|_| too_deep())?;
    if levels(&value) > MOST_LEVELS {
        return Err(too_deep());
    }
    mask_json(&mut value);
    Ok(Some(value))
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

fn cut(text: &str, most_chars: usize) -> String {
    match text.char_indices().nth(most_chars) {
        Some(_) => text.chars().take(most_chars - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}
