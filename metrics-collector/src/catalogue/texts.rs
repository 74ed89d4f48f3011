//! Texts that many series have, each kept once.

use std::collections::HashMap;
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TextId(pub(crate) u32);

#[derive(Debug, Default)]
pub(super) struct Texts {
    by_id: HashMap<TextId, Arc<str>>,
    ids: HashMap<Arc<str>, TextId>,
    next: u32,
}

impl Texts {
    pub(super) fn put(&mut self, id: TextId, text: &str) {
        let text: Arc<str> = text.into();
        self.by_id.insert(id, Arc::clone(&text));
        self.ids.insert(text, id);
        self.next = self.next.max(id.0 + 1);
    }

    pub(super) fn get(&self, id: TextId) -> &str {
        self.by_id.get(&id).map_or("", |text| text)
    }

    /// The text itself, for who keeps it.
    pub(super) fn share(&self, id: TextId) -> Option<Arc<str>> {
        self.by_id.get(&id).cloned()
    }

    /// The text's number, and whether it is new.
    pub(super) fn take(&mut self, text: &str) -> (TextId, bool) {
        if let Some(id) = self.ids.get(text) {
            return (*id, false);
        }
        let id = TextId(self.next);
        self.put(id, text);
        (id, true)
    }
}
