//! The part of the tree that a proof opens: what it shows, and the root after updates to it.

use super::arena::{Arena, Subtree};
use super::hash;
use super::iv;
use super::subtree;
use super::update::{TreeError, Update, check, table_of};
use super::verify::{self, ProofError};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use tandem_types::{CoreRoot, Hash};

/// What a proof says about one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// The entry's value, or that there is none.
    Known(Option<&'a [u8]>),
    /// Nothing: the key may be in a part that is pruned.
    Unknown,
}

/// Why a batch was not applied to a partial tree, which is then unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyError {
    /// The batch itself is wrong.
    Batch(TreeError),
    /// These keys of the batch, ascending, are in pruned parts.
    Missing(Vec<Vec<u8>>),
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(error) => error.fmt(f),
            Self::Missing(keys) => write!(f, "the proof does not cover {} of the updated keys", keys.len()),
        }
    }
}

impl core::error::Error for ApplyError {}

impl From<TreeError> for ApplyError {
    fn from(error: TreeError) -> Self {
        Self::Batch(error)
    }
}

/// A verified proof. What it shows ([`PartialTree::entries`], [`PartialTree::lookup`]) speaks of the state under the root
/// it was verified against, also after updates; only [`PartialTree::root`] follows them.
#[derive(Clone)]
pub struct PartialTree<'a> {
    arena: Arena,
    root: Option<Subtree>,
    entries: Vec<(&'a [u8], &'a [u8])>,
    /// Length of the keys in each table of which an entry was seen.
    key_lens: BTreeMap<[u8; 2], usize>,
}

impl fmt::Debug for PartialTree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pruned = self.arena.pruned_count();
        f.debug_struct("PartialTree").field("entries", &self.entries).field("pruned", &pruned).finish()
    }
}

impl<'a> PartialTree<'a> {
    /// Verifies a proof made by [`Tree::prove`](super::Tree::prove) against a trusted root.
    ///
    /// # Errors
    /// [`ProofError`] for any bytes that are not a proof under this root.
    pub fn from_proof(root: CoreRoot, proof: &'a [u8]) -> Result<Self, ProofError> {
        let opened = verify::read(proof)?;
        let key_lens = opened.entries.iter().map(|(key, _)| (table_of(key), key.len())).collect();
        let tree = Self { arena: opened.arena, root: opened.root, entries: opened.entries, key_lens };
        let got = tree.root();
        if got == root { Ok(tree) } else { Err(ProofError::Root { got }) }
    }

    /// The opened entries in the order of their keys: all that was asked for, and neighbours opened beside.
    pub fn entries(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone {
        self.entries.iter().copied()
    }

    /// The opened entries with keys in the inclusive interval: all of the state's, if [`PartialTree::covers_range`].
    #[must_use]
    pub fn entries_in(&self, from: &[u8], to: &[u8]) -> &[(&'a [u8], &'a [u8])] {
        let start = self.entries.partition_point(|(key, _)| *key < from);
        let rest = self.entries.get(start..).unwrap_or_default();
        rest.get(..rest.partition_point(|(key, _)| *key <= to)).unwrap_or_default()
    }

    /// What the proof says about `key`.
    #[must_use]
    pub fn lookup(&self, key: &[u8]) -> Lookup<'a> {
        match self.entries_in(key, key) {
            [(_, value), ..] => Lookup::Known(Some(value)),
            [] if self.covers_key(key) => Lookup::Known(None),
            [] => Lookup::Unknown,
        }
    }

    /// Whether the proof tells if there is an entry at `key`, and which. Such a key can be updated.
    #[must_use]
    pub fn covers_key(&self, key: &[u8]) -> bool {
        self.covers_range(key, key)
    }

    /// Whether every entry with a key in the inclusive interval is opened.
    #[must_use]
    pub fn covers_range(&self, from: &[u8], to: &[u8]) -> bool {
        if from > to {
            return true;
        }
        self.clear_after(self.seek(0, from), to)
    }

    /// The first pruned subtree, from number `start` on, that does not lie wholly before `key`. They are numbered in
    /// the order of their keys, which stays when updates move them. The search gallops: from key to key of a batch it
    /// is a step or two.
    fn seek(&self, start: u32, key: &[u8]) -> u32 {
        let count = self.arena.pruned_count();
        let before = |number: u32| self.arena.pruned_path(number).against(key) == Ordering::Less;
        let (mut low, mut high, mut stride) = (start, start, 1u32);
        while high < count && before(high) {
            low = high.saturating_add(1);
            high = high.saturating_add(stride);
            stride = stride.saturating_mul(2);
        }
        high = high.min(count);
        while low < high {
            let middle = low.midpoint(high);
            if before(middle) { low = middle.saturating_add(1) } else { high = middle }
        }
        low
    }

    /// Whether a pruned subtree, if there is one of this number, lies wholly after `key`.
    fn clear_after(&self, number: u32, key: &[u8]) -> bool {
        number >= self.arena.pruned_count()
            || self.arena.pruned_path(number).against(key) == Ordering::Greater
    }

    /// The keys of a batch that the proof does not cover.
    fn missing(&self, batch: &[Update<'_>]) -> Vec<Vec<u8>> {
        let mut at = 0;
        let mut missing = Vec::new();
        for update in batch {
            at = self.seek(at, update.key);
            if !self.clear_after(at, update.key) {
                missing.push(update.key.to_vec());
            }
        }
        missing
    }

    /// Puts and removes entries that the proof covers; [`PartialTree::root`] is then that of the full tree after the
    /// same batch.
    ///
    /// # Errors
    /// [`ApplyError`]; nothing is then changed. A batch in which keys are missing names all of them.
    pub fn apply(&mut self, batch: &[Update<'_>]) -> Result<(), ApplyError> {
        check(batch, |table| self.key_lens.get(&table).copied())?;
        if !self.arena.has_room(batch.len()) {
            return Err(TreeError::Full.into());
        }
        let missing = self.missing(batch);
        if !missing.is_empty() {
            return Err(ApplyError::Missing(missing));
        }
        self.key_lens.extend(batch.iter().map(|update| (table_of(update.key), update.key.len())));
        self.root = self.arena.apply(self.root, batch);
        Ok(())
    }

    /// The root: at first that which the proof was verified against, then as the updates make it.
    #[must_use]
    pub fn root(&self) -> CoreRoot {
        CoreRoot(hash::to_bytes(&self.root.map_or(iv::EMPTY, |root| root.hash)))
    }

    /// The root over the entries whose keys begin with `prefix` alone, if the proof covers the key `prefix`: `None`
    /// if that is not opened.
    #[must_use]
    pub fn subtree_root(&self, prefix: &[u8]) -> Option<Hash> {
        match subtree::find(&self.arena, self.root, prefix) {
            subtree::Found::Subtree(digest) => Some(Hash(hash::to_bytes(&digest))),
            subtree::Found::Empty => Some(Hash(hash::to_bytes(&iv::EMPTY))),
            subtree::Found::Unknown => None,
        }
    }

    /// Compressions made since the beginning, verification included.
    #[must_use]
    pub const fn compressions(&self) -> u64 {
        self.arena.compressions
    }
}
