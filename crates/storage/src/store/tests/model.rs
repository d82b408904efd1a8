//! What a store must hold: everything as plain maps, computed anew from the heights.

use super::super::Store;
use crate::{BlockRecord, Effects, IndexEntry, IndexHit, IndexKind, Recovered, UndecidedBlock, files::Files};
use std::{collections::BTreeMap, ops::ControlFlow};
use tandem_types::{BlockId, Height, Round};

const INDEX: IndexKind = IndexKind(3);

fn bytes(seed: u64, len: u64) -> Vec<u8> {
    (0..len).map(|i| (seed.wrapping_mul(2_654_435_761).wrapping_add(i * i) >> 3) as u8).collect()
}

pub(super) fn record(height: u64) -> BlockRecord {
    BlockRecord {
        height: Height(height),
        id: BlockId([height as u8; 32]),
        block: bytes(height, height * 37 % 700),
        certificate: bytes(height + 1, 50),
        receipts: bytes(height + 2, height % 5),
        delta: bytes(height + 3, 30),
    }
}

pub(super) fn undecided(height: u64, round: u32) -> UndecidedBlock {
    UndecidedBlock {
        height: Height(height),
        round: Round(round),
        id: BlockId([round as u8; 32]),
        block: bytes(height * 5 + u64::from(round), 333),
        note: vec![round as u8; 3],
    }
}

/// Changes, creations and removals over 25 keys; an index key of its own and one that later blocks write again.
pub(super) fn effects(height: u64) -> Effects {
    let change = |n: u64| {
        let value = (!(height + n).is_multiple_of(3)).then(|| bytes(height * 100 + n, (height + n) % 90));
        (format!("key{:02}", (height * 7 + n * 3) % 25), value)
    };
    let entry = |key: String| IndexEntry { kind: INDEX, key: key.into_bytes(), value: vec![height as u8] };
    Effects {
        changes: (0..4).map(change).collect(),
        index: vec![entry(format!("tx{height}")), entry(format!("shared{}", height % 5))],
        meta: vec![(b"cursor".to_vec(), height.to_be_bytes().to_vec())],
    }
}

/// The state after the block at `height`.
pub(super) fn state(height: u64) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut state = BTreeMap::new();
    for effects in (0..=height).map(effects) {
        for (key, value) in effects.changes.iter() {
            match value {
                Some(value) => state.insert(key.to_vec(), value.to_vec()),
                None => state.remove(key),
            };
        }
    }
    state
}

/// Checks everything that `store` says against the model, where blocks up to `last` are decided and staged.
pub(super) fn expect_all(store: &Store, last: u64) {
    let state = state(last);
    for n in 0..25 {
        let key = format!("key{n:02}").into_bytes();
        assert_eq!(store.state(&key).unwrap(), state.get(&key).cloned(), "key {n} at {last}");
    }
    assert_eq!(store.meta(b"cursor").unwrap(), Some(last.to_be_bytes().to_vec()));
    let hit = |height: u64| Some(IndexHit { height: Height(height), value: vec![height as u8] });
    for height in last.saturating_sub(5)..=last {
        assert_eq!(store.lookup(INDEX, format!("tx{height}").as_bytes()).unwrap(), hit(height));
    }
    for residue in 0..5 {
        let newest = (last.saturating_sub(4)..=last).find(|height| height % 5 == residue);
        if let Some(newest) = newest {
            assert_eq!(store.lookup(INDEX, format!("shared{residue}").as_bytes()).unwrap(), hit(newest));
        }
    }
    expect_checkpoint(store);
    expect_blocks(store, last);
}

/// The checkpoint is exactly the state of the height that it says.
pub(super) fn expect_checkpoint(store: &Store) {
    let checkpoint = store.checkpoint().unwrap();
    let mut found = Vec::new();
    checkpoint
        .scan(&[], &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(found, state(checkpoint.height().0).into_iter().collect::<Vec<_>>());
    let cursor = checkpoint.height().0.to_be_bytes().to_vec();
    assert_eq!(checkpoint.meta(b"cursor").unwrap(), Some(cursor));
}

fn expect_blocks(store: &Store, last: u64) {
    let Some(heights) = store.heights() else {
        assert_eq!(last, 0);
        return;
    };
    assert_eq!(heights.end().0, last);
    // A thread may prune meanwhile, but never these.
    let kept_from = last.saturating_sub(5).max(1);
    assert!(heights.start().0 <= kept_from);
    for height in heights.start().0..=last {
        let found = store.block(Height(height)).unwrap();
        assert!(found == Some(record(height)) || found.is_none() && height < kept_from);
    }
    assert_eq!(store.block(Height(last + 1)).unwrap(), None);
}

/// Replays as a node does at its start, and gives the last decided height; `None` if the home has no state.
pub(super) fn replay(store: &Store, recovered: &Recovered) -> Option<u64> {
    let mut last = recovered.checkpoint?.0;
    expect_checkpoint(store);
    for height in recovered.replay.iter().flat_map(|replay| replay.start().0..=replay.end().0) {
        assert_eq!(height, last + 1);
        assert_eq!(store.block(Height(height)).unwrap(), Some(record(height)));
        store.stage(Height(height), effects(height)).unwrap();
        last = height;
    }
    Some(last)
}

/// Bytes in the files of a home.
pub(super) fn log_files(files: &dyn Files) -> usize {
    files.list("log").unwrap().len()
}
