//! What one node keeps on disk: decided blocks, undecided ones, and a checkpoint of the state.
//!
//! It stores bytes and knows no rules: it decodes neither blocks nor deltas. One append and one sync make a block
//! durable ([`Store::append`]); the flat state follows in the background ([`Store::stage`]); opening a home gives the
//! last checkpoint, the heights to replay over it, and the undecided blocks ([`Recovered`]). Blocks leave and enter a
//! machine in one file ([`ArchiveWriter`], [`ArchiveReader`]).
//!
//! Invariants: what was acknowledged survives a crash at any instruction, also if the disk loses what was not synced;
//! what was not acknowledged is there whole or not at all; a checkpoint is that of exactly one height, and the log
//! holds every block after it.
#![forbid(unsafe_code)]

mod archive;
mod checkpoint;
mod error;
mod files;
mod log;
pub mod simulation;
mod store;

pub use archive::{ArchiveError, ArchiveReader, ArchiveWriter, ArchivedBlock};
#[cfg(feature = "rocksdb")]
pub use checkpoint::RocksdbBackend;
pub use checkpoint::{
    Backend, Changes, Effects, INDEX_KEY_BYTES_MAX, IndexEntry, IndexHit, IndexKind, RedbBackend, Snapshot,
    Space, Visit, Write,
};
pub use error::StorageError;
pub use files::{File, Files, Lock, RealFiles};
pub use log::{BlockRecord, UndecidedBlock, Wal};
pub use store::{Checkpoint, Config, Recovered, Status, Store};
