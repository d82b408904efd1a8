//! The logs on a disk that forgets, against a model.

use super::{block_log::BlockLog, segment::Place, undecided::UndecidedArea, *};
use crate::{StorageError, files::Files, simulation::SimulatedFiles};
use std::sync::Arc;
use tandem_types::{BlockId, Height, Round};

/// Small enough that every few blocks begin a segment.
const SEGMENT_BYTES: u64 = 2_000;

fn place(files: &SimulatedFiles, dir: &'static str) -> Place {
    files.create_dir(dir).unwrap();
    Place { files: Arc::new(files.clone()), dir, secret: [7; 16] }
}

fn log(files: &SimulatedFiles) -> Result<BlockLog, StorageError> {
    BlockLog::open(Place { files: Arc::new(files.clone()), dir: "log", secret: [7; 16] }, SEGMENT_BYTES)
}

fn area(files: &SimulatedFiles, decided: u64) -> Result<UndecidedArea, StorageError> {
    let place = Place { files: Arc::new(files.clone()), dir: "undecided", secret: [7; 16] };
    UndecidedArea::open(place, SEGMENT_BYTES, 1 << 20, Height(decided))
}

fn record(height: u64) -> BlockRecord {
    let fill = |salt: u64, len: u64| (0..len).map(|i| (height * 31 + salt + i) as u8).collect();
    BlockRecord {
        height: Height(height),
        id: BlockId([height as u8; 32]),
        block: fill(1, height * 97 % 1_500),
        certificate: fill(2, 40),
        receipts: fill(3, height % 7),
        delta: fill(4, height * 13 % 300),
    }
}

fn undecided(height: u64, round: u32) -> UndecidedBlock {
    UndecidedBlock {
        height: Height(height),
        round: Round(round),
        id: BlockId([round as u8; 32]),
        block: vec![height as u8; (height as usize * 71 + round as usize) % 1_200],
        note: vec![round as u8],
    }
}

fn expect_blocks(log: &BlockLog, from: u64, to: u64) {
    for height in from..=to {
        assert_eq!(log.read(Height(height)).unwrap(), Some(record(height)));
    }
    assert_eq!(log.read(Height(to + 1)).unwrap(), None);
}

#[test]
fn blocks_are_read_back_by_height_after_reopening() {
    let files = SimulatedFiles::new(1);
    place(&files, "log");
    let written = log(&files).unwrap();
    (5..40).for_each(|height| written.append(&record(height)).unwrap());
    expect_blocks(&written, 5, 39);
    let reopened = log(&files).unwrap();
    expect_blocks(&reopened, 5, 39);
    assert_eq!(reopened.heights(), Some(Height(5)..=Height(39)));
    assert_eq!(reopened.read(Height(4)).unwrap(), None);
    reopened.append(&record(40)).unwrap();
    expect_blocks(&reopened, 5, 40);
}

#[test]
fn a_height_that_is_not_next_is_refused() {
    let files = SimulatedFiles::new(1);
    place(&files, "log");
    let log = log(&files).unwrap();
    log.append(&record(3)).unwrap();
    for got in [1, 3, 5] {
        let error = log.append(&record(got)).unwrap_err();
        assert!(matches!(error, StorageError::OutOfOrder { expected: Height(4), .. }), "{error}");
    }
    expect_blocks(&log, 3, 3);
}

#[test]
fn pruning_removes_whole_segments_and_nothing_at_or_above_the_height() {
    let files = SimulatedFiles::new(1);
    place(&files, "log");
    let log = log(&files).unwrap();
    (1..60).for_each(|height| log.append(&record(height)).unwrap());
    let segments = files.list("log").unwrap().len();
    log.prune(Height(30)).unwrap();
    assert!(files.list("log").unwrap().len() < segments);
    let first = log.heights().unwrap().start().0;
    assert!((2..=30).contains(&first));
    expect_blocks(&log, first, 59);
    log.prune(Height(1_000)).unwrap();
    assert_eq!(log.heights().unwrap().end(), &Height(59));
}

