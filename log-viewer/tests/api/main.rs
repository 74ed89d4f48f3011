//! The log viewer as its clients see it: real HTTP, a real database, real files as Docker writes them, one file for
//! each concern.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by ending")]

mod auth;
mod bad_input;
mod containers;
mod context;
#[path = "../kit/docker.rs"]
#[allow(dead_code, reason = "the tests of the process use the rest of it")]
mod docker;
mod entries;
#[path = "../kit/events.rs"]
#[allow(dead_code, reason = "the tests of the process use the rest of it")]
mod events;
mod export;
mod health;
mod histogram;
mod list;
mod multiline;
mod openapi;
mod routing;
mod search;
mod sources;
mod tail;
mod viewer;
mod watchers;
