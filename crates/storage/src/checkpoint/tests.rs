//! What every backend must do, run on each of them.

use super::{backend::height_write, *};
use crate::{RealFiles, StorageError, files::Files, simulation::SimulatedFiles};
use std::{borrow::Cow, collections::BTreeMap, ops::ControlFlow, sync::Arc};
use tandem_types::Height;

type Open<'a> = &'a dyn Fn() -> Result<Box<dyn Backend>, StorageError>;

fn put(space: Space, key: &str, value: &str) -> Write<'static> {
    let value = Some(Cow::Owned(value.as_bytes().to_vec()));
    Write { space, key: Cow::Owned(key.as_bytes().to_vec()), value }
}

fn remove(space: Space, key: &str) -> Write<'static> {
    Write { space, key: Cow::Owned(key.as_bytes().to_vec()), value: None }
}

fn apply(backend: &dyn Backend, writes: Vec<Write<'static>>) {
    backend.apply(&mut writes.into_iter()).unwrap();
}

fn scan(snapshot: &dyn Snapshot, space: Space, from: &str) -> Vec<String> {
    let mut found = Vec::new();
    let visit = &mut |key: &[u8], value: &[u8]| {
        found.push(format!("{}={}", String::from_utf8_lossy(key), String::from_utf8_lossy(value)));
        ControlFlow::Continue(())
    };
    snapshot.scan(space, from.as_bytes(), visit).unwrap();
    found
}

fn spaces_are_apart_and_scans_are_in_order(open: Open<'_>) {
    let backend = open().unwrap();
    assert_eq!(backend.snapshot().unwrap().height().unwrap(), None);
    for space in Space::ALL {
        apply(
            backend.as_ref(),
            vec![put(space, "b", space.name()), put(space, "", "empty"), put(space, "a", "")],
        );
    }
    let snapshot = backend.snapshot().unwrap();
    for space in Space::ALL {
        assert_eq!(
            scan(snapshot.as_ref(), space, ""),
            ["=empty".to_owned(), "a=".into(), format!("b={}", space.name())]
        );
        assert_eq!(scan(snapshot.as_ref(), space, "a\0"), [format!("b={}", space.name())]);
        assert_eq!(snapshot.get(space, b"a").unwrap(), Some(Vec::new()));
        assert_eq!(snapshot.get(space, b"c").unwrap(), None);
    }
    let mut visited = 0;
    let visit = &mut |_: &[u8], _: &[u8]| {
        visited += 1;
        ControlFlow::Break(())
    };
    snapshot.scan(Space::State, b"", visit).unwrap();
    assert_eq!(visited, 1);
}

fn the_later_entry_of_a_key_counts(open: Open<'_>) {
    let backend = open().unwrap();
    let writes = vec![
        remove(Space::State, "never"),
        put(Space::State, "x", "1"),
        remove(Space::State, "x"),
        remove(Space::State, "y"),
        put(Space::State, "y", "2"),
        height_write(Height(u64::MAX)),
    ];
    apply(backend.as_ref(), writes);
    let snapshot = backend.snapshot().unwrap();
    assert_eq!(scan(snapshot.as_ref(), Space::State, ""), ["y=2"]);
    assert_eq!(snapshot.height().unwrap(), Some(Height(u64::MAX)));
}

fn a_snapshot_stays_as_it_was(open: Open<'_>) {
    let backend = open().unwrap();
    apply(backend.as_ref(), vec![put(Space::State, "x", "old"), height_write(Height(1))]);
    let before = backend.snapshot().unwrap();
    apply(backend.as_ref(), vec![put(Space::State, "x", "new"), height_write(Height(2))]);
    assert_eq!(scan(before.as_ref(), Space::State, ""), ["x=old"]);
    assert_eq!(before.height().unwrap(), Some(Height(1)));
    assert_eq!(scan(backend.snapshot().unwrap().as_ref(), Space::State, ""), ["x=new"]);
}

/// Batches of many random updates, reopened between, against a plain map.
fn batches_agree_with_a_map_after_reopening(open: Open<'_>) {
    let mut model = BTreeMap::new();
    let mut random = 1_u64;
    for height in 0..20 {
        let mut writes = vec![height_write(Height(height))];
        for _ in 0..300 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = format!("key{:03}", (random >> 33) % 700);
            if random >> 62 == 0 {
                writes.push(remove(Space::State, &key));
                model.remove(&key);
            } else {
                writes.push(put(Space::State, &key, &random.to_string()));
                model.insert(key, random.to_string());
            }
        }
        apply(open().unwrap().as_ref(), writes);
        let backend = open().unwrap();
        let snapshot = backend.snapshot().unwrap();
        assert_eq!(snapshot.height().unwrap(), Some(Height(height)));
        let expected: Vec<_> = model.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(scan(snapshot.as_ref(), Space::State, ""), expected);
    }
}

/// Runs `case` on a fresh home of each backend.
fn on_each(case: fn(Open<'_>)) {
    let simulated = SimulatedFiles::new(3);
    simulated.create_dir("checkpoint").unwrap();
    let files: Arc<dyn Files> = Arc::new(simulated);
    case(&|| Ok(Box::new(RedbBackend::open(Arc::clone(&files), 1 << 20)?)));

    let home = tempfile::tempdir().unwrap();
    let files: Arc<dyn Files> = Arc::new(RealFiles::new(home.path()).unwrap());
    files.create_dir("checkpoint").unwrap();
    case(&|| Ok(Box::new(RedbBackend::open(Arc::clone(&files), 1 << 20)?)));
    #[cfg(feature = "rocksdb")]
    case(&|| Ok(Box::new(RocksdbBackend::open(&files, 1 << 20)?)));
}

#[test]
fn every_backend_keeps_spaces_apart_and_in_order() {
    on_each(spaces_are_apart_and_scans_are_in_order);
}

#[test]
fn every_backend_takes_the_later_entry_of_a_key() {
    on_each(the_later_entry_of_a_key_counts);
}

#[test]
fn every_backend_has_snapshots_that_stay() {
    on_each(a_snapshot_stays_as_it_was);
}

#[test]
fn every_backend_agrees_with_a_map_after_reopening() {
    on_each(batches_agree_with_a_map_after_reopening);
}

#[cfg(feature = "rocksdb")]
#[test]
fn rocksdb_asks_for_a_directory() {
    let files: Arc<dyn Files> = Arc::new(SimulatedFiles::new(1));
    let error = RocksdbBackend::open(&files, 1 << 20).unwrap_err();
    assert!(matches!(error, StorageError::NeedsDirectory { .. }), "{error}");
}