/// Every append that returned is there after a crash at any operation, under several seeds; the one in flight is
/// there whole or not at all; and a second crash while recovering changes nothing.
#[test]
fn a_crash_at_any_operation_loses_no_acknowledged_block() {
    for seed in 0..12 {
        for at in 1.. {
            let files = SimulatedFiles::new(seed * 1_000_003 + at);
            place(&files, "log");
            let written = log(&files).unwrap();
            files.crash_at(at);
            let acknowledged =
                (1..=30).take_while(|height| written.append(&record(*height)).is_ok()).count() as u64;
            if !files.is_down() {
                break;
            }
            files.crash();
            recover_with_a_second_crash(&files, acknowledged, at % 5 + 1);
        }
    }
}

fn recover_with_a_second_crash(files: &SimulatedFiles, acknowledged: u64, at: u64) {
    files.crash_at(at);
    if log(files).is_err() {
        assert!(files.is_down(), "recovery failed without a crash");
    }
    files.crash();
    let log = log(files).unwrap();
    let last = log.heights().map_or(0, |heights| heights.end().0);
    assert!(last == acknowledged || last == acknowledged + 1, "{acknowledged} acknowledged, {last} there");
    expect_blocks(&log, 1, last);
    log.append(&record(last + 1)).unwrap();
    expect_blocks(&log, 1, last + 1);
}

#[test]
fn a_crash_while_pruning_leaves_no_hole() {
    for at in 1..12 {
        for seed in 0..8 {
            let files = SimulatedFiles::new(seed * 977 + at);
            place(&files, "log");
            let written = log(&files).unwrap();
            (1..60).for_each(|height| written.append(&record(height)).unwrap());
            files.crash_at(at);
            drop(written.prune(Height(50)));
            files.crash();
            let reopened = log(&files).unwrap();
            let first = reopened.heights().unwrap().start().0;
            assert!(first <= 50);
            expect_blocks(&reopened, first, 59);
        }
    }
}

/// Flipping any byte of an acknowledged block is noticed: loudly in the middle, and as a cut in the last block, where
/// it can't be told from a torn write.
#[test]
fn damage_is_an_error_that_names_the_place() {
    let files = SimulatedFiles::new(1);
    place(&files, "log");
    let written = log(&files).unwrap();
    (1..=3).for_each(|height| written.append(&record(height)).unwrap());
    let path = format!("log/{:020}.log", 1);
    let file = files.open(&path).unwrap();
    let frame = |height| (24 + 32 + 16 + 40 + height % 7 + height * 97 % 1_500 + height * 13 % 300) as u64;
    let last_frame = frame(1) + frame(2);
    let size = last_frame + frame(3);
    for offset in 0..size {
        let mut byte = [0];
        file.read_at(offset, &mut byte).unwrap();
        file.write_at(offset, &[byte[0] ^ 0x10]).unwrap();
        match log(&files) {
            Err(StorageError::Corrupt { path: named, .. }) => assert!(named == path && offset < last_frame),
            opened => {
                assert!(offset >= last_frame);
                assert_eq!(opened.unwrap().heights(), Some(Height(1)..=Height(2)));
                opened_again_with_the_last_block(&files);
                continue;
            }
        }
        file.write_at(offset, &byte).unwrap();
    }
}

fn opened_again_with_the_last_block(files: &SimulatedFiles) {
    let log = log(files).unwrap();
    log.append(&record(3)).unwrap();
    expect_blocks(&log, 1, 3);
}

