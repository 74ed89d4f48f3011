//! What every list of entries is asked with: containers, levels, stream, range, search.

use serde::Deserialize;
use shared::http::Problem;
use shared::http::params::parse_query;

use crate::entry::{Level, Stream};
use crate::level::parse_level;
use crate::lines::ContainerId;
use crate::nanos::Nanos;
use crate::query::Query;
use crate::search::Filter;
use crate::store::Store;
use crate::when;

/// Which entries; all of it is optional.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FilterQuery {
    /// The name of a container; may be given several times.
    #[param(required = false)]
    container: Vec<String>,
    /// A level, or `>=WARNING` for it and worse ones (`%3E=WARNING` in a URL, which has no bare `>`); may be given several
    /// times.
    #[param(required = false)]
    level: Vec<String>,
    /// `stdout` or `stderr`.
    stream: Option<String>,
    /// Words, "phrases", AND, OR, NOT, brackets, prefix*, *inside*, field:value. Never an error.
    #[param(value_type = Option<String>)]
    search: Option<String>,
    /// From this time on: RFC 3339, or a while ago such as -15m.
    since: Option<String>,
    /// Before this time.
    until: Option<String>,
}

impl FilterQuery {
    /// Takes these parameters out of a query string and reads the rest into `T`.
    pub(super) fn read<'de, T>(query: &str) -> Result<(Self, T), Problem>
    where
        T: for<'a> Deserialize<'a>,
    {
        let mut filter = Self::default();
        let mut rest = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if value.is_empty() {
                continue;
            }
            let value = value.into_owned();
            match name.as_ref() {
                "container" => filter.container.push(value),
                "level" => filter
                    .level
                    .extend(value.split(',').map(|level| level.trim().to_owned())),
                "stream" => filter.stream = Some(value),
                "search" | "q" => filter.search = Some(value),
                "since" => filter.since = Some(value),
                "until" => filter.until = Some(value),
                _ => {
                    rest.append_pair(&name, &value);
                }
            }
        }
        Ok((filter, parse_query(&rest.finish())?))
    }

    /// The filter it stands for.
    pub(super) async fn resolve(&self, store: &Store, now: Nanos) -> Result<Filter, Problem> {
        let mut filter = Filter::default();
        if !self.container.is_empty() {
            filter = filter.of_containers(self.containers(store).await?);
        }
        if !self.level.is_empty() {
            filter = filter.of_levels(&self.levels()?);
        }
        if let Some(stream) = &self.stream {
            filter = filter.of_stream(match stream.as_str() {
                "stdout" => Stream::Stdout,
                "stderr" => Stream::Stderr,
                _ => return Err(Problem::bad_request("stream: must be stdout or stderr")),
            });
        }
        if let Some(since) = &self.since {
            filter = filter.since(read_time("since", since, now)?);
        }
        if let Some(until) = &self.until {
            filter = filter.until(read_time("until", until, now)?);
        }
        if let Some(search) = &self.search {
            filter = filter.matching(Query::parse(search));
        }
        Ok(filter)
    }

    /// All containers that have or had one of the names.
    async fn containers(&self, store: &Store) -> Result<Vec<ContainerId>, Problem> {
        let known = store.containers().await?;
        Ok(known
            .into_iter()
            .filter(|container| self.container.contains(&container.described.name))
            .map(|container| container.id)
            .collect())
    }

    fn levels(&self) -> Result<Vec<Level>, Problem> {
        let mut levels = Vec::new();
        for text in &self.level {
            let (name, and_worse) = match text.strip_prefix(">=") {
                Some(name) => (name.trim(), true),
                None => (text.as_str(), false),
            };
            let level = parse_level(name).ok_or_else(|| {
                Problem::bad_request(
                    "level: must be DEBUG, INFO, WARNING, ERROR or CRITICAL, or >= and one of them",
                )
            })?;
            levels.extend(
                Level::ALL
                    .into_iter()
                    .filter(|other| *other == level || and_worse && *other > level),
            );
        }
        Ok(levels)
    }
}

fn read_time(name: &'static str, text: &str, now: Nanos) -> Result<Nanos, Problem> {
    when::parse(text, now).ok_or_else(|| {
        Problem::bad_request(format!(
            "{name}: not a time: write it as 2026-03-01T12:00:00Z or -15m"
        ))
    })
}
