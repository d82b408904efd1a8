//! What the fuzz targets share: the law of canonical encodings, and how input bytes become changes and choices.
//!
//! Targets judge by a panic. Nothing here catches one.
#![forbid(unsafe_code)]

mod shared;
pub mod signers;
pub mod trading;

use core::fmt::Debug;
use tandem_codec::{Decode, Encode};

/// Bytes either are no `T`, or are the one encoding of the value they give. Returns that value.
///
/// # Panics
/// If a value is read from bytes that are not its encoding.
pub fn round_trip<T: Decode + Encode + Debug + PartialEq>(bytes: &[u8]) -> Option<T> {
    let value = T::from_bytes(bytes).ok()?;
    let again = value.to_bytes();
    assert_eq!(again, bytes, "a value has one spelling: {value:?}");
    assert_eq!(T::from_bytes(&again).as_ref(), Ok(&value), "an encoding comes back");
    Some(value)
}

/// Changes `bytes` as `script` says: four bytes for each change, which are what to do, where, and a byte.
pub fn mutate(bytes: &mut Vec<u8>, script: &[u8]) {
    for step in script.chunks_exact(4) {
        let &[what, high, low, byte] = step else { continue };
        let end = bytes.len().max(1);
        let at = usize::from(u16::from_be_bytes([high, low])) % end;
        match what % 5 {
            0 if at < bytes.len() => bytes[at] ^= byte,
            1 if at < bytes.len() => bytes[at] = byte,
            2 => bytes.insert(at.min(bytes.len()), byte),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            _ => {}
        }
    }
}

/// Choices read from the front of the input; zero when it is used up.
#[derive(Clone, Debug)]
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// Choices made of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether the input is used up.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `end`, which is at most 256 and not 0.
    pub fn below(&mut self, end: u16) -> u16 {
        u16::from(self.byte()) % end
    }

    /// One of `from`, which is not empty.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.byte()) % from.len()]
    }

    /// One of `from`, which is not empty.
    pub fn pick_ref<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[usize::from(self.byte()) % from.len()]
    }

    /// The next `count` bytes, or what is left.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}
