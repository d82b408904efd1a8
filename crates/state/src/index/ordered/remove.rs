//! Removal. A leaf left with too little is evened out or merged with a neighbour, from the root downwards.

use super::Ordered;
use super::node::{FILL_MIN, Joined};

impl<K: Copy + Ord, V> Ordered<K, V> {
    /// Takes the value at `key` out.
    pub(super) fn take(&mut self, key: &K) -> Option<V> {
        let id = self.leaf_of(key)?;
        let leaf = self.leaves.node_mut(id)?;
        let value = leaf.remove(leaf.slot_of(key)?)?;
        self.count = self.count.saturating_sub(1);
        if leaf.len() < FILL_MIN && self.height > 0 {
            self.refill(key);
        }
        Some(value)
    }

    /// Brings the leaf of `key` back to the minimum.
    #[cold]
    fn refill(&mut self, key: &K) -> Option<()> {
        let mut parent = self.root;
        for _ in 1..self.height {
            // Each parent on the way, but the root, can lose one child.
            let (at, child) = self.child(parent, key)?;
            if self.inners.node(child)?.len() <= FILL_MIN {
                self.join_inners(parent, at.saturating_sub(1))?;
            }
            (_, parent) = self.child(parent, key)?;
        }
        let (at, _) = self.child(parent, key)?;
        self.join_leaves(parent, at.saturating_sub(1))?;
        self.drop_root()
    }

    /// Evens out or merges the leaves at `left_at` and right of it.
    pub(super) fn join_leaves(&mut self, parent: u32, left_at: usize) -> Option<()> {
        let (left, right, _) = self.neighbours(parent, left_at)?;
        let joined = self.leaves.join(left, right)?;
        self.renew(parent, left_at, &joined)
    }

    /// The same for inner nodes.
    fn join_inners(&mut self, parent: u32, left_at: usize) -> Option<()> {
        let (left, right, separator) = self.neighbours(parent, left_at)?;
        // The right node's first separator means nothing until it is no longer the first.
        self.inners.node_mut(right)?.set_key(0, separator)?;
        let joined = self.inners.join(left, right)?;
        self.renew(parent, left_at, &joined)
    }

    /// Slot and number of the child of `parent` under which `key` belongs.
    pub(super) fn child(&self, parent: u32, key: &K) -> Option<(usize, u32)> {
        let node = self.inners.node(parent)?;
        let at = node.child_of(key);
        Some((at, *node.item(at)?))
    }

    /// Two neighbours and the separator of the right one.
    fn neighbours(&self, parent: u32, left_at: usize) -> Option<(u32, u32, K)> {
        let node = self.inners.node(parent)?;
        let (separator, right) = node.entry(left_at.checked_add(1)?)?;
        Some((*node.item(left_at)?, *right, *separator))
    }

    /// Writes the new separator right of `left_at`, or forgets the child that was there.
    fn renew(&mut self, parent: u32, left_at: usize, joined: &Joined<K>) -> Option<()> {
        let right_at = left_at.checked_add(1)?;
        let node = self.inners.node_mut(parent)?;
        match joined {
            Joined::Evened(separator) => node.set_key(right_at, *separator),
            Joined::Merged => node.remove(right_at).map(|_| ()),
        }
    }

    /// Takes roots with a single child away.
    fn drop_root(&mut self) -> Option<()> {
        while self.height > 0 && self.inners.node(self.root)?.len() == 1 {
            let child = *self.inners.node(self.root)?.item(0)?;
            self.inners.release(self.root)?;
            self.root = child;
            self.height = self.height.checked_sub(1)?;
        }
        Some(())
    }
}
