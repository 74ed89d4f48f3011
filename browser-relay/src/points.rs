//! A browser's metrics, and the points that the metrics collector gets of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use shared::clock::Timestamp;
use shared::http::body::text::{Scalar, Text};

use crate::browser_time::{MOST_AHEAD_MS, read_time};
use crate::mask::mask;
use crate::page::page;

/// Points of one request, which is also what the collector takes at once.
pub(crate) const MOST_POINTS: usize = 1_000;
const NAME_CHARS: usize = 200;
const LABEL_CHARS: usize = 100;
/// The collector takes 32; three of them are ours.
const MOST_LABELS: usize = 29;
/// Labels that only the relay gives.
const OWN_LABELS: [&str; 2] = ["project", "source"];
const PAGE: &str = "page";
/// Of each visitor another one; it goes no further.
const NEVER_A_LABEL: &str = "session_id";

/// Metrics as browsers send them.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "a JSON object")]
#[schema(as = BrowserMetrics)]
pub(crate) struct MetricsBody<'a> {
    #[serde(borrow, default)]
    #[schema(required = true, value_type = Vec<PointBody<'static>>)]
    metrics: Option<Vec<&'a RawValue>>,
    /// Goes no further.
    #[serde(borrow, default)]
    #[schema(value_type = Scalar<'static>, required = false)]
    #[expect(dead_code, reason = "it documents what browsers send")]
    session_id: Option<Scalar<'a>>,
    /// Of the page; its path is the label `page`, with ids collapsed, of points that have none.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    url: Option<Text<'a>>,
}

/// A point as browsers send it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = BrowserPoint)]
pub(crate) struct PointBody<'a> {
    /// 1 to 200 characters.
    #[serde(borrow, default)]
    #[schema(required = true, value_type = String, example = "web_vitals_lcp")]
    name: Option<Text<'a>>,
    /// `counter` (each value is an increment), `histogram` or `gauge`.
    #[serde(borrow, default)]
    #[schema(required = true, value_type = String, example = "histogram")]
    r#type: Option<Text<'a>>,
    /// A finite number; of a counter not below zero.
    #[serde(default)]
    #[schema(required = true, value_type = f64, example = 1200)]
    value: Option<f64>,
    /// Texts, numbers and booleans by name, at most 29. `project`, `source` and `session_id` are left out.
    #[serde(borrow, default)]
    #[schema(value_type = Option<BTreeMap<String, Scalar<'static>>>)]
    labels: Option<BTreeMap<Cow<'a, str>, Option<Scalar<'a>>>>,
    /// RFC 3339, or milliseconds since the epoch; now unless given.
    #[serde(borrow, default)]
    #[schema(value_type = Scalar<'static>, required = false)]
    timestamp: Option<Scalar<'a>>,
    /// Of a histogram: a later value of the same series and id replaces this one.
    #[serde(borrow, default)]
    #[schema(value_type = Scalar<'static>, required = false)]
    id: Option<Scalar<'a>>,
}

/// A point as the collector takes it.
#[derive(Serialize)]
struct Point<'a> {
    name: &'a str,
    r#type: &'a str,
    value: f64,
    project: &'a str,
    labels: BTreeMap<&'a str, Cow<'a, str>>,
    /// Milliseconds since the epoch.
    timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

/// What a request's points have come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Points {
    /// JSON values, separated by commas.
    pub(crate) json: String,
    /// The place of each of them in the request.
    pub(crate) places: Vec<usize>,
    /// The places of the others, with what is wrong with them.
    pub(crate) rejected: Vec<(usize, String)>,
}

impl MetricsBody<'_> {
    /// How many points it has, good or not.
    pub(crate) fn count(&self) -> usize {
        self.metrics.as_deref().map_or(0, <[_]>::len)
    }

    /// Writes the points for the collector.
    ///
    /// # Errors
    /// What is wrong with the request as a whole.
    pub(crate) fn to_points(&self, project: &str, now: Timestamp) -> Result<Points, String> {
        let raw = self.metrics.as_deref().ok_or("Missing required field: metrics")?;
        if raw.is_empty() {
            return Err("metrics: at least one point is needed".into());
        }
        if raw.len() > MOST_POINTS {
            return Err(format!("metrics: at most {MOST_POINTS} points at once"));
        }
        let page = self.url.as_ref().map(|url| page(&url.0));
        let mut points = Points::default();
        for (place, raw) in raw.iter().enumerate() {
            let written = serde_json::from_str::<PointBody<'_>>(raw.get())
                .map_err(|error| explain(&error))
                .and_then(|point| point.write(project, page.as_deref(), now));
            match written {
                Ok(json) => {
                    if !points.json.is_empty() {
                        points.json.push(',');
                    }
                    points.json.push_str(&json);
                    points.places.push(place);
                }
                Err(detail) => points.rejected.push((place, detail)),
            }
        }
        Ok(points)
    }
}

