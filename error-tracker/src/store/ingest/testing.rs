//! Reports and the time at which they are counted, for the tests of all the store.

use super::*;
use crate::report::{self, Source};

/// Writes for one channel, keeps three occurrences, and has room for so many groups in a project.
pub(crate) fn ingest(store: &Store, max_groups: i64) -> Ingest {
    Ingest {
        store: store.clone(),
        storms: Arc::default(),
        occurrences_kept: 3,
        max_groups,
        channels: vec!["webhook"],
        alerts_queued: Vec::new(),
        projects: Mutex::default(),
        next_slot: Mutex::default(),
    }
}

/// A report of this type, which decides its group.
pub(crate) fn report(exception_type: &str, at: Timestamp) -> Report {
    let fingerprint = crate::fingerprint::fingerprint("shop", exception_type, "", "", None);
    Report {
        project: "shop".into(),
        exception_type: exception_type.into(),
        fingerprint,
        summary: "it broke".into(),
        culprit: None,
        level: None,
        environment: None,
        release: None,
        source: Source::Server,
        session: None,
        event: None,
        at,
        body: report::pack_body(br#"{"message":"it broke","traceback":""}"#),
    }
}

/// Counts these reports in one transaction at `now`.
pub(crate) async fn count(ingest: &Ingest, reports: &[Report], now: Timestamp) -> Vec<Counted> {
    let write = ingest.store.db.write_in_texts().await.unwrap();
    let reports: Vec<&Report> = reports.iter().collect();
    Batch::new(ingest, now).count_all(write, &reports).await.unwrap()
}

/// The digest of an event or a session: as many of them as there are numbers, scattered over all digests.
pub(crate) fn mixed(number: u64) -> [u8; 16] {
    let first = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&first.to_be_bytes());
    digest[8..].copy_from_slice(&number.to_be_bytes());
    digest
}
