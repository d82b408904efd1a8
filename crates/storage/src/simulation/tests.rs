//! The simulated disk keeps what it must and forgets what it may.

use super::SimulatedFiles;
use crate::files::{File, Files};
use std::{collections::BTreeSet, io, sync::Arc};

fn content(file: &dyn File) -> Vec<u8> {
    let mut bytes = vec![0; file.size().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

/// A file `a` with 1,000 synced bytes, and its name synced.
fn disk(seed: u64) -> (SimulatedFiles, Arc<dyn File>) {
    let files = SimulatedFiles::new(seed);
    let file = files.create("a").unwrap();
    file.write_at(0, &[1; 1_000]).unwrap();
    file.sync_data().unwrap();
    files.sync_dir("").unwrap();
    (files, file)
}

/// What a crash leaves of `a` after a write of 3,000 bytes behind the synced ones.
fn after_unsynced_write(seed: u64) -> Vec<u8> {
    let (files, file) = disk(seed);
    file.write_at(1_000, &[2; 3_000]).unwrap();
    assert_eq!(content(file.as_ref()).len(), 4_000);
    files.crash();
    content(files.open("a").unwrap().as_ref())
}

#[test]
fn what_was_synced_stays_and_what_was_not_comes_back_in_any_shape() {
    let mut shapes = BTreeSet::new();
    for seed in 0..200 {
        let found = after_unsynced_write(seed);
        assert_eq!(found[..1_000], [1; 1_000]);
        assert_eq!(found, after_unsynced_write(seed), "the seed decides");
        shapes.insert(found);
    }
    let is_torn = |found: &Vec<u8>| found.len() > 1_000 && found.len() < 4_000;
    let has_hole =
        |found: &Vec<u8>| found.iter().any(|byte| [0, 0xa5].contains(byte)) && found.ends_with(&[2]);
    assert!(shapes.contains(&vec![1; 1_000]) && shapes.iter().any(|found| found.len() == 4_000));
    assert!(shapes.iter().any(is_torn) && shapes.iter().any(has_hole));
}

#[test]
fn a_later_write_can_survive_an_earlier_one() {
    let survives = |seed| {
        let (files, file) = disk(seed);
        let other = files.create("b").unwrap();
        files.sync_dir("").unwrap();
        file.write_at(0, &[3; 10]).unwrap();
        other.write_at(0, &[4; 10]).unwrap();
        files.crash();
        let [first, second] = ["a", "b"].map(|name| content(files.open(name).unwrap().as_ref()));
        first[0] == 1 && second == [4; 10]
    };
    assert!((0..100).any(survives));
}

#[test]
fn a_sync_of_the_file_does_not_keep_its_name() {
    let found: BTreeSet<_> = (0..100)
        .map(|seed| {
            let (files, _) = disk(seed);
            let file = files.create("b").unwrap();
            file.write_at(0, &[5; 5]).unwrap();
            file.sync_data().unwrap();
            files.rename("a", "c").unwrap();
            files.crash();
            files.list("").unwrap()
        })
        .collect();
    let lists = [vec!["a"], vec!["a", "b"], vec!["c"], vec!["b", "c"]];
    assert_eq!(found, lists.map(|names| names.into_iter().map(str::to_owned).collect()).into());
}

#[test]
fn the_power_stays_out_and_old_handles_stay_dead() {
    let (files, file) = disk(1);
    files.crash_at(2);
    file.write_at(0, &[6]).unwrap();
    assert!(file.sync_data().is_err() && files.is_down());
    assert!(file.size().is_err() && files.open("a").is_err() && files.list("").is_err());
    files.crash();
    assert!(file.size().is_err());
    assert_eq!(content(files.open("a").unwrap().as_ref()).len(), 1_000);
}

#[test]
fn one_operation_fails_when_told_to() {
    let (files, file) = disk(1);
    files.fail_at(2, io::ErrorKind::StorageFull);
    file.write_at(0, &[7]).unwrap();
    assert_eq!(file.write_at(1, &[7]).unwrap_err().kind(), io::ErrorKind::StorageFull);
    file.write_at(2, &[7]).unwrap();
    assert_eq!(content(file.as_ref())[..3], [7, 1, 7]);
    files.crash_at(1);
    files.call_off();
    file.sync_data().unwrap();
}

#[test]
fn renames_stay_within_a_directory_and_creation_needs_one() {
    let (files, _) = disk(1);
    assert_eq!(files.create("d/x").unwrap_err().kind(), io::ErrorKind::NotFound);
    files.create_dir("d").unwrap();
    files.create("d/x").unwrap();
    assert_eq!(files.rename("a", "d/a").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert_eq!(files.create("a").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(files.list("d").unwrap(), ["x"]);
}
