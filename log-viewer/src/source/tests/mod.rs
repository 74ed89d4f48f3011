//! Real files, written the way Docker writes them while the service reads.

mod containers;
mod docker;
mod interleaved;
mod lines;
mod random;
mod reader;
mod rotation;
