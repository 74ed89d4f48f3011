//! The process as an operator meets it: its verbs and settings, its end at any moment,
//! its database in trouble, and its alerts on their way to other machines.
//!
//! Every test runs the real binary on a port and in a folder of its own.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests are tests too, and a failure in them is a failed test"
)]

mod alerts;
mod crash;
mod database_faults;
mod http_receiver;
mod ledger;
mod load;
mod mail_server;
mod read_only_disk;
mod settings;
mod setup;
mod stop;
mod verbs;
