//! How a service deals with memory: who hands it out, how it is copied, and what is given back after the start.

mod allocator;
#[cfg(target_arch = "x86_64")]
mod copy;
mod program;

pub use self::allocator::MiMalloc;
pub(crate) use self::allocator::tune;
pub use self::program::give_back_start;