/// Where in the point it is says nothing to somebody who sees the batch.
fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

impl PointBody<'_> {
    fn write(&self, project: &str, page: Option<&str>, now: Timestamp) -> Result<String, String> {
        let name = self.name.as_ref().map_or("", |name| name.0.trim());
        if name.is_empty() {
            return Err("Missing required field: name".into());
        }
        if name.chars().count() > NAME_CHARS {
            return Err(format!("name: longer than {NAME_CHARS} characters"));
        }
        let kind = self.r#type.as_ref().map_or("", |kind| &kind.0);
        if !matches!(kind, "counter" | "histogram" | "gauge") {
            return Err("type: must be counter, histogram or gauge".into());
        }
        let value = self.value.ok_or("Missing required field: value")?;
        if kind == "counter" && value < 0.0 {
            return Err("value: of a counter must not be below zero".into());
        }
        let point = Point {
            name,
            r#type: kind,
            value,
            project,
            labels: self.labels(project, page)?,
            timestamp: self.when(now)?,
            id: self.id.as_ref().map(|id| id.0.as_ref()),
        };
        serde_json::to_string(&point).map_err(|_| "the point cannot be written".into())
    }

    fn labels<'a>(
        &'a self,
        project: &'a str,
        page: Option<&'a str>,
    ) -> Result<BTreeMap<&'a str, Cow<'a, str>>, String> {
        let mut labels = BTreeMap::new();
        for (name, value) in self.labels.iter().flatten() {
            let name = name.as_ref();
            let value = value.as_ref().map_or("", |value| &value.0);
            if value.is_empty() || name == NEVER_A_LABEL || OWN_LABELS.contains(&name) {
                continue;
            }
            if name.is_empty() || name.chars().count() > LABEL_CHARS {
                return Err(format!("labels: a name must have 1 to {LABEL_CHARS} characters"));
            }
            labels.insert(name, mask(value));
        }
        if labels.len() > MOST_LABELS {
            return Err(format!("labels: at most {MOST_LABELS}"));
        }
        if let Some(page) = page {
            labels.entry(PAGE).or_insert(Cow::Borrowed(page));
        }
        labels.insert(OWN_LABELS[0], Cow::Borrowed(project));
        labels.insert(OWN_LABELS[1], Cow::Borrowed("browser"));
        Ok(labels)
    }

    /// A point that waits in the spool must not seem to be of the moment when it leaves.
    fn when(&self, now: Timestamp) -> Result<i64, String> {
        let Some(text) = &self.timestamp else {
            return Ok(now.millis());
        };
        let told =
            read_time(text.0.trim()).ok_or("timestamp: must be RFC 3339 or milliseconds since the epoch")?;
        let is_ahead = told.millis() > now.millis() + MOST_AHEAD_MS;
        Ok(if is_ahead { now } else { told }.millis())
    }
}

