//! The HTTP side of a service: its accept loop, the one stack of layers, and what handlers extract and answer.

pub mod assets;
pub mod auth;
pub mod body;
pub mod client;
pub mod health;
pub mod layers;
pub mod metrics;
pub mod openapi;
mod pace;
pub mod params;
pub mod problem;
pub mod rate_limit;
pub mod serve;
pub mod session;
pub mod sse;

pub use params::{Id, Query};
pub use problem::Problem;
