//! One typed table: entries written in place, each write remembering the value before.
//!
//! The remembered values serve three ends without code in the engines: rollback to a checkpoint, the block's
//! [`Delta`], and, while recording, the read set from which a witness is made. A table in partial mode holds only what
//! a witness covers; asking for more is never answered "absent" but remembered as a miss, which spoils the block.
//!
//! Invariant: undoing all remembered writes, last first, gives the state at the last [`Table::seal`].

use crate::delta::{Delta, DeltaError};
use crate::index::{Index, OrderedIndex};
use crate::partial::{Known, Reads};
use crate::readset::ReadSet;
use crate::tables::{AnyTable, Prefix};
use crate::{Key, Value};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt::{self, Debug};

/// How a table answers questions, besides answering them.
#[derive(Clone, Debug)]
enum Mode<K> {
    /// Complete, remembering nothing of what is read.
    Full,
    /// Complete, remembering what is read or written.
    Recording(Box<Reads<K>>),
    /// Only what a witness covers.
    Partial(Box<Known<K>>),
}

/// A table over the index `I`; see [`tables!`](crate::tables) for how tables are declared.
#[derive(Clone)]
pub struct Table<K, V, I> {
    index: I,
    undo: Vec<(K, Option<V>)>,
    checkpoints: Vec<usize>,
    mode: Mode<K>,
}

impl<K, V, I: Index<K, V>> Debug for Table<K, V, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("entries", &self.index.count()).field("undo", &self.undo.len()).finish()
    }
}

impl<K, V, I: Default> Default for Table<K, V, I> {
    fn default() -> Self {
        Self { index: I::default(), undo: Vec::new(), checkpoints: Vec::new(), mode: Mode::Full }
    }
}

impl<K: Key, V: Value, I: Index<K, V>> Table<K, V, I> {
    /// The value at `key`, for rules: the read is recorded, or checked against the witness.
    pub fn get(&mut self, key: &K) -> Option<&V> {
        self.touch(key);
        self.index.find(key)
    }

    /// Whether `key` has a value, for rules.
    pub fn contains(&mut self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// The value at `key`, for readers outside the rules. In partial state an unknown key looks absent: rules that
    /// called this would fail the standing witness test.
    pub fn peek(&self, key: &K) -> Option<&V> {
        self.index.find(key)
    }

    /// Number of entries held.
    pub fn len(&self) -> usize {
        self.index.count()
    }

    /// Whether no entry is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sets the value at `key`.
    pub fn put(&mut self, key: K, value: V) {
        self.touch(&key);
        let old = self.index.insert(key, value);
        self.undo.push((key, old));
    }

    /// Takes the entry at `key` out; returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.touch(key);
        let old = self.index.remove(key)?;
        self.undo.push((*key, Some(old.clone())));
        Some(old)
    }

    /// Changes the value at `key` in place; `None` if there is none.
    pub fn update<R>(&mut self, key: &K, change: impl FnOnce(&mut V) -> R) -> Option<R> {
        self.touch(key);
        let value = self.index.find_mut(key)?;
        self.undo.push((*key, Some(value.clone())));
        Some(change(value))
    }

    fn touch(&mut self, key: &K) {
        match &mut self.mode {
            Mode::Full => {}
            Mode::Recording(reads) => reads.keys.push(*key),
            Mode::Partial(known) => {
                known.need_key(key);
            }
        }
    }

    fn undo_to(&mut self, mark: usize) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some((key, Some(old))) => {
                    self.index.insert(key, old);
                }
                Some((key, None)) => {
                    self.index.remove(&key);
                }
                None => {}
            }
        }
    }
}

impl<K: Key, V: Value, I: OrderedIndex<K, V>> Table<K, V, I> {
    /// The first entry with a key in `from..=to`, for rules.
    pub fn first(&mut self, from: &K, to: &K) -> Option<(K, &V)> {
        if from > to {
            return None;
        }
        let found = self.index.first_from(from).filter(|(key, _)| *key <= to);
        let end = found.map_or(to, |(key, _)| key);
        match &mut self.mode {
            Mode::Full => {}
            Mode::Recording(reads) => reads.intervals.push((*from, *end)),
            Mode::Partial(known) => {
                if !known.need_range(from, end) {
                    return None;
                }
            }
        }
        found.map(|(key, value)| (*key, value))
    }

