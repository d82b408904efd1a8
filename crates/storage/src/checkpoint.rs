//! The flat state at one height, and indexes, in an embedded database.
//!
//! What blocks change is gathered in memory and written as one atomic batch every few blocks, so the database is always
//! that of exactly one height. Which database is a matter of [`Backend`]; see ADR-0003 for the choice.

mod backend;
mod changes;
mod overlay;
mod redb;
#[cfg(feature = "rocksdb")]
mod rocksdb;

#[cfg(test)]
mod tests;

pub use backend::{Backend, Snapshot, Space, Visit, Write};
pub use changes::Changes;
pub use overlay::{Effects, INDEX_KEY_BYTES_MAX, IndexEntry, IndexHit, IndexKind};
pub(crate) use overlay::{Overlay, index_key, pruned};
pub use redb::RedbBackend;
#[cfg(feature = "rocksdb")]
pub use rocksdb::RocksdbBackend;
