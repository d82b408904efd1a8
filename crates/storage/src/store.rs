//! One node's store: the log, the undecided blocks, the checkpoint behind it and the log of consensus, as one thing.

mod checkpointer;
mod config;
mod identity;
mod open;

#[cfg(test)]
mod tests;

pub use checkpointer::Status;
pub use config::Config;
pub use open::Recovered;

use crate::{
    checkpoint::{Effects, IndexHit, IndexKind, Snapshot, Space, Visit},
    error::StorageError,
    files::Lock,
    log::{BlockLog, BlockRecord, UndecidedArea, UndecidedBlock, Wal},
};
use checkpointer::Checkpointer;
use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
};
use tandem_types::Height;

/// See the module. All methods take `&self` and may be called from any thread.
///
/// The order of calls for a block: [`Store::put_undecided`] before the prevote; [`Store::append`] when it is decided,
/// before that is acknowledged to anyone; [`Store::stage`] any time after. `append` waits for the disk once; `stage`
/// only fills memory, and the checkpoint is written by a thread that the store owns (see [`Config::background`]).
#[derive(Debug)]
pub struct Store {
    log: Arc<BlockLog>,
    undecided: Arc<UndecidedArea>,
    checkpointer: Checkpointer,
    wal: Mutex<Option<Wal>>,
    /// The last field, so that the lock is given up when everything else is closed.
    _lock: Arc<dyn Lock>,
}

impl Store {
    /// Gives an empty home its first state, at `height`, 0 for genesis. The log begins at the next height.
    ///
    /// # Errors
    /// [`StorageError::AlreadyInitialised`], or one of the disk's; then the home is still empty.
    pub fn initialise(&self, height: Height, effects: Effects) -> Result<(), StorageError> {
        effects.check()?;
        self.checkpointer.initialise(height, effects)?;
        self.undecided.decide(height);
        Ok(())
    }

    /// Writes a decided block and returns once it is durable: one write, one sync. Undecided blocks up to its height
    /// are forgotten.
    ///
    /// # Errors
    /// [`StorageError::OutOfOrder`] if the height isn't next, [`StorageError::Uninitialised`] before the first state,
    /// or one of the disk's; if the error is transient, the same call can be repeated.
    pub fn append<T: AsRef<[u8]>>(&self, record: &BlockRecord<T>) -> Result<(), StorageError> {
        if self.log.heights().is_none() {
            let checkpoint = self.checkpointer.height().ok_or(StorageError::Uninitialised)?;
            expect_next("a block", record.height, checkpoint)?;
        }
        self.log.append(record)?;
        self.undecided.decide(record.height);
        Ok(())
    }

    /// The decided blocks that are kept; `None` if there are none.
    #[must_use]
    pub fn heights(&self) -> Option<RangeInclusive<Height>> {
        self.log.heights()
    }

    /// The last decided height, of the log or else of the state; `None` before the first state.
    #[must_use]
    pub fn decided(&self) -> Option<Height> {
        self.log.heights().map(|heights| *heights.end()).or_else(|| self.checkpointer.height())
    }

    /// A decided block; `None` if it was pruned or isn't there yet.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] or one of the disk's.
    pub fn block(&self, height: Height) -> Result<Option<BlockRecord>, StorageError> {
        self.log.read(height)
    }

    /// Writes an undecided block and returns once it is durable. One that is there already is left as it is, and one
    /// of a decided height is not written.
    ///
    /// # Errors
    /// [`StorageError::UndecidedFull`] or one of the disk's.
    pub fn put_undecided<T: AsRef<[u8]>>(&self, block: &UndecidedBlock<T>) -> Result<(), StorageError> {
        self.undecided.put(block)
    }

    /// The undecided blocks of a height, in the order they were written; none once it is decided.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] or one of the disk's.
    pub fn undecided(&self, height: Height) -> Result<Vec<UndecidedBlock>, StorageError> {
        self.undecided.at(height)
    }

