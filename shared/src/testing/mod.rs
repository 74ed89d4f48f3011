//! The kit of the integration tests: a service in this process or in one of its own, clients that behave and clients
//! that do not, a machine that takes what the service sends, disks that are too small or fail, and what every service
//! is tested for in the same way.
//!
//! Nothing here waits for a fixed time: [`eventually`] polls up to a deadline that only a failure reaches.

pub mod bad_input;
pub mod bodies;
pub mod chance;
pub mod client;
pub mod clock;
pub mod database;
pub mod database_faults;
pub mod encoding;
pub mod exposition;
pub mod json;
pub mod namespace;
pub mod openapi;
pub mod plans;
pub mod process;
pub mod promises;
pub mod read_only_disk;
pub mod receiver;
pub mod routing;
pub mod service;
pub mod settings;
pub mod stop;
pub mod verbs;

use std::future::Future;
use std::time::{Duration, Instant};

pub use chance::Chance;
pub use client::{Client, RawConnection, Reply};
pub use namespace::{FailingDisk, SmallDisk};
pub use process::{Process, Program};
pub use receiver::Receiver;
pub use service::Service;

/// What takes longer than this will not happen.
pub const DEADLINE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Asks `check` until it answers with something, and gives that back.
///
/// # Panics
/// When the deadline has passed; the text names `what` was waited for.
pub async fn eventually<T, F, Asked>(what: &str, mut check: F) -> T
where
    F: FnMut() -> Asked,
    Asked: Future<Output = Option<T>>,
{
    let started = Instant::now();
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(started.elapsed() < DEADLINE, "this never happened: {what}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
