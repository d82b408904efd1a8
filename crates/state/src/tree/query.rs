//! What a proof is asked to show.

use crate::{Delta, ReadSet};
use alloc::vec::Vec;
use core::fmt;

/// An inclusive interval of keys; a single key is an interval of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interval<'a> {
    pub(super) from: &'a [u8],
    pub(super) to: &'a [u8],
}

/// Keys and intervals to be proven: for each key its value or that it is absent, for each interval all its entries.
/// Whatever a proof covers can also be updated on the tree made from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query<'a> {
    /// Sorted and disjoint.
    pub(super) intervals: Vec<Interval<'a>>,
}

impl<'a> Query<'a> {
    /// A query for keys and inclusive intervals `(from, to)`, in any order and overlapping as they like.
    pub fn new(
        keys: impl IntoIterator<Item = &'a [u8]>,
        ranges: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Self {
        let mut intervals: Vec<_> = keys.into_iter().map(|key| Interval { from: key, to: key }).collect();
        intervals.extend(ranges.into_iter().map(|(from, to)| Interval { from, to }));
        intervals.retain(|interval| interval.from <= interval.to);
        intervals.sort_unstable();
        let mut joined: Vec<Interval<'a>> = Vec::with_capacity(intervals.len());
        for interval in intervals {
            match joined.last_mut() {
                Some(last) if interval.from <= last.to => last.to = last.to.max(interval.to),
                _ => joined.push(interval),
            }
        }
        Self { intervals: joined }
    }

    /// A query for what a block read and what it changed: its proof lets the block be executed, and its delta applied,
    /// without the state.
    #[must_use]
    pub fn of_block(reads: &'a ReadSet, delta: &'a Delta) -> Self {
        let keys = reads.keys.iter().map(Vec::as_slice).chain(delta.changes().map(|change| change.key));
        Self::new(keys, reads.ranges.iter().map(|(from, to)| (from.as_slice(), to.as_slice())))
    }
}

/// Why no proof could be made: the values given are not those of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoProof {
    /// There is no value for this key, which the tree has.
    ValueMissing(Vec<u8>),
    /// The value for this key is not the one that was put into the tree.
    ValueDiffers(Vec<u8>),
}

impl fmt::Display for NoProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, key) = match self {
            Self::ValueMissing(key) => ("no value", key),
            Self::ValueDiffers(key) => ("a value other than the tree's", key),
        };
        write!(f, "{what} was given for key 0x")?;
        key.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl core::error::Error for NoProof {}
