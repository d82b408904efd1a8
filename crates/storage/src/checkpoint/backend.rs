//! What is asked of the checkpoint's database.

use crate::error::StorageError;
use std::{borrow::Cow, fmt::Debug, ops::ControlFlow};
use tandem_types::Height;

/// A key space of the database; keys of different spaces don't meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// The flat state.
    State,
    /// The indexes: kind and key to height and value.
    Index,
    /// The index keys that each height wrote, so that they can be pruned.
    IndexedAt,
    /// Small values of the caller.
    Meta,
    /// The storage's own: the height.
    Own,
}

impl Space {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::State, Self::Index, Self::IndexedAt, Self::Meta, Self::Own];

    /// A name for a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Index => "index",
            Self::IndexedAt => "indexed_at",
            Self::Meta => "meta",
            Self::Own => "own",
        }
    }
}

/// One entry of a batch: a new value, or its removal. Of a key that a batch has twice, the later entry counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write<'a> {
    /// Where.
    pub space: Space,
    /// Which key.
    pub key: Cow<'a, [u8]>,
    /// The value, `None` to remove the key if it is there.
    pub value: Option<Cow<'a, [u8]>>,
}

/// Called with key and value; `Break` ends the scan.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// The database as it was at one moment, whatever is applied meanwhile.
pub trait Snapshot: Debug {
    /// The value of a key.
    ///
    /// # Errors
    /// [`StorageError::Backend`] or one of the disk's.
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError>;

    /// Visits the entries of a space from key `from` on, in order of the keys' bytes.
    ///
    /// # Errors
    /// [`StorageError::Backend`] or one of the disk's.
    fn scan(&self, space: Space, from: &[u8], visit: Visit<'_>) -> Result<(), StorageError>;

    /// The height of the last batch; `None` in an empty database.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    fn height(&self) -> Result<Option<Height>, StorageError> {
        let value = self.get(Space::Own, HEIGHT_KEY)?;
        Ok(value.and_then(|value| Some(Height(u64::from_be_bytes(value.try_into().ok()?)))))
    }
}

/// An embedded database.
pub trait Backend: Debug + Send + Sync {
    /// Applies a batch, atomically: after a crash all of it is there or nothing. Returns once it is durable.
    ///
    /// # Errors
    /// [`StorageError::Backend`] or one of the disk's; then nothing was applied, or all of it if the failure came
    /// when it was already durable.
    fn apply(&self, writes: &mut dyn Iterator<Item = Write<'_>>) -> Result<(), StorageError>;

    /// The database as it is now.
    ///
    /// # Errors
    /// [`StorageError::Backend`] or one of the disk's.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StorageError>;
}

const HEIGHT_KEY: &[u8] = b"height";

/// The write that says which height a batch leads to.
pub(crate) fn height_write(height: Height) -> Write<'static> {
    Write {
        space: Space::Own,
        key: Cow::Borrowed(HEIGHT_KEY),
        value: Some(Cow::Owned(height.0.to_be_bytes().to_vec())),
    }
}
