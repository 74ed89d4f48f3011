//! The program's own pages.
//!
//! Reading the settings, building the routes and their document, and migrating touch most of the program once, and the
//! kernel maps what lies around each touched page as well. That is several megabytes which nothing needs again.
#![expect(
    unsafe_code,
    reason = "the linker says where the program lies, the kernel what to do with it"
)]

unsafe extern "C" {
    #[link_name = "__executable_start"]
    static EXECUTABLE_START: u8;
    #[link_name = "etext"]
    static TEXT_END: u8;
}

/// Gives the pages of the program's code back to the kernel, once the service has started.
///
/// They are a clean, read-only view of the file: what runs again is mapped again, at the cost of a page fault
/// that needs no disk.
pub fn give_back_start() {
    let (start, end) = (&raw const EXECUTABLE_START as usize, &raw const TEXT_END as usize);
    // SAFETY: the range holds code and read-only tables of this program; nothing writes to it, so no change is lost.
    unsafe {
        libc::madvise(
            start as *mut libc::c_void,
            end.saturating_sub(start),
            libc::MADV_DONTNEED,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kilobytes of files' pages that this process has mapped.
    fn resident_file_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        status
            .lines()
            .find_map(|line| line.strip_prefix("RssFile:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB"))
            .and_then(|number| number.trim().parse().ok())
            .expect("a number of kB")
    }

    #[test]
    fn what_the_start_touched_is_given_back_and_the_program_goes_on() {
        let before = resident_file_kib();

        give_back_start();

        let after = resident_file_kib();
        assert!(after < before, "{before} kB before, {after} kB after");
    }
}
