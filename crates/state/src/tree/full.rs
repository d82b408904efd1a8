//! The tree over all entries, as a full node keeps it.

use super::arena::{Arena, Node, Subtree};
use super::hash::{self, Digest};
use super::iv;
use super::query::{NoProof, Query};
use super::update::{TreeError, Update, check};
use super::{prove, subtree};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use tandem_types::{CoreRoot, Hash};

/// The authenticated tree over all entries. It keeps keys and hashes; values stay in their tables.
#[derive(Clone)]
pub struct Tree {
    arena: Arena,
    root: Option<Subtree>,
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").field("len", &self.len()).field("root", &self.root()).finish()
    }
}

impl Tree {
    /// The tree without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self { arena: Arena::new(), root: None }
    }

    /// Puts and removes entries, and brings the root up to date: each changed node is hashed once.
    ///
    /// # Errors
    /// [`TreeError`] if the batch is not strictly ascending or a length is not allowed; nothing is then changed.
    pub fn apply(&mut self, batch: &[Update<'_>]) -> Result<(), TreeError> {
        check(batch, |table| self.table_key_len(table))?;
        if !self.arena.has_room(batch.len()) {
            return Err(TreeError::Full);
        }
        self.root = self.arena.apply(self.root, batch);
        Ok(())
    }

    /// The root over all entries.
    #[must_use]
    pub fn root(&self) -> CoreRoot {
        CoreRoot(hash::to_bytes(&self.digest()))
    }

    /// The root over the entries whose keys begin with `prefix` alone, as of one engine: it depends on no others.
    #[must_use]
    pub fn subtree_root(&self, prefix: &[u8]) -> Hash {
        match subtree::find(&self.arena, self.root, prefix) {
            subtree::Found::Subtree(digest) => Hash(hash::to_bytes(&digest)),
            // Nothing is pruned here.
            subtree::Found::Empty | subtree::Found::Unknown => Hash(hash::to_bytes(&iv::EMPTY)),
        }
    }

    /// Number of entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.arena.leaves
    }

    /// Whether there are no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Whether there is an entry at `key`.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        let Some(root) = self.root else { return false };
        let Node::Leaf(at) = self.arena.terminal(root.link, key).node() else { return false };
        self.arena.key(at) == key
    }

    /// Compressions made since the beginning: the deterministic measure of hashing work.
    #[must_use]
    pub const fn compressions(&self) -> u64 {
        self.arena.compressions
    }

    /// Bytes of memory held, reserve included.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        self.arena.bytes()
    }

    /// A proof of all that `query` asks, for [`PartialTree::from_proof`](super::PartialTree::from_proof). `value_of`
    /// gives the encoded value of an entry of this tree.
    ///
    /// # Errors
    /// [`NoProof`] if `value_of` has no value for an entry, or not the one that the tree holds.
    pub fn prove<'v>(
        &self,
        query: &Query<'_>,
        value_of: impl Fn(&[u8]) -> Option<Cow<'v, [u8]>>,
    ) -> Result<Vec<u8>, NoProof> {
        prove::prove(&self.arena, self.root, query, &value_of)
    }

    fn digest(&self) -> Digest {
        self.root.map_or(iv::EMPTY, |root| root.hash)
    }

    /// Length of the keys in a table that has entries.
    fn table_key_len(&self, table: [u8; 2]) -> Option<usize> {
        let Node::Leaf(at) = self.arena.terminal(self.root?.link, &table).node() else { return None };
        let key = self.arena.key(at);
        key.starts_with(&table).then_some(key.len())
    }
}
