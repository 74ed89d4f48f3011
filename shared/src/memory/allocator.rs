//! The allocator of the services, SQLite and the compressors included: mimalloc, told to give memory back at once.
//!
//! The static build's own allocator takes a lock for each call and maps every larger buffer anew: a report of 50 KB
//! cost twice the processor time. With mimalloc's usual delay a service kept 32 MB after such a load, without it 24.

pub use mimalloc::MiMalloc;

/// `mi_option_purge_delay`, its place in `mi_option_t` of mimalloc.h; the crate does not name it.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// Before anything else in the process.
#[expect(
    unsafe_code,
    reason = "mimalloc has no other way to set an option from within the process"
)]
pub(crate) fn tune() {
    // SAFETY: sets one integer in a table of options, while no other thread runs.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "mimalloc's options are behind functions of C")]
    fn the_option_is_the_one_whose_default_is_ten_milliseconds() {
        // SAFETY: reads one integer in a table of options.
        let value = || unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        assert_eq!(value(), 10);

        tune();

        assert_eq!(value(), 0);
    }
}
