//! Entries in the order of their keys: a B+tree whose nodes live in arenas and are used again.
//!
//! Leaves hold the entries and are chained in order; inner nodes hold, for each child, a separator and the child's
//! number. Leaves and inner nodes are one type, [`Node`](node::Node), in two [`Arena`]s; a node that falls empty is
//! kept, with its memory, for the next that is needed. So nothing is allocated unless there are more nodes than there
//! ever were, and an entry moves only within its leaf and that leaf's neighbours.
//!
//! Invariants, checked after each step of the twin test: keys ascend within a node; every key under child `i` is at
//! least separator `i` and below separator `i + 1` (separator 0 means nothing, as nothing lies left of it); all
//! leaves are at the same depth; every node but the root holds at least [`node::FILL_MIN`] items, an inner root at
//! least two; the chain of each level visits its nodes from left to right; every node is in the tree or free.
//!
//! Lookups of nodes and slots answer with an `Option` that is `Some` as long as these invariants hold: the `?` behind
//! them stands where other code would index, and leads nowhere.

mod arena;
mod insert;
mod node;
mod remove;
mod search;
#[cfg(test)]
mod tests;

use super::{Index, OrderedIndex};
use arena::Arena;
use core::fmt::{self, Debug};

/// An ordered index: for tables that are scanned, and for keys that outsiders can choose.
#[derive(Clone)]
pub struct Ordered<K, V> {
    leaves: Arena<K, V>,
    inners: Arena<K, u32>,
    /// A leaf if `height` is 0, else an inner node; not there before the first entry.
    root: u32,
    /// Levels of inner nodes.
    height: u32,
    count: usize,
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self { leaves: Arena::default(), inners: Arena::default(), root: arena::NONE, height: 0, count: 0 }
    }
}

impl<K: Debug, V: Debug> Debug for Ordered<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        self.walk(&mut |key, value| {
            map.entry(key, value);
        });
        map.finish()
    }
}

impl<K: Copy + Ord, V> Index<K, V> for Ordered<K, V> {
    fn find(&self, key: &K) -> Option<&V> {
        let leaf = self.leaves.node(self.leaf_of(key)?)?;
        leaf.item(leaf.slot_of(key)?)
    }

    fn find_mut(&mut self, key: &K) -> Option<&mut V> {
        let leaf = self.leaves.node_mut(self.leaf_of(key)?)?;
        leaf.item_mut(leaf.slot_of(key)?)
    }

    fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.put(key, value)
    }

    fn remove(&mut self, key: &K) -> Option<V> {
        self.take(key)
    }

    fn count(&self) -> usize {
        self.count
    }

    fn for_each(&self, show: &mut dyn FnMut(&K, &V)) {
        self.walk(show);
    }
}

impl<K: Copy + Ord, V> OrderedIndex<K, V> for Ordered<K, V> {
    fn first_from(&self, from: &K) -> Option<(&K, &V)> {
        let leaf = self.leaves.node(self.leaf_of(from)?)?;
        // All keys under a leaf's separator may be gone or be smaller; then the next leaf begins with the answer.
        leaf.entry(leaf.lower_bound(from)).or_else(|| self.leaves.node(leaf.next)?.entry(0))
    }
}
