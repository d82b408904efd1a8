//! A sorted batch of updates, merged into a tree in one descent; the hashes follow on the way up.
//!
//! A call takes a subtree, the updates that fall to it, and any terminal below it. As the updates are sorted, the first
//! and the last tell where their keys part from the subtree's: above its branching bit (then a new node goes above it)
//! or not (then the updates divide between its children). Each node is visited once, and hashed once if it changed.
//!
//! Full and partial trees share this. In a partial tree, pruned subtrees only ever move, whole: the caller has checked
//! that no update falls into one.
//!
//! Nested calls are about growing bits: at most one graft and one division for each.

use super::arena::{Arena, Link, Node, Subtree};
use super::bits::{Path, bit};
use super::update::Update;

/// Updates for which memory is fetched together: enough to hide its latency, few enough to find it in the cache.
const FETCH_GROUP: usize = 16;

/// What is known of a batch against the subtree that it falls to.
#[derive(Clone, Copy)]
struct Reach {
    /// A leaf or pruned subtree below the subtree.
    terminal: Link,
    /// First bit in which a key of the batch differs from the terminal's path; its length if all agree with it.
    parts: u16,
}

/// An inner node at which a batch divides.
#[derive(Clone, Copy)]
struct Fork {
    number: u32,
    /// The node's bit.
    at: u16,
    /// The side on which the terminal of `reach` lies.
    known: bool,
    /// How many updates divide.
    updates: usize,
    reach: Reach,
}

