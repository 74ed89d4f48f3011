//! What the services promise together: one file for each promise, named after it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by ending")]

mod all_are_killed_at_once;
mod browser_error_becomes_a_group;
mod clocks_jump;
mod containers;
mod every_route_wants_its_key;
mod fixtures;
mod links_lead_to_the_others;
mod lossy_wire;
mod no_secret_in_logs;
mod pages;
mod peer_down_loses_nothing;
mod stack;
mod stop_answers_what_is_in_flight;
mod ten_thousand_connections;
mod vitals_reach_the_chart;
