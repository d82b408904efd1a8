//! The same on a directory of this machine.

use super::{config, model};
use crate::{Config, Files, RealFiles, Recovered, StorageError, Store};
use std::{path::Path, sync::Arc};
use tandem_types::Height;

type Opened = Result<(Store, Recovered), StorageError>;

fn files(home: &Path) -> Arc<dyn Files> {
    Arc::new(RealFiles::new(home).unwrap())
}

fn background() -> Config {
    Config { background: true, ..config() }
}

fn open(home: &Path) -> Opened {
    Store::open(files(home), background())
}

/// Stopped without a flush after every seventh block, started again, and checked with every block.
fn stop_and_start(open: fn(&Path) -> Opened) {
    let home = tempfile::tempdir().unwrap();
    let mut last = 0;
    for run in 0..6 {
        let (store, recovered) = open(home.path()).unwrap();
        if run == 0 {
            store.initialise(Height(0), model::effects(0)).unwrap();
        } else {
            assert_eq!(model::replay(&store, &recovered), Some(last));
            assert_eq!(recovered.undecided, [Height(last + 1)]);
        }
        for _ in 0..7 {
            last += 1;
            store.put_undecided(&model::undecided(last, 0)).unwrap();
            store.append(&model::record(last)).unwrap();
            store.stage(Height(last), model::effects(last)).unwrap();
            model::expect_all(&store, last);
        }
        store.put_undecided(&model::undecided(last + 1, 0)).unwrap();
        assert_eq!(store.undecided(Height(last + 1)).unwrap(), [model::undecided(last + 1, 0)]);
    }
}

#[test]
fn a_node_is_stopped_and_started_on_a_real_disk() {
    stop_and_start(open);
}

#[cfg(feature = "rocksdb")]
#[test]
fn a_node_is_stopped_and_started_on_rocksdb() {
    stop_and_start(|home| {
        let backend =
            |files| Ok(Box::new(crate::RocksdbBackend::open(&files, 1 << 20)?) as Box<dyn crate::Backend>);
        Store::open_with(files(home), background(), backend)
    });
}

#[test]
fn a_second_process_cannot_open_the_same_directory() {
    let home = tempfile::tempdir().unwrap();
    let owner = open(home.path()).unwrap();
    let error = open(home.path()).unwrap_err();
    assert!(matches!(error, StorageError::Locked { .. }), "{error}");
    drop(owner);
    open(home.path()).unwrap();
}
