//! The way down to a key, and the walk over all entries.

use super::Ordered;
use super::node::{FILL_MAX, Node};
use core::hint::select_unpredictable;

/// How many of the first `len` keys, which are in order, are `below`; those come first.
///
/// A fixed number of halving steps, each a conditional move: where a key lies in a node cannot be predicted, so a
/// search that branches would go wrong about every other step. For the same reason keys beyond `len`, which mean
/// nothing, are compared too.
#[inline]
fn count_below<K>(keys: &[K], len: usize, below: impl Fn(&K) -> bool) -> usize {
    STEPS.iter().fold(0, |count: usize, step| {
        let next = count.wrapping_add(*step);
        let is_below = keys.get(next.wrapping_sub(1)).is_some_and(&below);
        select_unpredictable(is_below & (next <= len), next, count)
    })
}

/// Their sum is the most keys there can be.
const STEPS: [usize; 5] = [16, 8, 4, 2, 1];
const _: () = assert!(FILL_MAX == 31);

impl<K: Ord, T> Node<K, T> {
    /// The first slot whose key is at least `key`; the length if there is none.
    #[inline]
    pub(super) fn lower_bound(&self, key: &K) -> usize {
        count_below(&self.keys, self.len(), |held| held < key)
    }

    /// The slot of `key`.
    #[inline]
    pub(super) fn slot_of(&self, key: &K) -> Option<usize> {
        let at = self.lower_bound(key);
        (self.keys().get(at)? == key).then_some(at)
    }

    /// The slot of the child under which `key` belongs.
    #[inline]
    pub(super) fn child_of(&self, key: &K) -> usize {
        // The first separator means nothing.
        count_below(self.keys.get(1..).unwrap_or(&[]), self.len().saturating_sub(1), |separator| {
            separator <= key
        })
    }
}

impl<K: Ord, V> Ordered<K, V> {
    /// The leaf in which `key` is, or belongs.
    #[inline]
    pub(super) fn leaf_of(&self, key: &K) -> Option<u32> {
        let mut id = self.root;
        for _ in 0..self.height {
            let inner = self.inners.node(id)?;
            id = *inner.item(inner.child_of(key))?;
        }
        Some(id)
    }
}

impl<K, V> Ordered<K, V> {
    /// Shows every entry in order.
    pub(super) fn walk(&self, show: &mut dyn FnMut(&K, &V)) {
        let mut id = self.first_leaf();
        while let Some(leaf) = id.and_then(|id| self.leaves.node(id)) {
            let entries = (0..leaf.len()).filter_map(|at| leaf.entry(at));
            entries.for_each(|(key, value)| show(key, value));
            id = Some(leaf.next);
        }
    }

    fn first_leaf(&self) -> Option<u32> {
        let mut id = self.root;
        for _ in 0..self.height {
            id = *self.inners.node(id)?.item(0)?;
        }
        Some(id)
    }
}
