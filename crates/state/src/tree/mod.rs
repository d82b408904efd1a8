//! The authenticated, ordered tree over the Core state.
//!
//! A path-compressed binary radix tree over the bits of whole keys (`engine ‖ table ‖ key`; one length per table, so no
//! key is a prefix of another). Its shape and root depend on the entries alone, not on the order in which they came.
//! [`Tree`] holds the keys of all entries and is updated once per block; [`Tree::prove`] makes one compact proof of keys
//! found, keys absent and whole intervals; [`PartialTree`] verifies it and computes the root after updates to what it
//! covers, with the very same merge.
//!
//! An update of 10,000 entries among a million costs about 6 compressions each. A node keeps a million entries of
//! 23-byte keys in about 110 MB; values are in the tables, which this module does not know.
//!
//! Encoding of nodes: `hash.rs`, of proofs: `prove.rs`; conditions of soundness: `verify.rs`.

mod arena;
mod bits;
mod full;
mod hash;
mod iv;
mod keys;
mod merge;
mod partial;
mod prove;
mod query;
mod subtree;
mod update;
mod verify;

#[cfg(test)]
mod tests;

pub use full::Tree;
pub use partial::{ApplyError, Lookup, PartialTree};
pub use query::{NoProof, Query};
pub use update::{TreeError, Update};
pub use verify::ProofError;

/// Shortest key: engine and table.
pub const KEY_LEN_MIN: usize = 2;
/// Longest key. The tree's depth is at most its bits, which also bounds every recursion here.
pub const KEY_LEN_MAX: usize = 64;
/// Longest value: its length is hashed as a u16.
pub const VALUE_LEN_MAX: usize = 65_535;
