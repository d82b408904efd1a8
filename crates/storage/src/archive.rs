//! The blocks of a chain in one file, to be carried elsewhere and executed again.
//!
//! An archive has the blocks from the first on, each as it was decided and with the certificate that proves so. Nothing
//! else is in it: a block's header has the roots that its execution must give, and the genesis is for the reader to bring,
//! because all trust begins there. Like the rest of this crate it stores bytes and looks into none.
//!
//! | part | field | bytes |
//! |---|---|---|
//! | head | `TdmBlock` | 8 |
//! | | version of this format: 1 | 2 |
//! | | hash of the genesis | 32 |
//! | each block, by height from 1 | 1 | 1 |
//! | | length of the block; its canonical encoding, header first | 4 + length |
//! | | length of the certificate; its canonical encoding | 4 + length |
//! | end | 0 | 1 |
//! | | number of blocks | 8 |
//!
//! Integers are big-endian. Blocks have one spelling here: nothing may follow the end, and an archive that breaks off is
//! none. A reader holds one block at a time, and takes no memory for a length before the bytes have come.

use std::io::{self, ErrorKind, Read, Write};
use tandem_types::{BLOCK_BYTES_MAX, COMMIT_BYTES_MAX, Hash, Height};

const MAGIC: [u8; 8] = *b"TdmBlock";
const VERSION: u16 = 1;
const BLOCK: u8 = 1;
const END: u8 = 0;

/// A block of an archive. Nothing was checked of what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedBlock {
    /// Header and body, in their canonical encoding.
    pub block: Vec<u8>,
    /// The commit certificate, encoded.
    pub certificate: Vec<u8>,
}

/// Why bytes are not an archive. Blocks are named by the height at which they stand.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// They can't be read.
    #[error("reading the archive at block {at}: {source}")]
    Io {
        /// How far it was read.
        at: Height,
        /// What the disk says.
        source: io::Error,
    },
    /// They begin otherwise.
    #[error("not an archive of blocks: it does not begin as `tandem export` begins one")]
    NotAnArchive,
    /// Made by another version.
    #[error("an archive of version {0}, this program reads {VERSION}")]
    Version(u16),
    /// They end too early.
    #[error("the archive breaks off at block {at}: export it again")]
    BreaksOff {
        /// At which block.
        at: Height,
    },
    /// Neither a block nor the end.
    #[error("at block {at} stands neither a block nor the end, but {tag}")]
    Tag {
        /// Behind how many blocks, plus one.
        at: Height,
        /// What is there.
        tag: u8,
    },
    /// A length above what blocks and certificates have.
    #[error("block {at}: its {what} claims {bytes} bytes, at most {max} are read")]
    TooLong {
        /// Which block.
        at: Height,
        /// Block or certificate.
        what: &'static str,
        /// The length.
        bytes: u32,
        /// The limit.
        max: u32,
    },
    /// The end says another number of blocks.
    #[error("the end says {said} blocks, {read} were read")]
    Count {
        /// What it says.
        said: u64,
        /// What was read.
        read: u64,
    },
    /// Bytes behind the end.
    #[error("bytes follow the end of the archive")]
    Trailing,
}

/// Writes an archive. Without [`ArchiveWriter::finish`] it is one that breaks off.
#[derive(Debug)]
pub struct ArchiveWriter<W> {
    out: W,
    blocks: u64,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins the archive of the chain with this genesis.
    ///
    /// # Errors
    /// Whatever `out` says.
    pub fn new(mut out: W, genesis: &Hash) -> io::Result<Self> {
        out.write_all(&MAGIC)?;
        out.write_all(&VERSION.to_be_bytes())?;
        out.write_all(&genesis.0)?;
        Ok(Self { out, blocks: 0 })
    }

