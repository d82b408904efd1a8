//! A home whose files were changed: it is refused, or what it gives is what was written.
//!
//! The first byte chooses the file, the rest changes it as [`mutate`] says. The database of the checkpoint is left as it
//! is: its pages are its own business.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use tandem_fuzz::mutate;
use tandem_storage::simulation::SimulatedFiles;
use tandem_storage::{BlockRecord, Config, Effects, Files, Store, UndecidedBlock};
use tandem_types::{BlockId, Height, Round};

const LAST: u64 = 6;
const NEXT: Height = Height(LAST + 1);
const DIRS: [&str; 4] = ["", "log", "undecided", "wal"];

fuzz_target!(|data: &[u8]| {
    let Some((choice, script)) = data.split_first() else { return };
    let files = home();
    let paths = paths(&files);
    change(&files, &paths[usize::from(*choice) % paths.len()], script);
    let Ok((store, recovered)) = Store::open(Arc::new(files), config()) else { return };
    assert!(recovered.checkpoint.is_none_or(|height| height <= Height(LAST)));
    for height in (1..=LAST).map(Height) {
        if let Ok(Some(found)) = store.block(height) {
            assert_eq!(found, record(height), "a block is as it was written");
        }
    }
    for found in store.undecided(NEXT).unwrap_or_default() {
        assert_eq!(found, undecided(found.round));
    }
    let mut wal = store.take_wal().expect("nobody has it");
    if let Ok(entries) = wal.begin(NEXT) {
        assert!(entries.len() <= 3 && entries.iter().zip(0..).all(|(entry, at)| *entry == said(at)));
    }
});

fn config() -> Config {
    Config {
        checkpoint_interval: 2,
        segment_bytes: 300,
        cache_bytes: 1 << 16,
        background: false,
        ..Config::new([5; 16])
    }
}

/// Blocks, checkpoints, undecided blocks and a log of votes, everything synced.
fn home() -> SimulatedFiles {
    let files = SimulatedFiles::new(1);
    let store = Store::open(Arc::new(files.clone()), config()).expect("an empty home opens").0;
    store.initialise(Height(0), effects(Height(0))).expect("an empty home");
    for height in (1..=LAST).map(Height) {
        store.append(&record(height)).expect("the next block");
        store.stage(height, effects(height)).expect("the next effects");
    }
    (0..2).for_each(|round| store.put_undecided(&undecided(Round(round))).expect("there is room"));
    let mut wal = store.take_wal().expect("nobody has it");
    wal.begin(NEXT).expect("a new height");
    (0..3).for_each(|at| wal.append(&said(at)).and_then(|()| wal.sync()).expect("the disk is good"));
    files
}

fn paths(files: &SimulatedFiles) -> Vec<String> {
    let names = |dir: &str| {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        files
            .list(dir)
            .expect("a directory of the home")
            .into_iter()
            .map(move |name| format!("{prefix}{name}"))
    };
    DIRS.into_iter().flat_map(names).collect()
}

fn change(files: &SimulatedFiles, path: &str, script: &[u8]) {
    let file = files.open(path).expect("a file that was listed");
    let size = file.size().expect("an open file");
    let mut bytes = vec![0; usize::try_from(size).expect("a small file")];
    file.read_at(0, &mut bytes).expect("the whole file");
    mutate(&mut bytes, script);
    file.set_len(0).and_then(|()| file.write_at(0, &bytes)).expect("the disk is good");
}

fn record(height: Height) -> BlockRecord {
    let part =
        |len: u64| vec![u8::try_from(height.0).expect("low heights"); usize::try_from(len).expect("short")];
    BlockRecord {
        height,
        id: BlockId([3; 32]),
        block: part(50),
        certificate: part(9),
        receipts: part(height.0),
        delta: part(20),
    }
}

fn undecided(round: Round) -> UndecidedBlock {
    let block = vec![u8::try_from(round.0).unwrap_or(u8::MAX); 70];
    UndecidedBlock { height: NEXT, round, id: BlockId([4; 32]), block, note: vec![1, 2, 3] }
}

fn said(at: u8) -> Vec<u8> {
    vec![at; 10 + usize::from(at)]
}

fn effects(height: Height) -> Effects {
    let change = (height.0.to_be_bytes(), Some([1; 30]));
    Effects { changes: [change].into_iter().collect(), index: Vec::new(), meta: Vec::new() }
}
