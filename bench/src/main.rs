//! `bench`: measures each service against its limits in the same run and prints the figures.

mod browser_relay;
mod cgroup;
mod command;
mod connection;
mod echo;
mod error_tracker;
mod histogram;
mod http_limit;
mod load;
mod log_viewer;
mod metrics_collector;
mod process;
mod raw_sqlite;
mod report;
mod response;
mod soak;
mod table;
mod template;
mod traceback;

use std::process::ExitCode;

const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match command::run(&arguments) {
        None => {
            eprintln!("{}", command::USAGE);
            ExitCode::from(EXIT_USAGE)
        }
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
