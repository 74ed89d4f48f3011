//! Publishes what stands in the way of reading, and says each change of it once.

use tokio::sync::watch;

use super::discovery::Problem;

/// The current problems.
#[derive(Debug)]
pub(super) struct Watched {
    problems: watch::Sender<Vec<Problem>>,
}

impl Watched {
    pub(super) fn new(problems: watch::Sender<Vec<Problem>>) -> Self {
        Self { problems }
    }

    /// These are all that there are now.
    pub(super) fn set(&self, mut problems: Vec<Problem>) {
        problems.sort();
        problems.dedup();
        self.problems.send_if_modified(|before| {
            for problem in problems.iter().filter(|problem| !before.contains(problem)) {
                tracing::warn!(path = %problem.path.display(), problem = problem.what, "logs cannot be read");
            }
            for problem in before.iter().filter(|problem| !problems.contains(problem)) {
                tracing::info!(path = %problem.path.display(), problem = problem.what, "no longer a problem");
            }
            let has_changed = *before != problems;
            *before = problems;
            has_changed
        });
    }
}
