//! Proofs of the state tree: a changed proof is refused, or what it shows is in the tree.
//!
//! The first byte chooses between a proof of arbitrary bytes and a good one changed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use tandem_fuzz::mutate;
use tandem_state::tree::{PartialTree, Query, Tree, Update};
use tandem_types::CoreRoot;

/// A small tree, its entries, and a proof of keys present and absent and of an interval.
static GOOD: LazyLock<(Tree, BTreeMap<Vec<u8>, Vec<u8>>, Vec<u8>)> = LazyLock::new(|| {
    let key = |number: u8| vec![1, 3, 0, number.reverse_bits(), number];
    let entries: BTreeMap<_, _> =
        (0..40).map(|number| (key(number), vec![number; usize::from(number)])).collect();
    let updates: Vec<_> = entries.iter().map(|(key, value)| Update { key, value: Some(value) }).collect();
    let mut tree = Tree::default();
    tree.apply(&updates).expect("a good batch");
    let keys = [key(3), key(17), key(200)];
    let range = (key(8), key(20));
    let (from, to) = if range.0 <= range.1 { (&range.0, &range.1) } else { (&range.1, &range.0) };
    let query = Query::new(keys.iter().map(Vec::as_slice), [(from.as_slice(), to.as_slice())]);
    let value_of = |key: &[u8]| entries.get(key).map(|value| Cow::Borrowed(value.as_slice()));
    let proof = tree.prove(&query, value_of).expect("a proof of its own entries");
    (tree, entries, proof)
});

fuzz_target!(|data: &[u8]| {
    let (tree, entries, proof) = &*GOOD;
    let Some((mode, script)) = data.split_first() else { return };
    let mut changed = proof.clone();
    if *mode < 32 {
        let _ = PartialTree::from_proof(CoreRoot([*mode; 32]), script);
        changed = script.to_vec();
    } else {
        mutate(&mut changed, script);
    }
    let Ok(mut partial) = PartialTree::from_proof(tree.root(), &changed) else {
        assert_ne!(changed, *proof, "the good proof opens");
        return;
    };
    for (key, value) in partial.entries() {
        assert_eq!(entries.get(key).map(Vec::as_slice), Some(value), "only what is there is shown");
        assert!(partial.covers_key(key));
    }
    assert_eq!(partial.root(), tree.root());
    let shown = partial.entries().next();
    if let Some((key, _)) = shown {
        let update = [Update { key, value: Some(b"another") }];
        let mut whole = tree.clone();
        whole.apply(&update).expect("a good batch");
        if partial.apply(&update).is_ok() {
            assert_eq!(partial.root(), whole.root(), "both trees change alike");
        }
    }
});
