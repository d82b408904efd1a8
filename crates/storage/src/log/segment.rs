//! One file of a log.

use super::frame::{self, HEADER_BYTES, Header, Seed};
use crate::{
    error::{IoContext, StorageError},
    files::{File, Files},
};
use std::sync::{Arc, OnceLock};

/// Which log, and how to read it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) dir: &'static str,
    pub(crate) secret: [u8; 16],
}

impl Place {
    pub(super) fn path(&self, number: u64) -> String {
        format!("{}/{number:020}.log", self.dir)
    }

    /// The numbers of the segments there are, in order; their names are durable then.
    pub(super) fn segments(&self) -> Result<Vec<u64>, StorageError> {
        self.files.sync_dir(self.dir).context("sync", self.dir)?;
        let names = self.files.list(self.dir).context("list", self.dir)?;
        Ok(names.iter().filter_map(|name| name.strip_suffix(".log")?.parse().ok()).collect())
    }

    /// Removes a segment, durably.
    pub(super) fn remove(&self, number: u64) -> Result<(), StorageError> {
        let path = self.path(number);
        self.files.remove(&path).context("remove", &path)?;
        self.files.sync_dir(self.dir).context("sync", self.dir)
    }
}

/// Where a frame is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) height: u64,
    pub(super) offset: u64,
}

/// An open segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) path: String,
    file: Arc<dyn File>,
    seed: Seed,
    /// Offsets of the frames of a segment that is no longer written, once someone asked.
    sealed: OnceLock<Vec<Entry>>,
}

impl Segment {
    fn new(place: &Place, number: u64, file: Arc<dyn File>) -> Self {
        let seed = Seed::new(&place.secret, place.dir, number);
        Self { number, path: place.path(number), file, seed, sealed: OnceLock::new() }
    }

    pub(super) fn open(place: &Place, number: u64) -> Result<Self, StorageError> {
        let path = place.path(number);
        let file = place.files.open(&path).context("open", &path)?;
        Ok(Self::new(place, number, file))
    }

    /// An empty segment whose name is durable. What an earlier, failed attempt left is reused.
    pub(super) fn create(place: &Place, number: u64) -> Result<Self, StorageError> {
        let path = place.path(number);
        let file = match place.files.create(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let file = place.files.open(&path).context("open", &path)?;
                file.set_len(0).context("cut", &path)?;
                file
            }
            created => created.context("create", &path)?,
        };
        place.files.sync_dir(place.dir).context("sync", place.dir)?;
        Ok(Self::new(place, number, file))
    }

    fn corrupt(&self, offset: u64, what: &'static str) -> StorageError {
        StorageError::Corrupt { path: self.path.clone(), offset, what }
    }

    pub(super) fn size(&self) -> Result<u64, StorageError> {
        self.file.size().context("measure", &self.path)
    }

    fn bytes(&self, offset: u64, len: usize) -> Result<Vec<u8>, StorageError> {
        let mut bytes = vec![0; len];
        self.file.read_at(offset, &mut bytes).context("read", &self.path)?;
        Ok(bytes)
    }

    /// The header at `offset` of a file of `size` bytes, if there is one and its body is within the file.
    fn header(&self, offset: u64, size: u64) -> Result<Option<Header>, StorageError> {
        if size.saturating_sub(offset) < HEADER_BYTES as u64 {
            return Ok(None);
        }
        let header = Header::parse(self.seed, offset, &self.bytes(offset, HEADER_BYTES)?);
        Ok(header.filter(|header| header.frame_bytes() <= size - offset))
    }

    fn body(&self, offset: u64, header: &Header) -> Result<Option<Vec<u8>>, StorageError> {
        let body = self.bytes(offset + HEADER_BYTES as u64, header.body_bytes as usize)?;
        Ok(header.matches(self.seed, &body).then_some(body))
    }

    /// The body of the frame at `offset`.
    pub(super) fn read(&self, offset: u64) -> Result<Vec<u8>, StorageError> {
        let header =
            self.header(offset, self.size()?)?.ok_or_else(|| self.corrupt(offset, "no frame header"))?;
        self.body(offset, &header)?.ok_or_else(|| self.corrupt(offset, "wrong checksum of a frame's body"))
    }

    /// The frames of a segment that is no longer written. Only headers are read; bodies are checked when read.
    pub(super) fn sealed_entries(&self) -> Result<&[Entry], StorageError> {
        if let Some(entries) = self.sealed.get() {
            return Ok(entries);
        }
        let size = self.size()?;
        let (mut entries, mut offset) = (Vec::new(), 0);
        while offset < size {
            let header = self.header(offset, size)?.ok_or_else(|| self.corrupt(offset, "no frame header"))?;
            entries.push(Entry { height: header.height, offset });
            offset += header.frame_bytes();
        }
        Ok(self.sealed.get_or_init(|| entries))
    }

    /// Keeps the frames' places of a segment that this process wrote.
    pub(super) fn seal(&self, entries: Vec<Entry>) {
        self.sealed.get_or_init(|| entries);
    }

    /// The frames of the segment that was written last, bodies checked and given to `visit`, and where they end. What
    /// a torn write left behind them is cut off.
    ///
    /// They are durable then. A process that was killed between write and sync leaves frames that only the system's
    /// cache holds: they are read like the others, and must not be acknowledged before the disk has them.
    ///
    /// A frame is begun after the one before it was synced. So an unreadable frame with a valid header anywhere
    /// behind it was acknowledged once, and is an error.
    pub(super) fn recover(
        &self,
        mut visit: impl FnMut(Entry, &[u8]) -> Result<(), StorageError>,
    ) -> Result<(Vec<Entry>, u64), StorageError> {
        let size = self.size()?;
        let (mut entries, mut offset) = (Vec::new(), 0);
        while let Some(header) = self.header(offset, size)? {
            let Some(body) = self.body(offset, &header)? else { break };
            let entry = Entry { height: header.height, offset };
            visit(entry, &body)?;
            entries.push(entry);
            offset += header.frame_bytes();
        }
        if offset < size {
            self.cut_torn(offset, size)?;
        }
        self.sync()?;
        Ok((entries, offset))
    }

    fn cut_torn(&self, offset: u64, size: u64) -> Result<(), StorageError> {
        let rest = usize::try_from(size - offset).map_err(|_| self.corrupt(offset, "longer than memory"))?;
        let rest = self.bytes(offset, rest)?;
        if frame::any_header(self.seed, offset + 1, rest.get(1..).unwrap_or_default()) {
            return Err(self.corrupt(offset, "an unreadable frame before readable ones"));
        }
        self.cut(offset)
    }

    pub(super) fn cut(&self, len: u64) -> Result<(), StorageError> {
        self.file.set_len(len).context("cut", &self.path)
    }

    pub(super) fn sync(&self) -> Result<(), StorageError> {
        self.file.sync_data().context("sync", &self.path)
    }

    /// The frame of `body` for writing at `offset`.
    pub(super) fn frame(&self, offset: u64, height: u64, body: &[u8]) -> Result<Vec<u8>, StorageError> {
        Ok(frame::encode(self.seed, offset, height, frame::body_bytes(body)?, body))
    }

    /// Writes a frame, without a sync.
    pub(super) fn write(&self, offset: u64, frame: &[u8]) -> Result<(), StorageError> {
        self.file.write_at(offset, frame).context("append to", &self.path)
    }
}
