//! Msgpack in its one canonical form, reading and writing.
//!
//! The reader accepts integers, texts, booleans, nil, arrays and maps in their shortest form and nothing else; the
//! writer produces exactly that. Source: the MessagePack specification, "Formats".

use super::{Kind, Reason};
use alloc::vec::Vec;

/// A cursor over the bytes of an action. Copying it is how one looks ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The kind of the next value.
    pub(super) fn kind(&self) -> Result<Kind, Reason> {
        self.rest.first().map(|marker| kind_of(*marker)).ok_or(Reason::Truncated)
    }

    pub(super) fn boolean(&mut self) -> Result<bool, Reason> {
        Ok(self.marker(Kind::Boolean)? == 0xc3)
    }

    pub(super) fn nil(&mut self) -> Result<(), Reason> {
        self.marker(Kind::Nil).map(|_| ())
    }

    pub(super) fn integer(&mut self) -> Result<u64, Reason> {
        match self.marker(Kind::Integer)? {
            0xcc => self.big_endian(1, 0x80),
            0xcd => self.big_endian(2, 0x100),
            0xce => self.big_endian(4, 0x1_0000),
            0xcf => self.big_endian(8, 0x1_0000_0000),
            small => Ok(u64::from(small)),
        }
    }

    /// An integer that may be below zero: only such a one is spelt as a signed integer.
    pub(super) fn signed(&mut self) -> Result<i64, Reason> {
        if self.kind()? != Kind::Signed {
            let max = u64::from_be_bytes(i64::MAX.to_be_bytes());
            return i64::try_from(self.integer()?).map_err(|_| Reason::TooLarge { max });
        }
        let (width, min) = match self.marker(Kind::Signed)? {
            0xd0 => (1, -0x80),
            0xd1 => (2, -0x8000),
            0xd2 => (4, -0x8000_0000),
            0xd3 => (8, i64::MIN),
            small => return Ok(i64::from(i8::from_be_bytes([small]))),
        };
        // The bytes of a negative number read as an unsigned one are as far above `min` as the sign bit's weight.
        let raw = self.big_endian(width, 0)?;
        let offset = raw.checked_sub(min.unsigned_abs()).ok_or(Reason::NotMinimal)?;
        let value = min.checked_add_unsigned(offset).filter(|value| *value < 0).ok_or(Reason::NotMinimal)?;
        let fits_shorter = match width {
            1 => value >= -0x20,
            2 => value >= -0x80,
            4 => value >= -0x8000,
            _ => value >= -0x8000_0000,
        };
        if fits_shorter { Err(Reason::NotMinimal) } else { Ok(value) }
    }

    /// A text of at most `max` bytes.
    pub(super) fn text(&mut self, max: u32) -> Result<&'a str, Reason> {
        let len = match self.marker(Kind::Text)? {
            0xd9 => self.big_endian(1, 0x20)?,
            0xda => self.big_endian(2, 0x100)?,
            0xdb => self.big_endian(4, 0x1_0000)?,
            marker => u64::from(marker & 0x1f),
        };
        if len > u64::from(max) {
            return Err(Reason::TextTooLong { max });
        }
        let bytes = self.take(usize::try_from(len).map_err(|_| Reason::TextTooLong { max })?)?;
        core::str::from_utf8(bytes).map_err(|_| Reason::NotUtf8)
    }

    /// The bytes of a value that has none within: a text, a number, a flag or nil.
    pub(super) fn flat(&mut self) -> Result<&'a [u8], Reason> {
        let before = self.rest;
        match self.kind()? {
            Kind::Text => drop(self.text(u32::MAX)?),
            Kind::Integer => drop(self.integer()?),
            Kind::Signed => drop(self.signed()?),
            Kind::Boolean => drop(self.boolean()?),
            Kind::Nil => self.nil()?,
            found @ (Kind::Float
            | Kind::Binary
            | Kind::Array
            | Kind::Map
            | Kind::Extension
            | Kind::Unused) => {
                return Err(Reason::WrongKind { expected: Kind::Text, found });
            }
        }
        let taken = before.len().saturating_sub(self.rest.len());
        Ok(before.get(..taken).unwrap_or_default())
    }

    /// The count of an array's items, which follow.
    pub(super) fn array(&mut self) -> Result<u32, Reason> {
        self.count(Kind::Array, 0xdc, 0xdd)
    }

    /// The count of a map's fields, which follow.
    pub(super) fn map(&mut self) -> Result<u32, Reason> {
        self.count(Kind::Map, 0xde, 0xdf)
    }

    fn count(&mut self, kind: Kind, short: u8, long: u8) -> Result<u32, Reason> {
        let count = match self.marker(kind)? {
            marker if marker == short => self.big_endian(2, 0x10)?,
            marker if marker == long => self.big_endian(4, 0x1_0000)?,
            marker => u64::from(marker & 0x0f),
        };
        u32::try_from(count).map_err(|_| Reason::NotMinimal)
    }

    /// The first byte of a value that must be of a kind.
    fn marker(&mut self, expected: Kind) -> Result<u8, Reason> {
        let (marker, rest) = self.rest.split_first().ok_or(Reason::Truncated)?;
        let found = kind_of(*marker);
        if found != expected {
            return Err(Reason::WrongKind { expected, found });
        }
        self.rest = rest;
        Ok(*marker)
    }

    /// An integer of `width` bytes that needs them: it is at least `min`.
    fn big_endian(&mut self, width: usize, min: u64) -> Result<u64, Reason> {
        let value = self.take(width)?.iter().fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
        if value < min { Err(Reason::NotMinimal) } else { Ok(value) }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Reason> {
        let (head, tail) = self.rest.split_at_checked(len).ok_or(Reason::Truncated)?;
        self.rest = tail;
        Ok(head)
    }
}

