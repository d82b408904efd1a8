//! What rules have worked out within a block and may use again in it.
//!
//! A scratch is no part of the state: no root, delta or witness knows it, and every block begins without it. What stands
//! in it must follow from the tables alone, so that it saves work and decides nothing. It is undone with them, to the same
//! checkpoints.

use crate::delta::{Delta, DeltaError};
use crate::index::{Hashed, Index};
use crate::readset::ReadSet;
use crate::tables::{AnyTable, Prefix};
use alloc::vec::Vec;
use core::fmt::{self, Debug};
use core::hash::Hash;

/// Values by key, forgotten when the block ends.
#[derive(Clone)]
pub struct Scratch<K, V> {
    entries: Hashed<K, V>,
    undo: Vec<(K, Option<V>)>,
    checkpoints: Vec<usize>,
}

impl<K, V> Default for Scratch<K, V> {
    fn default() -> Self {
        Self { entries: Hashed::default(), undo: Vec::new(), checkpoints: Vec::new() }
    }
}

impl<K: Eq + Hash, V> Debug for Scratch<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("entries", &self.entries.count()).finish()
    }
}

impl<K: Copy + Eq + Hash, V: Clone> Scratch<K, V> {
    /// The value at `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.find(key)
    }

    /// Sets the value at `key`.
    pub fn put(&mut self, key: K, value: V) {
        let old = self.entries.insert(key, value);
        self.undo.push((key, old));
    }

    /// Changes the value at `key`, if there is one.
    pub fn update(&mut self, key: &K, change: impl FnOnce(&mut V)) {
        let Some(value) = self.entries.find_mut(key) else { return };
        self.undo.push((*key, Some(value.clone())));
        change(value);
    }

    /// Forgets everything: what it followed from has changed at once. No checkpoint may be open.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.undo.clear();
        self.checkpoints.clear();
    }
}

impl<K: Copy + Eq + Hash + Send + 'static, V: Clone + Send + 'static> AnyTable for Scratch<K, V> {
    fn checkpoint(&mut self) {
        self.checkpoints.push(self.undo.len());
    }

    fn rollback(&mut self) {
        let mark = self.checkpoints.pop().unwrap_or(0);
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some((key, Some(old))) => drop(self.entries.insert(key, old)),
                Some((key, None)) => drop(self.entries.remove(&key)),
                None => {}
            }
        }
    }

    fn commit(&mut self) {
        self.checkpoints.pop();
    }

    fn revert_block(&mut self) {
        self.clear();
    }

    fn seal(&mut self, _: Prefix, _: &mut Delta) {
        self.clear();
    }

    fn set(&mut self, key: &[u8], _: Option<&[u8]>) -> Result<(), DeltaError> {
        no_entry(key)
    }

    fn record(&mut self, _: bool) {}

    fn take_reads(&mut self, _: Prefix, _: &mut ReadSet) {}

    fn begin_partial(&mut self) {}

    fn admit_key(&mut self, key: &[u8]) -> Result<(), DeltaError> {
        no_entry(key)
    }

    fn admit_range(&mut self, from: &[u8], _: &[u8]) -> Result<(), DeltaError> {
        no_entry(from)
    }

    fn misses(&self, _: Prefix, _: &mut ReadSet) {}

    fn entry(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn for_each(&self, _: Prefix, _: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {}

    fn entries(&self) -> usize {
        0
    }
}

/// What a delta or a witness says of this is none of these tables'.
fn no_entry(key: &[u8]) -> Result<(), DeltaError> {
    let at = |place| key.get::<usize>(place).copied().unwrap_or(0);
    Err(DeltaError::UnknownTable([at(0), at(1)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_undone_to_checkpoints_and_forgotten_with_the_block() {
        let mut scratch = Scratch::default();
        scratch.put(1u32, 10u64);
        scratch.checkpoint();
        scratch.update(&1, |value| *value += 1);
        scratch.put(2, 20);
        scratch.checkpoint();
        scratch.put(2, 21);
        scratch.commit();
        assert_eq!((scratch.get(&1), scratch.get(&2)), (Some(&11), Some(&21)));
        scratch.rollback();
        assert_eq!((scratch.get(&1), scratch.get(&2)), (Some(&10), None));
        scratch.update(&2, |value| *value += 1);
        assert_eq!(scratch.get(&2), None);
        let mut delta = Delta::default();
        scratch.seal(Prefix([0, 0]), &mut delta);
        assert!(delta.is_empty() && scratch.get(&1).is_none());
        assert_eq!(scratch.set(&[1], None), Err(DeltaError::UnknownTable([1, 0])));
    }
}
