//! What blocks changed since the last checkpoint, in memory.
//!
//! Adding a block is on the way of every block, so it is kept by itself and the writing thread merges them. A lookup goes
//! through the blocks from the newest on, as many as there are between two checkpoints.

use super::Changes;
use super::backend::{Snapshot, Space, Write, height_write};
use crate::error::StorageError;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
};
use tandem_types::Height;

/// Which index an entry belongs to; the caller numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexKind(pub u8);

/// An index entry, such as transaction hash to position in the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Which index.
    pub kind: IndexKind,
    /// What is looked up, at most [`INDEX_KEY_BYTES_MAX`] bytes.
    pub key: Vec<u8>,
    /// What is found beside the height.
    pub value: Vec<u8>,
}

/// What a lookup finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexHit {
    /// The block that wrote the entry.
    pub height: Height,
    /// The entry's value.
    pub value: Vec<u8>,
}

/// What one block does to the checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Changes of the flat state.
    pub changes: Changes,
    /// New index entries; one with a key that exists replaces it.
    pub index: Vec<IndexEntry>,
    /// Small values by name, such as cursors and the last certificate.
    pub meta: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Longest index key: its length is kept in two bytes, and no hash or name comes near.
pub const INDEX_KEY_BYTES_MAX: usize = 1_024;
/// What a map entry costs beside its bytes, roughly.
const ENTRY_BYTES: u64 = 64;

/// What one block changed.
#[derive(Debug, Default)]
struct BlockOverlay {
    state: Changes,
    index: HashMap<Vec<u8>, IndexHit>,
    meta: HashMap<Vec<u8>, Vec<u8>>,
}

/// The changes of consecutive blocks; a later one replaces an earlier one of the same key.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    /// The last block in it.
    pub(crate) height: Height,
    /// About how much memory it takes.
    pub(crate) bytes: u64,
    blocks: Vec<BlockOverlay>,
    indexed_at: BTreeMap<u64, Vec<u8>>,
}

pub(crate) fn index_key(kind: IndexKind, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(1 + key.len());
    full.push(kind.0);
    full.extend_from_slice(key);
    full
}

impl Effects {
    /// Checks what [`Overlay::add`] relies on.
    pub(crate) fn check(&self) -> Result<(), StorageError> {
        match self.index.iter().map(|entry| entry.key.len()).max() {
            Some(longest) if longest > INDEX_KEY_BYTES_MAX => Err(StorageError::TooLarge {
                what: "an index key",
                bytes: longest as u64,
                max: INDEX_KEY_BYTES_MAX as u64,
            }),
            _ => Ok(()),
        }
    }
}

impl Overlay {
    /// Adds what the block at `height` changed.
    pub(crate) fn add(&mut self, height: Height, effects: Effects) {
        self.height = height;
        self.bytes += effects.changes.bytes() as u64;
        let mut block = BlockOverlay { state: effects.changes, ..BlockOverlay::default() };
        for entry in effects.index {
            let key = index_key(entry.kind, &entry.key);
            self.bytes += ENTRY_BYTES + (2 * key.len() + entry.value.len()) as u64;
            push_key(self.indexed_at.entry(height.0).or_default(), &key);
            block.index.insert(key, IndexHit { height, value: entry.value });
        }
        for (key, value) in effects.meta {
            self.bytes += ENTRY_BYTES + (key.len() + value.len()) as u64;
            block.meta.insert(key, value);
        }
        self.blocks.push(block);
    }

    /// What the entry became; `None` if it did not change.
    pub(crate) fn state(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        self.blocks.iter().rev().find_map(|block| block.state.find(key))
    }

    pub(crate) fn index(&self, full_key: &[u8]) -> Option<&IndexHit> {
        self.blocks.iter().rev().find_map(|block| block.index.get(full_key))
    }

    pub(crate) fn meta(&self, key: &[u8]) -> Option<&Vec<u8>> {
        self.blocks.iter().rev().find_map(|block| block.meta.get(key))
    }

