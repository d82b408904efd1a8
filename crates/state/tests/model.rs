//! The tables against a plain ordered map: checkpoints, blocks, siblings, followers and partial state.

use proptest::prelude::*;
use std::collections::BTreeMap;
use tandem_state::index::{Hashed, Ordered};
use tandem_state::{Delta, Direction, ReadSet, Tables, tables};
use tandem_types::{AccountId, TokenAtoms};

tables! {
    /// Two tables, one of each index, as an engine would have them.
    pub struct TestTables in EngineId(0x70) {
        /// By hash.
        hashed: Hashed<AccountId, TokenAtoms> = 1,
        /// In order.
        ordered: Ordered<u16, u64> = 2,
    }
}
use tandem_types::EngineId;

#[derive(Clone, Debug)]
enum Op {
    Put(u16, u64),
    Update(u16, u64),
    Remove(u16),
    First(u16, u16),
    Checkpoint,
    Rollback,
    Commit,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    entries: BTreeMap<u16, u64>,
    checkpoints: Vec<BTreeMap<u16, u64>>,
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0u16..40;
    prop_oneof![
        4 => (key.clone(), 0u64..5).prop_map(|(k, v)| Op::Put(k, v)),
        2 => (key.clone(), 0u64..5).prop_map(|(k, v)| Op::Update(k, v)),
        3 => key.clone().prop_map(Op::Remove),
        3 => (key.clone(), key).prop_map(|(a, b)| Op::First(a, b)),
        1 => Just(Op::Checkpoint),
        1 => Just(Op::Rollback),
        1 => Just(Op::Commit),
    ]
}

/// Runs one operation on both and returns what the tables answered, having compared it with the model's answer.
fn step(tables: &mut TestTables, model: &mut Model, op: &Op, compare: bool) -> Option<(u16, u64)> {
    let answer = match *op {
        Op::Put(key, value) => {
            tables.ordered.put(key, value);
            tables.hashed.put(AccountId(key.into()), TokenAtoms(value));
            model.entries.insert(key, value);
            None
        }
        Op::Update(key, value) => {
            let found = tables.ordered.update(&key, |old| core::mem::replace(old, value));
            tables.hashed.update(&AccountId(key.into()), |old| *old = TokenAtoms(value));
            let expected = model.entries.get_mut(&key).map(|old| core::mem::replace(old, value));
            assert!(!compare || found == expected);
            found.map(|old| (key, old))
        }
        Op::Remove(key) => {
            let found = tables.ordered.remove(&key);
            tables.hashed.remove(&AccountId(key.into()));
            let expected = model.entries.remove(&key);
            assert!(!compare || found == expected);
            found.map(|old| (key, old))
        }
        Op::First(from, to) => {
            let found = tables.ordered.first(&from, &to).map(|(key, value)| (key, *value));
            let expected =
                if from <= to { model.entries.range(from..=to).next().map(|(k, v)| (*k, *v)) } else { None };
            assert!(!compare || found == expected);
            found
        }
        Op::Checkpoint => {
            tables.checkpoint();
            model.checkpoints.push(model.entries.clone());
            None
        }
        Op::Rollback => {
            if let Some(entries) = model.checkpoints.pop() {
                tables.rollback();
                model.entries = entries;
            }
            None
        }
        Op::Commit => {
            if model.checkpoints.pop().is_some() {
                tables.commit();
            }
            None
        }
    };
    if compare {
        let held: BTreeMap<u16, u64> =
            (0..40).filter_map(|k| tables.ordered.peek(&k).map(|v| (k, *v))).collect();
        assert_eq!(held, model.entries);
    }
    answer
}

fn run(tables: &mut TestTables, model: &mut Model, block: &[Op]) -> (Vec<Option<(u16, u64)>>, Delta) {
    let answers = block.iter().map(|op| step(tables, model, op, true)).collect();
    model.checkpoints.clear();
    (answers, tables.seal())
}

