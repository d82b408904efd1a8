//! Updates of partial trees: the same root as the full tree, or the missing keys by name.

use super::naive::{self, Entries};
use super::support::*;
use crate::tree::{ApplyError, Lookup, PartialTree, Query, TreeError, Update};
use crate::{Delta, ReadSet};
use proptest::prelude::*;
use std::prelude::v1::*;
use std::vec;
use tandem_codec::Decode;

#[test]
fn a_removal_collapses_its_parent_without_opening_the_sibling() {
    let entries: Entries = (0..4u8).map(|n| (vec![1, n], vec![n])).collect();
    let (root, proof) = proof(&entries, &[vec![1, 0]], &[]);
    let mut tree = open(root, &proof);
    assert_eq!(tree.entries().count(), 1);
    let removal = (vec![1, 0], None);
    tree.apply(&updates(std::slice::from_ref(&removal))).unwrap();
    let mut full = tree_of(&entries);
    full.apply(&updates(std::slice::from_ref(&removal))).unwrap();
    assert_eq!(tree.root(), full.root());
    assert!(!tree.covers_key(&[1, 1]), "the sibling is still unknown");
}

#[test]
fn keys_beyond_the_proof_are_named_and_nothing_changes() {
    let entries: Entries = (0..64u8).map(|n| (vec![1, n], vec![n])).collect();
    let (root, proof) = proof(&entries, &[vec![1, 0]], &[]);
    let mut tree = open(root, &proof);
    let steps = [vec![1, 0], vec![1, 9], vec![1, 40], vec![2, 2]].map(|key| (key, Some(vec![])));
    let missing = ApplyError::Missing(vec![vec![1, 9], vec![1, 40]]);
    assert_eq!(tree.apply(&updates(&steps)), Err(missing));
    assert_eq!(tree.root(), root);
}

#[test]
fn a_bad_batch_is_refused() {
    let entries: Entries = (0..4u8).map(|n| (vec![1, n, 0], vec![n])).collect();
    let (root, proof) = proof(&entries, &[vec![1, 0, 0]], &[]);
    let mut tree = open(root, &proof);
    let short = tree.apply(&[Update { key: &[1, 0], value: None }]);
    let error = TreeError::TableKeyLength { index: 0, got: 2, expected: 3 };
    assert_eq!(short, Err(ApplyError::Batch(error)));
    let short = tree.apply(&[Update { key: &[1], value: None }]);
    assert_eq!(short, Err(ApplyError::Batch(TreeError::KeyLength { index: 0, got: 1 })));
}

#[test]
fn a_blocks_reads_and_delta_make_the_witness_of_its_root() {
    let entries: Entries = (0..64u8).map(|n| (vec![1, n], vec![n])).collect();
    let changes: Vec<(u8, Option<u8>, Option<u8>)> =
        vec![(3, Some(3), None), (9, Some(9), Some(1)), (70, None, Some(2))];
    let mut encoded = 3u32.to_be_bytes().to_vec();
    for (key, old, new) in &changes {
        encoded.extend([0, 0, 0, 2, 1, *key]);
        for value in [old, new] {
            match value {
                Some(byte) => encoded.extend([1, 0, 0, 0, 1, *byte]),
                None => encoded.push(0),
            }
        }
    }
    let delta = Delta::from_bytes(&encoded).unwrap();
    let reads = ReadSet { keys: vec![vec![1, 20]], ranges: vec![(vec![1, 30], vec![1, 35])] };
    let mut full = tree_of(&entries);
    let (root, proof) = (full.root(), prove(&full, &entries, &Query::of_block(&reads, &delta)));
    let mut tree = open(root, &proof);
    assert_eq!(tree.lookup(&[1, 20]), Lookup::Known(Some(&[20])));
    assert_eq!(tree.entries_in(&[1, 30], &[1, 35]).len(), 6);
    let batch: Vec<_> = delta.changes().map(Update::from).collect();
    tree.apply(&batch).unwrap();
    full.apply(&batch).unwrap();
    assert_eq!(tree.root(), full.root());
}

