//! Who has how much waiting.
//!
//! Shares are counted in units of bytes begun, so that few large transactions weigh as many small ones do: whoever fills
//! a lane, with either, is the one who makes room.

use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a unit: a plain order or transfer is one or two.
const UNIT_BYTES: usize = 256;

/// What a transaction of `bytes` weighs.
pub(crate) const fn weight(bytes: usize) -> usize {
    1 + bytes / UNIT_BYTES
}

/// Weights by owner, with those who have most at hand.
#[derive(Debug)]
pub(crate) struct Shares<A> {
    weights: BTreeMap<A, usize>,
    by_weight: BTreeSet<(usize, A)>,
}

impl<A> Default for Shares<A> {
    fn default() -> Self {
        Self { weights: BTreeMap::new(), by_weight: BTreeSet::new() }
    }
}

impl<A: Copy + Ord> Shares<A> {
    /// What `owner` has.
    pub(crate) fn of(&self, owner: A) -> usize {
        self.weights.get(&owner).copied().unwrap_or(0)
    }

    /// One of those who have most, and how much.
    pub(crate) fn heaviest(&self) -> Option<(usize, A)> {
        self.by_weight.last().copied()
    }

    /// Adds a transaction of `bytes`.
    pub(crate) fn add(&mut self, owner: A, bytes: usize) {
        self.set(owner, self.of(owner) + weight(bytes));
    }

    /// Takes a transaction of `bytes` off.
    pub(crate) fn subtract(&mut self, owner: A, bytes: usize) {
        self.set(owner, self.of(owner) - weight(bytes));
    }

    fn set(&mut self, owner: A, weight: usize) {
        let before =
            if weight == 0 { self.weights.remove(&owner) } else { self.weights.insert(owner, weight) };
        if let Some(before) = before {
            self.by_weight.remove(&(before, owner));
        }
        if weight > 0 {
            self.by_weight.insert((weight, owner));
        }
    }
}
