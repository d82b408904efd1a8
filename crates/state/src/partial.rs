//! What a table built from a witness knows, and what it was asked beyond that.

use crate::Key;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// The part of a table that a witness covers: single keys, present or absent, and whole intervals.
#[derive(Clone, Debug)]
pub(crate) struct Known<K> {
    keys: BTreeSet<K>,
    /// Inclusive, disjoint after [`Known::admit_range`], sorted by their start.
    intervals: Vec<(K, K)>,
    /// Keys and intervals that were needed and are not covered.
    pub(crate) misses: Vec<(K, K)>,
}

impl<K> Default for Known<K> {
    fn default() -> Self {
        Self { keys: BTreeSet::new(), intervals: Vec::new(), misses: Vec::new() }
    }
}

impl<K: Key> Known<K> {
    pub(crate) fn admit_key(&mut self, key: K) {
        self.keys.insert(key);
    }

    /// Adds an interval; intervals arrive sorted and disjoint, anything else only makes less known.
    pub(crate) fn admit_range(&mut self, from: K, to: K) {
        if self.intervals.last().is_none_or(|(_, end)| *end < from) {
            self.intervals.push((from, to));
        }
    }

    /// Whether `key` is covered; if not, remembers the miss.
    pub(crate) fn need_key(&mut self, key: &K) -> bool {
        let covered = self.keys.contains(key) || self.interval_from(key).is_some();
        if !covered {
            self.misses.push((*key, *key));
        }
        covered
    }

    /// Whether all of `from..=to` is covered; if not, remembers the miss.
    pub(crate) fn need_range(&mut self, from: &K, to: &K) -> bool {
        let covered = self.interval_from(from).is_some_and(|(_, end)| to <= end)
            || (from == to && self.keys.contains(from));
        if !covered {
            self.misses.push((*from, *to));
        }
        covered
    }

    fn interval_from(&self, key: &K) -> Option<&(K, K)> {
        let after = self.intervals.partition_point(|(start, _)| start <= key);
        let interval = self.intervals.get(after.checked_sub(1)?)?;
        (*key <= interval.1).then_some(interval)
    }
}

/// The keys and intervals of one table that a block asked for.
#[derive(Clone, Debug)]
pub(crate) struct Reads<K> {
    pub(crate) keys: Vec<K>,
    pub(crate) intervals: Vec<(K, K)>,
}

impl<K> Default for Reads<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), intervals: Vec::new() }
    }
}

impl<K: Key> Reads<K> {
    /// Sorts, drops repetitions and joins intervals that overlap.
    pub(crate) fn normalise(&mut self) {
        self.intervals.sort_unstable();
        let mut joined: Vec<(K, K)> = Vec::new();
        for (from, to) in self.intervals.drain(..) {
            match joined.last_mut() {
                Some((_, end)) if from <= *end => *end = (*end).max(to),
                _ => joined.push((from, to)),
            }
        }
        self.intervals = joined;
        let keys: BTreeSet<K> = self.keys.drain(..).collect();
        self.keys = keys.into_iter().filter(|key| !self.interval_covers(key)).collect();
    }

    fn interval_covers(&self, key: &K) -> bool {
        let after = self.intervals.partition_point(|(start, _)| start <= key);
        let interval = after.checked_sub(1).and_then(|at| self.intervals.get(at));
        interval.is_some_and(|(_, end)| key <= end)
    }
}
