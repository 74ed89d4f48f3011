//! A buffer for each thread to write a report into. One of its own for each report would be new memory each time: the
//! allocator gives what is free back to the system at once, and the next report has it made anew, page by page.

use std::cell::Cell;

/// A longer one is not kept.
const MOST_BYTES: usize = 32 << 10;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An empty buffer, with room if one was given back before.
pub(crate) fn take() -> Vec<u8> {
    SPARE.take()
}

/// Keeps a buffer for the next who takes one here.
pub(crate) fn give_back(mut buffer: Vec<u8>) {
    if buffer.capacity() <= MOST_BYTES {
        buffer.clear();
        SPARE.set(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_serves_again_unless_it_is_large() {
        give_back(vec![1; 100]);
        let buffer = take();
        assert!(buffer.is_empty() && buffer.capacity() >= 100);
        assert_eq!(take().capacity(), 0, "it is nobody else's meanwhile");

        give_back(Vec::with_capacity(MOST_BYTES + 1));
        assert_eq!(take().capacity(), 0);
    }
}
