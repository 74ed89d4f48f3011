//! The `error-tracker` binary; everything it does is in the library.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: shared::memory::MiMalloc = shared::memory::MiMalloc;

fn main() -> ExitCode {
    error_tracker::program().run(error_tracker::start)
}
