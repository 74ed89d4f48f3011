//! Prometheus' text format, read as a scraper reads it.

use std::collections::BTreeMap;

use super::Reply;

/// The figures of an answer of `/metrics`, by series without the service's `prefix`, in whole numbers.
///
/// # Panics
/// When the answer is not in the format, or a name not by its rules.
#[must_use]
pub fn figures(reply: &Reply, prefix: &str) -> BTreeMap<String, u64> {
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = reply.text();
    assert!(text.ends_with('\n'));
    let mut typed = Vec::new();
    let mut figures = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a type");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            typed.push(name);
        } else if !line.starts_with("# HELP ") {
            let (series, value) = line.rsplit_once(' ').expect("a series and a value");
            let name = series.split('{').next().unwrap_or_default();
            let of_histogram = ["_bucket", "_sum", "_count"].iter();
            let whole = of_histogram.filter_map(|end| name.strip_suffix(end)).next();
            let is_typed = typed.contains(&name) || whole.is_some_and(|name| typed.contains(&name));
            assert!(is_typed, "{line} has its type before it");
            let series = series.strip_prefix(prefix).unwrap_or_else(|| panic!("{line}"));
            let value: f64 = value.parse().expect("a number");
            let before = figures.insert(series.to_owned(), value as u64);
            assert_eq!(before, None, "{line} stands there once");
        }
    }
    figures
}
