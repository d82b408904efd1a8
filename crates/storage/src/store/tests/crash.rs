//! Crashes at every operation of a disk that forgets.

use super::{
    super::{Recovered, Store},
    config, model, open,
};
use crate::{StorageError, files::Files, simulation::SimulatedFiles};
use proptest::prelude::*;
use std::sync::Arc;
use tandem_types::Height;

/// What the store acknowledged before the lights went out.
#[derive(Debug, Default)]
struct Acknowledged {
    initialised: bool,
    decided: u64,
    undecided: Vec<(u64, u32)>,
}

impl Acknowledged {
    fn initialise(&mut self, store: &Store) -> Result<(), StorageError> {
        store.initialise(Height(0), model::effects(0))?;
        self.initialised = true;
        Ok(())
    }

    fn put_undecided(&mut self, store: &Store, height: u64, round: u32) -> Result<(), StorageError> {
        store.put_undecided(&model::undecided(height, round))?;
        self.undecided.push((height, round));
        Ok(())
    }

    fn decide(&mut self, store: &Store) -> Result<(), StorageError> {
        store.append(&model::record(self.decided + 1))?;
        self.decided += 1;
        store.stage(Height(self.decided), model::effects(self.decided))
    }

    /// Opens the home that a crash left and checks it; then `self` is what is there.
    fn recover(&mut self, files: &SimulatedFiles) -> Store {
        let (store, recovered) = open_at_last(files);
        let Some(last) = model::replay(&store, &recovered) else {
            assert!(!self.initialised);
            return store;
        };
        assert!(
            last == self.decided || last == self.decided + 1,
            "{} acknowledged, {last} there",
            self.decided
        );
        (self.initialised, self.decided) = (true, last);
        self.undecided.retain(|(height, _)| *height > last);
        for (height, round) in &self.undecided {
            let found = store.undecided(Height(*height)).unwrap();
            assert!(found.contains(&model::undecided(*height, *round)));
        }
        for height in recovered.undecided {
            for found in store.undecided(height).unwrap() {
                assert_eq!(found, model::undecided(height.0, found.round.0));
            }
        }
        model::expect_all(&store, last);
        store
    }
}

/// Opens the home; a crash or a full disk that was still to come may meet it, once.
fn open_at_last(files: &SimulatedFiles) -> (Store, Recovered) {
    let first = open(files);
    if files.is_down() {
        drop(first);
        files.crash();
        return open(files).unwrap();
    }
    files.call_off();
    match first {
        Err(StorageError::DiskFull { .. }) => open(files).unwrap(),
        opened => opened.unwrap(),
    }
}

const BLOCKS: u64 = 18;

fn script(files: &SimulatedFiles, acknowledged: &mut Acknowledged) -> Result<(), StorageError> {
    let store = open(files)?.0;
    acknowledged.initialise(&store)?;
    while acknowledged.decided < BLOCKS {
        let next = acknowledged.decided + 1;
        acknowledged.put_undecided(&store, next, 0)?;
        acknowledged.put_undecided(&store, next, 1)?;
        acknowledged.decide(&store)?;
        if let Some(error) = store.status().error {
            return Err(StorageError::CheckpointFailed(error));
        }
    }
    Ok(())
}

/// The first crash while working or creating the home, the second while recovering from it.
#[test]
fn a_crash_at_any_operation_loses_nothing_acknowledged() {
    let mut recoveries = 0;
    for seed in 0..3 {
        for at in 1.. {
            let files = SimulatedFiles::new(seed * 1_000_003 + at);
            let mut acknowledged = Acknowledged::default();
            files.crash_at(at);
            let finished = script(&files, &mut acknowledged);
            if !files.is_down() {
                finished.unwrap();
                break;
            }
            files.crash();
            files.crash_at(at % 23 + 1);
            if let Err(error) = open(&files) {
                assert!(files.is_down(), "{error}");
            }
            files.crash();
            let store = acknowledged.recover(&files);
            if acknowledged.initialised {
                acknowledged.decide(&store).unwrap();
                model::expect_all(&store, acknowledged.decided);
            }
            recoveries += 1;
        }
    }
    assert!(recoveries > 300, "only {recoveries} crashes");
}

#[derive(Clone, Debug)]
enum Step {
    Undecided { ahead: u64, round: u32 },
    Decide,
    Flush,
    Reopen,
    Crash,
    CrashAt(u64),
    DiskFullAt(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..3u64, 0..3u32).prop_map(|(ahead, round)| Step::Undecided { ahead, round }),
        8 => Just(Step::Decide),
        1 => Just(Step::Flush),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
        2 => (1..40u64).prop_map(Step::CrashAt),
        1 => (1..20u64).prop_map(Step::DiskFullAt),
    ]
}

