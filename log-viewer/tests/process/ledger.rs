//! What was written, and whether exactly that was read.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// A container's stream.
type Source = (String, &'static str);

/// What has to be found: of each container and stream the entries in order.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<Source, Vec<String>>>);

impl Ledger {
    pub(crate) fn note(&self, container: &str, stream: &'static str, entry: String) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written
            .entry((container.to_owned(), stream))
            .or_default()
            .push(entry);
    }

    pub(crate) fn entries(&self) -> usize {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.values().map(Vec::len).sum()
    }

    /// Each entry once, in order; and the numbers that the viewer gave have the same order.
    pub(crate) fn assert_equals(&self, found: &[Value]) {
        let mut by_source: BTreeMap<Source, Vec<(i64, &str)>> = BTreeMap::new();
        for entry in found {
            let text = |member: &str| entry[member].as_str().unwrap();
            let stream = ["stdout", "stderr"]
                .into_iter()
                .find(|stream| *stream == text("stream"));
            by_source
                .entry((text("container").to_owned(), stream.unwrap()))
                .or_default()
                .push((entry["id"].as_i64().unwrap(), text("message")));
        }
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(
            by_source.keys().collect::<Vec<_>>(),
            written.keys().collect::<Vec<_>>()
        );
        for (source, expected) in &*written {
            let found = &by_source[source];
            let messages: Vec<&str> = found.iter().map(|(_, message)| *message).collect();
            if let Some(difference) = difference(expected, &messages) {
                panic!("{source:?}: {difference}");
            }
            assert!(
                found.is_sorted_by(|(one, _), (next, _)| one < next),
                "{source:?}: the numbers are in order"
            );
        }
    }
}

/// Where they part, with what is around it and what became of it.
fn difference(written: &[String], found: &[&str]) -> Option<String> {
    let place = (0..written.len().max(found.len()))
        .find(|place| written.get(*place).map(String::as_str) != found.get(*place).copied())?;
    let nearby = place.saturating_sub(1)..place + 4;
    let list = |texts: &mut dyn Iterator<Item = &str>| -> String {
        texts
            .enumerate()
            .filter(|(index, _)| nearby.contains(index))
            .map(|(_, text)| format!("\n    {:?}", text.chars().take(300).collect::<String>()))
            .collect()
    };
    let missing = written.iter().filter(|text| !found.contains(&text.as_str()));
    let unknown = found
        .iter()
        .filter(|text| !written.iter().any(|known| known == *text));
    let mut seen = HashSet::new();
    let repeated = found.iter().filter(|text| !seen.insert(**text));
    Some(format!(
        "{} written, {} found, {} missing, {} that nobody wrote, {} repeated; they part at {place}:\n  written{}\n  found{}",
        written.len(),
        found.len(),
        missing.count(),
        unknown.count(),
        repeated.count(),
        list(&mut written.iter().map(String::as_str)),
        list(&mut found.iter().copied()),
    ))
}
