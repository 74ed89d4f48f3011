//! DSN keys: who may send, from which pages, how much.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use shared::clock::Timestamp;

use crate::origin::AllowList;

const PROJECT_CHARS: usize = 100;

/// The key of a page, known to everybody who looks at its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 16]);

impl PublicKey {
    /// Reads 32 hex digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(text, 16)
            .ok()
            .map(|number| Self(number.to_be_bytes()))
    }

    /// From sixteen bytes of chance.
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// A project's name as it may be: 1 to 100 characters, none of them a control character.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_project(text: &str) -> Result<String, &'static str> {
    let project = text.trim();
    if project.is_empty() {
        return Err("Missing required field: project");
    }
    if project.chars().count() > PROJECT_CHARS {
        return Err("project: longer than 100 characters");
    }
    if project.chars().any(char::is_control) {
        return Err("project: must not hold control characters");
    }
    Ok(project.to_owned())
}

/// A key as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct DsnKey {
    pub(crate) id: i64,
    pub(crate) public_key: PublicKey,
    pub(crate) project: String,
    pub(crate) active: bool,
    pub(crate) created_at: Timestamp,
    /// As they were given; `None` stands for the default.
    pub(crate) allowed_origins: Option<Vec<String>>,
    /// Requests in any 60 s per client; `None` stands for the default.
    pub(crate) rate_limit: Option<u32>,
    pub(crate) last_used: Option<Timestamp>,
}

/// What a request needs of its key.
#[derive(Debug)]
pub(crate) struct ActiveKey {
    pub(crate) id: i64,
    pub(crate) project: Arc<str>,
    /// `None` stands for the default.
    origins: Option<AllowList>,
    pub(crate) rate_limit: Option<u32>,
}

/// All active keys, in memory: an unknown one costs a look into a table.
#[derive(Debug)]
pub(crate) struct KeyRing {
    /// The origins of keys without a list; `None` lets all pass.
    default: Option<AllowList>,
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    by_key: HashMap<PublicKey, Arc<ActiveKey>>,
    /// What any of the keys allows; made anew when it is asked for after a change.
    union: Option<Arc<Union>>,
}

#[derive(Debug)]
struct Union {
    any: bool,
    listed: AllowList,
}

impl KeyRing {
    pub(crate) fn new(default: Option<AllowList>) -> Self {
        Self {
            default,
            inner: RwLock::default(),
        }
    }

    /// Takes a key in, or out when it is not active.
    pub(crate) fn put(&self, key: &DsnKey) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.union = None;
        if key.active {
            let active = ActiveKey {
                id: key.id,
                project: key.project.as_str().into(),
                // A list was checked when it was stored. One that cannot be read allows none.
                origins: key
                    .allowed_origins
                    .as_deref()
                    .map(|origins| AllowList::parse(origins).unwrap_or_default()),
                rate_limit: key.rate_limit,
            };
            inner.by_key.insert(key.public_key, Arc::new(active));
        } else {
            inner.by_key.remove(&key.public_key);
        }
    }

    pub(crate) fn find(&self, key: PublicKey) -> Option<Arc<ActiveKey>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.by_key.get(&key).map(Arc::clone)
    }

    /// Whether a page of this origin may use the key.
    pub(crate) fn allows(&self, key: &ActiveKey, origin: &str) -> bool {
        match key.origins.as_ref().or(self.default.as_ref()) {
            Some(list) => list.allows(origin),
            None => origin != "null",
        }
    }

    /// Whether any key lets pages of this origin pass. A preflight does not say which key will come.
    pub(crate) fn any_allows(&self, origin: &str) -> bool {
        let union = self.union();
        (union.any && origin != "null") || union.listed.allows(origin)
    }

    fn union(&self) -> Arc<Union> {
        {
            let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(union) = &inner.union {
                return Arc::clone(union);
            }
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let mut union = Union {
            any: false,
            listed: AllowList::default(),
        };
        for key in inner.by_key.values() {
            match key.origins.as_ref().or(self.default.as_ref()) {
                Some(list) => union.listed.merge(list),
                None => union.any = true,
            }
        }
        let union = Arc::new(union);
        inner.union = Some(Arc::clone(&union));
        union
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8, origins: Option<&[&str]>) -> DsnKey {
        DsnKey {
            id: number.into(),
            public_key: PublicKey::new([number; 16]),
            project: "shop".into(),
            active: true,
            created_at: Timestamp::default(),
            allowed_origins: origins
                .map(|origins| origins.iter().map(|origin| (*origin).to_owned()).collect()),
            rate_limit: None,
            last_used: None,
        }
    }

    #[test]
    fn a_key_is_32_hex_digits_in_either_case() {
        let key = PublicKey::parse("000102030405060708090a0b0c0d0e0F").unwrap();

        assert_eq!(key.to_string(), "000102030405060708090a0b0c0d0e0f");
        for text in [
            "",
            "00",
            "+00102030405060708090a0b0c0d0e0f",
            "g00102030405060708090a0b0c0d0e0f",
        ] {
            assert_eq!(PublicKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn each_key_has_its_own_origins_and_a_preflight_passes_for_all_of_them() {
        let ring = KeyRing::new(Some(AllowList::parse(&["https://default.io"]).unwrap()));
        ring.put(&key(1, None));
        ring.put(&key(2, Some(&["https://own.io"])));
        ring.put(&key(3, Some(&[])));

        let allows = |number: u8, origin: &str| {
            let key = ring.find(PublicKey::new([number; 16])).unwrap();
            ring.allows(&key, origin)
        };
        assert!(allows(1, "https://default.io") && !allows(1, "https://own.io"));
        assert!(allows(2, "https://own.io") && !allows(2, "https://default.io"));
        assert!(!allows(3, "https://own.io") && !allows(3, "https://default.io"));
        assert!(ring.any_allows("https://own.io") && ring.any_allows("https://default.io"));
        assert!(!ring.any_allows("https://other.io"));
    }

    #[test]
    fn without_any_list_every_origin_passes_but_null() {
        let ring = KeyRing::new(None);
        assert!(!ring.any_allows("https://x.io"), "there is no key yet");
        ring.put(&key(1, None));

        let found = ring.find(PublicKey::new([1; 16])).unwrap();
        assert!(ring.allows(&found, "https://x.io") && ring.any_allows("https://x.io"));
        assert!(!ring.allows(&found, "null") && !ring.any_allows("null"));
    }

    #[test]
    fn a_deactivated_key_is_unknown() {
        let ring = KeyRing::new(None);
        let mut one = key(1, Some(&["https://own.io"]));
        ring.put(&one);
        assert!(ring.any_allows("https://own.io"));
        one.active = false;
        ring.put(&one);

        assert!(ring.find(one.public_key).is_none());
        assert!(!ring.any_allows("https://own.io"));
    }
}
