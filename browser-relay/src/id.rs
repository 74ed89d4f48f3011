//! Ids and keys by chance.

use std::cell::RefCell;

/// The system is asked for so many ids at once: to ask it for each costs more than all else about an id.
const IDS_AT_ONCE: usize = 32;

thread_local! {
    static DRAWN: RefCell<Vec<[u8; 16]>> = const { RefCell::new(Vec::new()) };
}

/// Thirty-two hex digits that nobody can guess.
pub(crate) fn random() -> String {
    let bytes = DRAWN.with_borrow_mut(|drawn| {
        if drawn.is_empty() {
            drawn.resize(IDS_AT_ONCE, [0; 16]);
            fill(drawn.as_flattened_mut());
        }
        drawn.pop()
    });
    format!("{:032x}", u128::from_be_bytes(bytes.unwrap_or_else(random_bytes)))
}

/// Sixteen bytes that nobody can guess.
pub(crate) fn random_bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    fill(&mut bytes);
    bytes
}

fn fill(bytes: &mut [u8]) {
    // Without the system's source of chance no key can be made that is one.
    getrandom::fill(bytes).expect("the system has a source of random numbers");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_id_comes_twice() {
        let ids: HashSet<String> = (0..IDS_AT_ONCE * 3).map(|_| random()).collect();

        assert_eq!(ids.len(), IDS_AT_ONCE * 3);
        assert!(ids.iter().all(|id| id.len() == 32));
    }
}
