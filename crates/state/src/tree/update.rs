//! What is done to a tree: a batch of updates, and what is wrong with a batch.

use super::{KEY_LEN_MAX, KEY_LEN_MIN, VALUE_LEN_MAX};
use crate::Change;
use core::fmt;

/// One entry put or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update<'a> {
    /// The whole key, engine and table included.
    pub key: &'a [u8],
    /// The encoded value from now on; `None` removes the entry, if there is one.
    pub value: Option<&'a [u8]>,
}

impl<'a> From<Change<'a>> for Update<'a> {
    /// The change forward: a block's delta, in its order, is a batch.
    fn from(change: Change<'a>) -> Self {
        Self { key: change.key, value: change.new }
    }
}

/// Why a batch was refused; the tree is then unchanged. Indices count the batch's updates from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeError {
    /// A key does not come after the one before it.
    Order {
        /// Of the later key.
        index: usize,
    },
    /// A key is shorter than [`KEY_LEN_MIN`] or longer than [`KEY_LEN_MAX`] bytes.
    KeyLength {
        /// Of the update.
        index: usize,
        /// Bytes in the key.
        got: usize,
    },
    /// A key is not as long as the other keys of its table: one could be a prefix of another.
    TableKeyLength {
        /// Of the update.
        index: usize,
        /// Bytes in the key.
        got: usize,
        /// Bytes in its table's keys.
        expected: usize,
    },
    /// A value is longer than [`VALUE_LEN_MAX`] bytes.
    ValueLength {
        /// Of the update.
        index: usize,
        /// Bytes in the value.
        got: usize,
    },
    /// The tree would hold more than its links can number, about 2^26 entries of the longest keys.
    Full,
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order { index } => write!(f, "update {index} is not after the one before it"),
            Self::KeyLength { index, got } => {
                write!(f, "update {index} has a key of {got} bytes, not {KEY_LEN_MIN} to {KEY_LEN_MAX}")
            }
            Self::TableKeyLength { index, got, expected } => {
                write!(f, "update {index} has a key of {got} bytes in a table of keys of {expected}")
            }
            Self::ValueLength { index, got } => {
                write!(f, "update {index} has a value of {got} bytes, more than {VALUE_LEN_MAX}")
            }
            Self::Full => f.write_str("the tree has no numbers left for this many entries"),
        }
    }
}

impl core::error::Error for TreeError {}

/// The table that a key belongs to: its first two bytes.
pub(super) fn table_of(key: &[u8]) -> [u8; 2] {
    key.first_chunk().copied().unwrap_or_default()
}

/// Checks what can be said of a batch, given the length of the keys that a table holds so far, if any.
///
/// # Errors
/// [`TreeError`], all but [`TreeError::Full`].
pub(super) fn check(
    batch: &[Update<'_>],
    table_key_len: impl Fn([u8; 2]) -> Option<usize>,
) -> Result<(), TreeError> {
    let mut last: Option<&[u8]> = None;
    let mut expected = 0;
    for (index, update) in batch.iter().enumerate() {
        let (key, got) = (update.key, update.key.len());
        if !(KEY_LEN_MIN..=KEY_LEN_MAX).contains(&got) {
            return Err(TreeError::KeyLength { index, got });
        }
        if last.is_some_and(|last| key <= last) {
            return Err(TreeError::Order { index });
        }
        if last.is_none_or(|last| table_of(last) != table_of(key)) {
            expected = table_key_len(table_of(key)).unwrap_or(got);
        }
        if got != expected {
            return Err(TreeError::TableKeyLength { index, got, expected });
        }
        let value_len = update.value.map_or(0, <[u8]>::len);
        if value_len > VALUE_LEN_MAX {
            return Err(TreeError::ValueLength { index, got: value_len });
        }
        last = Some(key);
    }
    Ok(())
}