    /// The batch that leads the database from its height to this one's.
    pub(crate) fn writes(&self) -> impl Iterator<Item = Write<'_>> {
        let state = self
            .merged(|block| block.state.iter())
            .map(|(key, value)| write(Space::State, key, value.map(Cow::Borrowed)));
        let index = self
            .merged(|block| block.index.iter().map(|(key, hit)| (key.as_slice(), hit)))
            .map(|(key, hit)| write(Space::Index, key, Some(hit.to_bytes().into())));
        let rows = self.indexed_at.iter().map(|(height, keys)| Write {
            space: Space::IndexedAt,
            key: Cow::Owned(height.to_be_bytes().to_vec()),
            value: Some(Cow::Borrowed(keys)),
        });
        let meta = self
            .merged(|block| block.meta.iter().map(|(key, value)| (key.as_slice(), value)))
            .map(|(key, value)| write(Space::Meta, key, Some(value.into())));
        state.chain(index).chain(rows).chain(meta).chain([height_write(self.height)])
    }

    /// The last value of each key, in order of keys, in which every backend writes fastest.
    fn merged<'a, T: 'a, I: Iterator<Item = (&'a [u8], T)>>(
        &'a self,
        entries: impl Fn(&'a BlockOverlay) -> I,
    ) -> impl Iterator<Item = (&'a [u8], T)> {
        let entries = self.blocks.iter().rev().flat_map(entries);
        let mut entries: Vec<_> = entries.map(|(key, value)| (head(key), key, value)).collect();
        // Most keys differ in their heads, which lie in the list itself. Stable, so that the newest of equal keys stays
        // the first, and quick where blocks' entries are in order already: it merges what it finds sorted.
        entries.sort_by(|(head, key, _), (other_head, other, _)| {
            head.cmp(other_head).then_with(|| key.cmp(other))
        });
        entries.dedup_by_key(|(_, key, _)| *key);
        entries.into_iter().map(|(_, key, value)| (key, value))
    }
}

/// Removals of the index entries of heights below `keep_from`, for at most `heights_max` of them. They come first in a
/// batch, so that an entry which a new block writes again stays.
pub(crate) fn pruned(
    snapshot: &dyn Snapshot,
    keep_from: Height,
    heights_max: usize,
) -> Result<Vec<Write<'static>>, StorageError> {
    let mut rows = Vec::new();
    snapshot.scan(Space::IndexedAt, &[], &mut |height, keys| {
        if height >= keep_from.0.to_be_bytes().as_slice() || rows.len() == heights_max {
            return ControlFlow::Break(());
        }
        rows.push((height.to_vec(), keys.to_vec()));
        ControlFlow::Continue(())
    })?;
    let mut removals = Vec::new();
    for (height, keys) in rows {
        for key in split_keys(&keys) {
            // A later block may have written the key again: then that block's row removes it.
            let stored = snapshot.get(Space::Index, key)?;
            if stored.is_some_and(|hit| hit.starts_with(&height)) {
                removals.push(removal(Space::Index, key.to_vec()));
            }
        }
        removals.push(removal(Space::IndexedAt, height));
    }
    Ok(removals)
}

/// The first bytes of a key as a number: if two heads differ, their keys are in the same order.
fn head(key: &[u8]) -> u128 {
    let mut head = [0; 16];
    head.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
    u128::from_be_bytes(head)
}

const fn write<'a>(space: Space, key: &'a [u8], value: Option<Cow<'a, [u8]>>) -> Write<'a> {
    Write { space, key: Cow::Borrowed(key), value }
}

const fn removal(space: Space, key: Vec<u8>) -> Write<'static> {
    Write { space, key: Cow::Owned(key), value: None }
}

impl IndexHit {
    fn to_bytes(&self) -> Vec<u8> {
        [&self.height.0.to_be_bytes(), self.value.as_slice()].concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (height, value) = bytes.split_first_chunk()?;
        Some(Self { height: Height(u64::from_be_bytes(*height)), value: value.to_vec() })
    }
}

/// Appends a key with its length, at most [`INDEX_KEY_BYTES_MAX`] and one for the kind.
fn push_key(keys: &mut Vec<u8>, key: &[u8]) {
    keys.extend_from_slice(&(key.len() as u16).to_be_bytes());
    keys.extend_from_slice(key);
}

fn split_keys(mut keys: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, rest) = keys.split_first_chunk()?;
        let (key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        keys = rest;
        Some(key)
    })
}
