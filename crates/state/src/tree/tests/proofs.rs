//! What proofs show, and that nothing else passes for one.

use super::naive::{self, Entries};
use super::support::*;
use crate::tree::{Lookup, NoProof, PartialTree, ProofError, Query, Tree};
use proptest::prelude::*;
use std::borrow::Cow;
use std::prelude::v1::*;
use std::vec;
use tandem_codec::DecodeError;
use tandem_types::CoreRoot;

/// A proof taken apart, to put another one together.
#[derive(Clone)]
enum Node {
    Pruned(Vec<u8>),
    Leaf(Vec<u8>, Vec<u8>),
    Inner(usize, Box<Self>, Box<Self>),
}

impl Node {
    fn read(bytes: &mut &[u8]) -> Self {
        let mut take = |n: usize| {
            let (head, tail) = bytes.split_at(n);
            *bytes = tail;
            head.to_vec()
        };
        match take(1)[0] {
            2 => Self::Pruned(take(32)),
            3 => {
                let head = take(3);
                let key = take(head[0].into());
                Self::Leaf(key, take(usize::from(head[1]) * 256 + usize::from(head[2])))
            }
            high => {
                let bit = usize::from(high) * 256 + usize::from(take(1)[0]);
                let left = Self::read(bytes);
                Self::Inner(bit, left.into(), Self::read(bytes).into())
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Pruned(hash) => {
                out.push(2);
                out.extend(hash);
            }
            Self::Leaf(key, value) => {
                out.extend([3, key.len() as u8, (value.len() / 256) as u8, (value.len() % 256) as u8]);
                out.extend(key);
                out.extend(value);
            }
            Self::Inner(bit, left, right) => {
                out.extend([(bit / 256) as u8, (bit % 256) as u8]);
                left.write(out);
                right.write(out);
            }
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn hash(&self) -> Vec<u8> {
        match self {
            Self::Pruned(hash) => hash.clone(),
            Self::Leaf(key, value) => naive::leaf_hash(key, value),
            Self::Inner(bit, left, right) => naive::inner_hash(*bit, &left.hash(), &right.hash()),
        }
    }

    fn root(&self) -> CoreRoot {
        CoreRoot(self.hash().try_into().unwrap())
    }

    fn count(&self) -> usize {
        match self {
            Self::Pruned(_) | Self::Leaf(..) => 1,
            Self::Inner(_, left, right) => 1 + left.count() + right.count(),
        }
    }

    /// The proof with its node number `at`, in pre-order, pruned.
    fn pruned_at(&self, at: usize) -> Self {
        match self {
            _ if at == 0 => Self::Pruned(self.hash()),
            Self::Inner(bit, left, right) if at <= left.count() => {
                Self::Inner(*bit, left.pruned_at(at - 1).into(), right.clone())
            }
            Self::Inner(bit, left, right) => {
                Self::Inner(*bit, left.clone(), right.pruned_at(at - 1 - left.count()).into())
            }
            Self::Pruned(_) | Self::Leaf(..) => unreachable!("numbered beyond the end"),
        }
    }
}

/// Everything a verified proof claims about these keys and ranges is so.
fn assert_honest(tree: &PartialTree<'_>, entries: &Entries, keys: &[Vec<u8>], ranges: &[Range]) {
    for (key, value) in tree.entries() {
        assert_eq!(entries.get(key).map(Vec::as_slice), Some(value));
    }
    for key in keys {
        if let Lookup::Known(value) = tree.lookup(key) {
            assert_eq!(value, entries.get(key).map(Vec::as_slice));
        }
    }
    for (from, to) in ranges {
        if from <= to && tree.covers_range(from, to) {
            let expected: Vec<_> = entries.range(from.clone()..=to.clone()).collect();
            let got = tree.entries_in(from, to);
            assert!(got.iter().copied().eq(expected.iter().map(|(k, v)| (k.as_slice(), v.as_slice()))));
        }
    }
}

fn sample() -> (Entries, Vec<Vec<u8>>, Vec<Range>) {
    let entry = |n: u8| (vec![1, 3, n.wrapping_mul(37), n], vec![n; usize::from(n) % 70]);
    let mut entries: Entries = (0..60).map(entry).collect();
    entries.extend((0..20).map(|n| (vec![2, 1, n, 0, 0], vec![n])));
    let keys = vec![vec![1, 3, 37, 1], vec![1, 3, 37, 2], vec![2, 1, 7, 0, 0], vec![3, 0]];
    let ranges = vec![(vec![1, 3, 60], vec![1, 3, 90]), (vec![2, 1, 30], vec![2, 1, 40])];
    (entries, keys, ranges)
}

#[test]
fn no_changed_byte_passes() {
    let (entries, keys, ranges) = sample();
    let (root, proof) = proof(&entries, &keys, &ranges);
    for at in 0..proof.len() {
        for mask in 1..=255 {
            let mut changed = proof.clone();
            changed[at] ^= mask;
            assert!(PartialTree::from_proof(root, &changed).is_err(), "byte {at} xor {mask}");
        }
    }
    for at in 0..32 {
        let mut other = root;
        other.0[at] ^= 1;
        assert_eq!(PartialTree::from_proof(other, &proof).unwrap_err(), ProofError::Root { got: root });
    }
}

#[test]
fn no_cut_or_lengthened_proof_passes() {
    let (entries, keys, ranges) = sample();
    let (root, mut proof) = proof(&entries, &keys, &ranges);
    for len in 0..proof.len() {
        assert!(PartialTree::from_proof(root, &proof[..len]).is_err(), "{len} bytes");
    }
    proof.push(0);
    let error = PartialTree::from_proof(root, &proof).unwrap_err();
    assert_eq!(error, ProofError::Bytes(DecodeError::Trailing { at: proof.len() - 1, excess: 1 }));
}

#[test]
fn pruning_more_never_hides_an_entry_of_a_range_said_to_be_covered() {
    let (entries, keys, ranges) = sample();
    let (root, bytes) = proof(&entries, &keys, &ranges);
    let whole = Node::read(&mut bytes.as_slice());
    let mut verified = 0;
    for at in 0..whole.count() {
        let cut = whole.pruned_at(at);
        assert_eq!(cut.root(), root);
        let cut = cut.bytes();
        let Ok(tree) = PartialTree::from_proof(root, &cut) else { continue };
        verified += 1;
        assert_honest(&tree, &entries, &keys, &ranges);
        let lost: Vec<_> = open_keys(&bytes).filter(|key| !open_keys(&cut).any(|k| k == *key)).collect();
        for key in lost {
            assert_eq!(tree.lookup(&key), Lookup::Unknown);
            for (from, to) in ranges.iter().filter(|(from, to)| (from..=to).contains(&&key)) {
                assert!(!tree.covers_range(from, to));
            }
        }
    }
    assert!(verified > 20, "only {verified} of the cut proofs were well-formed");
}

fn open_keys(proof: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    fn collect(node: &Node, keys: &mut Vec<Vec<u8>>) {
        match node {
            Node::Pruned(_) => {}
            Node::Leaf(key, _) => keys.push(key.clone()),
            Node::Inner(_, left, right) => {
                collect(left, keys);
                collect(right, keys);
            }
        }
    }
    let mut keys = Vec::new();
    collect(&Node::read(&mut &*proof), &mut keys);
    keys.into_iter()
}

fn leaf(key: &[u8]) -> Box<Node> {
    Node::Leaf(key.to_vec(), vec![7]).into()
}

fn pruned() -> Box<Node> {
    Node::Pruned(vec![9; 32]).into()
}

#[test]
fn ill_formed_trees_are_refused_even_under_their_own_root() {
    let inner = |bit, left, right| Box::new(Node::Inner(bit, left, right));
    let wrong = [
        // Keys 1,0 and 1,1 part at bit 15.
        ("sides", inner(15, leaf(&[1, 1]), leaf(&[1, 0])), ProofError::KeyPlace { at: 16 }),
        ("early", inner(7, leaf(&[1, 0]), leaf(&[1, 1])), ProofError::KeyPlace { at: 16 }),
        ("late", inner(15, leaf(&[1, 0]), leaf(&[2, 1])), ProofError::KeyPlace { at: 16 }),
        ("alone left", inner(15, leaf(&[1, 1]), pruned()), ProofError::KeyPlace { at: 42 }),
        ("alone right", inner(15, pruned(), leaf(&[1, 0])), ProofError::KeyPlace { at: 42 }),
        ("beyond the key", inner(16, leaf(&[1, 0]), pruned()), ProofError::KeyPlace { at: 42 }),
        ("nothing open", inner(15, pruned(), pruned()), ProofError::NothingOpened { at: 68 }),
        (
            "bits fall",
            inner(15, inner(14, leaf(&[1, 0]), pruned()), leaf(&[1, 1])),
            ProofError::BitOrder { at: 4 },
        ),
        (
            "bits stay",
            inner(15, inner(15, leaf(&[1, 0]), pruned()), leaf(&[1, 1])),
            ProofError::BitOrder { at: 4 },
        ),
        ("short key", leaf(&[1]), ProofError::KeyLength { at: 4 }),
        ("long key", leaf(&[1; 65]), ProofError::KeyLength { at: 4 }),
        (
            "one table, two lengths",
            inner(23, leaf(&[1, 0, 0]), leaf(&[1, 0, 1, 0])),
            ProofError::KeyLength { at: 19 },
        ),
    ];
    for (what, node, error) in wrong {
        let result = PartialTree::from_proof(node.root(), &node.bytes()).map(drop);
        assert_eq!(result, Err(error), "{what}");
    }
    assert_eq!(PartialTree::from_proof(CoreRoot([0; 32]), &[5]).unwrap_err(), ProofError::Kind { at: 1 });
    assert_eq!(
        PartialTree::from_proof(CoreRoot([0; 32]), &[0, 1, 4]).unwrap_err(),
        ProofError::Kind { at: 3 }
    );
}

#[test]
fn the_empty_tree_proves_that_everything_is_absent() {
    let (root, proof) = proof(&Entries::new(), &[vec![1, 1]], &[]);
    let tree = open(root, &proof);
    assert!(tree.covers_range(&[], &[0xff; 64]));
    assert_eq!(tree.lookup(&[1, 1]), Lookup::Known(None));
}

#[test]
fn an_empty_query_opens_nothing() {
    let (entries, ..) = sample();
    let (root, proof) = proof(&entries, &[], &[]);
    let tree = open(root, &proof);
    assert_eq!((proof.len(), tree.entries().count()), (33, 0));
    assert_eq!(tree.lookup(&[1, 1]), Lookup::Unknown);
    assert_eq!(tree.subtree_root(&[1]), None);
}

#[test]
fn a_prover_with_wrong_values_is_told_which() {
    let (entries, ..) = sample();
    let (tree, key) = (tree_of(&entries), [1, 3, 37, 1]);
    let query = Query::new([key.as_slice()], []);
    let none = tree.prove(&query, |_| None);
    assert_eq!(none, Err(NoProof::ValueMissing(key.to_vec())));
    let wrong = tree.prove(&query, |_| Some(Cow::Borrowed(b"wrong".as_slice())));
    assert_eq!(wrong, Err(NoProof::ValueDiffers(key.to_vec())));
}

fn ranges() -> impl Strategy<Value = Vec<Range>> {
    let end = prop_oneof![3 => key(), 1 => proptest::collection::vec(any::<u8>(), 0..5)];
    proptest::collection::vec((end.clone(), end), 0..4)
}

proptest! {
    #[test]
    fn a_proof_shows_what_was_asked_and_nothing_false(
        entries in entries(80),
        keys in proptest::collection::vec(key(), 0..6),
        ranges in ranges(),
        others in proptest::collection::vec(key(), 0..20),
    ) {
        let (root, proof) = proof(&entries, &keys, &ranges);
        let tree = open(root, &proof);
        prop_assert_eq!(tree.root(), root);
        prop_assert!(keys.iter().all(|key| tree.covers_key(key)));
        prop_assert!(ranges.iter().all(|(from, to)| tree.covers_range(from, to)));
        assert_honest(&tree, &entries, &keys, &ranges);
        assert_honest(&tree, &entries, &others, &[(vec![], vec![255; 64])]);
    }

    #[test]
    fn a_proof_cut_anywhere_stays_honest(
        entries in entries(60),
        keys in proptest::collection::vec(key(), 0..4),
        ranges in ranges(),
        at in any::<prop::sample::Index>(),
    ) {
        prop_assume!(!entries.is_empty());
        let (root, bytes) = proof(&entries, &keys, &ranges);
        let whole = Node::read(&mut bytes.as_slice());
        let cut = whole.pruned_at(at.index(whole.count())).bytes();
        if let Ok(tree) = PartialTree::from_proof(root, &cut) {
            assert_honest(&tree, &entries, &keys, &ranges);
        }
    }

    #[test]
    fn each_prefix_has_a_provable_root(entries in entries(80), prefix in key(), len in 1..4usize) {
        let prefix = prefix[..len.min(prefix.len())].to_vec();
        let full = tree_of(&entries);
        let (root, proof) = proof(&entries, std::slice::from_ref(&prefix), &[]);
        prop_assert_eq!(open(root, &proof).subtree_root(&prefix), Some(full.subtree_root(&prefix)));
    }

    #[test]
    fn no_bytes_make_the_verifier_panic(bytes in proptest::collection::vec(prop_oneof![0..5u8, any::<u8>()], 0..300)) {
        let _ = PartialTree::from_proof(Tree::new().root(), &bytes);
    }
}
