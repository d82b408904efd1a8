//! Consensus's write-ahead log on the node's own disk, beside the blocks.

use std::io;
use tandem_storage::StorageError;
use tandem_types::Height;

/// The log, for [`tandem_consensus::start`]. It keeps the home locked.
#[derive(Debug)]
pub struct Wal(pub(crate) tandem_storage::Wal);

impl tandem_consensus::Wal for Wal {
    fn begin(&mut self, height: Height) -> io::Result<Vec<Vec<u8>>> {
        self.0.begin(height).map_err(in_io)
    }

    fn reset(&mut self, height: Height) -> io::Result<()> {
        self.0.reset(height).map_err(in_io)
    }

    fn append(&mut self, entry: &[u8]) -> io::Result<()> {
        self.0.append(entry).map_err(in_io)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync().map_err(in_io)
    }
}

fn in_io(error: StorageError) -> io::Error {
    io::Error::other(error)
}
