//! The nodes of a tree, in flat lists with numbers for pointers.
//!
//! An inner node is split in two: what a descent reads (12 bytes) and the hashes of its children (one aligned 64-byte
//! slot). A node's own hash lies with its parent, the root's with the tree. A leaf is its key and nothing else. A pruned
//! subtree, which only partial trees have, is the first bits of its keys. No prefixes are kept: all keys below a node
//! agree up to its bit, so any terminal below it tells them.

use super::bits::{Path, bit};
use super::hash::{self, Digest, Slot};
use super::keys::{KeyAt, Keys, UNITS_MAX, grow};
use alloc::vec::Vec;
use core::mem::size_of;

/// Numbers that a [`Link`] can hold beside its kind.
const NUMBERS: usize = 1 << 30;
const KIND_SHIFT: u32 = 30;
/// End of the chain of freed inner nodes.
const END: u32 = u32::MAX;

/// A pointer to a node: its kind in the upper two bits, its number in the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link(u32);

/// What a [`Link`] points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Inner(u32),
    Leaf(KeyAt),
    Pruned(u32),
}

impl Link {
    const fn new(kind: u32, number: u32) -> Self {
        Self(kind << KIND_SHIFT | number)
    }

    pub(super) const fn node(self) -> Node {
        let number = self.0 << 2 >> 2;
        match self.0 >> KIND_SHIFT {
            0 => Node::Inner(number),
            1 => Node::Leaf(KeyAt(number)),
            _ => Node::Pruned(number),
        }
    }
}

/// A node with its hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subtree {
    pub(super) link: Link,
    pub(super) hash: Digest,
}

/// The part of an inner node that a descent reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inner {
    /// The child whose keys have a 0 at `bit`; in a freed node the next freed one.
    pub(super) left: Link,
    pub(super) right: Link,
    pub(super) bit: u16,
}

/// A subtree of which only the hash is known, and the first bits of its keys.
#[derive(Clone, Copy, Debug)]
struct Pruned {
    path: KeyAt,
    bits: u16,
}

/// The nodes of one tree.
#[derive(Clone)]
pub(super) struct Arena {
    inner: Vec<Inner>,
    slots: Vec<Slot>,
    free: u32,
    keys: Keys,
    pruned: Vec<Pruned>,
    /// Leaves present.
    pub(super) leaves: usize,
    /// Compressions made since the beginning.
    pub(super) compressions: u64,
}

impl Arena {
    pub(super) const fn new() -> Self {
        Self {
            inner: Vec::new(),
            slots: Vec::new(),
            free: END,
            keys: Keys::new(),
            pruned: Vec::new(),
            leaves: 0,
            compressions: 0,
        }
    }

    /// Whether `more` entries can be added without running out of numbers.
    pub(super) const fn has_room(&self, more: usize) -> bool {
        let units = self.keys.units().saturating_add(more.saturating_mul(UNITS_MAX));
        units < NUMBERS && self.inner.len().saturating_add(more) < NUMBERS
    }

    /// Whether reading the nodes means waiting for memory: a full tree larger than a core's own cache. A partial tree
    /// was only just made.
    pub(super) const fn is_far(&self) -> bool {
        self.inner.len() > 1 << 13 && self.pruned.is_empty()
    }

