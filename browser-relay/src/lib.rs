//! What a browser's error needs before it can be read: source maps and the stacks that they explain.
//!
//! No HTTP, no database: a map is any text that can be read at an offset, a stack is a string.

pub mod source_map;
pub mod source_name;
pub mod stack;
pub mod unminify;
