//! The `error-tracker` binary; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    error_tracker::program().run(error_tracker::start)
}
