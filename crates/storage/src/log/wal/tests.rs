//! The log of consensus on a disk that forgets, against a list.

use super::*;
use crate::{files::Files, simulation::SimulatedFiles};
use proptest::prelude::*;

#[derive(Debug)]
struct NoLock;

impl Lock for NoLock {}

const PATH: &str = "wal/00000000000000000000.log";

fn open(files: &SimulatedFiles) -> Result<Wal, StorageError> {
    files.create_dir("wal").context("create", "wal")?;
    let place = Place { files: Arc::new(files.clone()), dir: "wal", secret: [7; 16] };
    Wal::open(&place, Arc::new(NoLock))
}

fn with_entries(files: &SimulatedFiles, height: u64, entries: &[&[u8]]) -> Wal {
    let mut wal = open(files).unwrap();
    wal.begin(Height(height)).unwrap();
    for entry in entries {
        wal.append(entry).unwrap();
        wal.sync().unwrap();
    }
    wal
}

#[test]
fn a_height_begins_with_what_a_crash_left_of_it_and_of_no_other() {
    let rows: [(u64, &[&[u8]]); 4] = [(4, &[]), (5, &[b"one", b"", b"three"]), (6, &[]), (7, &[])];
    for (height, expect) in rows {
        let files = SimulatedFiles::new(1);
        drop(with_entries(&files, 4, &[b"of an earlier height, and longer"]));
        drop(with_entries(&files, 5, &[b"one", b"", b"three"]));
        files.crash();
        let begun = open(&files).unwrap().begin(Height(height));
        match height {
            4 => assert!(matches!(begun, Err(StorageError::WalAhead { found: Height(5), .. }))),
            _ => assert_eq!(begun.unwrap(), expect, "{height}"),
        }
    }
}

#[test]
fn a_height_begun_again_by_one_process_gives_nothing_and_keeps_all() {
    let files = SimulatedFiles::new(1);
    let mut wal = with_entries(&files, 5, &[b"one"]);
    assert_eq!(wal.begin(Height(5)).unwrap(), Vec::<Vec<u8>>::new());
    wal.append(b"two").unwrap();
    wal.sync().unwrap();
    files.crash();
    assert_eq!(open(&files).unwrap().begin(Height(5)).unwrap(), [b"one", b"two"]);
}

#[test]
fn what_is_reset_is_gone_for_good() {
    let files = SimulatedFiles::new(1);
    with_entries(&files, 5, &[b"one", b"two"]).reset(Height(5)).unwrap();
    files.crash();
    assert_eq!(open(&files).unwrap().begin(Height(5)).unwrap(), Vec::<Vec<u8>>::new());
}

#[test]
fn heights_use_the_same_bytes_again() {
    let files = SimulatedFiles::new(1);
    let mut wal = with_entries(&files, 1, &[b"a first height is the longest"]);
    let size = files.open(PATH).unwrap().size().unwrap();
    for height in 2..100 {
        assert_eq!(wal.begin(Height(height)).unwrap(), Vec::<Vec<u8>>::new());
        wal.append(b"another").unwrap();
        wal.sync().unwrap();
    }
    assert_eq!(files.open(PATH).unwrap().size().unwrap(), size);
}

#[test]
fn a_sync_without_news_costs_nothing() {
    let files = SimulatedFiles::new(1);
    let mut wal = with_entries(&files, 1, &[b"one"]);
    let before = files.operations();
    wal.sync().unwrap();
    assert_eq!(files.operations(), before);
}

#[test]
fn after_a_failure_nothing_more_is_written() {
    for at in [1, 2] {
        let files = SimulatedFiles::new(1);
        let mut wal = with_entries(&files, 1, &[]);
        files.fail_at(at, std::io::ErrorKind::StorageFull);
        let failed = wal.append(b"one").and_then(|()| wal.sync());
        assert!(matches!(failed, Err(StorageError::DiskFull { .. })), "{failed:?}");
        assert!(matches!(wal.append(b"two"), Err(StorageError::Stopped { .. })));
        assert!(matches!(wal.sync(), Err(StorageError::Stopped { .. })));
    }
}

