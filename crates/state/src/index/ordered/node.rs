//! A node: up to [`FILL_MAX`] keys in order, each with an item: a value in a leaf, a child's number in an inner node.
//!
//! Keys are apart from the items, so that a search touches few cache lines. The items' memory is allocated once, at
//! full size. What keys lie beyond the node's length means nothing.

use super::arena::{Arena, NONE};
use alloc::vec::Vec;

/// Most items in a node: what the fixed steps of a search can tell apart.
pub(super) const FILL_MAX: usize = 31;
/// Fewest items in a node other than the root. Well below half of the most, so that a node that was just split or
/// merged is far from the next split and merge.
pub(super) const FILL_MIN: usize = 12;
/// Neighbours that together have at most this many items are merged.
const MERGE_MAX: usize = 26;
/// A neighbour with at most this many items takes some over from a full node before that is split.
pub(super) const LEND_MAX: usize = 26;

/// Keys and items.
pub(super) struct Node<K, T> {
    pub(super) keys: [K; FILL_MAX],
    items: Vec<T>,
    /// The node to the right on the same level.
    pub(super) next: u32,
}

impl<K: Clone, T: Clone> Clone for Node<K, T> {
    fn clone(&self) -> Self {
        let mut items = Vec::with_capacity(FILL_MAX);
        items.extend_from_slice(&self.items);
        Self { keys: self.keys.clone(), items, next: self.next }
    }
}

impl<K, T> Node<K, T> {
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.next = NONE;
    }

    /// The keys that are there.
    #[inline]
    pub(super) fn keys(&self) -> &[K] {
        self.keys.get(..self.items.len()).unwrap_or(&[])
    }

    #[inline]
    pub(super) fn item(&self, at: usize) -> Option<&T> {
        self.items.get(at)
    }

    #[inline]
    pub(super) fn item_mut(&mut self, at: usize) -> Option<&mut T> {
        self.items.get_mut(at)
    }

    #[inline]
    pub(super) fn entry(&self, at: usize) -> Option<(&K, &T)> {
        Some((self.keys.get(at)?, self.items.get(at)?))
    }
}

impl<K: Copy, T> Node<K, T> {
    pub(super) fn new(key: K) -> Self {
        Self { keys: [key; FILL_MAX], items: Vec::with_capacity(FILL_MAX), next: NONE }
    }

    /// Puts an item before the one at `at`; the node has room.
    pub(super) fn insert(&mut self, at: usize, key: K, item: T) -> Option<()> {
        let run = self.keys.get_mut(at..=self.items.len())?;
        let moved = run.len().checked_sub(1)?;
        run.copy_within(..moved, 1);
        *run.first_mut()? = key;
        self.items.insert(at, item);
        Some(())
    }

    /// Takes the item at `at` out.
    pub(super) fn remove(&mut self, at: usize) -> Option<T> {
        let run = self.keys.get_mut(at..self.items.len()).filter(|run| !run.is_empty())?;
        run.copy_within(1.., 0);
        Some(self.items.remove(at))
    }

    /// Replaces the key at `at`.
    pub(super) fn set_key(&mut self, at: usize, key: K) -> Option<()> {
        *self.keys.get_mut(at)? = key;
        Some(())
    }

    /// Moves the items from `from` on to the front of `right`, which has room.
    fn give_right(&mut self, from: usize, right: &mut Self) -> Option<()> {
        let given = self.keys.get(from..self.items.len())?;
        let held = right.items.len();
        right.keys.get_mut(..held.checked_add(given.len())?)?.copy_within(..held, given.len());
        right.keys.get_mut(..given.len())?.copy_from_slice(given);
        right.items.extend(self.items.drain(from..));
        right.items.rotate_left(held);
        Some(())
    }

    /// Moves the first `count` items of `right` to the end of this node, which has room.
    fn take_right(&mut self, count: usize, right: &mut Self) -> Option<()> {
        let held = self.items.len();
        let room = self.keys.get_mut(held..held.checked_add(count)?)?;
        room.copy_from_slice(right.keys.get(..count)?);
        right.keys.get_mut(..right.items.len())?.copy_within(count.., 0);
        self.items.extend(right.items.drain(..count));
        Some(())
    }
}

impl<K: Copy, T> Arena<K, T> {
    /// Moves the upper half of a node to a new right neighbour; returns its separator and number.
    pub(super) fn split(&mut self, left: u32) -> Option<(K, u32)> {
        let filler = *self.node(left)?.keys.first()?;
        let right = self.acquire(filler)?;
        let [left_node, right_node] = self.pair_mut(left, right)?;
        left_node.give_right(FILL_MAX / 2, right_node)?;
        right_node.next = left_node.next;
        left_node.next = right;
        Some((*right_node.keys.first()?, right))
    }

    /// Evens two neighbours out, or merges them if there is little in both.
    pub(super) fn join(&mut self, left: u32, right: u32) -> Option<Joined<K>> {
        let [left_node, right_node] = self.pair_mut(left, right)?;
        let total = left_node.len().checked_add(right_node.len())?;
        if total <= MERGE_MAX {
            left_node.take_right(right_node.len(), right_node)?;
            left_node.next = right_node.next;
            self.release(right)?;
            return Some(Joined::Merged);
        }
        let half = total / 2;
        if left_node.len() > half {
            left_node.give_right(half, right_node)?;
        } else {
            left_node.take_right(half.checked_sub(left_node.len())?, right_node)?;
        }
        right_node.keys.first().copied().map(Joined::Evened)
    }
}

/// What became of two neighbours.
pub(super) enum Joined<K> {
    /// Both are there; this is the new separator of the right one.
    Evened(K),
    /// The right one is gone.
    Merged,
}