fn take(step: &Step, store: &Store, files: &SimulatedFiles, acknowledged: &mut Acknowledged) {
    let outcome = match step {
        Step::Undecided { ahead, round } => {
            acknowledged.put_undecided(store, acknowledged.decided + ahead, *round)
        }
        Step::Decide => acknowledged.decide(store),
        Step::Flush => store.flush(),
        Step::Reopen | Step::Crash => Ok(()),
        Step::CrashAt(at) => {
            files.crash_at(*at);
            Ok(())
        }
        Step::DiskFullAt(at) => {
            files.fail_at(*at, std::io::ErrorKind::StorageFull);
            Ok(())
        }
    };
    drop(outcome);
}

/// A sync that fails leaves bytes that only the cache holds. The next process reads them, so it makes them durable
/// before it says that they are there.
#[test]
fn what_only_the_cache_held_is_durable_after_the_next_start() {
    for (seed, at) in (0..16).flat_map(|seed| (1..8).map(move |at| (seed, at))) {
        let files = SimulatedFiles::new(seed);
        let mut acknowledged = Acknowledged::default();
        let store = open(&files).unwrap().0;
        acknowledged.initialise(&store).unwrap();
        files.fail_at(at, std::io::ErrorKind::StorageFull);
        drop(acknowledged.put_undecided(&store, 1, 0).and_then(|()| acknowledged.decide(&store)));
        drop(store);
        let store = acknowledged.recover(&files);
        acknowledged.put_undecided(&store, acknowledged.decided + 1, 0).unwrap();
        drop(store);
        files.crash();
        acknowledged.recover(&files);
    }
}

proptest! {
    /// Any mixture of blocks, checkpoints, restarts, crashes and full disks: what was acknowledged is there.
    #[test]
    fn any_sequence_keeps_what_was_acknowledged(seed: u64, steps in prop::collection::vec(step(), 1..70)) {
        let files = SimulatedFiles::new(seed);
        let mut acknowledged = Acknowledged::default();
        let mut store = open(&files).unwrap().0;
        acknowledged.initialise(&store).unwrap();
        for step in &steps {
            let before = acknowledged.decided;
            take(step, &store, &files, &mut acknowledged);
            let failed = matches!(step, Step::Decide) && acknowledged.decided == before;
            let stopped = failed || store.status().staged.unwrap().0 < acknowledged.decided;
            let crashes = files.is_down() || stopped || matches!(step, Step::Crash);
            if !crashes && !matches!(step, Step::Reopen) {
                continue;
            }
            if crashes {
                files.crash();
            }
            drop(store);
            // Closing writes as well, so the power can go out there.
            if files.is_down() {
                files.crash();
            }
            store = acknowledged.recover(&files);
        }
        files.crash();
        acknowledged.recover(&files);
    }
}

/// A checkpoint that meets a full disk is written later; the blocks go on meanwhile.
#[test]
fn a_checkpoint_on_a_full_disk_is_tried_again() {
    let mut failures = 0;
    for at in 1.. {
        let files = SimulatedFiles::new(at);
        let mut acknowledged = Acknowledged::default();
        let store = open(&files).unwrap().0;
        acknowledged.initialise(&store).unwrap();
        (0..3).for_each(|_| acknowledged.decide(&store).unwrap());
        store.append(&model::record(4)).unwrap();
        acknowledged.decided = 4;
        files.fail_at(at, std::io::ErrorKind::StorageFull);
        store.stage(Height(4), model::effects(4)).unwrap();
        let Some(error) = store.status().error else { break };
        failures += 1;
        assert!(error.is_transient(), "{error}");
        model::expect_all(&store, 4);
        acknowledged.decide(&store).unwrap();
        assert_eq!(store.status().checkpoint, Some(Height(4)));
        assert!(store.status().error.is_none());
        model::expect_all(&store, 5);
        drop(store);
        files.crash();
        acknowledged.recover(&files);
    }
    assert!(failures > 3, "only {failures}");
}

#[test]
fn a_home_has_one_owner() {
    let files = SimulatedFiles::new(1);
    let owner = open(&files).unwrap();
    assert!(matches!(open(&files), Err(StorageError::Locked { .. })));
    drop(owner);
    open(&files).unwrap();
}

#[test]
fn a_home_that_lost_its_identity_is_not_taken_for_an_empty_one() {
    let files = SimulatedFiles::new(1);
    drop(open(&files).unwrap());
    files.remove("store").unwrap();
    assert!(matches!(open(&files), Err(StorageError::NotAStore { .. })));
}