    /// Bytes of memory held.
    pub(super) const fn bytes(&self) -> usize {
        let inner = self.inner.capacity().saturating_mul(size_of::<Inner>());
        let slots = self.slots.capacity().saturating_mul(size_of::<Slot>());
        let pruned = self.pruned.capacity().saturating_mul(size_of::<Pruned>());
        inner.saturating_add(slots).saturating_add(pruned).saturating_add(self.keys.bytes())
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "numbers come from `add_inner` and die with the link they stand in"
    )]
    pub(super) fn inner(&self, number: u32) -> &Inner {
        &self.inner[index(number)]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "numbers come from `add_inner` and die with the link they stand in"
    )]
    pub(super) fn slot(&self, number: u32) -> &Slot {
        &self.slots[index(number)]
    }

    /// A child of an inner node with its hash.
    pub(super) fn child(&self, number: u32, side: bool) -> Subtree {
        let node = self.inner(number);
        let link = if side { node.right } else { node.left };
        Subtree { link, hash: *self.slot(number).child(side) }
    }

    pub(super) fn key(&self, at: KeyAt) -> &[u8] {
        self.keys.key(at)
    }

    /// The leaf or pruned subtree below `link` that a descent along the bits of `key` reaches, comparing nothing.
    /// Each step goes to a greater bit, so there are at most 512.
    pub(super) fn terminal(&self, mut link: Link, key: &[u8]) -> Link {
        while let Node::Inner(number) = link.node() {
            let node = self.inner(number);
            link = if bit(key, node.bit) { node.right } else { node.left };
        }
        link
    }

    /// What is known of the keys at a terminal: enough for every node above it. Nothing for an inner node.
    pub(super) fn path(&self, terminal: Link) -> Path<'_> {
        match terminal.node() {
            Node::Leaf(at) => Path::whole(self.key(at)),
            Node::Pruned(number) => self.pruned_path(number),
            Node::Inner(_) => Path::new(&[], 0),
        }
    }

    /// Paths of the pruned subtrees in the order of their keys, which is that of their making.
    pub(super) fn pruned_count(&self) -> u32 {
        u32::try_from(self.pruned.len()).unwrap_or(u32::MAX)
    }

    #[expect(clippy::indexing_slicing, reason = "numbers come from `add_pruned`, and none is ever removed")]
    pub(super) fn pruned_path(&self, number: u32) -> Path<'_> {
        let pruned = self.pruned[index(number)];
        Path::new(self.key(pruned.path), pruned.bits)
    }

    /// A new leaf.
    pub(super) fn add_leaf(&mut self, key: &[u8], value: &[u8]) -> Subtree {
        let at = self.keys.insert(key);
        self.leaves = self.leaves.saturating_add(1);
        Subtree { link: Link::new(1, at.0), hash: self.hash_leaf(key, value) }
    }

    pub(super) fn hash_leaf(&mut self, key: &[u8], value: &[u8]) -> Digest {
        let blocks = u64::try_from(hash::leaf_blocks(key, value)).unwrap_or(u64::MAX);
        self.compressions = self.compressions.saturating_add(blocks);
        hash::leaf(key, value)
    }

    pub(super) fn remove_leaf(&mut self, at: KeyAt) {
        self.keys.remove(at);
        self.leaves = self.leaves.saturating_sub(1);
    }

    /// A new inner node branching at bit `at`.
    pub(super) fn add_inner(&mut self, at: u16, left: Subtree, right: Subtree) -> Subtree {
        let node = Inner { left: left.link, right: right.link, bit: at };
        let number = self.take_inner(node, Slot::new(left.hash, right.hash));
        self.rehash(number)
    }

    /// Gives an inner node another child; its hash is then to be made anew.
    #[expect(
        clippy::indexing_slicing,
        reason = "numbers come from `add_inner` and die with the link they stand in"
    )]
    pub(super) fn set_child(&mut self, number: u32, side: bool, child: Subtree) {
        let node = &mut self.inner[index(number)];
        *(if side { &mut node.right } else { &mut node.left }) = child.link;
        *self.slots[index(number)].child_mut(side) = child.hash;
    }

    /// An inner node with its hash made anew.
    pub(super) fn rehash(&mut self, number: u32) -> Subtree {
        self.compressions = self.compressions.saturating_add(1);
        let hash = hash::inner(self.inner(number).bit, self.slot(number));
        Subtree { link: Link::new(0, number), hash }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "numbers come from `add_inner` and die with the link they stand in"
    )]
    pub(super) fn remove_inner(&mut self, number: u32) {
        self.inner[index(number)].left = Link(self.free);
        self.free = number;
    }

    fn take_inner(&mut self, node: Inner, slot: Slot) -> u32 {
        let freed = index(self.free);
        if let (Some(place), Some(hashes)) = (self.inner.get_mut(freed), self.slots.get_mut(freed)) {
            let number = self.free;
            self.free = place.left.0;
            (*place, *hashes) = (node, slot);
            return number;
        }
        let number = u32::try_from(self.inner.len()).unwrap_or(END);
        grow(&mut self.inner, 1);
        self.inner.push(node);
        grow(&mut self.slots, 1);
        self.slots.push(slot);
        number
    }

    /// A new pruned subtree of which nothing but the hash is known yet. They must be added in the order of their keys.
    pub(super) fn add_pruned(&mut self, hash: Digest) -> Subtree {
        let number = self.pruned_count();
        self.pruned.push(Pruned { path: KeyAt(END), bits: 0 });
        Subtree { link: Link::new(2, number), hash }
    }

    /// Tells of a pruned subtree that it is the side `side` of a node branching at bit `at` over `key`.
    pub(super) fn locate_pruned(&mut self, number: u32, key: &[u8], at: u16, side: bool) {
        let mut path = [0; 64];
        let last = usize::from(at >> 3);
        for (to, from) in path.iter_mut().zip(key).take(last.saturating_add(1)) {
            *to = *from;
        }
        let mask = 0x80u8 >> (at & 7);
        if let Some(byte) = path.get_mut(last) {
            // The bits before stay, the branching bit is set to the side, those after are unknown.
            let before = !(mask | mask.saturating_sub(1));
            *byte = *byte & before | if side { mask } else { 0 };
        }
        let path = self.keys.insert(path.get(..=last).unwrap_or_default());
        if let Some(pruned) = self.pruned.get_mut(index(number)) {
            *pruned = Pruned { path, bits: at.saturating_add(1) };
        }
    }
}

/// A number as an index. No list has an element at `usize::MAX`.
fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