/// Points that have waited, with no time that is ahead of `now`: the clock that they were accepted by may have been set back
/// since then, and the collector refuses what is too far ahead.
pub(crate) fn not_ahead(json: Vec<u8>, now: Timestamp) -> Vec<u8> {
    let array = [b"[", json.as_slice(), b"]"].concat();
    let Ok(mut points) = serde_json::from_slice::<Vec<BTreeMap<&str, &RawValue>>>(&array) else {
        return json;
    };
    let Ok(now_json) = to_raw_value(&now.millis()) else {
        return json;
    };
    for point in &mut points {
        let ahead = point
            .get_mut("timestamp")
            .filter(|told| told.get().parse().is_ok_and(|millis: i64| millis > now.millis()));
        if let Some(told) = ahead {
            *told = &now_json;
        }
    }
    let texts: Result<Vec<String>, _> = points.iter().map(serde_json::to_string).collect();
    texts.map_or(json, |texts| texts.join(",").into_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    type Written = (Vec<Value>, Vec<(usize, String)>);

    fn points(body: &Value) -> Result<Written, String> {
        let text = body.to_string();
        let body: MetricsBody<'_> = serde_json::from_str(&text).unwrap();
        let points = body.to_points("shop", Timestamp::from_millis(1_000_000))?;
        let written: Vec<Value> = serde_json::from_str(&format!("[{}]", points.json)).unwrap();
        assert_eq!(written.len(), points.places.len());
        Ok((written, points.rejected))
    }

    #[test]
    fn a_point_has_the_labels_of_the_relay_and_one_of_each_name() {
        let (written, rejected) = points(&json!({
            "session_id": "s1", "url": "https://shop.example.com/orders/17?token=1",
            "metrics": [
                {"name": "web_vitals_lcp", "type": "histogram", "value": 1200.5, "id": "v1", "timestamp": 999_000},
                {"name": "clicks", "type": "counter", "value": 2,
                 "labels": {"page": "/mine", "project": "other", "source": "server", "session_id": "s1", "n": 1, "b": true,
                            "none": null, "url": "/x?key=1"}},
            ],
        }))
        .unwrap();

        let expected = json!([
            {"name": "web_vitals_lcp", "type": "histogram", "value": 1200.5, "project": "shop", "id": "v1",
             "labels": {"page": "/orders/{id}", "project": "shop", "source": "browser"}, "timestamp": 999_000},
            {"name": "clicks", "type": "counter", "value": 2.0, "project": "shop",
             "labels": {"b": "true", "n": "1", "page": "/mine", "project": "shop", "source": "browser", "url": "/x?key=***"},
             "timestamp": 1_000_000},
        ]);
        assert_eq!(Value::Array(written), expected);
        assert_eq!(rejected, []);
    }

    #[test]
    fn a_bad_point_is_named_and_the_others_stay() {
        let many: BTreeMap<String, u8> = (0..30).map(|number| (format!("l{number}"), 1)).collect();
        let good = json!({"name": "n", "type": "gauge", "value": 1});
        let (written, rejected) = points(&json!({"metrics": [
            good,
            {"type": "gauge", "value": 1},
            {"name": "n", "type": "summary", "value": 1},
            {"name": "n", "type": "counter", "value": -1},
            {"name": "n", "type": "gauge"},
            {"name": "n", "type": "gauge", "value": "1"},
            {"name": "n", "type": "gauge", "value": 1, "labels": {"a": {}}},
            {"name": "n", "type": "gauge", "value": 1, "labels": many},
            {"name": "n", "type": "gauge", "value": 1, "timestamp": "soon"},
            7,
            {"name": "n".repeat(201), "type": "gauge", "value": 1},
        ]}))
        .unwrap();

        assert_eq!(written.len(), 1);
        let details: Vec<_> = rejected
            .iter()
            .map(|(place, detail)| (*place, detail.as_str()))
            .collect();
        let expected = [
            (1, "Missing required field: name"),
            (2, "type: must be counter, histogram or gauge"),
            (3, "value: of a counter must not be below zero"),
            (4, "Missing required field: value"),
            (5, "invalid type: string \"1\", expected f64"),
            (6, "invalid type: map, expected a string"),
            (7, "labels: at most 29"),
            (8, "timestamp: must be RFC 3339 or milliseconds since the epoch"),
            (9, "invalid type: integer `7`, expected an object"),
            (10, "name: longer than 200 characters"),
        ];
        assert_eq!(details, expected);
    }

    #[test]
    fn a_request_without_points_says_so() {
        assert_eq!(points(&json!({})), Err("Missing required field: metrics".into()));
        assert_eq!(
            points(&json!({"metrics": []})),
            Err("metrics: at least one point is needed".into())
        );
        assert_eq!(
            points(&json!({"metrics": vec![1; 1_001]})),
            Err("metrics: at most 1000 points at once".into())
        );
    }

    #[test]
    fn a_clock_that_is_ahead_is_not_believed() {
        let (written, _) =
            points(&json!({"metrics": [{"name": "n", "type": "gauge", "value": 1, "timestamp": 9_000_000}]}))
                .unwrap();

        assert_eq!(written[0]["timestamp"], 1_000_000);
    }

    #[test]
    fn what_has_waited_while_the_clock_was_set_back_is_not_ahead() {
        let now = Timestamp::from_millis(1_000_000);
        let first = r#"{"labels":{"page":"/"},"name":"n","timestamp":999999,"value":0.1}"#;
        let second = r#"{"labels":{"page":"/"},"name":"n","timestamp":1000001,"value":1e300}"#;

        let waited = not_ahead(format!("{first},{second}").into_bytes(), now);

        let second = second.replace("1000001", "1000000");
        assert_eq!(String::from_utf8(waited).unwrap(), format!("{first},{second}"));
        assert_eq!(not_ahead(b"1,2".to_vec(), now), b"1,2", "what is no point stays");
    }
}
