//! What can go wrong, and what to do about it.

use std::{io, sync::Arc};
use tandem_types::Height;

/// An error of the storage.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The disk refused an operation.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file of the home directory.
        path: String,
        /// What the disk said.
        source: io::Error,
    },
    /// No space left. Nothing was acknowledged and nothing half-written stays visible; the call can be repeated.
    #[error("no space left to {action} {path}: free some on this disk, or lower the number of blocks kept")]
    DiskFull {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: String,
    },
    /// Bytes that were acknowledged are no longer what was written.
    #[error(
        "{path} is damaged at byte {offset} ({what}): the disk lost data that it had acknowledged; \
         keep this home for inspection, and start with an empty one from a snapshot or by syncing"
    )]
    Corrupt {
        /// The damaged file.
        path: String,
        /// Where in it.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// A write failed and could not be taken back, or a sync failed: what is on disk is unknown until reopened.
    #[error(
        "an earlier write to {path} failed half-way: restart the node, it recovers what was acknowledged"
    )]
    Stopped {
        /// The file.
        path: String,
    },
    /// Another process has this home open.
    #[error(
        "this home is in use by another process (it holds the lock file {path}): stop that one or take another"
    )]
    Locked {
        /// The lock file.
        path: String,
    },
    /// The directory holds data, and no identity file of a store.
    #[error(
        "{path} is missing beside existing data: this is not a complete home; restore it from a snapshot"
    )]
    NotAStore {
        /// The identity file.
        path: String,
    },
    /// Made by another version of the storage.
    #[error(
        "this home has storage format {found}, this program reads {expected}: use the version that made it"
    )]
    Version {
        /// The home's format.
        found: u32,
        /// This program's.
        expected: u32,
    },
    /// Log and checkpoint don't meet, so the state can't be recovered from them.
    #[error(
        "the log holds blocks {log_first} to {log_last} and the checkpoint is at {checkpoint}: blocks between are \
         missing; start with an empty home from a snapshot or by syncing"
    )]
    Gap {
        /// First block in the log.
        log_first: Height,
        /// Last block in the log.
        log_last: Height,
        /// Height of the checkpoint.
        checkpoint: Height,
    },
    /// The log of consensus is one of a height that the blocks have not reached: voting there again could contradict
    /// what was said before.
    #[error(
        "{path} is of height {found}, the blocks end before height {expected}: blocks were restored from an older copy \
         than the votes; start with an empty home from a snapshot or by syncing"
    )]
    WalAhead {
        /// The log.
        path: String,
        /// Its height.
        found: Height,
        /// The height to be decided next.
        expected: Height,
    },
    /// A height that isn't next.
    #[error("{what} for height {got}, expected {expected}")]
    OutOfOrder {
        /// What was given.
        what: &'static str,
        /// Its height.
        got: Height,
        /// The height that would have been right.
        expected: Height,
    },
    /// Above a limit.
    #[error("{what} of {bytes} bytes, at most {max} are stored")]
    TooLarge {
        /// What was given.
        what: &'static str,
        /// Its size.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// The undecided blocks kept reached their limit; deciding a height frees their space.
    #[error(
        "undecided blocks take {bytes} bytes, the limit is {max}: no more are kept until a height is decided"
    )]
    UndecidedFull {
        /// With the one that was refused.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// No state yet: [`crate::Store::initialise`] comes first.
    #[error("this home has no state yet: initialise it with the genesis state or a snapshot")]
    Uninitialised,
    /// There is a state already.
    #[error("this home already has a state at height {0}: take an empty one")]
    AlreadyInitialised(Height),
    /// The checkpoint backend failed.
    #[error("the checkpoint database ({backend}) cannot {action}: {source}")]
    Backend {
        /// Which backend.
        backend: &'static str,
        /// What was tried.
        action: &'static str,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// Whether trying again can help.
        transient: bool,
    },
    /// A checkpoint failed; the log is intact. If transient, the next call tries again; else only opening anew helps.
    #[error("the last checkpoint could not be written: {0}; the log is intact, a restart recovers from it")]
    CheckpointFailed(Arc<Self>),
    /// This home is on a file layer that the backend can't use.
    #[error("the checkpoint database {backend} needs a directory of this machine")]
    NeedsDirectory {
        /// Which backend.
        backend: &'static str,
    },
}

impl StorageError {
    /// Whether the same call can succeed later without a restart: space freed, a height decided.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::DiskFull { .. } | Self::UndecidedFull { .. } => true,
            Self::Backend { transient, .. } => *transient,
            Self::CheckpointFailed(error) => error.is_transient(),
            Self::Io { .. }
            | Self::Corrupt { .. }
            | Self::Stopped { .. }
            | Self::Locked { .. }
            | Self::NotAStore { .. }
            | Self::Version { .. }
            | Self::Gap { .. }
            | Self::WalAhead { .. }
            | Self::OutOfOrder { .. }
            | Self::TooLarge { .. }
            | Self::Uninitialised
            | Self::AlreadyInitialised(_)
            | Self::NeedsDirectory { .. } => false,
        }
    }
}

/// Names the file and the operation in an [`io::Error`].
pub(crate) trait IoContext<T> {
    fn context(self, action: &'static str, path: &str) -> Result<T, StorageError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn context(self, action: &'static str, path: &str) -> Result<T, StorageError> {
        self.map_err(|source| io_error(source, action, path))
    }
}

/// Names the file and the operation in an [`io::Error`].
pub(crate) fn io_error(source: io::Error, action: &'static str, path: &str) -> StorageError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StorageError::DiskFull { action, path },
        _ => StorageError::Io { action, path, source },
    }
}
