//! The decided blocks, one frame each, at consecutive heights.
//!
//! A segment is named by its first height. Opening reads the last segment alone, whatever the log's length; the places
//! of the frames in older ones are read when a block of theirs is asked for. Appending and reading don't wait for each
//! other's disk.
//!
//! A frame's body: block id (32 bytes), then block, certificate, receipts and delta, each behind its length (`u32`,
//! big-endian).

use super::{
    segment::{Entry, Place, Segment},
    writer::Writer,
};
use crate::error::StorageError;
use std::{
    collections::BTreeMap,
    mem,
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use tandem_codec::{DecodeError, Encode, Reader};
use tandem_types::{BlockId, Height};

/// A decided block and what belongs to it. The storage takes the parts as they are and knows none of their formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRecord<T = Vec<u8>> {
    /// Height of the block.
    pub height: Height,
    /// Its id.
    pub id: BlockId,
    /// The block's bytes.
    pub block: T,
    /// The commit certificate.
    pub certificate: T,
    /// The receipts.
    pub receipts: T,
    /// The state delta, from which the state is recovered behind the last checkpoint.
    pub delta: T,
}

impl<T: AsRef<[u8]>> BlockRecord<T> {
    fn parts(&self) -> [&[u8]; 4] {
        [self.block.as_ref(), self.certificate.as_ref(), self.receipts.as_ref(), self.delta.as_ref()]
    }

    /// Bytes of all its parts.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts().iter().map(|part| part.len() as u64).sum()
    }

    /// The body of its frame.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`].
    pub fn body(&self) -> Result<Vec<u8>, StorageError> {
        let mut body = Vec::with_capacity(64 + self.parts().iter().map(|part| part.len()).sum::<usize>());
        self.id.encode(&mut body);
        self.parts().into_iter().try_for_each(|part| push_part(&mut body, part))?;
        Ok(body)
    }
}

impl BlockRecord {
    /// The record of a frame's body.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are no such body.
    pub fn from_body(height: Height, body: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(body);
        let mut record = Self {
            height,
            id: BlockId(input.array()?),
            block: Vec::new(),
            certificate: Vec::new(),
            receipts: Vec::new(),
            delta: Vec::new(),
        };
        for part in [&mut record.block, &mut record.certificate, &mut record.receipts, &mut record.delta] {
            *part = input.bytes(u32::MAX)?.to_vec();
        }
        input.finish()?;
        Ok(record)
    }
}

/// Appends a length and the bytes.
pub(super) fn push_part(body: &mut Vec<u8>, part: &[u8]) -> Result<(), StorageError> {
    let len = u32::try_from(part.len()).map_err(|_| StorageError::TooLarge {
        what: "part of a record",
        bytes: part.len() as u64,
        max: u64::from(u32::MAX),
    })?;
    len.encode(body);
    body.extend_from_slice(part);
    Ok(())
}

/// What readers see: everything acknowledged.
#[derive(Debug, Default)]
struct Shared {
    segments: BTreeMap<u64, Arc<Segment>>,
    /// Frames of the last segment, the only one that grows.
    tail: Vec<Entry>,
}