const fn kind_of(marker: u8) -> Kind {
    match marker {
        0x00..=0x7f | 0xcc..=0xcf => Kind::Integer,
        0x80..=0x8f | 0xde..=0xdf => Kind::Map,
        0x90..=0x9f | 0xdc..=0xdd => Kind::Array,
        0xa0..=0xbf | 0xd9..=0xdb => Kind::Text,
        0xc0 => Kind::Nil,
        0xc1 => Kind::Unused,
        0xc2..=0xc3 => Kind::Boolean,
        0xc4..=0xc6 => Kind::Binary,
        0xca..=0xcb => Kind::Float,
        0xc7..=0xc9 | 0xd4..=0xd8 => Kind::Extension,
        0xd0..=0xd3 | 0xe0..=0xff => Kind::Signed,
    }
}

/// Appends values in canonical form.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
}

impl Output {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A value's bytes.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.bytes.push(if value { 0xc3 } else { 0xc2 });
    }

    pub(super) fn nil(&mut self) {
        self.bytes.push(0xc0);
    }

    pub(super) fn integer(&mut self, value: u64) {
        match value {
            0..=0x7f => self.low_bytes(value, 1),
            0x80..=0xff => self.marked(0xcc, value, 1),
            0x100..=0xffff => self.marked(0xcd, value, 2),
            0x1_0000..=0xffff_ffff => self.marked(0xce, value, 4),
            _ => self.marked(0xcf, value, 8),
        }
    }

    pub(super) fn signed(&mut self, value: i64) {
        let raw = u64::from_be_bytes(value.to_be_bytes());
        match value {
            0.. => self.integer(raw),
            -0x20.. => self.low_bytes(raw, 1),
            -0x80.. => self.marked(0xd0, raw, 1),
            -0x8000.. => self.marked(0xd1, raw, 2),
            -0x8000_0000.. => self.marked(0xd2, raw, 4),
            _ => self.marked(0xd3, raw, 8),
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        match length(text.len()) {
            len @ 0..=0x1f => self.low_bytes(0xa0 | len, 1),
            len @ 0x20..=0xff => self.marked(0xd9, len, 1),
            len @ 0x100..=0xffff => self.marked(0xda, len, 2),
            len => self.marked(0xdb, len, 4),
        }
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(super) fn array(&mut self, count: usize) {
        self.count(0x90, 0xdc, length(count));
    }

    pub(super) fn map(&mut self, count: usize) {
        self.count(0x80, 0xde, length(count));
    }

    /// `long` is the marker of two-byte counts; the next byte up marks four-byte counts.
    fn count(&mut self, small: u8, long: u8, count: u64) {
        match count {
            0..=0x0f => self.low_bytes(u64::from(small) | count, 1),
            0x10..=0xffff => self.marked(long, count, 2),
            _ => self.marked(long | 1, count, 4),
        }
    }

    fn marked(&mut self, marker: u8, value: u64, width: usize) {
        self.bytes.push(marker);
        self.low_bytes(value, width);
    }

    fn low_bytes(&mut self, value: u64, width: usize) {
        let bytes = value.to_be_bytes();
        self.bytes.extend(bytes.iter().skip(bytes.len().saturating_sub(width)));
    }
}

/// A length as an integer. Lengths above `u32::MAX` don't occur: each field has a limit far below.
fn length(len: usize) -> u64 {
    u64::from(u32::try_from(len).unwrap_or(u32::MAX))
}