/// Flipping any byte of what was durable is noticed, unless it is the last entry, which can't be told from a torn one.
#[test]
fn damage_is_an_error_that_names_the_place() {
    let frame = |entry: &[u8]| (HEADER_BYTES + MARK_BYTES + entry.len()) as u64;
    let entries: [&[u8]; 3] = [b"one", b"two", b"three"];
    let last = frame(entries[0]) + frame(entries[1]);
    for offset in 0..last + frame(entries[2]) {
        let files = SimulatedFiles::new(1);
        drop(with_entries(&files, 5, &entries));
        let file = files.open(PATH).unwrap();
        let mut byte = [0];
        file.read_at(offset, &mut byte).unwrap();
        file.write_at(offset, &[byte[0] ^ 0x10]).unwrap();
        match open(&files).unwrap().begin(Height(5)) {
            Err(StorageError::Corrupt { path, .. }) => assert!(path == PATH && offset < last),
            begun => assert!(offset >= last && begun.unwrap() == entries[..2], "{offset}"),
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Append(u8),
    Sync,
    Next,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3u8).prop_map(Step::Append),
        3 => Just(Step::Sync),
        1 => Just(Step::Next),
        1 => Just(Step::Crash),
    ]
}

/// What a log must hold: everything synced, and of the rest the first entries in order.
#[derive(Debug, Default)]
struct Model {
    height: u64,
    appended: Vec<Vec<u8>>,
    synced: usize,
    counter: u64,
}

impl Model {
    fn append(&mut self, wal: &mut Wal, blocks: u8) -> Result<(), StorageError> {
        self.counter += 1;
        // Lengths repeat, so that stale frames lie where new ones end; contents never do.
        let mut entry = vec![blocks; usize::from(blocks) * 300];
        entry.extend_from_slice(&self.counter.to_be_bytes());
        self.appended.push(entry.clone());
        wal.append(&entry)
    }

    /// Opens the log after a crash. Another that was ordered may come meanwhile; the one after it does not.
    fn recover(&mut self, files: &SimulatedFiles) -> Wal {
        let height = Height(self.height);
        let begin = || open(files).and_then(|mut wal| wal.begin(height).map(|found| (wal, found)));
        let (wal, found) = begin().unwrap_or_else(|error| {
            assert!(files.is_down(), "{error}");
            files.crash();
            begin().unwrap()
        });
        assert!(found.len() >= self.synced, "{} of {} durable", found.len(), self.synced);
        assert_eq!(found[..], self.appended[..found.len()]);
        self.synced = found.len();
        self.appended = found;
        wal
    }

    fn take(&mut self, step: &Step, wal: &mut Wal) -> Result<(), StorageError> {
        match step {
            Step::Append(blocks) => self.append(wal, *blocks)?,
            Step::Sync => {
                wal.sync()?;
                self.synced = self.appended.len();
            }
            Step::Next => {
                self.height += 1;
                self.appended.clear();
                self.synced = 0;
                wal.begin(Height(self.height))?;
            }
            Step::Crash => {}
        }
        Ok(())
    }
}

proptest! {
    /// Through any number of crashes, at rest or in the middle of an operation, one of them while recovering.
    #[test]
    fn any_sequence_keeps_what_was_synced_and_revives_nothing(
        seed: u64,
        crashes in prop::collection::vec(1..30u64, 3),
        steps in prop::collection::vec(step(), 1..90),
    ) {
        let files = SimulatedFiles::new(seed);
        let mut model = Model::default();
        let mut wal = model.recover(&files);
        let mut crashes = crashes.into_iter();
        for step in &steps {
            if model.take(step, &mut wal).is_ok() && !matches!(step, Step::Crash) {
                continue;
            }
            files.crash();
            if let Some(at) = crashes.next() {
                files.crash_at(at);
            }
            wal = model.recover(&files);
        }
    }
}
