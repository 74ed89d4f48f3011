//! The `browser-relay` binary; everything it does is in the library.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: shared::memory::MiMalloc = shared::memory::MiMalloc;

fn main() -> ExitCode {
    browser_relay::program().run(browser_relay::start)
}