impl Arena {
    /// The tree with root `root` after `batch`, which was checked: strictly ascending, no key a prefix of another.
    pub(super) fn apply(&mut self, root: Option<Subtree>, batch: &[Update<'_>]) -> Option<Subtree> {
        match (root, batch.first()) {
            (None, _) => self.build(batch),
            (root, None) => root,
            (Some(root), Some(first)) => {
                let reach = self.reach(self.terminal(root.link, first.key), batch, 0);
                self.merge(root, batch, reach)
            }
        }
    }

    /// How far `batch` goes with a terminal. All agree in the bytes before bit `from`.
    fn reach(&self, terminal: Link, batch: &[Update<'_>], from: u16) -> Reach {
        let path = self.path(terminal);
        let mut parts = path.bits();
        if let Some(first) = batch.first() {
            parts = path.divergence(first.key, from);
        }
        if let [_, .., last] = batch {
            parts = parts.min(path.divergence(last.key, from));
        }
        Reach { terminal, parts }
    }

    /// `tree` after `batch`, which is not empty.
    fn merge(&mut self, tree: Subtree, batch: &[Update<'_>], reach: Reach) -> Option<Subtree> {
        match tree.link.node() {
            Node::Inner(number) => {
                let at = self.inner(number).bit;
                if reach.parts < at {
                    return self.graft(tree, batch, reach);
                }
                self.divide(number, at, batch, reach)
            }
            _ if reach.parts < self.path(tree.link).bits() => self.graft(tree, batch, reach),
            Node::Leaf(_) => self.replace(tree, batch),
            Node::Pruned(_) => Some(tree),
        }
    }

    /// All of `batch` has the prefix of the inner node `number`: it divides between the node's children.
    fn divide(&mut self, number: u32, at: u16, batch: &[Update<'_>], reach: Reach) -> Option<Subtree> {
        let (low, high) = split(batch, at);
        if batch.len() > FETCH_GROUP {
            self.fetch(self.child(number, false).link, low);
            self.fetch(self.child(number, true).link, high);
        }
        let known = self.path(reach.terminal).bit(at);
        let fork = Fork { number, at, known, updates: batch.len(), reach };
        let left = self.merge_child(fork, false, low);
        let right = self.merge_child(fork, true, high);
        if left && right {
            return Some(self.rehash(number));
        }
        let rest = (left || right).then(|| self.child(number, right));
        self.remove_inner(number);
        rest
    }

    /// Merges a child's share of a batch into it; whether anything is left there.
    fn merge_child(&mut self, node: Fork, side: bool, share: &[Update<'_>]) -> bool {
        let Some(first) = share.first() else { return true };
        let child = self.child(node.number, side);
        let reach = if side != node.known {
            self.reach(self.terminal(child.link, first.key), share, node.at)
        } else if share.len() == node.updates {
            node.reach
        } else {
            self.reach(node.reach.terminal, share, node.at)
        };
        let child = self.merge(child, share, reach);
        if let Some(child) = child {
            self.set_child(node.number, side, child);
        }
        child.is_some()
    }

    /// Some of `batch` parts from `tree` above it: what it leaves behind goes beside the tree.
    fn graft(&mut self, tree: Subtree, batch: &[Update<'_>], reach: Reach) -> Option<Subtree> {
        let Reach { terminal, parts: at } = reach;
        let side = self.path(terminal).bit(at);
        let (low, high) = split(batch, at);
        let (near, far) = if side { (high, low) } else { (low, high) };
        let beside = self.build(far);
        let tree = if near.is_empty() {
            Some(tree)
        } else {
            let reach = self.reach(terminal, near, at);
            self.merge(tree, near, reach)
        };
        if side { self.join(at, beside, tree) } else { self.join(at, tree, beside) }
    }

    /// A leaf after the update of its key.
    fn replace(&mut self, leaf: Subtree, batch: &[Update<'_>]) -> Option<Subtree> {
        if let Some(Update { key, value: Some(value) }) = batch.first() {
            return Some(Subtree { hash: self.hash_leaf(key, value), ..leaf });
        }
        if let Node::Leaf(at) = leaf.link.node() {
            self.remove_leaf(at);
        }
        None
    }

    /// A tree of the entries that `batch` puts; what it removes was not there.
    fn build(&mut self, batch: &[Update<'_>]) -> Option<Subtree> {
        let first = batch.iter().position(|update| update.value.is_some())?;
        let last = batch.iter().rposition(|update| update.value.is_some())?;
        let batch = batch.get(first..=last)?;
        let (first, last) = (batch.first()?, batch.last()?);
        if batch.len() == 1 {
            return Some(self.add_leaf(first.key, first.value?));
        }
        let at = Path::whole(first.key).divergence(last.key, 0);
        let (low, high) = split(batch, at);
        let (left, right) = (self.build(low), self.build(high));
        self.join(at, left, right)
    }

    fn join(&mut self, at: u16, left: Option<Subtree>, right: Option<Subtree>) -> Option<Subtree> {
        match (left, right) {
            (Some(left), Some(right)) => Some(self.add_inner(at, left, right)),
            (left, right) => left.or(right),
        }
    }
}

impl Arena {
    /// Touches what the merge of a small batch into a large tree will read, walking down for all updates in step: the
    /// machine then waits for many lines of memory at once, where the merge would wait for one after the other.
    fn fetch(&self, tree: Link, batch: &[Update<'_>]) {
        if batch.len() > FETCH_GROUP || !self.is_far() {
            return;
        }
        let mut cursors = [tree; FETCH_GROUP];
        let mut touched = 0;
        let mut walking = true;
        while walking {
            walking = false;
            for (cursor, update) in cursors.iter_mut().zip(batch) {
                if let Node::Inner(number) = cursor.node() {
                    let node = self.inner(number);
                    touched ^= self.slot(number).word();
                    *cursor = if bit(update.key, node.bit) { node.right } else { node.left };
                    walking = true;
                }
            }
        }
        for cursor in cursors.iter().take(batch.len()) {
            touched ^= u32::from(self.path(*cursor).bit(0));
        }
        // What was read is of no use; only that it was.
        core::hint::black_box(touched);
    }
}

/// The updates with a 0 at bit `at`, and those with a 1; before that bit they agree.
fn split<'b, 'k>(batch: &'b [Update<'k>], at: u16) -> (&'b [Update<'k>], &'b [Update<'k>]) {
    batch.split_at(batch.partition_point(|update| !bit(update.key, at)))
}
