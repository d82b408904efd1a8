//! The write-ahead log of consensus: what it has said and heard at the height that is being decided.
//!
//! One file, written over from its start at each height, so that a height costs no more than its entries: nothing is
//! created, cut or removed. A frame belongs to a height and a place in this home's file; what earlier heights left
//! behind the last frame is not read. Entries are opaque.
//!
//! A frame's body: how far the file was durable when it was written (`u64`, big-endian), then the entry. Entries are
//! synced several at a time, so a crash may keep a later one and lose an earlier: what follows the first unreadable
//! frame is cut off. A frame that says that the unreadable place was durable before it makes that an error, since then
//! a vote which others have seen is lost.

#[cfg(test)]
mod tests;

use super::{
    frame::{self, HEADER_BYTES, Header, Seed},
    segment::Place,
};
use crate::{
    error::{IoContext, StorageError},
    files::{File, Lock},
};
use std::sync::Arc;
use tandem_types::Height;

/// Bytes of a frame's body before the entry.
const MARK_BYTES: usize = 8;

/// See the module.
#[derive(Debug)]
pub struct Wal {
    file: Arc<dyn File>,
    path: String,
    seed: Seed,
    /// The height of the entries; `None` until [`Wal::begin`].
    height: Option<Height>,
    /// Where the next frame goes.
    end: u64,
    /// What is durable of the frames.
    durable: u64,
    /// After a write or a sync that failed nobody knows what is on disk.
    stopped: bool,
    /// The home stays locked as long as anyone writes to it.
    _lock: Arc<dyn Lock>,
}

impl Wal {
    /// Opens the log in `place`, or makes it.
    pub(crate) fn open(place: &Place, lock: Arc<dyn Lock>) -> Result<Self, StorageError> {
        let path = place.path(0);
        let file = match place.files.open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => place.files.create(&path),
            opened => opened,
        };
        let file = file.context("open", &path)?;
        // An earlier start may have made the file and crashed before its name was durable.
        place.files.sync_dir(place.dir).context("sync", place.dir)?;
        let seed = Seed::new(&place.secret, place.dir, 0);
        Ok(Self { file, path, seed, height: None, end: 0, durable: 0, stopped: false, _lock: lock })
    }

    /// Begins a height. The entries that a crash left of it, in order, all of them durable; none if it is new, or if it
    /// has begun before. Those of earlier heights are forgotten.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] if an entry is lost that was durable, [`StorageError::WalAhead`] if the log is one of a
    /// later height, or one of the disk's.
    pub fn begin(&mut self, height: Height) -> Result<Vec<Vec<u8>>, StorageError> {
        self.check_going()?;
        match self.height.replace(height) {
            None => self.recover(height),
            Some(same) if same == height => Ok(Vec::new()),
            Some(_) => {
                (self.end, self.durable) = (0, 0);
                Ok(Vec::new())
            }
        }
    }

    /// Begins a height and forgets what there is of it, durably.
    ///
    /// # Errors
    /// One of the disk's.
    pub fn reset(&mut self, height: Height) -> Result<(), StorageError> {
        self.check_going()?;
        self.height = Some(height);
        (self.end, self.durable) = (0, 0);
        self.cut(0)
    }

    /// Writes an entry of the height that has begun. It is durable after [`Wal::sync`].
    ///
    /// # Errors
    /// [`StorageError::Uninitialised`] if none has, [`StorageError::TooLarge`], or one of the disk's; after such nothing
    /// more is written.
    pub fn append(&mut self, entry: &[u8]) -> Result<(), StorageError> {
        self.check_going()?;
        let height = self.height.ok_or(StorageError::Uninitialised)?;
        let body = [&self.durable.to_be_bytes(), entry].concat();
        let body_bytes = frame::body_bytes(&body)?;
        let frame = frame::encode(self.seed, self.end, height.0, body_bytes, &body);
        let written = self.file.write_at(self.end, &frame).context("append to", &self.path);
        self.stopped = written.is_err();
        self.end += frame.len() as u64;
        written
    }

    /// Returns once every entry is durable.
    ///
    /// # Errors
    /// One of the disk's; after it nothing more is written.
    pub fn sync(&mut self) -> Result<(), StorageError> {
        self.check_going()?;
        if self.durable == self.end {
            return Ok(());
        }
        let synced = self.file.sync_data().context("sync", &self.path);
        self.stopped = synced.is_err();
        self.durable = self.end;
        synced
    }

    fn check_going(&self) -> Result<(), StorageError> {
        if self.stopped { Err(StorageError::Stopped { path: self.path.clone() }) } else { Ok(()) }
    }

    fn cut(&mut self, len: u64) -> Result<(), StorageError> {
        let cut = self.file.set_len(len).and_then(|()| self.file.sync_data()).context("cut", &self.path);
        self.stopped = cut.is_err();
        cut
    }

    /// Reads what the process before this one left. What only the system's cache holds of it is durable then.
    fn recover(&mut self, height: Height) -> Result<Vec<Vec<u8>>, StorageError> {
        let mut bytes = vec![0; usize::try_from(self.size()?).unwrap_or(usize::MAX)];
        self.file.read_at(0, &mut bytes).context("read", &self.path)?;
        let found = Found { seed: self.seed, bytes: &bytes };
        if let Some(ahead) = found.frame(0).map(|frame| Height(frame.height)).filter(|found| *found > height)
        {
            return Err(StorageError::WalAhead { path: self.path.clone(), found: ahead, expected: height });
        }
        let mut entries = Vec::new();
        while let Some(frame) = found.frame(self.end).filter(|frame| frame.height == height.0) {
            self.end = frame.end;
            entries.push(frame.entry.to_vec());
        }
        if found.lost(self.end, height) {
            let what = "an entry that was durable is unreadable";
            return Err(StorageError::Corrupt { path: self.path.clone(), offset: self.end, what });
        }
        self.cut(self.end)?;
        self.durable = self.end;
        Ok(entries)
    }

    fn size(&self) -> Result<u64, StorageError> {
        self.file.size().context("measure", &self.path)
    }
}

/// What stands in the file when it is opened.
struct Found<'a> {
    seed: Seed,
    bytes: &'a [u8],
}

/// A whole frame.
struct Frame<'a> {
    height: u64,
    durable: u64,
    entry: &'a [u8],
    end: u64,
}

impl<'a> Found<'a> {
    fn frame(&self, offset: u64) -> Option<Frame<'a>> {
        let bytes = self.bytes.get(usize::try_from(offset).ok()?..)?;
        let header = Header::parse(self.seed, offset, bytes)?;
        let body = bytes.get(HEADER_BYTES..)?.get(..usize::try_from(header.body_bytes).ok()?)?;
        let (mark, entry) = body.split_first_chunk::<MARK_BYTES>()?;
        header.matches(self.seed, body).then(|| Frame {
            height: header.height,
            durable: u64::from_be_bytes(*mark),
            entry,
            end: offset + header.frame_bytes(),
        })
    }

    /// Whether a frame behind `end` was written when the file was durable beyond it.
    fn lost(&self, end: u64, height: Height) -> bool {
        let later = (end + 1)..self.bytes.len() as u64;
        later.into_iter().any(|offset| {
            self.frame(offset).is_some_and(|frame| frame.height == height.0 && frame.durable > end)
        })
    }
}
