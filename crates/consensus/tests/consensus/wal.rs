//! A write-ahead log that forgets what was not synced, and fails when it is told to.

use std::io;
use std::sync::{Arc, Mutex};
use tandem_consensus::Wal;
use tandem_types::Height;

/// What is left of a log when its node is gone.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    height: Height,
    entries: Vec<Vec<u8>>,
    /// Entries that would survive a power cut.
    synced: usize,
    begun: bool,
    /// Operations until the power goes out.
    pub(crate) left: Option<u64>,
}

/// A log on what an earlier one left.
#[derive(Debug)]
pub(crate) struct ForgetfulWal(Arc<Mutex<Kept>>);

impl ForgetfulWal {
    pub(crate) fn open(kept: &Arc<Mutex<Kept>>) -> Self {
        {
            let mut kept = kept.lock().unwrap();
            let synced = kept.synced;
            kept.entries.truncate(synced);
            kept.begun = false;
        }
        Self(Arc::clone(kept))
    }

    fn step<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> io::Result<T> {
        let mut kept = self.0.lock().unwrap();
        match &mut kept.left {
            Some(0) => return Err(io::Error::other("the power is out")),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(act(&mut kept))
    }
}

impl Wal for ForgetfulWal {
    fn begin(&mut self, height: Height) -> io::Result<Vec<Vec<u8>>> {
        self.step(|kept| {
            if kept.height != height {
                (kept.height, kept.synced) = (height, 0);
                kept.entries.clear();
            }
            let begun = std::mem::replace(&mut kept.begun, true);
            if begun { Vec::new() } else { kept.entries.clone() }
        })
    }

    fn reset(&mut self, height: Height) -> io::Result<()> {
        self.step(|kept| {
            (kept.height, kept.synced) = (height, 0);
            kept.entries.clear();
        })
    }

    fn append(&mut self, entry: &[u8]) -> io::Result<()> {
        self.step(|kept| kept.entries.push(entry.to_vec()))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.step(|kept| kept.synced = kept.entries.len())
    }
}
