//! The default backend: redb, a copy-on-write B-tree in one file, pure Rust.
//!
//! It runs on [`Files`], so the crash tests cover it. Each batch is one transaction, committed in two phases with the
//! allocator's state, so that opening after a crash reads no more than the root.

use super::backend::{Backend, Snapshot, Space, Visit, Write};
use crate::{
    error::{IoContext, StorageError, io_error},
    files::{File, Files},
};
use redb::{Database, ReadableDatabase, TableDefinition};
use std::{
    io,
    ops::ControlFlow,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

const DIR: &str = "checkpoint";
const PATH: &str = "checkpoint/state.redb";
/// Where the database is made before it gets its name, so that a half-made one is never opened.
const PATH_NEW: &str = "checkpoint/new.redb";

const fn table(space: Space) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
    TableDefinition::new(space.name())
}

/// See the module.
#[derive(Debug)]
pub struct RedbBackend {
    files: Arc<dyn Files>,
    cache_bytes: usize,
    database: RwLock<Option<Arc<Database>>>,
    /// After an error of the disk redb refuses everything until opened again.
    broken: AtomicBool,
}

impl RedbBackend {
    /// Opens the database in `checkpoint/`, or makes an empty one.
    ///
    /// # Errors
    /// [`StorageError::Backend`] or one of the disk's.
    pub fn open(files: Arc<dyn Files>, cache_bytes: usize) -> Result<Self, StorageError> {
        let names = files.list(DIR).context("list", DIR)?;
        let is_there = |path: &str| names.iter().any(|name| format!("{DIR}/{name}") == path);
        if is_there(PATH_NEW) {
            files.remove(PATH_NEW).context("remove", PATH_NEW)?;
        }
        if !is_there(PATH) {
            create(files.as_ref(), cache_bytes)?;
        }
        let database = RwLock::new(Some(Arc::new(open(files.as_ref(), cache_bytes)?)));
        Ok(Self { files, cache_bytes, database, broken: AtomicBool::new(false) })
    }

    fn database(&self) -> Result<Arc<Database>, StorageError> {
        if !self.broken.load(Ordering::Acquire)
            && let Some(database) = self.database.read().unwrap_or_else(PoisonError::into_inner).as_ref()
        {
            return Ok(Arc::clone(database));
        }
        self.reopen()
    }

    fn reopen(&self) -> Result<Arc<Database>, StorageError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        if let (false, Some(open)) = (self.broken.load(Ordering::Acquire), database.as_ref()) {
            return Ok(Arc::clone(open));
        }
        // Closed before it is opened again: closing may write.
        *database = None;
        let opened = Arc::new(open(self.files.as_ref(), self.cache_bytes)?);
        *database = Some(Arc::clone(&opened));
        self.broken.store(false, Ordering::Release);
        Ok(opened)
    }
}

fn create(files: &dyn Files, cache_bytes: usize) -> Result<(), StorageError> {
    let file = files.create(PATH_NEW).context("create", PATH_NEW)?;
    let database = build(Arc::clone(&file), cache_bytes)?;
    commit(&database, &mut std::iter::empty()).map_err(|error| failed("create its tables", error))?;
    drop(database);
    file.sync_data().context("sync", PATH_NEW)?;
    files.rename(PATH_NEW, PATH).context("rename", PATH_NEW)?;
    files.sync_dir(DIR).context("sync", DIR)
}

fn open(files: &dyn Files, cache_bytes: usize) -> Result<Database, StorageError> {
    build(files.open(PATH).context("open", PATH)?, cache_bytes)
}

fn build(file: Arc<dyn File>, cache_bytes: usize) -> Result<Database, StorageError> {
    let mut builder = Database::builder();
    builder.set_cache_size(cache_bytes);
    builder.create_with_backend(OnFile(file)).map_err(|error| failed("open", error))
}

fn failed(action: &'static str, error: impl Into<redb::Error>) -> StorageError {
    match error.into() {
        redb::Error::Io(error) => io_error(error, action, PATH),
        error => StorageError::Backend { backend: "redb", action, source: Box::new(error), transient: false },
    }
}

fn commit(database: &Database, writes: &mut dyn Iterator<Item = Write<'_>>) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let [mut state, mut index, mut indexed_at, mut meta, mut own] = [
            transaction.open_table(table(Space::State))?,
            transaction.open_table(table(Space::Index))?,
            transaction.open_table(table(Space::IndexedAt))?,
            transaction.open_table(table(Space::Meta))?,
            transaction.open_table(table(Space::Own))?,
        ];
        for Write { space, key, value } in writes {
            let table = match space {
                Space::State => &mut state,
                Space::Index => &mut index,
                Space::IndexedAt => &mut indexed_at,
                Space::Meta => &mut meta,
                Space::Own => &mut own,
            };
            match value {
                Some(value) => drop(table.insert(key.as_ref(), value.as_ref())?),
                None => drop(table.remove(key.as_ref())?),
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

impl Backend for RedbBackend {
    fn apply(&self, writes: &mut dyn Iterator<Item = Write<'_>>) -> Result<(), StorageError> {
        let database = self.database()?;
        commit(&database, writes).map_err(|error| {
            self.broken.store(true, Ordering::Release);
            failed("write a checkpoint to", error)
        })
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StorageError> {
        let transaction = self.database()?.begin_read().map_err(|error| failed("read", error))?;
        Ok(Box::new(RedbSnapshot(transaction)))
    }
}

struct RedbSnapshot(redb::ReadTransaction);

impl std::fmt::Debug for RedbSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedbSnapshot")
    }
}

impl RedbSnapshot {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, redb::Error> {
        let value = self.0.open_table(table(space))?.get(key)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn scan(&self, space: Space, from: &[u8], visit: Visit<'_>) -> Result<(), redb::Error> {
        for entry in self.0.open_table(table(space))?.range(from..)? {
            let (key, value) = entry?;
            if visit(key.value(), value.value()) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}

impl Snapshot for RedbSnapshot {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Self::get(self, space, key).map_err(|error| failed("read", error))
    }

    fn scan(&self, space: Space, from: &[u8], visit: Visit<'_>) -> Result<(), StorageError> {
        Self::scan(self, space, from, visit).map_err(|error| failed("scan", error))
    }
}

/// A file as redb wants it.
#[derive(Debug)]
struct OnFile(Arc<dyn File>);

impl redb::StorageBackend for OnFile {
    fn len(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, data)
    }
}
