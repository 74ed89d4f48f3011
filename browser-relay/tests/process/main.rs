//! The process as an operator meets it: its verbs and settings, its end at any moment, its database and its peers in
//! trouble.
//!
//! Every test runs the real binary on a port and in a folder of its own.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests are tests too, and a failure in them is a failed test"
)]

mod bombs;
mod crash;
mod crowd;
mod database_faults;
mod full_disk;
mod ledger;
mod load;
#[path = "../kit/peer.rs"]
#[allow(dead_code, reason = "the tests over HTTP use the rest of it")]
mod peer;
mod read_only_disk;
mod real_peers;
mod rest;
mod secrets;
mod settings;
mod setup;
mod stop;
mod verbs;
mod weather;
