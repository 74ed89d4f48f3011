//! The error tracker as its clients see it: real HTTP, a real database, one file for each concern.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by ending")]

mod actions;
mod auth;
mod bad_input;
mod batch;
mod bodies;
mod detail;
mod facets;
mod grouping;
mod health;
mod ingest;
mod list;
mod openapi;
mod pages;
mod rate_limit;
mod routing;
mod search;
mod session;
mod test_alert;
mod timeline;
mod tracker;
