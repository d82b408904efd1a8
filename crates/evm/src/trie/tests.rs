//! One trie against alloy's hash builder, which computes a root from all entries and shares nothing with this code.

use super::{Nodes, Trie, TrieError};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};
use alloy_trie::proof::verify_proof;
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles};
use proptest::prelude::*;

type Model = BTreeMap<B256, Vec<u8>>;

fn twin_root(model: &Model) -> B256 {
    let mut builder = HashBuilder::default();
    model.iter().for_each(|(key, value)| builder.add_leaf(Nibbles::unpack(key), value));
    builder.root()
}

/// Keys that share long prefixes and differ in few places, so that every shape of node occurs.
fn key() -> impl Strategy<Value = B256> {
    let places = [0usize, 1, 15, 30, 31];
    (0usize..5, 0u8..4, 0usize..5, prop::sample::select(alloc::vec![0u8, 1, 16, 255])).prop_map(
        move |(first, high, second, low)| {
            let mut key = B256::ZERO;
            key[places[first]] ^= high << 4;
            key[places[second]] ^= low;
            key
        },
    )
}

/// Values of one byte stay in their parents, long ones are hashed.
fn value() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop_oneof![
        2 => (1u8..=255).prop_map(|byte| Some(alloc::vec![byte])),
        2 => prop::collection::vec(any::<u8>(), 33..80).prop_map(Some),
        3 => Just(None),
    ]
}

fn changes(count: usize) -> impl Strategy<Value = Vec<(B256, Option<Vec<u8>>)>> {
    prop::collection::vec((key(), value()), 0..count)
}

/// The same changes, each value given once: subtrees of hashed keys are distinct, and a witness takes them to be.
fn with_distinct_values(count: usize) -> impl Strategy<Value = Vec<(B256, Option<Vec<u8>>)>> {
    changes(count).prop_map(|mut changes| {
        let mut given = BTreeSet::new();
        for (at, value) in (0u8..).zip(changes.iter_mut().filter_map(|(_, value)| value.as_mut())) {
            if !given.insert(value.clone()) {
                value.push(at);
            }
        }
        changes
    })
}

fn apply(trie: &mut Trie, model: &mut Model, changes: &[(B256, Option<Vec<u8>>)]) {
    for (key, value) in changes {
        trie.set(key, value.clone()).unwrap();
        match value {
            Some(value) => model.insert(*key, value.clone()),
            None => model.remove(key),
        };
    }
}

#[test]
fn the_empty_trie_has_ethereums_empty_root() {
    assert_eq!(Trie::default().root(), EMPTY_ROOT_HASH);
    assert!(Trie::sealed(EMPTY_ROOT_HASH).is_empty());
}

#[test]
fn a_sealed_trie_answers_nothing() {
    let mut trie = Trie::sealed(B256::repeat_byte(1));
    assert!(trie.get(&B256::ZERO).is_err());
    assert!(trie.prove(&B256::ZERO).is_err());
    assert!(trie.set(&B256::ZERO, None).is_err());
    assert_eq!(trie.root(), B256::repeat_byte(1));
}

#[test]
fn bytes_that_are_no_node_are_refused() {
    for rlp in [&[][..], &[0xc0], &[0xc2, 0x80, 0x80], &[0xff; 40], &[0xc3, 0x20, 0x81, 0x01]] {
        let rlp = Bytes::copy_from_slice(rlp);
        let root = alloy_primitives::keccak256(&rlp);
        let nodes: Nodes = [rlp].into_iter().collect();
        assert!(Trie::open(root, &nodes).is_err());
    }
}

#[test]
fn a_leaf_that_ends_early_is_refused() {
    let short = alloy_trie::nodes::LeafNode::new(Nibbles::from_nibbles([1, 2, 3]), alloc::vec![1; 40]);
    let rlp: Bytes = alloy_rlp::encode(short).into();
    let root = alloy_primitives::keccak256(&rlp);
    assert_eq!(Trie::open(root, &[rlp].into_iter().collect()).unwrap_err(), TrieError::Shape);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn roots_values_and_proofs_agree_with_the_twin(batches in prop::collection::vec(changes(24), 1..5), asked in key()) {
        let (mut trie, mut model) = (Trie::default(), Model::new());
        for batch in &batches {
            apply(&mut trie, &mut model, batch);
            let root = trie.root();
            prop_assert_eq!(root, twin_root(&model));
            for key in batch.iter().map(|(key, _)| *key).chain([asked]) {
                let expected = model.get(&key).cloned();
                prop_assert_eq!(trie.get(&key).unwrap(), expected.as_deref());
                let proof = trie.prove(&key).unwrap();
                prop_assert!(verify_proof(root, Nibbles::unpack(key), expected, &proof).is_ok());
            }
        }
    }

    #[test]
    fn a_witness_gives_the_same_root_or_names_what_is_missing(before in with_distinct_values(40), after in changes(12)) {
        let (mut trie, mut model) = (Trie::default(), Model::new());
        apply(&mut trie, &mut model, &before);
        let root = trie.root();
        let mut nodes = Nodes::default();
        for (key, _) in &after {
            trie.collect(key, &mut nodes).unwrap();
        }
        let follow = |nodes: &Nodes| {
            let mut sparse = Trie::open(root, nodes).unwrap();
            after.iter().try_for_each(|(key, value)| sparse.set(key, value.clone())).map(|()| sparse.root())
        };
        let mut rounds = 0;
        let followed = loop {
            match follow(&nodes) {
                Ok(root) => break root,
                Err(missing) => trie.collect_path(&missing.path, &mut nodes).unwrap(),
            }
            rounds += 1;
            prop_assert!(rounds <= after.len());
        };
        apply(&mut trie, &mut model, &after);
        prop_assert_eq!(followed, trie.root());
    }

    #[test]
    fn any_subset_of_nodes_opens_without_panic(before in with_distinct_values(40), keep in any::<u64>(), after in changes(6)) {
        let (mut trie, mut model) = (Trie::default(), Model::new());
        apply(&mut trie, &mut model, &before);
        let root = trie.root();
        let mut nodes = Nodes::default();
        before.iter().for_each(|(key, _)| trie.collect(key, &mut nodes).unwrap());
        let kept: Nodes = nodes.into_vec().into_iter().enumerate()
            .filter(|(at, _)| keep >> (at % 64) & 1 == 1).map(|(_, rlp)| rlp).collect();
        let mut sparse = Trie::open(root, &kept).unwrap();
        prop_assert_eq!(sparse.root(), root);
        let followed = after.iter().try_for_each(|(key, value)| sparse.set(key, value.clone()));
        apply(&mut trie, &mut model, &after);
        if followed.is_ok() {
            prop_assert_eq!(sparse.root(), trie.root());
        }
    }
}
