//! One of the four services, which `SERVICE` names, on a clock that a test can set.

use std::process::ExitCode;

use shared::testing::clock;

fn main() -> ExitCode {
    if let Some(file) = std::env::var_os(clock::FILE_SETTING) {
        clock::follow(file.into());
    }
    match std::env::var("SERVICE").as_deref() {
        Ok("error-tracker") => error_tracker::program().run(error_tracker::start),
        Ok("log-viewer") => log_viewer::program().run(log_viewer::start),
        Ok("metrics-collector") => metrics_collector::program().run(metrics_collector::start),
        Ok("browser-relay") => browser_relay::program().run(browser_relay::start),
        other => panic!("SERVICE names no service: {other:?}"),
    }
}
