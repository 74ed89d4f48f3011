//! The metrics collector as its clients see it: real HTTP, a real database, one file for each concern.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by ending")]

mod auth;
mod bad_input;
mod bad_query;
mod bodies;
mod catalogue;
mod collector;
mod dashboard;
mod dashboard_shape;
mod health;
mod ingest;
mod labels;
mod openapi;
mod overflow;
mod percentiles;
mod query;
mod rate_limit;
mod replaced;
mod retries;
mod rollups;
mod routing;
mod session;
mod times;
mod vitals;
