//! Everything that matches, as a file.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Deserialize;
use shared::http::Problem;

use super::entries::{Entry, Names};
use super::filter::FilterQuery;
use super::{App, Shared};
use crate::ansi;
use crate::nanos::Nanos;
use crate::search::page::{self, Request, Total};
use crate::search::walk::Order;

/// Entries that are read at once.
const STEP: usize = 1_000;
/// A step has no deadline that a working disk could reach.
const STEP_TIME: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    #[default]
    Ndjson,
    Text,
}

/// As what.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// One JSON object a line, or plain text.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// All entries that match all filters, oldest first.
#[utoipa::path(get, path = "/api/logs/export", tag = "logs", params(FilterQuery, ExportQuery),
    responses((status = 200, description = "One JSON object a line, or plain text", content((String = "application/x-ndjson"), (String = "text/plain; charset=utf-8"))), (status = 400, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn export_logs(State(app): Shared, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let (filter, ExportQuery { format }): (FilterQuery, ExportQuery) = FilterQuery::read(&query)?;
    let now = Nanos::now();
    // A range that ends now ends: what is written meanwhile would go on for ever.
    filter.resolve(&app.store, now).await?;
    let names = Names::load(&app).await?;
    let steps = futures_util::stream::try_unfold((None, false), {
        let names = std::sync::Arc::new(names);
        move |(behind, ended)| {
            let (app, names) = (std::sync::Arc::clone(&app), std::sync::Arc::clone(&names));
            let query = query.clone();
            async move {
                if ended {
                    return Ok(None);
                }
                let (text, next) = read_step(&app, &query, &names, behind, now, format).await?;
                Ok::<_, Failed>(Some((text, (next, next.is_none()))))
            }
        }
    });
    let (content_type, name) = match format {
        Format::Ndjson => ("application/x-ndjson", "attachment; filename=\"logs.ndjson\""),
        Format::Text => ("text/plain; charset=utf-8", "attachment; filename=\"logs.txt\""),
    };
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(steps)).into_response())
}

/// The head of the reply has gone out when a later step fails; the body ends early, and the client sees that.
#[derive(Debug, thiserror::Error)]
#[error("the export could not be completed")]
struct Failed;

async fn read_step(
    app: &App,
    query: &str,
    names: &Names,
    behind: Option<page::Place>,
    now: Nanos,
    format: Format,
) -> Result<(String, Option<page::Place>), Failed> {
    let read = async {
        let (filter, _): (FilterQuery, ExportQuery) = FilterQuery::read(query)?;
        let filter = filter.resolve(&app.store, now).await?;
        let request = Request {
            order: Order::OldestFirst,
            behind,
            offset: 0,
            limit: STEP,
            total: Some(Total {
                count: 0,
                exact: false,
            }),
            deadline: Instant::now() + STEP_TIME,
        };
        Ok::<_, Problem>(page::read(&app.store, filter.ending(now), request).await?)
    };
    let page = read.await.map_err(|_| Failed)?;
    let mut text = String::with_capacity(page.entries.text_bytes() * 2);
    for (head, line) in page.entries.iter() {
        match format {
            Format::Ndjson => {
                text.push_str(&serde_json::to_string(&Entry::new(head, line, names)).map_err(|_| Failed)?);
            }
            Format::Text => {
                let _ = write!(
                    text,
                    "{} {} {} {}",
                    head.at,
                    names.of(head.container),
                    head.level.as_str(),
                    ansi::stripped(line)
                );
            }
        }
        text.push('\n');
    }
    Ok((text, page.next))
}