impl Shared {
    fn last(&self) -> Option<u64> {
        self.tail.last().map(|entry| entry.height)
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct BlockLog {
    place: Place,
    writer: Mutex<Writer>,
    shared: RwLock<Shared>,
}

impl BlockLog {
    /// Opens the log in `place`; a torn append is cut off.
    pub(crate) fn open(place: Place, segment_bytes: u64) -> Result<Self, StorageError> {
        let mut writer = Writer::new(place.clone(), segment_bytes);
        let mut shared = Shared::default();
        for number in place.segments()? {
            shared.segments.insert(number, Arc::new(Segment::open(&place, number)?));
        }
        if let Some((segment, entries, end)) = recover_tail(&place, &mut shared.segments)? {
            writer.resume(segment, end);
            shared.tail = entries;
        }
        Ok(Self { place, writer: Mutex::new(writer), shared: RwLock::new(shared) })
    }

    fn read_shared(&self) -> RwLockReadGuard<'_, Shared> {
        self.shared.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_shared(&self) -> RwLockWriteGuard<'_, Shared> {
        self.shared.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The heights there are; `None` if the log is empty.
    pub(crate) fn heights(&self) -> Option<RangeInclusive<Height>> {
        let shared = self.read_shared();
        let first = shared.segments.keys().next()?;
        Some(Height(*first)..=Height(shared.last()?))
    }

    /// Writes a block and returns once it is durable. An empty log begins at any height.
    pub(crate) fn append<T: AsRef<[u8]>>(&self, record: &BlockRecord<T>) -> Result<(), StorageError> {
        let height = record.height.0;
        let body = record.body()?;
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = self.read_shared().last()
            && last.checked_add(1) != Some(height)
        {
            let expected = Height(last.saturating_add(1));
            return Err(StorageError::OutOfOrder { what: "a block", got: record.height, expected });
        }
        let appended = writer.append(height, height, &body)?;
        let mut shared = self.write_shared();
        if appended.segment.number == height {
            let sealed = mem::take(&mut shared.tail);
            if let Some(previous) = shared.segments.values().next_back() {
                previous.seal(sealed);
            }
            shared.segments.insert(height, appended.segment);
        }
        shared.tail.push(Entry { height, offset: appended.offset });
        Ok(())
    }

    /// The block at `height`; `None` if it was pruned or is not there yet.
    pub(crate) fn read(&self, height: Height) -> Result<Option<BlockRecord>, StorageError> {
        let Some((segment, place)) = self.find(height.0) else { return Ok(None) };
        let corrupt = |offset, what| StorageError::Corrupt { path: segment.path.clone(), offset, what };
        let entry = match place {
            Some(entry) => entry,
            None => {
                let index = usize::try_from(height.0 - segment.number).ok();
                let entry = index.and_then(|index| {
                    segment.sealed_entries().map(|all| all.get(index).copied()).transpose()
                });
                entry.transpose()?.ok_or_else(|| corrupt(0, "blocks are missing at its end"))?
            }
        };
        if entry.height != height.0 {
            return Err(corrupt(entry.offset, "a frame of another height"));
        }
        let body = segment.read(entry.offset)?;
        let record =
            BlockRecord::from_body(height, &body).map_err(|_| corrupt(entry.offset, "not a block record"))?;
        Ok(Some(record))
    }

    /// The segment of a height, and the frame's place if the segment is the last one.
    fn find(&self, height: u64) -> Option<(Arc<Segment>, Option<Entry>)> {
        let shared = self.read_shared();
        if height > shared.last()? {
            return None;
        }
        let (number, segment) = shared.segments.range(..=height).next_back()?;
        let is_tail = shared.segments.keys().next_back() == Some(number);
        let index = usize::try_from(height - number).ok()?;
        let entry = if is_tail { Some(*shared.tail.get(index)?) } else { None };
        Some((Arc::clone(segment), entry))
    }

    /// Removes the segments all of whose blocks are below `keep_from`, oldest first, so that a crash leaves no hole.
    pub(crate) fn prune(&self, keep_from: Height) -> Result<(), StorageError> {
        while let Some(number) = self.oldest_below(keep_from.0) {
            self.place.remove(number)?;
            self.write_shared().segments.remove(&number);
        }
        Ok(())
    }

    fn oldest_below(&self, keep_from: u64) -> Option<u64> {
        let shared = self.read_shared();
        let mut numbers = shared.segments.keys();
        let (oldest, next) = (numbers.next()?, numbers.next()?);
        (*next <= keep_from).then_some(*oldest)
    }
}

type Tail = (Arc<Segment>, Vec<Entry>, u64);

fn recover_tail(
    place: &Place,
    segments: &mut BTreeMap<u64, Arc<Segment>>,
) -> Result<Option<Tail>, StorageError> {
    while let Some((number, segment)) = segments.last_key_value() {
        let (number, segment) = (*number, Arc::clone(segment));
        let (entries, end) = segment.recover(|_, _| Ok(()))?;
        if !entries.is_empty() {
            check_consecutive(&segment, &entries)?;
            return Ok(Some((segment, entries, end)));
        }
        // Begun, but its first block was never acknowledged. What was before it was: the segment's name says so.
        if let Some((_, previous)) = segments.range(..number).next_back() {
            check_complete(previous, number)?;
        }
        place.remove(number)?;
        segments.remove(&number);
    }
    Ok(None)
}

fn check_consecutive(segment: &Segment, entries: &[Entry]) -> Result<(), StorageError> {
    match (segment.number..).zip(entries).find(|(height, entry)| entry.height != *height) {
        None => Ok(()),
        Some((_, entry)) => Err(StorageError::Corrupt {
            path: segment.path.clone(),
            offset: entry.offset,
            what: "a frame of another height",
        }),
    }
}

fn check_complete(segment: &Segment, next: u64) -> Result<(), StorageError> {
    match segment.sealed_entries()?.last() {
        Some(last) if last.height.checked_add(1) == Some(next) => {
            // The body as well: a torn tail is impossible here, so it must not be cut as one.
            segment.read(last.offset).map(drop)
        }
        _ => Err(StorageError::Corrupt {
            path: segment.path.clone(),
            offset: segment.size()?,
            what: "blocks are missing at its end",
        }),
    }
}
