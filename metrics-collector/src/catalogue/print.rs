//! Names of series in sixteen bytes, so that a point finds its series without comparing texts.
//!
//! Two keyed hashes of 64 bits with keys that are new at each start: nobody can make two names meet.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use super::Identity;
use crate::kind::Kind;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Print(u64, u64);

impl Hash for Print {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // It is as good as random already.
        state.write_u64(self.0);
    }
}

/// Makes prints. Those of different printers say nothing of each other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Printer(RandomState, RandomState);

impl Printer {
    fn print(&self, value: impl Hash) -> Print {
        Print(self.0.hash_one(&value), self.1.hash_one(&value))
    }

    /// Of a series as a client spells it; other spellings of the same labels have other prints.
    pub(crate) fn spelling(&self, project: &str, name: &str, kind: Kind, labels: &str) -> Print {
        self.print((project, name, kind, labels))
    }

    pub(crate) fn identity(&self, identity: &Identity) -> Print {
        self.print(identity)
    }
}
