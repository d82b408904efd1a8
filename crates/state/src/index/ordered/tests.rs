//! The tree against a plain ordered map, and its invariants after each step.

use super::arena::{Arena, NONE};
use super::node::{FILL_MAX, FILL_MIN};
use super::{Index, Ordered, OrderedIndex};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

/// Values own memory, so that a value lost or doubled would show.
type Tree = Ordered<u32, String>;

/// Asserts every invariant that the module names.
fn check(tree: &Tree) {
    if tree.root == NONE {
        assert_eq!((tree.count, tree.height, tree.leaves.made()), (0, 0, 0));
        return;
    }
    let mut levels = vec![vec![(tree.root, None, None)]];
    for _ in 0..tree.height {
        let below = levels.last().unwrap().iter().flat_map(|node| children(tree, *node)).collect();
        levels.push(below);
    }
    let leaves = levels.pop().unwrap();
    for (id, from, to) in &leaves {
        let leaf = tree.leaves.node(*id).unwrap();
        assert!(tree.height == 0 || leaf.len() >= FILL_MIN);
        assert!(leaf.len() <= FILL_MAX && leaf.keys().is_sorted_by(|a, b| a < b));
        assert!(
            leaf.keys()
                .iter()
                .all(|key| from.is_none_or(|from| from <= *key) && to.is_none_or(|to| *key < to))
        );
    }
    let entries: usize = leaves.iter().map(|(id, ..)| tree.leaves.node(*id).unwrap().len()).sum();
    assert_eq!(entries, tree.count);
    check_ids(&tree.leaves, &[ids(&leaves)]);
    check_ids(&tree.inners, &levels.iter().map(|level| ids(level)).collect::<Vec<_>>());
}

type Bounded = (u32, Option<u32>, Option<u32>);

fn ids(level: &[Bounded]) -> Vec<u32> {
    level.iter().map(|(id, ..)| *id).collect()
}

/// The children of an inner node with their bounds.
fn children(tree: &Tree, (id, from, to): Bounded) -> Vec<Bounded> {
    let node = tree.inners.node(id).unwrap();
    assert!(node.len() <= FILL_MAX && node.len() >= if id == tree.root { 2 } else { FILL_MIN });
    let separators = &node.keys()[1..];
    assert!(separators.is_sorted_by(|a, b| a < b));
    assert!(
        separators.iter().all(|key| from.is_none_or(|from| from < *key) && to.is_none_or(|to| *key < to))
    );
    let lower = |at: usize| if at == 0 { from } else { Some(node.keys()[at]) };
    let upper = |at: usize| if at + 1 == node.len() { to } else { Some(node.keys()[at + 1]) };
    (0..node.len()).map(|at| (*node.item(at).unwrap(), lower(at), upper(at))).collect()
}

/// The chain of each level is complete, and each node is on one level or free, once.
fn check_ids<T>(arena: &Arena<u32, T>, levels: &[Vec<u32>]) {
    for level in levels {
        let nexts = level.iter().map(|id| arena.node(*id).unwrap().next);
        assert!(nexts.eq(level[1..].iter().copied().chain([NONE])));
    }
    let all: Vec<u32> = levels.iter().flatten().chain(arena.free()).copied().collect();
    let distinct: BTreeSet<u32> = all.iter().copied().collect();
    assert_eq!(all.len(), distinct.len());
    assert!(distinct.into_iter().eq(0..arena.made()));
    assert!(arena.free().iter().all(|id| arena.node(*id).unwrap().len() == 0));
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u32),
    Update(u32),
    Remove(u32),
    Find(u32),
    /// Inserts all keys of a range, upwards or downwards.
    Fill(u32, u32, bool),
    /// Removes all keys of a range, upwards or downwards.
    Clear(u32, u32, bool),
    Copy,
}

fn op(keys: u32) -> impl Strategy<Value = Op> {
    let key = 0..keys;
    let range = (key.clone(), 1..keys.min(600), any::<bool>());
    prop_oneof![
        20 => key.clone().prop_map(Op::Insert),
        5 => key.clone().prop_map(Op::Update),
        20 => key.clone().prop_map(Op::Remove),
        10 => key.prop_map(Op::Find),
        1 => range.clone().prop_map(|(from, count, up)| Op::Fill(from, count, up)),
        1 => range.prop_map(|(from, count, up)| Op::Clear(from, count, up)),
        1 => Just(Op::Copy),
    ]
}

fn run(from: u32, count: u32, up: bool) -> impl Iterator<Item = u32> {
    (0..count).map(move |step| from + if up { step } else { count - 1 - step })
}

fn insert(tree: &mut Tree, twin: &mut BTreeMap<u32, String>, key: u32, value: &str) {
    assert_eq!(tree.insert(key, value.to_string()), twin.insert(key, value.to_string()));
}

