//! The writing end of a log: one write and one sync per append, and a new segment when the last one is full.

use super::segment::{Place, Segment};
use crate::error::StorageError;
use std::sync::Arc;

/// The segment that is being written.
#[derive(Debug)]
struct Tail {
    segment: Arc<Segment>,
    end: u64,
}

/// Where an append went.
#[derive(Debug)]
pub(super) struct Appended {
    pub(super) segment: Arc<Segment>,
    pub(super) offset: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Writer {
    place: Place,
    segment_bytes: u64,
    tail: Option<Tail>,
    /// Once a write can't be taken back or a sync fails, the file: what is on disk is then unknown, and a later sync
    /// that succeeds would not mean that the earlier bytes are there.
    stopped: Option<String>,
}

impl Writer {
    pub(super) const fn new(place: Place, segment_bytes: u64) -> Self {
        Self { place, segment_bytes, tail: None, stopped: None }
    }

    /// Goes on at `end` of a segment that was recovered.
    pub(super) fn resume(&mut self, segment: Arc<Segment>, end: u64) {
        self.tail = Some(Tail { segment, end });
    }

    /// Writes a frame and returns once it is durable. If a new segment is due, it gets the number `segment_next`.
    ///
    /// A write that fails is taken back, so that the same append can be tried again when there is space.
    pub(super) fn append(
        &mut self,
        segment_next: u64,
        height: u64,
        body: &[u8],
    ) -> Result<Appended, StorageError> {
        if let Some(path) = &self.stopped {
            return Err(StorageError::Stopped { path: path.clone() });
        }
        let mut tail = match self.tail.take_if(|tail| tail.end < self.segment_bytes) {
            Some(tail) => tail,
            // The full one stays in its place until there is another.
            None => Tail { segment: Arc::new(Segment::create(&self.place, segment_next)?), end: 0 },
        };
        let appended = tail.append(height, body);
        if let Err(Failure { stops: true, .. }) = appended {
            self.stopped = Some(tail.segment.path.clone());
        }
        self.tail = Some(tail);
        appended.map_err(|failure| failure.error)
    }
}

/// An append that failed, and whether nothing more may be written.
struct Failure {
    error: StorageError,
    stops: bool,
}

impl Tail {
    fn append(&mut self, height: u64, body: &[u8]) -> Result<Appended, Failure> {
        let harmless = |error| Failure { error, stops: false };
        let frame = self.segment.frame(self.end, height, body).map_err(harmless)?;
        let end = self.end + frame.len() as u64;
        self.segment
            .write(self.end, &frame)
            .map_err(|error| Failure { error, stops: self.segment.cut(self.end).is_err() })?;
        self.segment.sync().map_err(|error| Failure { error, stops: true })?;
        let offset = std::mem::replace(&mut self.end, end);
        Ok(Appended { segment: Arc::clone(&self.segment), offset })
    }
}
