//! What bundlers and browsers really write, against the maps and stacks of this crate.
//!
//! The bundles and stacks are made and described in `tests/fixtures/bundles`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by ending")]

mod bundles;
mod context;
mod debug_ids;
mod oracle;
mod stacks;
