//! Making a proof: the tree in pre-order, with hashes for what nobody asked about.
//!
//! | node | bytes |
//! |---|---|
//! | inner, branching at bit `d` | `d` as u16 BE (so its first byte is 0 or 1), left node, right node |
//! | pruned | 2, hash (32) |
//! | leaf | 3, key length u8, value length u16 BE, key, value |
//! | empty, only as the whole | 4 |
//!
//! What is opened follows from what a verifier can infer. Of a pruned subtree it knows that its keys agree with any
//! opened leaf under the same parent up to the parent's bit, and differ there; it does not know the subtree's own
//! prefix. So a node is opened if one of the intervals meets *these* keys, down to the leaves; and in an opened node
//! that no interval meets further down, one leaf is opened for its prefix, which shows that they pass it by.

use super::arena::{Arena, Link, Node, Subtree};
use super::hash;
use super::query::{Interval, NoProof, Query};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::cmp::Ordering;

pub(super) const TAG_INNER_HIGH: u8 = 1;
pub(super) const TAG_PRUNED: u8 = 2;
pub(super) const TAG_LEAF: u8 = 3;
pub(super) const TAG_EMPTY: u8 = 4;

/// What `Tree::prove` is given for values.
type ValueOf<'f, 'v> = dyn Fn(&[u8]) -> Option<Cow<'v, [u8]>> + 'f;

/// The proof of `query` on the tree with root `root`.
pub(super) fn prove(
    arena: &Arena,
    root: Option<Subtree>,
    query: &Query<'_>,
    value_of: &ValueOf<'_, '_>,
) -> Result<Vec<u8>, NoProof> {
    let Some(root) = root else { return Ok([TAG_EMPTY].to_vec()) };
    let mut prover = Prover { arena, value_of, out: Vec::new() };
    match query.intervals.first() {
        None => prover.pruned(&root),
        Some(first) => prover.open(root, &query.intervals, arena.terminal(root.link, first.from))?,
    }
    Ok(prover.out)
}

struct Prover<'p, 'v> {
    arena: &'p Arena,
    value_of: &'p ValueOf<'p, 'v>,
    out: Vec<u8>,
}

impl Prover<'_, '_> {
    fn pruned(&mut self, tree: &Subtree) {
        self.out.push(TAG_PRUNED);
        self.out.extend_from_slice(&hash::to_bytes(&tree.hash));
    }

    /// Opens `tree` for the intervals that may meet it; if none does, for the leaf `terminal`, which lies below it.
    /// Nested once for each bit at most.
    fn open(&mut self, tree: Subtree, intervals: &[Interval<'_>], terminal: Link) -> Result<(), NoProof> {
        let number = match tree.link.node() {
            Node::Leaf(at) => return self.leaf(self.arena.key(at), &tree),
            Node::Pruned(_) => {
                self.pruned(&tree);
                return Ok(());
            }
            Node::Inner(number) => number,
        };
        let at = self.arena.inner(number).bit;
        let low = self.meeting(intervals, terminal, at, false);
        let high = self.meeting(intervals, terminal, at, true);
        let (side, none) = (self.arena.path(terminal).bit(at), low.is_empty() && high.is_empty());
        self.out.extend_from_slice(&at.to_be_bytes());
        self.child(self.arena.child(number, false), low, (!side).then_some(terminal), none)?;
        self.child(self.arena.child(number, true), high, side.then_some(terminal), none)
    }

    /// One child: opened for its intervals, or for a known terminal if one leaf must be; pruned otherwise.
    fn child(
        &mut self,
        tree: Subtree,
        intervals: &[Interval<'_>],
        known: Option<Link>,
        one_leaf: bool,
    ) -> Result<(), NoProof> {
        match (intervals.first(), known) {
            (Some(first), None) => self.open(tree, intervals, self.arena.terminal(tree.link, first.from)),
            (Some(_), Some(terminal)) => self.open(tree, intervals, terminal),
            (None, Some(terminal)) if one_leaf => self.open(tree, intervals, terminal),
            (None, _) => {
                self.pruned(&tree);
                Ok(())
            }
        }
    }

    /// The intervals that meet one side of a node branching at `at`; they are sorted and disjoint, so it is a run.
    fn meeting<'i, 'k>(
        &self,
        intervals: &'i [Interval<'k>],
        terminal: Link,
        at: u16,
        side: bool,
    ) -> &'i [Interval<'k>] {
        let path = self.arena.path(terminal);
        let start = intervals.partition_point(|i| path.side_against(at, side, i.to) == Ordering::Greater);
        let rest = intervals.get(start..).unwrap_or_default();
        let end = rest.partition_point(|i| path.side_against(at, side, i.from) != Ordering::Less);
        rest.get(..end).unwrap_or_default()
    }

    fn leaf(&mut self, key: &[u8], tree: &Subtree) -> Result<(), NoProof> {
        let value = (self.value_of)(key).ok_or_else(|| NoProof::ValueMissing(key.to_vec()))?;
        if hash::leaf(key, &value) != tree.hash {
            return Err(NoProof::ValueDiffers(key.to_vec()));
        }
        self.out.push(TAG_LEAF);
        self.out.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
        self.out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.out.extend_from_slice(key);
        self.out.extend_from_slice(&value);
        Ok(())
    }
}
