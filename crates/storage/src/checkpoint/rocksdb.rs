//! The backend for operators who know RocksDB: a log-structured merge tree, in C++.
//!
//! It does its own input and output, so it needs a directory of this machine, and the crash tests on a simulated disk
//! don't cover it: that a synced write batch is atomic is RocksDB's word. A space is the first byte of a key.

use super::backend::{Backend, Snapshot, Space, Visit, Write};
use crate::{error::StorageError, files::Files};
use rocksdb::{BlockBasedOptions, Cache, DB, Direction, IteratorMode, Options, WriteBatch, WriteOptions};
use std::{ops::ControlFlow, sync::Arc};

const DIR: &str = "checkpoint/rocksdb";
const NAME: &str = "rocksdb";

/// See the module.
pub struct RocksdbBackend {
    database: DB,
}

impl std::fmt::Debug for RocksdbBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RocksdbBackend").field("path", &self.database.path()).finish_non_exhaustive()
    }
}

impl RocksdbBackend {
    /// Opens the database in `checkpoint/rocksdb`, or makes an empty one.
    ///
    /// # Errors
    /// [`StorageError::NeedsDirectory`] on a simulated disk, [`StorageError::Backend`] otherwise.
    pub fn open(files: &Arc<dyn Files>, cache_bytes: usize) -> Result<Self, StorageError> {
        let root = files.root().ok_or(StorageError::NeedsDirectory { backend: NAME })?;
        let database =
            DB::open(&options(cache_bytes), root.join(DIR)).map_err(|error| failed("open", error))?;
        Ok(Self { database })
    }
}

fn options(cache_bytes: usize) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(&Cache::new_lru_cache(cache_bytes));
    blocks.set_bloom_filter(10.0, false);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_block_based_table_factory(&blocks);
    options.set_keep_log_file_num(4);
    options
}

fn failed(action: &'static str, error: rocksdb::Error) -> StorageError {
    // What RocksDB says of a full disk is an input/output error with the system's words in it.
    let transient = error.as_ref().contains("No space left");
    StorageError::Backend { backend: NAME, action, source: Box::new(error), transient }
}

fn full_key(space: Space, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(1 + key.len());
    full.push(tag(space));
    full.extend_from_slice(key);
    full
}

const fn tag(space: Space) -> u8 {
    match space {
        Space::State => 0,
        Space::Index => 1,
        Space::IndexedAt => 2,
        Space::Meta => 3,
        Space::Own => 4,
    }
}

impl Backend for RocksdbBackend {
    fn apply(&self, writes: &mut dyn Iterator<Item = Write<'_>>) -> Result<(), StorageError> {
        let mut batch = WriteBatch::default();
        for Write { space, key, value } in writes {
            match value {
                Some(value) => batch.put(full_key(space, &key), value),
                None => batch.delete(full_key(space, &key)),
            }
        }
        let mut durable = WriteOptions::default();
        durable.set_sync(true);
        self.database.write_opt(batch, &durable).map_err(|error| failed("write a checkpoint to", error))
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StorageError> {
        Ok(Box::new(RocksdbSnapshot(self.database.snapshot())))
    }
}

struct RocksdbSnapshot<'a>(rocksdb::Snapshot<'a>);

impl std::fmt::Debug for RocksdbSnapshot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RocksdbSnapshot")
    }
}

impl Snapshot for RocksdbSnapshot<'_> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.0.get(full_key(space, key)).map_err(|error| failed("read", error))
    }

    fn scan(&self, space: Space, from: &[u8], visit: Visit<'_>) -> Result<(), StorageError> {
        let from = full_key(space, from);
        for entry in self.0.iterator(IteratorMode::From(&from, Direction::Forward)) {
            let (key, value) = entry.map_err(|error| failed("scan", error))?;
            let Some((found, key)) = key.split_first() else { continue };
            if *found != tag(space) || visit(key, &value) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}
