//! The `log-viewer` binary; everything it does is in the library.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: shared::memory::MiMalloc = shared::memory::MiMalloc;

fn main() -> ExitCode {
    log_viewer::program().run(log_viewer::start)
}
