//! The process as an operator meets it: its verbs and settings, its end at any moment, its folders and its database
//! in trouble.
//!
//! Every test runs the real binary on a port and in a folder of its own.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests are tests too, and a failure in them is a failed test"
)]

mod crash;
mod database_faults;
#[path = "../kit/docker.rs"]
#[allow(dead_code, reason = "the tests of the API use the rest of it")]
mod docker;
#[path = "../kit/events.rs"]
#[allow(dead_code, reason = "the tests of the API use the rest of it")]
mod events;
mod folders;
mod ledger;
mod read_only_disk;
mod settings;
mod setup;
mod stop;
mod verbs;
mod writing;
