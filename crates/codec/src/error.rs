//! Why bytes were not the canonical encoding of anything.

use core::fmt;

/// Why bytes could not be decoded. `at` is the offset of the first byte that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The input ended inside a value.
    Truncated {
        /// Offset at which more bytes were wanted.
        at: usize,
        /// Bytes wanted there.
        needed: usize,
    },
    /// The value ended before the input did.
    Trailing {
        /// Offset of the first unread byte.
        at: usize,
        /// Unread bytes.
        excess: usize,
    },
    /// A length or count is above the limit of its field.
    TooLong {
        /// Offset of the length.
        at: usize,
        /// The length claimed.
        len: u32,
        /// The greatest allowed.
        max: u32,
    },
    /// The bytes are in range but spell nothing, or not the canonical way.
    Invalid {
        /// Offset just after the offending bytes.
        at: usize,
        /// What was being read.
        what: &'static str,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { at, needed } => write!(f, "input ends at byte {at}, {needed} more needed"),
            Self::Trailing { at, excess } => write!(f, "value ends at byte {at}, {excess} bytes follow"),
            Self::TooLong { at, len, max } => write!(f, "length {len} at byte {at} is above the limit {max}"),
            Self::Invalid { at, what } => write!(f, "invalid {what} before byte {at}"),
        }
    }
}

impl core::error::Error for DecodeError {}
