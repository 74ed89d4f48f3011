//! Which errors come in storms: more reports at once than occurrences are kept.
//!
//! Most bodies of a storm are thrown away as soon as they are counted, so it pays to compress those that are kept, and only then.

use std::sync::Mutex;

use crate::fingerprint::Fingerprint;

/// The fingerprints that stormed in the last batch. It only says what will probably happen: nothing is wrong when it errs.
#[derive(Debug, Default)]
pub(crate) struct Storms(Mutex<Vec<Fingerprint>>);

impl Storms {
    pub(crate) fn hold(&self, fingerprint: Fingerprint) -> bool {
        self.fingerprints().contains(&fingerprint)
    }

    /// Remembers those of the newest batch in the place of the earlier ones.
    pub(crate) fn note(&self, fingerprints: impl Iterator<Item = Fingerprint>) {
        let mut known = self.fingerprints();
        known.clear();
        known.extend(fingerprints);
    }

    fn fingerprints(&self) -> std::sync::MutexGuard<'_, Vec<Fingerprint>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_storms_are_held() {
        let storms = Storms::default();

        storms.note([Fingerprint([1; 16]), Fingerprint([2; 16])].into_iter());
        assert!(storms.hold(Fingerprint([1; 16])));
        storms.note(std::iter::once(Fingerprint([3; 16])));

        assert!(storms.hold(Fingerprint([3; 16])) && !storms.hold(Fingerprint([1; 16])));
    }
}