    /// Takes the effects of a decided block for the next checkpoint. Lookups see them at once.
    ///
    /// Waits only if [`Config::staged_bytes_max`] is reached, until the checkpoint being written is done.
    ///
    /// # Errors
    /// [`StorageError::OutOfOrder`] if the height isn't next or the block isn't in the log,
    /// [`StorageError::CheckpointFailed`] if the last checkpoint failed for good, or if there is no room for another
    /// block until one succeeds; nothing was staged then. Any other failure of a checkpoint is in [`Store::status`],
    /// and the next block tries again.
    pub fn stage(&self, height: Height, effects: Effects) -> Result<(), StorageError> {
        effects.check()?;
        let decided = self.decided().ok_or(StorageError::Uninitialised)?;
        if height > decided {
            return Err(StorageError::OutOfOrder {
                what: "effects of a block",
                got: height,
                expected: decided,
            });
        }
        self.checkpointer.stage(height, effects)
    }

    /// Writes everything staged as a checkpoint and waits for it. For a clean stop; recovery doesn't need it.
    ///
    /// # Errors
    /// [`StorageError::CheckpointFailed`] with what went wrong.
    pub fn flush(&self) -> Result<(), StorageError> {
        self.checkpointer.flush()
    }

    /// An entry of the flat state after the last staged block.
    ///
    /// # Errors
    /// [`StorageError::Backend`] or one of the disk's.
    pub fn state(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.checkpointer.state(key)
    }

    /// An index entry after the last staged block.
    ///
    /// # Errors
    /// [`StorageError::Backend`] or one of the disk's.
    pub fn lookup(&self, kind: IndexKind, key: &[u8]) -> Result<Option<IndexHit>, StorageError> {
        self.checkpointer.lookup(kind, key)
    }

    /// A small value after the last staged block.
    ///
    /// # Errors
    /// [`StorageError::Backend`] or one of the disk's.
    pub fn meta(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.checkpointer.meta(key)
    }

    /// The checkpoint as it is now, to load the state from; it stays the same while it is read.
    ///
    /// # Errors
    /// [`StorageError::Uninitialised`], [`StorageError::Backend`] or one of the disk's.
    pub fn checkpoint(&self) -> Result<Checkpoint<'_>, StorageError> {
        let snapshot = self.checkpointer.snapshot()?;
        let height = snapshot.height()?.ok_or(StorageError::Uninitialised)?;
        Ok(Checkpoint { height, snapshot })
    }

    /// The log of consensus, for the one who writes it; `None` if somebody has it. It keeps the home locked.
    #[must_use]
    pub fn take_wal(&self) -> Option<Wal> {
        self.wal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Where the checkpoints are.
    #[must_use]
    pub fn status(&self) -> Status {
        self.checkpointer.status()
    }
}

/// The flat state at one height.
#[derive(Debug)]
pub struct Checkpoint<'a> {
    height: Height,
    snapshot: Box<dyn Snapshot + 'a>,
}

impl Checkpoint<'_> {
    /// Whose state it is.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.height
    }

    /// Visits the entries of the state from key `from` on, in order of the keys' bytes.
    ///
    /// # Errors
    /// [`StorageError::Backend`] or one of the disk's.
    pub fn scan(&self, from: &[u8], visit: Visit<'_>) -> Result<(), StorageError> {
        self.snapshot.scan(Space::State, from, visit)
    }

    /// A small value, as of this height.
    ///
    /// # Errors
    /// [`StorageError::Backend`] or one of the disk's.
    pub fn meta(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.snapshot.get(Space::Meta, key)
    }
}

/// Checks that `got` follows `last`.
fn expect_next(what: &'static str, got: Height, last: Height) -> Result<(), StorageError> {
    let expected = Height(last.0.saturating_add(1));
    if got == expected { Ok(()) } else { Err(StorageError::OutOfOrder { what, got, expected }) }
}
