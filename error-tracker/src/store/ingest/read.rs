//! Reads what a batch will change.

use std::collections::HashMap;

use shared::db::Write;
use sqlx::{FromRow, Row as _};

use super::batch::Key;
use super::touched::Touched;
use crate::group::Kept;
use crate::store::group_row::{GroupRow, fingerprint_from};
use crate::store::rows::{ManyRows, Rows, Script};

/// Of the rows that tell of events.
const EVENT_COLUMNS: usize = 2;

type Seen = HashMap<[u8; 16], i64>;

/// Which of these events are known to their table, and the groups of these keys, as far as there are any. Begins the
/// transaction unless that `is_begun`.
pub(super) async fn events_and_groups(
    tx: &mut Write,
    is_begun: bool,
    events: &[[u8; 16]],
    keys: &[&Key],
) -> sqlx::Result<(Seen, Vec<(Key, Touched)>)> {
    // No `in`: for that SQLite would first write the keys into a table of its own.
    static EVENTS: ManyRows = ManyRows::new(
        "with wanted (key) as (",
        1,
        ") select s.key, s.error_id from wanted w cross join seen_events s on s.key = w.key",
    );
    static GROUPS: ManyRows = ManyRows::new(
        "with wanted (project_id, scheme, key) as (",
        3,
        ") select e.id, e.project_id, k.scheme, k.key, e.exception_type, e.fingerprint, e.count, e.first_seen, e.last_seen,
             e.state, e.resolved_at, e.reopened_at, e.sources, e.newest_source, e.message, e.culprit, e.level,
             e.environment, e.release, e.hours, e.slots
         from wanted w
         cross join error_keys k on k.project_id = w.project_id and k.scheme = w.scheme and k.key = w.key
         cross join errors e on e.id = k.error_id",
    );
    static BOTH: Script = Script::new(&[&EVENTS, &GROUPS]);
    static BEGIN_WITH_BOTH: Script = Script::new(&[&EVENTS, &GROUPS]).begins();

    let rows = [
        Rows::new(events, |query, event| query.bind(&event[..])),
        Rows::new(keys, |query, key| query.bind(key.0).bind(key.1).bind(&key.2)),
    ];
    let script = match (is_begun, Script::holds(&rows)) {
        (false, true) => &BEGIN_WITH_BOTH,
        (false, false) => {
            tx.begin().await?;
            &BOTH
        }
        (true, _) => &BOTH,
    };
    let (mut seen, mut groups) = (HashMap::new(), Vec::new());
    for query in script.queries(&rows) {
        for row in query.fetch_all(&mut **tx).await? {
            // The statements answer one after the other, each with columns of its own.
            if row.len() == EVENT_COLUMNS {
                let (key, id) = <(Vec<u8>, i64)>::from_row(&row)?;
                seen.extend(<[u8; 16]>::try_from(key).ok().map(|key| (key, id)));
            } else {
                groups.push(KeyedRow::from_row(&row)?.into_touched());
            }
        }
    }
    Ok((seen, groups))
}

#[derive(FromRow)]
struct KeyedRow {
    project_id: i64,
    scheme: i64,
    key: Vec<u8>,
    exception_type: String,
    fingerprint: Vec<u8>,
    slots: Vec<u8>,
    #[sqlx(flatten)]
    group: GroupRow,
}

impl KeyedRow {
    fn into_touched(self) -> (Key, Touched) {
        let mut touched = Touched::new(
            self.group.into_group(),
            self.project_id,
            self.exception_type,
            fingerprint_from(&self.fingerprint),
        );
        touched.kept = Kept::unpack(&self.slots);
        ((self.project_id, self.scheme, self.key), touched)
    }
}