#[test]
fn a_log_that_ends_before_the_checkpoint_is_an_error() {
    let files = SimulatedFiles::new(1);
    let mut acknowledged = Acknowledged::default();
    let store = open(&files).unwrap().0;
    acknowledged.initialise(&store).unwrap();
    (0..12).for_each(|_| acknowledged.decide(&store).unwrap());
    drop(store);
    let names = files.list("log").unwrap();
    names.iter().skip(1).for_each(|name| files.remove(&format!("log/{name}")).unwrap());
    let error = open(&files).unwrap_err();
    assert!(matches!(error, StorageError::Gap { checkpoint: Height(12), .. }), "{error}");
}

#[test]
fn calls_out_of_order_are_refused() {
    let files = SimulatedFiles::new(1);
    let store = open(&files).unwrap().0;
    assert!(matches!(store.append(&model::record(1)), Err(StorageError::Uninitialised)));
    assert!(matches!(store.checkpoint(), Err(StorageError::Uninitialised)));
    store.initialise(Height(0), model::effects(0)).unwrap();
    assert!(matches!(
        store.initialise(Height(0), model::effects(0)),
        Err(StorageError::AlreadyInitialised(Height(0)))
    ));
    assert!(matches!(store.append(&model::record(2)), Err(StorageError::OutOfOrder { .. })));
    assert!(matches!(store.stage(Height(1), model::effects(1)), Err(StorageError::OutOfOrder { .. })));
    store.append(&model::record(1)).unwrap();
    store.append(&model::record(2)).unwrap();
    assert!(matches!(store.stage(Height(2), model::effects(2)), Err(StorageError::OutOfOrder { .. })));
}

/// Pruned blocks take their index entries with them, and the disk does not grow.
#[test]
fn history_is_bounded() {
    let files = SimulatedFiles::new(1);
    let mut acknowledged = Acknowledged::default();
    let store = open(&files).unwrap().0;
    acknowledged.initialise(&store).unwrap();
    (0..80).for_each(|_| acknowledged.decide(&store).unwrap());
    assert!(model::log_files(&files) < 12);
    assert_eq!(store.block(Height(40)).unwrap(), None);
    assert_eq!(store.lookup(crate::IndexKind(3), b"tx40").unwrap(), None);
    model::expect_all(&store, 80);
}

/// With the thread, blocks are appended and read while checkpoints are written, and all of it is there afterwards.
#[test]
fn the_background_thread_writes_the_same_checkpoints() {
    let files = SimulatedFiles::new(1);
    let config = super::Config { background: true, ..config() };
    let mut acknowledged = Acknowledged::default();
    let store = Store::open(Arc::new(files.clone()), config).unwrap().0;
    acknowledged.initialise(&store).unwrap();
    for _ in 0..200 {
        acknowledged.decide(&store).unwrap();
        model::expect_checkpoint(&store);
    }
    store.flush().unwrap();
    assert_eq!(store.status().checkpoint, Some(Height(200)));
    model::expect_all(&store, 200);
    drop(store);
    acknowledged.recover(&files);
}

/// The same with the thread at work when the lights go out, at whatever it was doing.
#[test]
fn a_crash_while_the_thread_writes_loses_nothing_acknowledged() {
    for at in (20..600).step_by(3) {
        let files = SimulatedFiles::new(at);
        let config = super::Config { background: true, ..config() };
        let store = Store::open(Arc::new(files.clone()), config).unwrap().0;
        let mut acknowledged = Acknowledged::default();
        acknowledged.initialise(&store).unwrap();
        files.crash_at(at);
        while !files.is_down() && acknowledged.decided < 200 {
            // Once it is down, either the append fails or the staging says that checkpoints did.
            drop(acknowledged.decide(&store));
        }
        drop(store);
        files.crash();
        acknowledged.recover(&files);
    }
}

/// At its limit of memory the store waits for a checkpoint instead of growing.
#[test]
fn staged_effects_are_bounded() {
    for background in [false, true] {
        let files = SimulatedFiles::new(1);
        let config =
            super::Config { background, checkpoint_interval: 1_000_000, staged_bytes_max: 5_000, ..config() };
        let mut acknowledged = Acknowledged::default();
        let store = Store::open(Arc::new(files), config).unwrap().0;
        acknowledged.initialise(&store).unwrap();
        for _ in 0..60 {
            acknowledged.decide(&store).unwrap();
            assert!(store.status().staged_bytes < 8_000);
        }
        assert!(store.status().checkpoint > Some(Height(30)));
        model::expect_all(&store, 60);
    }
}
