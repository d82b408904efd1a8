//! The one canonical encoding of Tandem's own data: blocks, receipts, state entries, network messages.
//!
//! Integers are big-endian and of fixed width, so that order in bytes is order in meaning. A `bool` or an option's
//! tag is one byte, 0 or 1. Variable-length data carries its length or count as a `u32`, checked against a limit that
//! the reader names *before* anything is allocated. Every value has exactly one spelling: [`Decode::from_bytes`]
//! rejects truncated input, trailing bytes and unknown tags, so `decode(encode(x)) == x` and the reverse.
//!
//! What is signed by traders (msgpack) and Ethereum's data (RLP) have their own formats, in `exchange` and `evm`.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::let_underscore_must_use,
        clippy::wildcard_enum_match_arm,
        clippy::disallowed_types,
        clippy::disallowed_methods
    )
)]

extern crate alloc;

#[doc(hidden)]
pub mod __private {
    pub use alloc::vec::Vec;
}
mod error;
mod macros;
mod primitives;
mod reader;

pub use error::DecodeError;
pub use reader::Reader;

use alloc::vec::Vec;

/// A value with a canonical encoding.
pub trait Encode {
    /// Appends the encoding of `self` to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// Appends the encodings of `values` one after the other; bytes do it in one go.
    #[doc(hidden)]
    fn encode_each(values: &[Self], out: &mut Vec<u8>)
    where
        Self: Sized,
    {
        values.iter().for_each(|value| value.encode(out));
    }

    /// The encoding of `self` alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// A value that can be read back from its canonical encoding.
pub trait Decode: Sized {
    /// Reads one value from the front of `input`.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not a prefix made by [`Encode::encode`]; `input` is then left somewhere
    /// inside the value.
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Reads a value that fills `bytes` exactly.
    ///
    /// # Errors
    /// [`DecodeError`] as [`Decode::decode`], and [`DecodeError::Trailing`] if bytes are left over.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        let value = Self::decode(&mut input)?;
        input.finish()?;
        Ok(value)
    }
}
