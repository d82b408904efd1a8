//! Insertion. A full leaf first gets room, from the root downwards; then the entry goes in.

use super::Ordered;
use super::arena::{Arena, NONE};
use super::node::{FILL_MAX, LEND_MAX};

impl<K: Copy + Ord, V> Ordered<K, V> {
    /// Sets the value at `key` and returns the one before.
    pub(super) fn put(&mut self, key: K, value: V) -> Option<V> {
        if self.root == NONE {
            self.root = self.leaves.acquire(key)?;
        }
        let id = self.leaf_of(&key)?;
        let leaf = self.leaves.node_mut(id)?;
        let at = leaf.lower_bound(&key);
        if leaf.keys().get(at) == Some(&key) {
            return leaf.item_mut(at).map(|held| core::mem::replace(held, value));
        }
        if leaf.len() < FILL_MAX {
            leaf.insert(at, key, value)?;
        } else {
            self.put_in_full(key, value)?;
        }
        self.count = self.count.saturating_add(1);
        None
    }

    /// Inserts an entry whose leaf is full.
    #[cold]
    fn put_in_full(&mut self, key: K, value: V) -> Option<()> {
        self.make_room(&key)?;
        let id = self.leaf_of(&key)?;
        let leaf = self.leaves.node_mut(id)?;
        leaf.insert(leaf.lower_bound(&key), key, value)
    }

    /// Makes room in the leaf of `key`.
    fn make_room(&mut self, key: &K) -> Option<()> {
        if self.height == 0 || self.inners.node(self.root)?.len() >= FILL_MAX {
            self.add_root(*key)?;
        }
        let mut parent = self.root;
        for _ in 1..self.height {
            // Each parent on the way has room for one more child.
            let (_, child) = self.child(parent, key)?;
            if self.inners.node(child)?.len() >= FILL_MAX {
                self.spread_inner(parent, key)?;
            }
            (_, parent) = self.child(parent, key)?;
        }
        self.spread_leaf(parent, key)
    }

    /// Puts an inner node with a single child over the root, which is about to be split.
    fn add_root(&mut self, filler: K) -> Option<()> {
        let root = self.inners.acquire(filler)?;
        self.inners.node_mut(root)?.insert(0, filler, self.root)?;
        self.root = root;
        self.height = self.height.checked_add(1)?;
        Some(())
    }

    fn spread_inner(&mut self, parent: u32, key: &K) -> Option<()> {
        let (at, child) = self.child(parent, key)?;
        let (separator, right) = self.inners.split(child)?;
        self.inners.node_mut(parent)?.insert(at.checked_add(1)?, separator, right)
    }

    /// Lets a neighbour of the full leaf of `key` take entries over, or splits the leaf.
    fn spread_leaf(&mut self, parent: u32, key: &K) -> Option<()> {
        let (at, child) = self.child(parent, key)?;
        if let Some(left_at) = self.lender(parent, at) {
            return self.join_leaves(parent, left_at);
        }
        let (separator, right) = self.leaves.split(child)?;
        self.inners.node_mut(parent)?.insert(at.checked_add(1)?, separator, right)
    }

    /// The left slot of a pair of neighbours, one of them at `at`, of which the other has room to spare.
    fn lender(&self, parent: u32, at: usize) -> Option<usize> {
        let children = self.inners.node(parent)?;
        let spare = |at: usize| room(&self.leaves, *children.item(at)?);
        let left = at.checked_sub(1);
        if left.and_then(spare).is_some() {
            return left;
        }
        spare(at.checked_add(1)?).map(|_| at)
    }
}

/// Whether a node can take entries over.
fn room<K, T>(nodes: &Arena<K, T>, id: u32) -> Option<()> {
    (nodes.node(id)?.len() <= LEND_MAX).then_some(())
}
