//! An error as a browser sends it, checked and without the secrets in its URLs.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::http::body::text::{Scalar, Text};

use crate::mask::mask;
use crate::masked_json::{Fault, mask_json};

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
    #[schema(required = true, value_type = String)]
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
    #[schema(value_type = Scalar<'static>, required = false)]
    session_id: Option<Scalar<'a>>,
    /// Which source maps fit.
    #[serde(borrow, default)]
    #[schema(value_type = Scalar<'static>, required = false)]
    release: Option<Scalar<'a>>,
    #[serde(borrow, default)]
    #[schema(value_type = Scalar<'static>, required = false)]
    environment: Option<Scalar<'a>>,
    /// RFC 3339, or milliseconds since the epoch.
    #[serde(borrow, default)]
    #[schema(value_type = Scalar<'static>, required = false)]
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
    #[schema(value_type = Scalar<'static>, required = false)]
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

/// An error that was checked and holds no secrets in its URLs. What could stay as it was is still in the body.
#[derive(Debug)]
pub(crate) struct BrowserError<'a> {
    pub(crate) stack: Cow<'a, str>,
    pub(crate) release: Option<Cow<'a, str>>,
    /// By the URL of the script.
    pub(crate) debug_ids: HashMap<Cow<'a, str>, Cow<'a, str>>,
    pub(crate) kind: Cow<'a, str>,
    pub(crate) message: Cow<'a, str>,
    pub(crate) url: Option<Cow<'a, str>>,
    pub(crate) user_agent: Option<Cow<'a, str>>,
    pub(crate) session_id: Option<Cow<'a, str>>,
    pub(crate) environment: Option<Cow<'a, str>>,
    /// As the browser wrote it.
    pub(crate) timestamp: Option<Cow<'a, str>>,
    pub(crate) user_id: Option<String>,
    pub(crate) context: Option<Cow<'a, RawValue>>,
    pub(crate) breadcrumbs: Option<Cow<'a, RawValue>>,
    pub(crate) event_id: Option<Cow<'a, str>>,
}

impl<'a> ErrorBody<'a> {
    /// Checks the members and masks the secrets.
    ///
    /// # Errors
    /// What is missing or cannot be, for the client.
    pub(crate) fn checked(self) -> Result<BrowserError<'a>, String> {
        let message = self.message.ok_or("Missing required field: message")?;
        let kind = self.r#type.map(|kind| trimmed(masked(kind)));
        let images = self.debug_meta.map(|meta| meta.images).unwrap_or_default();
        let scalar =
            |text: Option<Scalar<'a>>| text.map(|text| trimmed(text.0)).filter(|text| !text.is_empty());
        Ok(BrowserError {
            stack: self.stack.map(masked).unwrap_or_default(),
            release: scalar(self.release),
            debug_ids: images
                .into_iter()
                .filter_map(|image| Some((masked(image.code_file?), image.debug_id?.0)))
                .collect(),
            kind: match kind {
                Some(kind) if !kind.is_empty() => cut(kind, TYPE_CHARS),
                _ => "Error".into(),
            },
            message: masked(message),
            url: self.url.map(masked),
            user_agent: self.user_agent.map(|text| text.0),
            session_id: scalar(self.session_id),
            environment: scalar(self.environment),
            timestamp: scalar(self.timestamp),
            user_id: self.context.and_then(user_id),
            context: read_json("context", self.context)?,
            breadcrumbs: read_json("breadcrumbs", self.breadcrumbs)?,
            event_id: scalar(self.event_id).map(|id| cut(id, ID_CHARS)),
        })
    }
}

fn masked(text: Text<'_>) -> Cow<'_, str> {
    match mask(&text.0) {
        Cow::Owned(masked) => Cow::Owned(masked),
        Cow::Borrowed(_) => text.0,
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// Who was hit, as the page's own code has told it.
fn user_id(context: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Context {
        user_id: Option<Value>,
    }
    // From an array serde would take the members in their order.
    if !context.get().starts_with('{') {
        return None;
    }
    match serde_json::from_str::<Context>(context.get()).ok()?.user_id? {
        Value::String(id) => Some(id),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn read_json<'a>(name: &str, raw: Option<&'a RawValue>) -> Result<Option<Cow<'a, RawValue>>, String> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else {
        return Ok(None);
    };
    let no_text = || format!("{name}: a string in it cannot be read");
    match mask_json(raw.get(), MOST_LEVELS) {
        Ok(Cow::Borrowed(_)) => Ok(Some(Cow::Borrowed(raw))),
        Ok(Cow::Owned(masked)) => RawValue::from_string(masked)
            .map(|masked| Some(Cow::Owned(masked)))
            .map_err(|_| no_text()),
        Err(Fault::TooDeep) => Err(format!("{name}: nested deeper than {MOST_LEVELS} levels")),
        Err(Fault::NoText) => Err(no_text()),
    }
}

fn cut(text: Cow<'_, str>, most_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most_chars) {
        Some(_) => text.chars().take(most_chars - 1).chain(['…']).collect(),
        None => text,
    }
}