/// The deepest tree there can be: below a table, one key for each bit in which it parts from the key of zeros.
fn deepest() -> Entries {
    let parting = (16..512).map(|bit| {
        let mut key = vec![0; 64];
        key[bit / 8] = 0x80 >> (bit % 8);
        (key, vec![1])
    });
    parting.chain([(vec![0; 64], vec![2])]).collect()
}

#[test]
fn the_deepest_tree_needs_little_stack() {
    let work = || {
        let entries = deepest();
        let mut full = tree_of(&entries);
        let (root, proof) = proof(&entries, &[vec![0; 64]], &[]);
        let mut tree = open(root, &proof);
        assert_eq!((tree.root(), tree.root().0), (full.root(), naive::root(&entries)));
        let removal = [Update { key: &[0; 64], value: None }];
        tree.apply(&removal).unwrap();
        full.apply(&removal).unwrap();
        assert_eq!(tree.root(), full.root());
    };
    std::thread::Builder::new().stack_size(512 << 10).spawn(work).unwrap().join().unwrap();
}

proptest! {
    #[test]
    fn updates_of_covered_keys_give_the_full_trees_root(
        entries in entries(80),
        batches in proptest::collection::vec(batch(12), 1..4),
        spare in proptest::collection::vec(key(), 0..4),
    ) {
        let mut keys: Vec<_> = batches.iter().flatten().map(|(key, _)| key.clone()).collect();
        keys.extend(spare);
        let (root, proof) = proof(&entries, &keys, &[]);
        let (mut full, mut tree) = (tree_of(&entries), open(root, &proof));
        for steps in batches {
            full.apply(&updates(&steps)).unwrap();
            tree.apply(&updates(&steps)).unwrap();
            prop_assert_eq!(full.root(), tree.root());
        }
    }

    #[test]
    fn updates_within_a_covered_range_give_the_full_trees_root(
        entries in entries(80),
        steps in batch(12),
        ends in (key(), key()),
    ) {
        let (from, to) = if ends.0 <= ends.1 { ends } else { (ends.1, ends.0) };
        let (root, proof) = proof(&entries, &[], &[(from.clone(), to.clone())]);
        let steps: Vec<_> = steps.into_iter().filter(|(key, _)| (&from..=&to).contains(&key)).collect();
        let (mut full, mut tree) = (tree_of(&entries), open(root, &proof));
        full.apply(&updates(&steps)).unwrap();
        tree.apply(&updates(&steps)).unwrap();
        prop_assert_eq!(full.root(), tree.root());
    }

    #[test]
    fn whatever_a_partial_tree_accepts_is_right(
        entries in entries(80),
        known in proptest::collection::vec(key(), 0..8),
        steps in batch(6),
    ) {
        let (root, proof) = proof(&entries, &known, &[]);
        let (mut full, mut tree) = (tree_of(&entries), open(root, &proof));
        full.apply(&updates(&steps)).unwrap();
        match tree.apply(&updates(&steps)) {
            Ok(()) => prop_assert_eq!(full.root(), tree.root()),
            Err(ApplyError::Missing(keys)) => {
                let expected: Vec<_> =
                    steps.iter().filter(|(key, _)| !tree.covers_key(key)).map(|(key, _)| key.clone()).collect();
                prop_assert_eq!(keys, expected);
                prop_assert_eq!(tree.root(), root);
            }
            Err(ApplyError::Batch(error)) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn a_mutated_proof_never_panics(
        entries in entries(30),
        keys in proptest::collection::vec(key(), 1..4),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let (root, mut proof) = proof(&entries, &keys, &[]);
        let at = at.index(proof.len());
        let same = proof[at] == byte;
        proof[at] = byte;
        prop_assert_eq!(PartialTree::from_proof(root, &proof).is_ok(), same);
    }
}
