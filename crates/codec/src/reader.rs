//! A cursor over untrusted bytes.

use crate::{Decode, DecodeError};
use alloc::vec::Vec;

/// Reads from the front of a byte slice and remembers how far it came.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }

    /// Bytes read so far.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// Bytes not yet read.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] if fewer are left.
    pub const fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, tail)) = self.rest.split_at_checked(len) else {
            return Err(DecodeError::Truncated { at: self.at, needed: len.saturating_sub(self.rest.len()) });
        };
        self.rest = tail;
        self.at = self.at.saturating_add(len);
        Ok(head)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] if fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let bytes = self.take(N)?;
        let mut array = [0; N];
        array.copy_from_slice(bytes);
        Ok(array)
    }

    /// A `u32` length or count of at most `max`.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`] above `max`, [`DecodeError::Truncated`] at the end of input.
    pub fn length(&mut self, max: u32) -> Result<usize, DecodeError> {
        let at = self.at;
        let len = u32::decode(self)?;
        if len > max {
            return Err(DecodeError::TooLong { at, len, max });
        }
        usize::try_from(len).map_err(|_| DecodeError::TooLong { at, len, max })
    }

    /// Length-prefixed bytes, at most `max` of them.
    ///
    /// # Errors
    /// As [`Reader::length`] and [`Reader::take`].
    pub fn bytes(&mut self, max: u32) -> Result<&'a [u8], DecodeError> {
        let len = self.length(max)?;
        self.take(len)
    }

    /// A counted list of at most `max` values. Memory grows with what is read, not with the count claimed.
    ///
    /// # Errors
    /// As [`Reader::length`] and the values' own decoding.
    pub fn list<T: Decode>(&mut self, max: u32) -> Result<Vec<T>, DecodeError> {
        let count = self.length(max)?;
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(T::decode(self)?);
        }
        Ok(list)
    }

    /// An [`DecodeError::Invalid`] at the current position.
    #[must_use]
    pub const fn invalid(&self, what: &'static str) -> DecodeError {
        DecodeError::Invalid { at: self.at, what }
    }

    /// Checks that everything was read.
    ///
    /// # Errors
    /// [`DecodeError::Trailing`] if bytes are left.
    pub const fn finish(&self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            excess => Err(DecodeError::Trailing { at: self.at, excess }),
        }
    }
}
