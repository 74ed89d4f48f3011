//! Writes a reply piece by piece, because a whole one may take as much memory as all of the rest.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header;
use shared::clock::Timestamp;

use super::{Bucket, Head};
use crate::query::{Range, Row, Values};

/// A reply is written in pieces of so many bytes.
const PIECE_BYTES: usize = 64 << 10;

/// A reply that is being written.
pub(super) struct Writer {
    /// Until it is written.
    pub(super) head: Option<Head>,
    /// The names of the labels, and their values in each group.
    pub(super) groups: Option<(Vec<String>, Vec<Values>)>,
    pub(super) rows: Vec<Row>,
    pub(super) written: usize,
    pub(super) range: Range,
    pub(super) now: Timestamp,
    pub(super) with_rate: bool,
}

impl Writer {
    pub(super) fn into_response(mut self) -> Response {
        let pieces = std::iter::from_fn(move || self.next_piece().transpose());
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    }

    /// `None` when all is written.
    fn next_piece(&mut self) -> serde_json::Result<Option<Vec<u8>>> {
        let mut piece = Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8);
        if let Some(head) = self.head.take() {
            serde_json::to_writer(&mut piece, &head)?;
            // The members go on.
            piece.pop();
            let list: &[u8] = if self.groups.is_some() {
                b",\"series\":["
            } else {
                b",\"data\":["
            };
            piece.extend_from_slice(list);
        } else if self.written > self.rows.len() {
            return Ok(None);
        }
        while piece.len() < PIECE_BYTES {
            let before = self
                .written
                .checked_sub(1)
                .and_then(|before| self.rows.get(before));
            let Some(row) = self.rows.get(self.written) else {
                let is_in_group = self.groups.is_some() && before.is_some();
                piece.extend_from_slice(if is_in_group { b"]}]}" } else { b"]}" });
                self.written += 1;
                break;
            };
            let is_first_of_group = before.is_none_or(|before| before.group != row.group);
            match &self.groups {
                Some((names, values)) if is_first_of_group => {
                    let end: &[u8] = if before.is_some() {
                        b"]},{\"labels\":"
                    } else {
                        b"{\"labels\":"
                    };
                    piece.extend_from_slice(end);
                    let values = values.get(row.group as usize);
                    let labels: BTreeMap<_, _> = names
                        .iter()
                        .zip(
                            values
                                .iter()
                                .flat_map(|values| values.iter())
                                .map(|value| &**value),
                        )
                        .collect();
                    serde_json::to_writer(&mut piece, &labels)?;
                    piece.extend_from_slice(b",\"data\":[");
                }
                _ if before.is_some() => piece.push(b','),
                _ => {}
            }
            serde_json::to_writer(
                &mut piece,
                &Bucket::new(row, self.range, self.now, self.with_rate),
            )?;
            self.written += 1;
        }
        Ok(Some(piece))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::bucket::Resolution;

    fn written(groups: Option<(Vec<String>, Vec<Values>)>, of_groups: &[u32]) -> Value {
        let rows = of_groups.iter().enumerate().map(|(bucket, group)| Row {
            group: *group,
            bucket: bucket as i64,
            count: 1,
            sum: 0.5,
            min: 0.5,
            max: 0.5,
            avg: 0.5,
            last: None,
            told: None,
            marked: (0.0, 0.0),
        });
        let mut writer = Writer {
            head: Some(Head {
                name: "x".into(),
                r#type: None,
                resolution: Resolution::Minute,
                period: None,
                from: Timestamp::default(),
                to: Timestamp::default(),
            }),
            groups,
            rows: rows.collect(),
            written: 0,
            range: Range {
                resolution: Resolution::Minute,
                from: 0,
                to: 9,
            },
            now: Timestamp::default(),
            with_rate: false,
        };
        let mut text = Vec::new();
        while let Some(piece) = writer.next_piece().unwrap() {
            assert!(piece.len() < PIECE_BYTES * 2);
            text.extend(piece);
        }
        serde_json::from_slice(&text)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&text)))
    }

    #[test]
    fn the_pieces_make_one_document() {
        for rows in [0, 1, 3, 2_000] {
            let reply = written(None, &vec![0; rows]);
            assert_eq!(reply["data"].as_array().map(Vec::len), Some(rows));
            assert_eq!((&reply["name"], reply.get("series")), (&Value::from("x"), None));
        }
    }

    #[test]
    fn each_group_has_its_labels_and_its_rows() {
        let values = ["a", "\"b\""].map(|value| Values::from([value.into()])).to_vec();
        for (rows, expected) in [
            (vec![], vec![]),
            (vec![1], vec![("\"b\"", 1)]),
            (vec![0, 0, 1], vec![("a", 2), ("\"b\"", 1)]),
            (
                [vec![0; 900], vec![1; 900]].concat(),
                vec![("a", 900), ("\"b\"", 900)],
            ),
        ] {
            let reply = written(Some((vec!["route".into()], values.clone())), &rows);
            let series = reply["series"].as_array().unwrap().iter();
            let found: Vec<(&str, usize)> = series
                .map(|one| {
                    (
                        one["labels"]["route"].as_str().unwrap(),
                        one["data"].as_array().unwrap().len(),
                    )
                })
                .collect();
            assert_eq!(found, expected);
        }
    }
}
