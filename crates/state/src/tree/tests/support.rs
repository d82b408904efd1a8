//! What the tests share: entries and batches of keys that collide in long prefixes, and short ways to call the tree.

use super::naive::Entries;
use crate::tree::{PartialTree, Query, Tree, Update};
use proptest::collection::vec;
use proptest::prelude::*;
use std::borrow::Cow;
use std::prelude::v1::*;
use std::vec;
use tandem_types::CoreRoot;

/// One change to a model: key, and new value or removal.
pub(super) type Step = (Vec<u8>, Option<Vec<u8>>);

/// The ends of an inclusive interval of keys.
pub(super) type Range = (Vec<u8>, Vec<u8>);

/// Keys of four tables with 2, 3, 10 and 64 bytes. The longest differ in few bits far apart, so that they share long
/// prefixes; the others are dense, so that batches hit what is there.
pub(super) fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => Just(vec![1, 0]),
        3 => any::<u8>().prop_map(|byte| vec![1, 1, byte]),
        3 => (0..6u8, 0..6u8).prop_map(|(a, b)| vec![1, 2, 0, 0, a, 0, 0, 0, 0, b]),
        3 => vec(0..512usize, 0..3).prop_map(|bits| {
            let mut key = vec![0; 64];
            for bit in bits {
                key[bit / 8] ^= 0x80 >> (bit % 8);
            }
            key[..2].copy_from_slice(&[2, 7]);
            key
        }),
    ]
}

pub(super) fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => vec(any::<u8>(), 0..40), 1 => vec(any::<u8>(), 100..200)]
}

pub(super) fn batch(len: usize) -> impl Strategy<Value = Vec<Step>> {
    vec((key(), proptest::option::weighted(0.7, value())), 0..len).prop_map(|steps| {
        let map: std::collections::BTreeMap<_, _> = steps.into_iter().collect();
        map.into_iter().collect()
    })
}

pub(super) fn entries(len: usize) -> impl Strategy<Value = Entries> {
    proptest::collection::btree_map(key(), value(), 0..len)
}

pub(super) fn updates(steps: &[Step]) -> Vec<Update<'_>> {
    steps.iter().map(|(key, value)| Update { key, value: value.as_deref() }).collect()
}

pub(super) fn apply_to_model(model: &mut Entries, steps: &[Step]) {
    for (key, value) in steps {
        match value {
            Some(value) => drop(model.insert(key.clone(), value.clone())),
            None => drop(model.remove(key)),
        }
    }
}

pub(super) fn tree_of(entries: &Entries) -> Tree {
    let mut tree = Tree::new();
    let all: Vec<_> = entries.iter().map(|(key, value)| Update { key, value: Some(value) }).collect();
    tree.apply(&all).unwrap();
    tree
}

pub(super) fn prove(tree: &Tree, entries: &Entries, query: &Query<'_>) -> Vec<u8> {
    tree.prove(query, |key| entries.get(key).map(|value| Cow::Borrowed(value.as_slice()))).unwrap()
}

/// The proof of some keys and ranges of `entries`, with its root.
pub(super) fn proof(entries: &Entries, keys: &[Vec<u8>], ranges: &[Range]) -> (CoreRoot, Vec<u8>) {
    let tree = tree_of(entries);
    (tree.root(), prove(&tree, entries, &query(keys, ranges)))
}

pub(super) fn query<'a>(keys: &'a [Vec<u8>], ranges: &'a [Range]) -> Query<'a> {
    let ranges = ranges.iter().map(|(from, to)| (from.as_slice(), to.as_slice()));
    Query::new(keys.iter().map(Vec::as_slice), ranges)
}

pub(super) fn open(root: CoreRoot, proof: &[u8]) -> PartialTree<'_> {
    PartialTree::from_proof(root, proof).unwrap()
}
