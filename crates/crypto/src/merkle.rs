//! Roots over lists of hashes: actions, transactions, receipts, reports of a block.
//!
//! The tree has the shape of RFC 6962: its left part holds the greatest power of two that is less than the count.
//! Three tags keep its three kinds of hash apart, and the root binds the list's name and its count, so that neither
//! a shorter list, nor an inner node passed off as an item, nor the list of another header field gives the same root:
//!
//! ```text
//! leaf  = SHA-256(00 ‖ item)
//! inner = SHA-256(01 ‖ left ‖ right)
//! root  = SHA-256(02 ‖ length of name: u8 ‖ name ‖ count: u64 ‖ top)        top of the empty list: 32 zero bytes
//! ```
//!
//! Cost: one compression for a leaf, two for an inner node. State has its own tree, in `state`.

use alloc::vec::Vec;
use sha2::{Digest, Sha256};
use tandem_types::Hash;

const LEAF: u8 = 0;
const INNER: u8 = 1;
const ROOT: u8 = 2;

/// Greatest number of items in a list; its proofs have at most 32 steps.
pub const LIST_ITEMS_MAX: u64 = 1 << 32;

/// The name of a list, bound into its root: one per header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListName(&'static str);

impl ListName {
    /// A name of at most 255 bytes.
    ///
    /// # Panics
    /// If the name is longer: it is a literal, so this stops the build when used in a constant.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(name.len() <= 255, "a list's name has at most 255 bytes");
        Self(name)
    }
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    Hash(hasher.finalize().into())
}

fn leaf(item: &Hash) -> Hash {
    sha256(&[&[LEAF], &item.0])
}

fn inner(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[INNER], &left.0, &right.0])
}

fn seal(name: ListName, count: u64, top: &Hash) -> Hash {
    let length = u8::try_from(name.0.len()).unwrap_or(u8::MAX);
    sha256(&[&[ROOT, length], name.0.as_bytes(), &count.to_be_bytes(), &top.0])
}

/// The root of a list, built item by item; holds one hash per level.
#[derive(Clone, Debug)]
pub struct ListRoot {
    name: ListName,
    count: u64,
    /// Tops of full subtrees, largest first: one per set bit of `count`.
    peaks: Vec<Hash>,
}

impl ListRoot {
    /// The empty list.
    #[must_use]
    pub const fn new(name: ListName) -> Self {
        Self { name, count: 0, peaks: Vec::new() }
    }

    /// Appends an item.
    pub fn push(&mut self, item: &Hash) {
        let mut top = leaf(item);
        for _ in 0..self.count.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                top = inner(&left, &top);
            }
        }
        self.peaks.push(top);
        self.count = self.count.saturating_add(1);
    }

    /// The root.
    #[must_use]
    pub fn finish(self) -> Hash {
        seal(self.name, self.count, &self.top())
    }

    fn top(&self) -> Hash {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| inner(&left, &right));
        joined.unwrap_or_default()
    }
}

/// The root of a list.
#[must_use]
pub fn list_root<'a>(name: ListName, items: impl IntoIterator<Item = &'a Hash>) -> Hash {
    let mut root = ListRoot::new(name);
    items.into_iter().for_each(|item| root.push(item));
    root.finish()
}

/// That an item stands at an index of a list of `count` items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListProof {
    /// Place of the item, from 0.
    pub index: u64,
    /// Items in the list.
    pub count: u64,
    /// Hashes beside the path, lowest first.
    pub siblings: Vec<Hash>,
}

impl ListProof {
    /// The proof for `items[index]`; `None` if there is no such item.
    #[must_use]
    pub fn new(name: ListName, items: &[Hash], index: usize) -> Option<Self> {
        items.get(index)?;
        let mut siblings = Vec::new();
        let (mut part, mut at) = (items, index);
        // The greatest power of two in `part` falls every step: at most one step per bit of the count.
        while part.len() > 1 {
            let (left, right) = part.split_at(part.len().next_power_of_two() >> 1);
            let (on_path, beside) = match at.checked_sub(left.len()) {
                None => (left, right),
                Some(inside) => {
                    at = inside;
                    (right, left)
                }
            };
            siblings.push(part_top(name, beside));
            part = on_path;
        }
        siblings.reverse();
        let (index, count) = (u64::try_from(index).ok()?, u64::try_from(items.len()).ok()?);
        Some(Self { index, count, siblings })
    }

