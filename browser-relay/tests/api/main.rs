//! The browser relay as pages, build scripts and administrators see it: real HTTP, a real database, and a tracker and a
//! collector that keep a ledger. One file for each concern.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by ending")]

mod auth;
mod away;
mod bad_input;
mod bad_maps;
mod bodies;
mod cors;
mod errors;
mod health;
mod keys;
mod map_list;
mod masking;
mod metrics;
mod openapi;
#[path = "../kit/peer.rs"]
#[allow(dead_code, reason = "the tests of the process use the rest of it")]
mod peer;
mod rate_limit;
mod relay;
mod routing;
mod session;
mod stacks;
mod together;
mod uploads;
