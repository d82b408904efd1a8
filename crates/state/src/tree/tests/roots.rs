//! Roots: the definition, golden values, what a batch must look like.

use super::naive::{self, Entries};
use super::support::*;
use crate::tree::{KEY_LEN_MAX, Tree, TreeError, Update, VALUE_LEN_MAX, iv};
use proptest::prelude::*;
use std::prelude::v1::*;
use std::{format, vec};
use tandem_types::Hash;

#[test]
fn initial_values_are_those_of_their_definition() {
    assert_eq!(iv::EMPTY, naive::initial_value(b'e', 0));
    assert_eq!(iv::LEAF, naive::initial_value(b'l', 0));
    for (bit, value) in iv::INNER.iter().enumerate() {
        assert_eq!(*value, naive::initial_value(b'i', bit), "bit {bit}");
    }
    assert_eq!(iv::INNER.len(), KEY_LEN_MAX * 8);
}

/// `count` entries of table 3 with keys of `key_len` bytes and values of `value_len`, all counting up.
fn counted(count: u32, key_len: usize, value_len: usize) -> Entries {
    let entry = |number: u32| {
        let mut key = vec![1, 3];
        key.resize(key_len - 4, 0);
        key.extend(number.wrapping_mul(0x9e37_79b1).to_be_bytes());
        (key, (0..value_len).map(|at| (at as u32 + number) as u8).collect())
    };
    (0..count).map(entry).collect()
}

/// What `vectors/state-tree.txt` must hold: case and root, one per line.
fn golden() -> String {
    let cases = [
        (0, 8, 0),
        (1, 8, 0),
        (1, 8, 53),
        (1, 8, 54),
        (1, 64, 65_535),
        (2, 8, 1),
        (3, 23, 32),
        (1_000, 23, 32),
        (1_000, 64, 100),
    ];
    let line = |(count, key_len, value_len)| {
        let root = tree_of(&counted(count, key_len, value_len)).root();
        format!("entries={count} key={key_len} value={value_len} {root}\n")
    };
    cases.into_iter().map(line).collect()
}

#[test]
fn golden_roots_do_not_change() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/state-tree.txt");
    let file = std::fs::read_to_string(path).unwrap_or_default();
    let kept: String = file.lines().filter(|line| !line.starts_with('#')).map(|l| format!("{l}\n")).collect();
    assert_eq!(kept, golden(), "the file must hold:\n{}", golden());
}

#[test]
fn bad_batches_are_refused_by_name_and_change_nothing() {
    let mut tree = tree_of(&counted(5, 8, 4));
    let root = tree.root();
    let long_value = vec![0; VALUE_LEN_MAX + 1];
    let put = |key: &'static [u8]| Update { key, value: Some(b"v") };
    let cases: [(Vec<Update<'_>>, TreeError); 8] = [
        (vec![put(&[1])], TreeError::KeyLength { index: 0, got: 1 }),
        (vec![put(&[1, 2]), put(&[9; 65])], TreeError::KeyLength { index: 1, got: 65 }),
        (vec![put(&[1, 2]), put(&[1, 2])], TreeError::Order { index: 1 }),
        (vec![put(&[1, 9]), put(&[1, 2])], TreeError::Order { index: 1 }),
        (vec![put(&[1, 3, 0])], TreeError::TableKeyLength { index: 0, got: 3, expected: 8 }),
        (vec![put(&[9, 9]), put(&[9, 9, 0])], TreeError::TableKeyLength { index: 1, got: 3, expected: 2 }),
        (
            vec![Update { key: &[1, 3, 0], value: None }],
            TreeError::TableKeyLength { index: 0, got: 3, expected: 8 },
        ),
        (
            vec![Update { key: &[7, 7], value: Some(&long_value) }],
            TreeError::ValueLength { index: 0, got: VALUE_LEN_MAX + 1 },
        ),
    ];
    for (batch, error) in cases {
        assert_eq!(tree.apply(&batch), Err(error));
        assert_eq!((tree.root(), tree.len()), (root, 5));
    }
}

#[test]
fn removing_all_gives_the_empty_root_and_forgets_key_lengths() {
    let entries = counted(100, 8, 4);
    let mut tree = tree_of(&entries);
    let removals: Vec<_> = entries.keys().map(|key| Update { key, value: None }).collect();
    tree.apply(&removals).unwrap();
    assert_eq!((tree.root(), tree.len(), tree.is_empty()), (Tree::new().root(), 0, true));
    tree.apply(&[Update { key: &[1, 3, 0], value: Some(b"") }]).unwrap();
    assert!(tree.contains(&[1, 3, 0]));
}

#[test]
fn freed_places_are_used_again() {
    let entries = counted(1_000, 23, 4);
    let mut tree = tree_of(&entries);
    let bytes = tree.memory_bytes();
    for _ in 0..3 {
        let removals: Vec<_> = entries.keys().map(|key| Update { key, value: None }).collect();
        tree.apply(&removals).unwrap();
        let puts: Vec<_> = entries.iter().map(|(key, v)| Update { key, value: Some(v) }).collect();
        tree.apply(&puts).unwrap();
    }
    assert_eq!(tree.memory_bytes(), bytes);
}

#[test]
fn an_entry_with_a_key_of_23_bytes_takes_less_than_115() {
    let tree = tree_of(&counted(20_000, 23, 4));
    let bytes = tree.memory_bytes() / tree.len();
    assert!(bytes < 115, "{bytes} bytes");
}

proptest! {
    #[test]
    fn root_after_batches_is_that_of_the_definition(batches in proptest::collection::vec(batch(60), 1..6)) {
        let (mut tree, mut model) = (Tree::new(), Entries::new());
        for steps in batches {
            tree.apply(&updates(&steps)).unwrap();
            apply_to_model(&mut model, &steps);
            prop_assert_eq!(tree.root().0, naive::root(&model));
            prop_assert_eq!(tree.len(), model.len());
            for (key, _) in &steps {
                prop_assert_eq!(tree.contains(key), model.contains_key(key));
            }
        }
    }

    #[test]
    fn order_of_arrival_does_not_matter(
        steps in batch(60).prop_map(|steps| steps.into_iter().filter(|step| step.1.is_some()).collect::<Vec<_>>()),
        seed in any::<u64>(),
    ) {
        let mut shuffled = steps.clone();
        shuffled.sort_by_key(|(key, _)| {
            key.iter().fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
        });
        let (mut at_once, mut singly) = (Tree::new(), Tree::new());
        at_once.apply(&updates(&steps)).unwrap();
        for step in shuffled {
            singly.apply(&updates(&[step])).unwrap();
        }
        prop_assert_eq!(at_once.root(), singly.root());
    }

    #[test]
    fn the_root_under_a_prefix_is_that_of_its_entries_alone(entries in entries(80), prefix in key(), len in 0..4usize) {
        let prefix = &prefix[..len.min(prefix.len())];
        let under: Entries =
            entries.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(k, v)| (k.clone(), v.clone())).collect();
        prop_assert_eq!(tree_of(&entries).subtree_root(prefix), Hash(naive::root(&under)));
    }
}
