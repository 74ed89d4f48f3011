//! The catalogue's rows.

use std::collections::{BTreeMap, BTreeSet};

use shared::packed::{put, take};
use sqlx::{FromRow, SqliteConnection, SqlitePool};

use super::{Result, Store};
use crate::catalogue::{Catalogue, MetricId, NewRows, ProjectId, Series, Stored, TextId};
use crate::kind::Kind;
use crate::page::{PageId, SeriesId};

#[derive(FromRow)]
struct MetricRow {
    id: i64,
    project_id: i64,
    name: String,
    kind: i64,
    total_page: u32,
}

#[derive(FromRow)]
struct SeriesRow {
    id: u32,
    metric_id: i64,
    labels: Vec<u8>,
    last_hour: i64,
}

/// Reads all of it.
pub(super) async fn load(db: &SqlitePool) -> Result<Catalogue> {
    use futures_util::TryStreamExt as _;

    let mut catalogue = Catalogue::default();
    let mut projects =
        sqlx::query_as::<_, (i64, String)>("select id, name from projects order by id").fetch(db);
    while let Some((id, name)) = projects.try_next().await? {
        catalogue.add_project(ProjectId(id), &name);
    }
    drop(projects);
    let mut texts =
        sqlx::query_as::<_, (u32, String)>("select id, text from label_texts order by id").fetch(db);
    while let Some((id, text)) = texts.try_next().await? {
        catalogue.add_text(TextId(id), &text);
    }
    drop(texts);
    let mut metrics = sqlx::query_as::<_, MetricRow>(
        "select id, project_id, name, kind, total_page from metrics order by id",
    )
    .fetch(db);
    while let Some(row) = metrics.try_next().await? {
        // One of a newer release is left alone.
        if let Some(kind) = Kind::from_code(row.kind) {
            let project = ProjectId(row.project_id);
            catalogue.add_metric(MetricId(row.id), project, &row.name, kind, PageId(row.total_page));
        }
    }
    drop(metrics);
    let mut series =
        sqlx::query_as::<_, SeriesRow>("select id, metric_id, labels, last_hour from series order by id")
            .fetch(db);
    while let Some(row) = series.try_next().await? {
        catalogue.add_series(Stored {
            id: SeriesId(row.id),
            metric: MetricId(row.metric_id),
            labels: unpack(&row.labels),
            last_hour: row.last_hour,
        });
    }
    Ok(catalogue)
}

fn pack(labels: &[(TextId, TextId)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in labels {
        put(&mut bytes, name.0.into());
        put(&mut bytes, value.0.into());
    }
    bytes
}

fn unpack(mut bytes: &[u8]) -> Vec<(TextId, TextId)> {
    let mut text = || take(&mut bytes).map(|id| TextId(id as u32));
    std::iter::from_fn(|| Some((text()?, text()?))).collect()
}

pub(super) async fn insert(tx: &mut SqliteConnection, rows: &NewRows) -> Result<()> {
    for (id, name) in &rows.projects {
        sqlx::query("insert into projects (id, name) values (?1, ?2)")
            .bind(id.0)
            .bind(name)
            .execute(&mut *tx)
            .await?;
    }
    for (id, project, name, kind, total) in &rows.metrics {
        sqlx::query(
            "insert into metrics (id, project_id, name, kind, total_page) values (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(id.0)
        .bind(project.0)
        .bind(name)
        .bind(kind.code())
        .bind(total.0)
        .execute(&mut *tx)
        .await?;
    }
    for (id, text) in &rows.texts {
        sqlx::query("insert into label_texts (id, text) values (?1, ?2)")
            .bind(id.0)
            .bind(text)
            .execute(&mut *tx)
            .await?;
    }
    for series in &rows.series {
        sqlx::query("insert into series (id, metric_id, labels, last_hour) values (?1, ?2, ?3, ?4)")
            .bind(series.id.0)
            .bind(series.metric.0)
            .bind(pack(&series.labels))
            .bind(series.last_hour)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Notes the newest hour of each series.
pub(super) async fn note_hours(tx: &mut SqliteConnection, hours: &BTreeMap<SeriesId, i64>) -> Result<()> {
    if hours.is_empty() {
        return Ok(());
    }
    let hours: Vec<(u32, i64)> = hours.iter().map(|(id, hour)| (id.0, *hour)).collect();
    sqlx::query(
        "update series set last_hour = j.hour
         from (select value ->> 0 as id, value ->> 1 as hour from json_each(?1)) as j
         where series.id = j.id",
    )
    .bind(as_json(&hours))
    .execute(tx)
    .await?;
    Ok(())
}

impl Store {
    /// Forgets series whose newest hour is no longer kept, with what only they had. Answers how many went.
    pub(crate) async fn forget_series(&self, first_hour: i64) -> Result<usize> {
        let mut turn = self.writer().await;
        let (texts, are_old) = {
            let catalogue = self.catalogue();
            let series = || {
                catalogue
                    .metrics()
                    .flat_map(|(_, metric)| catalogue.series_of(metric))
            };
            let is_kept = |series: &Series| series.last_hour() >= first_hour;
            let are_old = series().filter(|(_, series)| !is_kept(series)).count();
            let kept = series().filter(|(_, series)| is_kept(series));
            let texts: BTreeSet<u32> = kept
                .flat_map(|(_, series)| series.texts())
                .map(|text| text.0)
                .collect();
            (as_json(&texts), are_old)
        };
        if are_old == 0 {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        forget(&mut tx, first_hour, texts).await?;
        tx.commit().await?;
        self.reload_catalogue(&mut turn).await?;
        Ok(are_old)
    }

    /// After series went, or when what was let in could not be written.
    pub(super) async fn reload_catalogue(&self, _turn: &mut super::Writer) -> Result<()> {
        let mut catalogue = load(self.db.read()).await?;
        let mut before = self.catalogue_mut();
        catalogue.epoch = before.epoch + 1;
        *before = catalogue;
        Ok(())
    }
}

fn as_json(numbers: &impl serde::Serialize) -> String {
    serde_json::to_string(numbers).unwrap_or_default()
}

/// Deletes series, and all texts but those that are still needed.
async fn forget(tx: &mut SqliteConnection, first_hour: i64, texts: String) -> Result<()> {
    sqlx::query("delete from series where last_hour < ?1")
        .bind(first_hour)
        .execute(&mut *tx)
        .await?;
    sqlx::query("delete from metrics where not exists (select 1 from series where metric_id = metrics.id)")
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "delete from projects where not exists (select 1 from metrics where project_id = projects.id)",
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query("delete from label_texts where id not in (select value from json_each(?1))")
        .bind(texts)
        .execute(tx)
        .await?;
    Ok(())
}
