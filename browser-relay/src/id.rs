//! Ids and keys by chance.

/// Thirty-two hex digits that nobody can guess.
pub(crate) fn random() -> String {
    format!("{:032x}", u128::from_be_bytes(random_bytes()))
}

/// Sixteen bytes that nobody can guess.
pub(crate) fn random_bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    // Without the system's source of chance no key can be made that is one.
    getrandom::fill(&mut bytes).expect("the system has a source of random numbers");
    bytes
}