    /// The first entry with a key in `from..=to`, for readers outside the rules; see [`Table::peek`].
    pub fn peek_first(&self, from: &K, to: &K) -> Option<(&K, &V)> {
        self.index.first_from(from).filter(|(key, _)| *key <= to)
    }
}

impl<K: Key, V: Value, I: Index<K, V> + Send + 'static> AnyTable for Table<K, V, I>
where
    K: Send,
    V: Send,
{
    fn checkpoint(&mut self) {
        self.checkpoints.push(self.undo.len());
    }

    fn rollback(&mut self) {
        let mark = self.checkpoints.pop().unwrap_or(0);
        self.undo_to(mark);
    }

    fn commit(&mut self) {
        self.checkpoints.pop();
    }

    fn revert_block(&mut self) {
        self.checkpoints.clear();
        self.undo_to(0);
    }

    fn seal(&mut self, prefix: Prefix, delta: &mut Delta) {
        self.checkpoints.clear();
        let mut first_writes: Vec<(K, usize)> =
            self.undo.iter().enumerate().map(|(at, (key, _))| (*key, at)).collect();
        first_writes.sort_unstable();
        first_writes.dedup_by_key(|(key, _)| *key);
        delta.reserve(first_writes.len(), K::LEN.saturating_add(size_of::<V>()));
        for (key, at) in first_writes {
            let old = self.undo.get(at).and_then(|(_, old)| old.as_ref());
            let new = self.index.find(&key);
            if old != new {
                delta.push(prefix, &key, old, new);
            }
        }
        self.undo.clear();
    }

    fn set(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), DeltaError> {
        let key = K::from_bytes(key).map_err(DeltaError::Key)?;
        match value {
            Some(bytes) => {
                self.index.insert(key, V::from_bytes(bytes).map_err(DeltaError::Value)?);
            }
            None => {
                self.index.remove(&key);
            }
        }
        Ok(())
    }

    fn record(&mut self, on: bool) {
        self.mode = if on { Mode::Recording(Box::default()) } else { Mode::Full };
    }

    fn take_reads(&mut self, prefix: Prefix, set: &mut ReadSet) {
        let Mode::Recording(reads) = &mut self.mode else { return };
        reads.normalise();
        reads.keys.iter().for_each(|key| set.keys.push(prefix.key(key)));
        reads.intervals.iter().for_each(|(from, to)| set.ranges.push((prefix.key(from), prefix.key(to))));
        **reads = Reads::default();
    }

    fn begin_partial(&mut self) {
        self.mode = Mode::Partial(Box::default());
    }

    fn admit_key(&mut self, key: &[u8]) -> Result<(), DeltaError> {
        let key = K::from_bytes(key).map_err(DeltaError::Key)?;
        if let Mode::Partial(known) = &mut self.mode {
            known.admit_key(key);
        }
        Ok(())
    }

    fn admit_range(&mut self, from: &[u8], to: &[u8]) -> Result<(), DeltaError> {
        let from = K::from_bytes(from).map_err(DeltaError::Key)?;
        let to = K::from_bytes(to).map_err(DeltaError::Key)?;
        if let Mode::Partial(known) = &mut self.mode {
            known.admit_range(from, to);
        }
        Ok(())
    }

    fn misses(&self, prefix: Prefix, set: &mut ReadSet) {
        let Mode::Partial(known) = &self.mode else { return };
        for (from, to) in &known.misses {
            if from == to {
                set.keys.push(prefix.key(from));
            } else {
                set.ranges.push((prefix.key(from), prefix.key(to)));
            }
        }
    }

    fn entry(&self, key: &[u8]) -> Option<Vec<u8>> {
        let key = K::from_bytes(key).ok()?;
        self.index.find(&key).map(tandem_codec::Encode::to_bytes)
    }

    fn for_each(&self, prefix: Prefix, show: &mut dyn FnMut(Vec<u8>, Vec<u8>)) {
        self.index.for_each(&mut |key, value| show(prefix.key(key), value.to_bytes()));
    }

    fn entries(&self) -> usize {
        self.index.count()
    }
}
