//! The wall clock of a process, as a test sets it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// What names the file to [`follow`] to the processes of a test.
pub const FILE_SETTING: &str = "TEST_CLOCK";

static FOLLOWED: OnceLock<PathBuf> = OnceLock::new();

/// From now on the clock of this process differs from the system's by what the file says.
pub fn follow(file: PathBuf) {
    // Only the first one counts.
    let _ = FOLLOWED.set(file);
}

/// Sets the clocks of all who follow the file: by so many milliseconds ahead of the system's, or behind it.
///
/// # Panics
/// When the file cannot be written.
pub fn set(file: &Path, millis: i64) {
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, millis.to_string()).expect("a folder of the test");
    std::fs::rename(&fresh, file).expect("a folder of the test");
}

pub(crate) fn shifted(now: Duration) -> Duration {
    let Some(file) = FOLLOWED.get() else { return now };
    let said = std::fs::read_to_string(file).ok();
    let millis: i64 = said.and_then(|text| text.parse().ok()).unwrap_or(0);
    let by = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 {
        now.saturating_sub(by)
    } else {
        now + by
    }
}
