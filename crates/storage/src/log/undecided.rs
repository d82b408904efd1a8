//! Blocks that were seen and executed but not decided yet: durable before the prevote for them.
//!
//! They are kept until their height is decided. Forgetting is then a matter of memory; files are removed later, and
//! one that a crash brings back holds only blocks of decided heights, which opening ignores.
//!
//! A frame's body: round (`u32`, big-endian), block id (32 bytes), then block and note, each behind its length (`u32`).

use super::{
    block_log::push_part,
    segment::{Place, Segment},
    writer::Writer,
};
use crate::error::StorageError;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::{BlockId, Height, Round};

/// A block of a height that isn't decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndecidedBlock<T = Vec<u8>> {
    /// Its height.
    pub height: Height,
    /// The round in which it was proposed.
    pub round: Round,
    /// Its id.
    pub id: BlockId,
    /// The block's bytes.
    pub block: T,
    /// Whatever the caller needs beside them: proposer, valid round, outcome.
    pub note: T,
}

impl<T: AsRef<[u8]>> UndecidedBlock<T> {
    /// The body of its frame.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`].
    pub fn body(&self) -> Result<Vec<u8>, StorageError> {
        let mut body = Vec::with_capacity(64 + self.block.as_ref().len() + self.note.as_ref().len());
        self.round.encode(&mut body);
        self.id.encode(&mut body);
        push_part(&mut body, self.block.as_ref())?;
        push_part(&mut body, self.note.as_ref())?;
        Ok(body)
    }
}

impl UndecidedBlock {
    /// The block of a frame's body.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are no such body.
    pub fn from_body(height: Height, body: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(body);
        let block = Self {
            height,
            round: Round::decode(&mut input)?,
            id: BlockId(input.array()?),
            block: input.bytes(u32::MAX)?.to_vec(),
            note: input.bytes(u32::MAX)?.to_vec(),
        };
        input.finish()?;
        Ok(block)
    }
}

/// Where a block is.
#[derive(Clone, Debug)]
struct Slot {
    round: Round,
    id: BlockId,
    segment: Arc<Segment>,
    offset: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Inner {
    writer: Writer,
    /// Every segment with the highest height in it.
    segments: BTreeMap<u64, u64>,
    blocks: BTreeMap<u64, Vec<Slot>>,
    /// Bytes of the blocks in `blocks`.
    bytes: u64,
    /// The last height that was decided.
    decided: u64,
}

impl Inner {
    fn insert(&mut self, height: u64, slot: Slot) {
        let highest = self.segments.entry(slot.segment.number).or_insert(height);
        *highest = height.max(*highest);
        if height > self.decided {
            self.bytes += slot.bytes;
            self.blocks.entry(height).or_default().push(slot);
        }
    }

    fn holds(&self, height: u64, round: Round, id: BlockId) -> bool {
        self.blocks
            .get(&height)
            .is_some_and(|slots| slots.iter().any(|slot| (slot.round, slot.id) == (round, id)))
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct UndecidedArea {
    place: Place,
    bytes_max: u64,
    inner: Mutex<Inner>,
}

impl UndecidedArea {
    /// Opens the area in `place`; `decided` is the last decided height.
    pub(crate) fn open(
        place: Place,
        segment_bytes: u64,
        bytes_max: u64,
        decided: Height,
    ) -> Result<Self, StorageError> {
        let writer = Writer::new(place.clone(), segment_bytes);
        let mut inner = Inner {
            writer,
            segments: BTreeMap::new(),
            blocks: BTreeMap::new(),
            bytes: 0,
            decided: decided.0,
        };
        let numbers = place.segments()?;
        for number in &numbers {
            let segment = Arc::new(Segment::open(&place, *number)?);
            inner.segments.insert(*number, 0);
            if numbers.last() == Some(number) {
                let end = segment
                    .recover(|entry, body| load(&mut inner, &segment, entry.height, entry.offset, body))?
                    .1;
                inner.writer.resume(segment, end);
            } else {
                for entry in segment.sealed_entries()? {
                    let body = segment.read(entry.offset)?;
                    load(&mut inner, &segment, entry.height, entry.offset, &body)?;
                }
            }
        }
        Ok(Self { place, bytes_max, inner: Mutex::new(inner) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a block and returns once it is durable. One that is there already, or whose height is decided, is left.
    pub(crate) fn put<T: AsRef<[u8]>>(&self, block: &UndecidedBlock<T>) -> Result<(), StorageError> {
        let body = block.body()?;
        let mut inner = self.lock();
        if block.height.0 <= inner.decided || inner.holds(block.height.0, block.round, block.id) {
            return Ok(());
        }
        let bytes = inner.bytes.saturating_add(body.len() as u64);
        if bytes > self.bytes_max {
            return Err(StorageError::UndecidedFull { bytes, max: self.bytes_max });
        }
        let segment_next = inner.segments.keys().next_back().map_or(0, |last| last + 1);
        let appended = inner.writer.append(segment_next, block.height.0, &body)?;
        let slot = Slot {
            round: block.round,
            id: block.id,
            segment: appended.segment,
            offset: appended.offset,
            bytes: body.len() as u64,
        };
        inner.insert(block.height.0, slot);
        Ok(())
    }

    /// The blocks of a height that isn't decided, in the order they were written.
    pub(crate) fn at(&self, height: Height) -> Result<Vec<UndecidedBlock>, StorageError> {
        let slots = self.lock().blocks.get(&height.0).cloned().unwrap_or_default();
        slots
            .iter()
            .map(|slot| decode(&slot.segment, height.0, slot.offset, &slot.segment.read(slot.offset)?))
            .collect()
    }

    /// The heights of which there are blocks, in order.
    pub(crate) fn heights(&self) -> Vec<Height> {
        self.lock().blocks.keys().copied().map(Height).collect()
    }

    /// Forgets the blocks up to a height that was decided. No disk is touched.
    pub(crate) fn decide(&self, height: Height) {
        let mut inner = self.lock();
        inner.decided = inner.decided.max(height.0);
        let kept =
            inner.decided.checked_add(1).map_or_else(BTreeMap::new, |from| inner.blocks.split_off(&from));
        inner.blocks = kept;
        inner.bytes = inner.blocks.values().flatten().map(|slot| slot.bytes).sum();
    }

    /// Removes the files that hold forgotten blocks only.
    pub(crate) fn sweep(&self) -> Result<(), StorageError> {
        for number in self.forgotten() {
            self.place.remove(number)?;
            self.lock().segments.remove(&number);
        }
        Ok(())
    }

    fn forgotten(&self) -> Vec<u64> {
        let inner = self.lock();
        let tail = inner.segments.keys().next_back();
        let old = inner
            .segments
            .iter()
            .filter(|(number, highest)| **highest <= inner.decided && Some(*number) != tail);
        old.map(|(number, _)| *number).collect()
    }
}

fn load(
    inner: &mut Inner,
    segment: &Arc<Segment>,
    height: u64,
    offset: u64,
    body: &[u8],
) -> Result<(), StorageError> {
    let block = decode(segment, height, offset, body)?;
    let slot = Slot {
        round: block.round,
        id: block.id,
        segment: Arc::clone(segment),
        offset,
        bytes: body.len() as u64,
    };
    inner.insert(height, slot);
    Ok(())
}

fn decode(segment: &Segment, height: u64, offset: u64, body: &[u8]) -> Result<UndecidedBlock, StorageError> {
    let corrupt =
        |_| StorageError::Corrupt { path: segment.path.clone(), offset, what: "not an undecided block" };
    UndecidedBlock::from_body(Height(height), body).map_err(corrupt)
}