    /// Whether `item` is at this place of the list with this root.
    #[must_use]
    pub fn verify(&self, name: ListName, item: &Hash, root: &Hash) -> bool {
        if self.count > LIST_ITEMS_MAX {
            return false;
        }
        let top = climb(item, self.index, self.count, &self.siblings);
        top.is_some_and(|top| seal(name, self.count, &top) == *root)
    }
}

/// The top over `count` items with `item` at `index`; `None` if the siblings are too few or too many.
/// Recurses once per sibling consumed, and only while `count` falls below its greatest power of two.
fn climb(item: &Hash, index: u64, count: u64, siblings: &[Hash]) -> Option<Hash> {
    if count <= 1 {
        return (index == 0 && count == 1 && siblings.is_empty()).then(|| leaf(item));
    }
    let (sibling, below) = siblings.split_last()?;
    let left = count.next_power_of_two() >> 1;
    match index.checked_sub(left) {
        None => climb(item, index, left, below).map(|top| inner(&top, sibling)),
        Some(inside) => climb(item, inside, count.checked_sub(left)?, below).map(|top| inner(sibling, &top)),
    }
}

fn part_top(name: ListName, items: &[Hash]) -> Hash {
    let mut list = ListRoot::new(name);
    items.iter().for_each(|item| list.push(item));
    list.top()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    const NAME: ListName = ListName::new("test");

    /// The definition, top-down, sharing only the hash of the crate below.
    fn naive_top(items: &[Hash]) -> [u8; 32] {
        match items {
            [] => [0; 32],
            [item] => Sha256::digest([&[0][..], &item.0].concat()).into(),
            _ => {
                let mut left = 1;
                while left * 2 < items.len() {
                    left *= 2;
                }
                let (left, right) = (naive_top(&items[..left]), naive_top(&items[left..]));
                Sha256::digest([&[1][..], &left, &right].concat()).into()
            }
        }
    }

    fn naive_root(items: &[Hash]) -> Hash {
        let count = (items.len() as u64).to_be_bytes();
        Hash(Sha256::digest([&[2, 4][..], b"test", &count, &naive_top(items)].concat()).into())
    }

    fn items(count: usize) -> Vec<Hash> {
        (0..count).map(|at| Hash([at as u8; 32])).collect()
    }

    #[test]
    fn roots_and_proofs_follow_the_definition_for_every_small_count() {
        for count in 0..=40 {
            let items = items(count);
            let root = list_root(NAME, &items);
            assert_eq!(root, naive_root(&items), "{count} items");
            for index in 0..count {
                let proof = ListProof::new(NAME, &items, index).unwrap();
                for (other, item) in items.iter().enumerate() {
                    assert_eq!(
                        proof.verify(NAME, item, &root),
                        other == index,
                        "{other} at {index} of {count}"
                    );
                }
            }
            assert_eq!(ListProof::new(NAME, &items, count), None);
        }
    }

    #[test]
    fn name_and_count_are_bound() {
        let list = items(3);
        let other = ListName::new("other");
        assert_ne!(list_root(NAME, &list), list_root(other, &list));
        assert_ne!(list_root(NAME, &[]), list_root(other, &[]));
        // An item that is another list's inner node does not stand for that part of the list.
        let fake = vec![inner(&leaf(&list[0]), &leaf(&list[1])), list[2]];
        assert_ne!(list_root(NAME, &list), list_root(NAME, &fake));
    }

    proptest! {
        #[test]
        fn a_proof_with_any_part_changed_fails(
            count in 1usize..70, index in any::<prop::sample::Index>(), part in 0u8..5, at in any::<prop::sample::Index>(),
        ) {
            let items = items(count);
            let index = index.index(count);
            let mut root = list_root(NAME, &items);
            let mut item = items[index];
            let mut proof = ListProof::new(NAME, &items, index).unwrap();
            prop_assert!(proof.verify(NAME, &item, &root));
            match part {
                0 => item.0[at.index(32)] ^= 1,
                1 => root.0[at.index(32)] ^= 1,
                2 => proof.index ^= 1 << at.index(64),
                3 => proof.count ^= 1 << at.index(64),
                _ if at.index(2) == 0 => proof.siblings.push(Hash([0; 32])),
                _ if proof.siblings.is_empty() => item.0[0] ^= 1,
                _ => {
                    let sibling = at.index(proof.siblings.len());
                    proof.siblings[sibling].0[0] ^= 1;
                }
            }
            prop_assert!(!proof.verify(NAME, &item, &root));
        }
    }
}
