//! One frame of a log: a header and a body, each with a CRC-32.
//!
//! | field | bytes | |
//! |---|---|---|
//! | magic | 4 | `TdmF` |
//! | body length | 4 | big-endian |
//! | height | 8 | big-endian |
//! | body checksum | 4 | CRC-32 of the body |
//! | header checksum | 4 | CRC-32 of the frame's offset and the 20 bytes above |
//! | body | body length | opaque |
//!
//! Both checksums start from the segment's seed, which comes from a secret of this home and the segment's name. So a
//! block's author can't put bytes into a block that look like a frame when a torn write is examined, and a frame is
//! valid only in the segment and at the offset where it was written.

use crate::error::StorageError;
use crc32fast::Hasher;

const MAGIC: [u8; 4] = *b"TdmF";
/// Bytes before the body.
pub(super) const HEADER_BYTES: usize = 24;
/// The largest body, far above any block: it bounds what a damaged header can make a reader allocate.
pub(super) const BODY_BYTES_MAX: u32 = 1 << 28;

/// Where the checksums of one segment start from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u32);

impl Seed {
    pub(super) fn new(secret: &[u8; 16], dir: &str, segment: u64) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(secret);
        hasher.update(dir.as_bytes());
        hasher.update(&segment.to_be_bytes());
        Self(hasher.finalize())
    }

    fn checksum(self, parts: &[&[u8]]) -> u32 {
        let mut hasher = Hasher::new_with_initial(self.0);
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finalize()
    }
}

/// What a valid header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) height: u64,
    pub(super) body_bytes: u32,
    body_checksum: u32,
}

impl Header {
    /// The header in the first bytes of `bytes`, which lie at `offset` of the segment; `None` if there isn't one.
    pub(super) fn parse(seed: Seed, offset: u64, bytes: &[u8]) -> Option<Self> {
        let header = bytes.first_chunk::<HEADER_BYTES>()?;
        let (fields, checksum) = header.split_last_chunk::<4>()?;
        if !fields.starts_with(&MAGIC)
            || seed.checksum(&[&offset.to_be_bytes(), fields]) != u32::from_be_bytes(*checksum)
        {
            return None;
        }
        let (_, fields) = fields.split_first_chunk::<4>()?;
        let (body_bytes, fields) = fields.split_first_chunk()?;
        let (height, fields) = fields.split_first_chunk()?;
        let (body_checksum, _) = fields.split_first_chunk()?;
        let body_bytes = u32::from_be_bytes(*body_bytes);
        (body_bytes <= BODY_BYTES_MAX).then_some(Self {
            height: u64::from_be_bytes(*height),
            body_bytes,
            body_checksum: u32::from_be_bytes(*body_checksum),
        })
    }

    /// Whether `body` is what was written behind this header.
    pub(super) fn matches(&self, seed: Seed, body: &[u8]) -> bool {
        seed.checksum(&[body]) == self.body_checksum
    }

    /// Header and body in bytes.
    pub(super) fn frame_bytes(&self) -> u64 {
        u64::from(self.body_bytes) + HEADER_BYTES as u64
    }
}

/// The length of a frame's body.
pub(super) fn body_bytes(body: &[u8]) -> Result<u32, StorageError> {
    let fitting = u32::try_from(body.len()).ok().filter(|bytes| *bytes <= BODY_BYTES_MAX);
    fitting.ok_or(StorageError::TooLarge {
        what: "record",
        bytes: body.len() as u64,
        max: u64::from(BODY_BYTES_MAX),
    })
}

/// The frame to write at `offset`; `body_bytes` is the body's length.
pub(super) fn encode(seed: Seed, offset: u64, height: u64, body_bytes: u32, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER_BYTES + body.len());
    frame.extend_from_slice(&MAGIC);
    frame.extend_from_slice(&body_bytes.to_be_bytes());
    frame.extend_from_slice(&height.to_be_bytes());
    frame.extend_from_slice(&seed.checksum(&[body]).to_be_bytes());
    let checksum = seed.checksum(&[&offset.to_be_bytes(), &frame]);
    frame.extend_from_slice(&checksum.to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

/// Whether a valid header begins anywhere in `bytes`, which lie at `offset` of the segment.
pub(super) fn any_header(seed: Seed, offset: u64, bytes: &[u8]) -> bool {
    let windows = (offset..).zip(bytes.windows(HEADER_BYTES));
    windows
        .into_iter()
        .any(|(at, window)| window.starts_with(&MAGIC) && Header::parse(seed, at, window).is_some())
}