    /// Appends the next block.
    ///
    /// # Errors
    /// Whatever `out` says; [`ErrorKind::InvalidInput`] for what is longer than any block or certificate.
    pub fn append(&mut self, block: &[u8], certificate: &[u8]) -> io::Result<()> {
        let (block_bytes, certificate_bytes) =
            (length(block, BLOCK_BYTES_MAX)?, length(certificate, COMMIT_BYTES_MAX)?);
        self.out.write_all(&[BLOCK])?;
        self.out.write_all(&block_bytes)?;
        self.out.write_all(block)?;
        self.out.write_all(&certificate_bytes)?;
        self.out.write_all(certificate)?;
        self.blocks += 1;
        Ok(())
    }

    /// Ends the archive; returns what it was written to.
    ///
    /// # Errors
    /// Whatever `out` says.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[END])?;
        self.out.write_all(&self.blocks.to_be_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn length(bytes: &[u8], max: u32) -> io::Result<[u8; 4]> {
    let len = u32::try_from(bytes.len()).ok().filter(|len| *len <= max);
    len.map(u32::to_be_bytes).ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))
}

/// Reads an archive, block by block.
#[derive(Debug)]
pub struct ArchiveReader<R> {
    input: R,
    genesis: Hash,
    blocks: u64,
    ended: bool,
}

impl<R: Read> ArchiveReader<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// [`ArchiveError::NotAnArchive`], [`ArchiveError::Version`], [`ArchiveError::BreaksOff`], [`ArchiveError::Io`].
    pub fn open(input: R) -> Result<Self, ArchiveError> {
        let mut reader = Self { input, genesis: Hash::default(), blocks: 0, ended: false };
        match reader.array() {
            Ok(MAGIC) => {}
            Ok(_) | Err(ArchiveError::BreaksOff { .. }) => return Err(ArchiveError::NotAnArchive),
            Err(error) => return Err(error),
        }
        let version = u16::from_be_bytes(reader.array()?);
        if version != VERSION {
            return Err(ArchiveError::Version(version));
        }
        reader.genesis = Hash(reader.array()?);
        Ok(reader)
    }

    /// The hash of the genesis, as the archive claims it.
    pub const fn genesis(&self) -> Hash {
        self.genesis
    }

    /// The next block; `None` at the end, when there is nothing behind it.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn next_block(&mut self) -> Result<Option<ArchivedBlock>, ArchiveError> {
        if self.ended {
            return Ok(None);
        }
        match self.array()? {
            [BLOCK] => {
                let block = self.bytes("block", BLOCK_BYTES_MAX)?;
                let certificate = self.bytes("certificate", COMMIT_BYTES_MAX)?;
                self.blocks += 1;
                Ok(Some(ArchivedBlock { block, certificate }))
            }
            [END] => self.end().map(|()| None),
            [tag] => Err(ArchiveError::Tag { at: self.at(), tag }),
        }
    }

    fn end(&mut self) -> Result<(), ArchiveError> {
        let (said, read) = (u64::from_be_bytes(self.array()?), self.blocks);
        if said != read {
            return Err(ArchiveError::Count { said, read });
        }
        match self.array::<1>() {
            Ok(_) => Err(ArchiveError::Trailing),
            Err(ArchiveError::BreaksOff { .. }) => {
                self.ended = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The height of the block that comes.
    const fn at(&self) -> Height {
        Height(self.blocks + 1)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ArchiveError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|source| match source.kind() {
            ErrorKind::UnexpectedEof => ArchiveError::BreaksOff { at: self.at() },
            _ => ArchiveError::Io { at: self.at(), source },
        })?;
        Ok(bytes)
    }

    fn bytes(&mut self, what: &'static str, max: u32) -> Result<Vec<u8>, ArchiveError> {
        let (at, len) = (self.at(), u32::from_be_bytes(self.array()?));
        if len > max {
            return Err(ArchiveError::TooLong { at, what, bytes: len, max });
        }
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(len.into()).read_to_end(&mut bytes);
        let read = read.map_err(|source| ArchiveError::Io { at, source })?;
        if u32::try_from(read) == Ok(len) { Ok(bytes) } else { Err(ArchiveError::BreaksOff { at }) }
    }
}

#[cfg(test)]
mod tests;