/// Partial tables that know of `state` just what `reads` names.
fn partial(state: &TestTables, reads: &ReadSet) -> TestTables {
    let mut part = TestTables::default();
    part.begin_partial();
    for (key, value) in state.entries() {
        let in_range = |(from, to): &(Vec<u8>, Vec<u8>)| *from <= key && key <= *to;
        if reads.keys.contains(&key) || reads.ranges.iter().any(in_range) {
            part.load(&key, &value).unwrap();
        }
    }
    reads.keys.iter().for_each(|key| part.admit_key(key).unwrap());
    reads.ranges.iter().for_each(|(from, to)| part.admit_range(from, to).unwrap());
    part
}

proptest! {
    #[test]
    fn blocks_agree_with_a_plain_map_and_can_be_undone_followed_and_repeated_on_a_witness(
        blocks in prop::collection::vec(prop::collection::vec(op(), 0..40), 1..6),
    ) {
        let mut tables = TestTables::default();
        let mut follower = TestTables::default();
        let mut model = Model::default();
        let mut history = Vec::new();
        for block in &blocks {
            let before = tables.clone();
            tables.record(true);
            let (answers, delta) = run(&mut tables, &mut model, block);
            let reads = tables.take_reads();

            let mut part = partial(&before, &reads);
            let mut model_again = Model { entries: before_entries(&before), ..Model::default() };
            let again: Vec<_> = block.iter().map(|op| step(&mut part, &mut model_again, op, false)).collect();
            prop_assert!(part.misses().is_empty());
            prop_assert_eq!(again, answers);
            prop_assert_eq!(part.seal(), delta.clone());

            follower.apply(&delta, Direction::Forward).unwrap();
            prop_assert_eq!(follower.entries(), tables.entries());
            let decoded: Delta = tandem_codec::Decode::from_bytes(&tandem_codec::Encode::to_bytes(&delta)).unwrap();
            prop_assert_eq!(&decoded, &delta);
            history.push((before, delta));
        }
        for (before, delta) in history.iter().rev() {
            follower.apply(delta, Direction::Backward).unwrap();
            prop_assert_eq!(follower.entries(), before.entries());
        }
    }

    #[test]
    fn a_reverted_block_leaves_no_trace(first in prop::collection::vec(op(), 0..30), second in prop::collection::vec(op(), 0..30)) {
        let mut tables = TestTables::default();
        let mut model = Model::default();
        run(&mut tables, &mut model, &first);
        let before = tables.entries();
        second.iter().for_each(|op| { step(&mut tables, &mut model, op, true); });
        tables.revert_block();
        prop_assert_eq!(tables.entries(), before);
        prop_assert!(tables.seal().is_empty());
    }

    #[test]
    fn a_witness_that_is_short_names_what_it_lacks(block in prop::collection::vec(op(), 1..30)) {
        let mut tables = TestTables::default();
        tables.record(true);
        run(&mut tables, &mut Model::default(), &block);
        let reads = tables.take_reads();
        let mut part = partial(&TestTables::default(), &ReadSet::default());
        block.iter().for_each(|op| { step(&mut part, &mut Model::default(), op, false); });
        prop_assert_eq!(part.misses().is_empty(), reads.is_empty());
    }
}

fn before_entries(tables: &TestTables) -> BTreeMap<u16, u64> {
    (0..40).filter_map(|k| tables.ordered.peek(&k).map(|v| (k, *v))).collect()
}

#[test]
fn a_delta_of_another_engine_is_refused_by_name() {
    let mut tables = TestTables::default();
    let bytes = [0, 0, 0, 1, 0, 0, 0, 3, 9, 8, 7, 0, 1, 0, 0, 0, 1, 5];
    let delta: Delta = tandem_codec::Decode::from_bytes(&bytes).unwrap();
    let error = tables.apply(&delta, Direction::Forward);
    assert_eq!(error, Err(tandem_state::DeltaError::UnknownTable([9, 8])));
}