#[test]
fn damage_in_an_older_segment_is_found_when_it_is_read() {
    let files = SimulatedFiles::new(1);
    place(&files, "log");
    let written = log(&files).unwrap();
    (1..=30).for_each(|height| written.append(&record(height)).unwrap());
    let file = files.open(&format!("log/{:020}.log", 1)).unwrap();
    file.write_at(70, &[0xff; 3]).unwrap();
    let reopened = log(&files).unwrap();
    let error = reopened.read(Height(1)).unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { offset: 0, .. }) && !error.is_transient(), "{error}");
    assert_eq!(reopened.read(Height(30)).unwrap(), Some(record(30)));
}

#[test]
fn a_full_disk_is_transient_and_leaves_the_log_as_it_was() {
    // Writing; syncing.
    for (at, is_retried) in [(1, true), (2, false)] {
        let files = SimulatedFiles::new(1);
        place(&files, "log");
        let log = log(&files).unwrap();
        (1..=3).for_each(|height| log.append(&record(height)).unwrap());
        files.fail_at(at, std::io::ErrorKind::StorageFull);
        let error = log.append(&record(4)).unwrap_err();
        assert!(error.is_transient(), "{error}");
        let again = log.append(&record(4));
        // After a sync that failed nobody knows what is on disk: only reopening does.
        assert_eq!(again.is_ok(), is_retried);
        files.crash();
        let reopened = self::log(&files).unwrap();
        assert!(reopened.heights().unwrap().end().0 >= 3);
        expect_blocks(&reopened, 1, reopened.heights().unwrap().end().0);
    }
}

#[test]
fn undecided_blocks_survive_until_their_height_is_decided() {
    let files = SimulatedFiles::new(1);
    place(&files, "undecided");
    let written = area(&files, 4).unwrap();
    for (height, round) in [(5, 0), (5, 1), (6, 0), (4, 0), (5, 1)] {
        written.put(&undecided(height, round)).unwrap();
    }
    files.crash();
    let reopened = area(&files, 4).unwrap();
    assert_eq!(reopened.at(Height(5)).unwrap(), [undecided(5, 0), undecided(5, 1)]);
    assert_eq!(reopened.heights(), [Height(5), Height(6)]);
    reopened.decide(Height(5));
    assert_eq!(reopened.at(Height(5)).unwrap(), []);
    assert_eq!(area(&files, 5).unwrap().heights(), [Height(6)]);
}

#[test]
fn undecided_blocks_have_a_limit_and_give_their_files_back() {
    let files = SimulatedFiles::new(1);
    let place = place(&files, "undecided");
    let area = UndecidedArea::open(place, SEGMENT_BYTES, 3_000, Height(0)).unwrap();
    for height in 1..100 {
        area.put(&undecided(height, 0)).unwrap();
        area.decide(Height(height));
        area.sweep().unwrap();
    }
    assert!(files.list("undecided").unwrap().len() <= 2);
    let refused = (0..100).find_map(|round| area.put(&undecided(100, round)).err()).unwrap();
    assert!(matches!(refused, StorageError::UndecidedFull { .. }) && refused.is_transient());
}

#[test]
fn a_crash_at_any_operation_loses_no_acknowledged_undecided_block() {
    for seed in 0..8 {
        for at in 1.. {
            let files = SimulatedFiles::new(seed * 7_919 + at);
            place(&files, "undecided");
            let written = area(&files, 0).unwrap();
            files.crash_at(at);
            let (mut decided, mut kept) = (0, Vec::new());
            for height in 1..=12 {
                kept.clear();
                for round in 0..2 {
                    if written.put(&undecided(height, round)).is_ok() {
                        kept.push(undecided(height, round));
                    }
                }
                if files.is_down() {
                    break;
                }
                written.decide(Height(height));
                decided = height;
                drop(written.sweep());
            }
            if !files.is_down() {
                break;
            }
            files.crash();
            let found = area(&files, decided).unwrap().at(Height(decided + 1)).unwrap();
            assert!(found.starts_with(&kept) && found.len() <= kept.len() + 1, "{found:?}");
            let whole = found.iter().all(|block| *block == undecided(block.height.0, block.round.0));
            assert!(whole);
        }
    }
}
