//! One Merkle Patricia trie (Ethereum's "secure trie", Yellow Paper appendix D), kept in memory and updated in place.
//!
//! Keys are Keccak hashes, hence of one length and without values in branches. Each node remembers its reference (its
//! RLP, or that RLP's hash if longer than 31 bytes) until something below it changes, so that a root costs the nodes
//! touched. A subtree may be *sealed*, known by its hash alone: tries opened from a witness are so wherever the
//! witness ends. What would have to look into a sealed subtree fails with [`Missing`], and never guesses.
//!
//! Structure depends on the contents only. Recursion is bounded by the 64 nibbles of a key.

mod edit;
mod node;
mod open;
mod prove;

#[cfg(test)]
mod tests;

pub use open::{Nodes, TrieError};

use alloc::vec::Vec;
use alloy_primitives::B256;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};
use core::fmt;
use node::{Kind, Link};

/// A subtree would have had to be looked into whose hash alone is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Where the subtree hangs.
    pub path: Nibbles,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trie node at {:?} is missing", self.path)
    }
}

impl core::error::Error for Missing {}

/// A trie from 32-byte keys to values that are not empty.
#[derive(Clone, Debug, Default)]
pub struct Trie {
    root: Link,
}

impl Trie {
    /// A trie of which the root alone is known.
    #[must_use]
    pub fn sealed(root: B256) -> Self {
        Self { root: Link::sealed_root(root) }
    }

    /// The value at `key`.
    ///
    /// # Errors
    /// [`Missing`] if the path leads into a sealed subtree.
    pub fn get(&self, key: &B256) -> Result<Option<&[u8]>, Missing> {
        let key = Nibbles::unpack_array(&key.0);
        let (mut link, mut depth) = (&self.root, 0usize);
        loop {
            let node = match link {
                Link::Empty => return Ok(None),
                Link::Sealed(_) => return Err(Missing { path: key.slice(..depth) }),
                Link::Node(node) => node,
            };
            match &node.kind {
                Kind::Leaf { path, value } => {
                    return Ok((key.slice(depth..) == *path).then_some(value.as_slice()));
                }
                Kind::Extension { path, child } => {
                    if !key.slice(depth..).starts_with(path) {
                        return Ok(None);
                    }
                    depth = depth.saturating_add(path.len());
                    link = child;
                }
                Kind::Branch { children } => {
                    let Some(child) = node::child(children, &key, depth) else { return Ok(None) };
                    depth = depth.saturating_add(1);
                    link = child;
                }
            }
        }
    }

    /// Sets (`Some`, not empty) or removes (`None`) the value at `key`.
    ///
    /// # Errors
    /// [`Missing`]; the trie is then unfinished and to be dropped.
    pub fn set(&mut self, key: &B256, value: Option<Vec<u8>>) -> Result<(), Missing> {
        let key = Nibbles::unpack_array(&key.0);
        match value {
            Some(value) => edit::insert(&mut self.root, &key, 0, value),
            None => edit::remove(&mut self.root, &key, 0).map(|_| ()),
        }
    }

    /// The root hash; hashes what changed since it was last asked for.
    pub fn root(&mut self) -> B256 {
        self.root.refresh();
        self.known_root()
    }

    /// The root hash, as of the last call of [`Trie::root`].
    pub(crate) fn known_root(&self) -> B256 {
        match &self.root {
            Link::Empty => EMPTY_ROOT_HASH,
            Link::Sealed(hash) => **hash,
            Link::Node(node) => node.root_hash(),
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self.root, Link::Empty)
    }
}
