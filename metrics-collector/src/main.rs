//! The `metrics-collector` binary; everything it does is in the library.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: shared::memory::MiMalloc = shared::memory::MiMalloc;

fn main() -> ExitCode {
    metrics_collector::program().run(metrics_collector::start)
}
