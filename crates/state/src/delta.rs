//! What a block changed: `key: old → new`, sorted by key, applicable in both directions.

use crate::Key;
use crate::tables::Prefix;
use alloc::vec::Vec;
use core::fmt;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_crypto::sha256;
use tandem_types::DeltaHash;

/// Longest key of any table, prefix included.
pub const KEY_BYTES_MAX: u32 = 64;
/// Longest value of any table: contract code is the largest (EIP-170 allows 24,576 bytes; room for its successors).
pub const VALUE_BYTES_MAX: u32 = 1 << 20;
/// Most changes in one delta; a block's work limit ends far below.
pub const CHANGES_MAX: u32 = 1 << 24;

/// One changed entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// The key with its table's prefix.
    pub key: &'a [u8],
    /// The encoded value before; `None` if there was none.
    pub old: Option<&'a [u8]>,
    /// The encoded value after; `None` if there is none.
    pub new: Option<&'a [u8]>,
}

/// Where one change lies in the buffer: key, old value and new value follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: usize,
    key: usize,
    old: Option<usize>,
    new: Option<usize>,
}

/// The changes of a block, sorted strictly ascending by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    buffer: Vec<u8>,
    spans: Vec<Span>,
}

/// Which way a delta is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From before the block to after it.
    Forward,
    /// From after the block to before it.
    Backward,
}

/// Why a delta or a dump could not be applied to tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaError {
    /// A key does not decode in its table.
    Key(DecodeError),
    /// A value does not decode in its table.
    Value(DecodeError),
    /// No table has this prefix (engine, table).
    UnknownTable([u8; 2]),
    /// The trees over the tables can't follow it.
    Trees,
}

impl fmt::Display for DeltaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => write!(f, "key of a state entry: {error}"),
            Self::Value(error) => write!(f, "value of a state entry: {error}"),
            Self::Trees => f.write_str("the state trees cannot follow the delta"),
            Self::UnknownTable([engine, table]) => write!(f, "no table {table} in engine {engine}"),
        }
    }
}

impl core::error::Error for DeltaError {}

impl Delta {
    /// Number of changed entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether nothing changed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Memory that it takes, in bytes.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        let spans = self.spans.capacity().saturating_mul(size_of::<Span>());
        self.buffer.capacity().saturating_add(spans)
    }

    /// The changes in the order of their keys.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> + Clone {
        self.spans.iter().map(|span| self.change(*span))
    }

    /// The changes whose keys begin with `prefix`.
    pub fn changes_under<'a>(&'a self, prefix: &'a [u8]) -> impl Iterator<Item = Change<'a>> + Clone {
        let start = self.spans.partition_point(|span| self.change(*span).key < prefix);
        let spans = self.spans.get(start..).unwrap_or_default();
        spans.iter().map(|span| self.change(*span)).take_while(move |change| change.key.starts_with(prefix))
    }

    /// SHA-256 over the keys and new values: together with the state before, it determines the state after.
    #[must_use]
    pub fn hash(&self) -> DeltaHash {
        let lengths = self.len().saturating_mul(9);
        let mut bytes = Vec::with_capacity(self.buffer.len().saturating_add(lengths));
        for change in self.changes() {
            encode_bytes(change.key, &mut bytes);
            change.new.is_some().encode(&mut bytes);
            encode_bytes(change.new.unwrap_or_default(), &mut bytes);
        }
        DeltaHash(sha256(&bytes))
    }

    /// Appends the changes of other tables, whose keys all come after these.
    pub fn append(&mut self, later: &Self) {
        self.buffer.reserve(later.buffer.len());
        self.spans.reserve(later.spans.len());
        later.changes().for_each(|change| self.push_raw(change));
    }

    /// Makes room for `changes` more of this size.
    pub(crate) fn reserve(&mut self, changes: usize, bytes: usize) {
        self.spans.reserve(changes);
        self.buffer.reserve(changes.saturating_mul(bytes));
    }

    pub(crate) fn push<K: Key, V: Encode>(
        &mut self,
        prefix: Prefix,
        key: &K,
        old: Option<&V>,
        new: Option<&V>,
    ) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&prefix.0);
        key.encode(&mut self.buffer);
        let key = self.buffer.len().saturating_sub(start);
        let old = self.append_value(old);
        let new = self.append_value(new);
        self.spans.push(Span { start, key, old, new });
    }

    fn append_value<V: Encode>(&mut self, value: Option<&V>) -> Option<usize> {
        let start = self.buffer.len();
        value?.encode(&mut self.buffer);
        Some(self.buffer.len().saturating_sub(start))
    }

    fn change(&self, span: Span) -> Change<'_> {
        let old_start = span.start.saturating_add(span.key);
        let new_start = old_start.saturating_add(span.old.unwrap_or(0));
        let new_end = new_start.saturating_add(span.new.unwrap_or(0));
        let part = |from: usize, to: usize| self.buffer.get(from..to).unwrap_or_default();
        Change {
            key: part(span.start, old_start),
            old: span.old.map(|_| part(old_start, new_start)),
            new: span.new.map(|_| part(new_start, new_end)),
        }
    }

    fn push_raw(&mut self, change: Change<'_>) {
        let span = Span {
            start: self.buffer.len(),
            key: change.key.len(),
            old: change.old.map(<[u8]>::len),
            new: change.new.map(<[u8]>::len),
        };
        self.buffer.extend_from_slice(change.key);
        self.buffer.extend_from_slice(change.old.unwrap_or_default());
        self.buffer.extend_from_slice(change.new.unwrap_or_default());
        self.spans.push(span);
    }
}

fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).encode(out);
    out.extend_from_slice(bytes);
}

fn encode_optional(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    bytes.is_some().encode(out);
    if let Some(bytes) = bytes {
        encode_bytes(bytes, out);
    }
}

fn decode_optional<'a>(input: &mut Reader<'a>) -> Result<Option<&'a [u8]>, DecodeError> {
    if bool::decode(input)? { input.bytes(VALUE_BYTES_MAX).map(Some) } else { Ok(None) }
}

impl Encode for Delta {
    fn encode(&self, out: &mut Vec<u8>) {
        // A change takes its bytes, three lengths and two tags.
        out.reserve(self.buffer.len().saturating_add(self.len().saturating_mul(14)));
        u32::try_from(self.len()).unwrap_or(u32::MAX).encode(out);
        for change in self.changes() {
            encode_bytes(change.key, out);
            encode_optional(change.old, out);
            encode_optional(change.new, out);
        }
    }
}

impl Decode for Delta {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.length(CHANGES_MAX)?;
        let mut delta = Self::default();
        let mut last: Option<&[u8]> = None;
        for _ in 0..count {
            let key = input.bytes(KEY_BYTES_MAX)?;
            let (old, new) = (decode_optional(input)?, decode_optional(input)?);
            if last.is_some_and(|last| key <= last) || old == new {
                return Err(input.invalid("delta entry"));
            }
            last = Some(key);
            delta.push_raw(Change { key, old, new });
        }
        Ok(delta)
    }
}
