//! fjall behind the backend's trait, for the comparison only.

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};
use std::{fmt, ops::ControlFlow, path::Path};
use tandem_storage::{Backend, Snapshot, Space, StorageError, Visit, Write};

struct FjallBackend {
    database: Database,
    spaces: [Keyspace; 5],
}

impl fmt::Debug for FjallBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FjallBackend")
    }
}

fn failed(error: fjall::Error) -> StorageError {
    StorageError::Backend { backend: "fjall", action: "work", source: Box::new(error), transient: false }
}

pub(crate) fn open(home: &Path) -> Result<Box<dyn Backend>, StorageError> {
    let builder = Database::builder(home.join("checkpoint")).cache_size(super::CACHE_BYTES as u64);
    let database = builder.open().map_err(failed)?;
    let space =
        |space: Space| database.keyspace(space.name(), KeyspaceCreateOptions::default).map_err(failed);
    let [state, index, indexed_at, meta, own] = Space::ALL.map(space);
    let spaces = [state?, index?, indexed_at?, meta?, own?];
    Ok(Box::new(FjallBackend { database, spaces }))
}

impl Backend for FjallBackend {
    fn apply(&self, writes: &mut dyn Iterator<Item = Write<'_>>) -> Result<(), StorageError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for Write { space, key, value } in writes {
            let keyspace = &self.spaces[space as usize];
            match value {
                Some(value) => batch.insert(keyspace, key.as_ref(), value.as_ref()),
                None => batch.remove(keyspace, key.as_ref()),
            }
        }
        batch.commit().map_err(failed)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StorageError> {
        Ok(Box::new(FjallSnapshot { backend: self, snapshot: self.database.snapshot() }))
    }
}

struct FjallSnapshot<'a> {
    backend: &'a FjallBackend,
    snapshot: fjall::Snapshot,
}

impl fmt::Debug for FjallSnapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FjallSnapshot")
    }
}

impl Snapshot for FjallSnapshot<'_> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let value = self.snapshot.get(&self.backend.spaces[space as usize], key).map_err(failed)?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, space: Space, from: &[u8], visit: Visit<'_>) -> Result<(), StorageError> {
        for entry in self.snapshot.range(&self.backend.spaces[space as usize], from..) {
            let (key, value) = entry.into_inner().map_err(failed)?;
            if visit(&key, &value) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}
