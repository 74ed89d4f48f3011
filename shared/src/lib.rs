//! What at least two Monlight services use today.
//!
//! Settings, the process and its verbs, tasks, the database, and the HTTP plumbing.
//! Nothing here knows what an error, a log line, a metric or a browser is.

pub mod cli;
pub mod clock;
pub mod db;
pub mod env;
pub mod flusher;
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod memory;
pub mod outbound;
pub mod packed;
pub mod settings;
pub mod tasks;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