fn step(tree: &mut Tree, twin: &mut BTreeMap<u32, String>, op: &Op, at: usize) {
    match *op {
        Op::Insert(key) => insert(tree, twin, key, &at.to_string()),
        Op::Update(key) => {
            assert_eq!(tree.find(&key), twin.get(&key));
            for value in [tree.find_mut(&key), twin.get_mut(&key)].into_iter().flatten() {
                value.push('+');
            }
        }
        Op::Remove(key) => assert_eq!(tree.remove(&key), twin.remove(&key)),
        Op::Find(key) => {
            assert_eq!(tree.find(&key), twin.get(&key));
            assert_eq!(tree.first_from(&key), twin.range(key..).next());
        }
        Op::Fill(from, count, up) => {
            run(from, count, up).for_each(|key| insert(tree, twin, key, &at.to_string()))
        }
        Op::Clear(from, count, up) => {
            run(from, count, up).for_each(|key| assert_eq!(tree.remove(&key), twin.remove(&key)));
        }
        Op::Copy => *tree = tree.clone(),
    }
}

/// Runs operations on both, checks everything after each, then removes what is left.
fn compare(ops: &[Op]) {
    let (mut tree, mut twin) = (Tree::default(), BTreeMap::new());
    for (at, op) in ops.iter().enumerate() {
        step(&mut tree, &mut twin, op, at);
        check(&tree);
        let mut shown = Vec::new();
        tree.for_each(&mut |key, value| shown.push((*key, value.clone())));
        assert!(shown.iter().map(|(key, value)| (key, value)).eq(&twin));
        assert_eq!(tree.count(), twin.len());
    }
    let left: Vec<u32> = twin.keys().copied().collect();
    for key in left {
        assert_eq!(tree.remove(&key), twin.remove(&key));
        assert_eq!(tree.first_from(&0), twin.range(0..).next());
    }
    check(&tree);
    assert_eq!((tree.height, tree.count()), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn agrees_with_a_plain_map_when_keys_are_few(ops in prop::collection::vec(op(60), 1..800)) {
        compare(&ops);
    }

    #[test]
    fn agrees_with_a_plain_map_when_keys_are_some(ops in prop::collection::vec(op(3_000), 1..800)) {
        compare(&ops);
    }

    #[test]
    fn agrees_with_a_plain_map_when_keys_are_many(ops in prop::collection::vec(op(1 << 30), 1..800)) {
        compare(&ops);
    }
}

/// Numbers that look random, the same in each run.
fn numbers() -> impl Iterator<Item = u32> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    core::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u32
    })
}

#[test]
fn a_deep_tree_grows_shrinks_by_clusters_and_is_refilled() {
    let (mut tree, mut twin) = (Tree::default(), BTreeMap::new());
    let mut numbers = numbers();
    for round in 0..3 {
        while twin.len() < 30_000 {
            let key = numbers.next().unwrap() % 200_000;
            insert(&mut tree, &mut twin, key, "v");
            assert_eq!(tree.first_from(&(key + 1)), twin.range(key + 1..).next());
        }
        check(&tree);
        assert!(tree.height >= 2);
        while twin.len() > 200 * round {
            let from = numbers.next().unwrap() % 200_000;
            for key in run(from, 2_000, round == 1) {
                assert_eq!(tree.remove(&key), twin.remove(&key));
            }
            check(&tree);
            assert_eq!(tree.first_from(&from), twin.range(from..).next());
        }
    }
}

#[test]
fn keys_in_order_fill_the_leaves_whichever_the_direction() {
    for up in [true, false] {
        let mut tree = Tree::default();
        run(0, 20_000, up).for_each(|key| assert_eq!(tree.insert(key, String::new()), None));
        check(&tree);
        let leaves = tree.leaves.made() as usize - tree.leaves.free().len();
        assert!(20_000 >= leaves * FILL_MAX * 8 / 10, "{leaves} leaves");
    }
}

#[test]
fn nothing_is_found_in_an_empty_tree() {
    let mut tree = Tree::default();
    assert_eq!((tree.find(&1), tree.first_from(&0), tree.count()), (None, None, 0));
    assert_eq!((tree.remove(&1), tree.find_mut(&1)), (None, None));
    tree.insert(1, String::new());
    assert_eq!(tree.remove(&1), Some(String::new()));
    assert_eq!((tree.find(&1), tree.first_from(&0), tree.count()), (None, None, 0));
}

#[test]
fn a_copy_shares_nothing_and_shows_the_same() {
    let mut tree = Tree::default();
    (0..100).for_each(|key| assert_eq!(tree.insert(key, key.to_string()), None));
    let copy = tree.clone();
    (0..100).for_each(|key| assert_eq!(tree.remove(&key), Some(key.to_string())));
    check(&copy);
    assert_eq!(copy.count(), 100);
    assert_eq!(alloc::format!("{:?}", copy).len(), 10 * 8 + 90 * 10);
}
