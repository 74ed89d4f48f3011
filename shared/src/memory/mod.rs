//! How a service deals with memory: who hands it out, how it is copied and compared, and what is given back after the start.

mod allocator;
#[cfg(target_arch = "x86_64")]
mod compare;
#[cfg(target_arch = "x86_64")]
mod copy;
mod limit;
mod program;

pub use self::allocator::MiMalloc;
pub(crate) use self::allocator::tune;
pub(crate) use self::limit::is_little;
pub(crate) use self::program::give_back_program;
