//! What the services promise together, with all four in this process: one file for each promise, named after it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by ending")]

mod browser_error_becomes_a_group;
mod every_route_wants_its_key;
mod fixtures;
mod links_lead_to_the_others;
mod lossy_wire;
mod no_secret_in_logs;
mod peer_down_loses_nothing;
mod stack;
mod stop_answers_what_is_in_flight;
mod vitals_reach_the_chart;
