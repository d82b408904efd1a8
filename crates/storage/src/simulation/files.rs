//! The simulated disk behind the file layer's traits.

use super::disk::Disk;
use crate::files::{File, Files, Lock};
use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A directory tree in memory that forgets what was not synced. Clones share it.
#[derive(Clone, Debug)]
pub struct SimulatedFiles {
    disk: Arc<Mutex<Disk>>,
}

fn lock(disk: &Mutex<Disk>) -> MutexGuard<'_, Disk> {
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn offset(value: u64) -> io::Result<usize> {
    usize::try_from(value).map_err(|_| io::ErrorKind::InvalidInput.into())
}

impl SimulatedFiles {
    /// An empty tree; `seed` decides what its crashes forget.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { disk: Arc::new(Mutex::new(Disk::new(seed))) }
    }

    /// Operations so far that change something: creations, writes, changes of length, renames, removals, syncs.
    #[must_use]
    pub fn operations(&self) -> u64 {
        lock(&self.disk).operations
    }

    /// The power goes out in the middle of the `n`-th changing operation from now (1 is the next): it fails, and so
    /// does everything after it until [`SimulatedFiles::crash`] brings the disk up again.
    pub fn crash_at(&self, n: u64) {
        let mut disk = lock(&self.disk);
        disk.crash_at = disk.operations.checked_add(n);
    }

    /// The `n`-th changing operation from now fails with `kind` and does nothing; those after it go on.
    pub fn fail_at(&self, n: u64, kind: io::ErrorKind) {
        let mut disk = lock(&self.disk);
        disk.fail_at = disk.operations.checked_add(n).map(|at| (at, kind));
    }

    /// Calls off a crash or failure that has not come yet.
    pub fn call_off(&self) {
        let mut disk = lock(&self.disk);
        (disk.crash_at, disk.fail_at) = (None, None);
    }

    /// Whether the power is out.
    #[must_use]
    pub fn is_down(&self) -> bool {
        lock(&self.disk).down
    }

    /// A power cut, now or at the operation where it already happened, and a restart: what was not synced is forgotten
    /// as the seed says, locks are released, handles opened before are dead.
    pub fn crash(&self) {
        lock(&self.disk).crash();
    }

    fn file(&self, inode: u64, generation: u64) -> Arc<dyn File> {
        Arc::new(SimulatedFile { disk: Arc::clone(&self.disk), inode, generation })
    }
}

impl Files for SimulatedFiles {
    fn create_dir(&self, dir: &str) -> io::Result<()> {
        lock(&self.disk).create_dir(dir)
    }

    fn create(&self, path: &str) -> io::Result<Arc<dyn File>> {
        let mut disk = lock(&self.disk);
        let inode = disk.create(path)?;
        Ok(self.file(inode, disk.generation))
    }

    fn open(&self, path: &str) -> io::Result<Arc<dyn File>> {
        let disk = lock(&self.disk);
        disk.check_up()?;
        let inode = disk.inode(path)?;
        Ok(self.file(inode, disk.generation))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        lock(&self.disk).rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        lock(&self.disk).remove(path)
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        lock(&self.disk).list(dir)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        lock(&self.disk).sync_dir(dir)
    }

    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Lock>>> {
        let mut disk = lock(&self.disk);
        disk.check_up()?;
        if !disk.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        let generation = disk.generation;
        Ok(Some(Box::new(SimulatedLock { disk: Arc::clone(&self.disk), path: path.to_owned(), generation })))
    }

    fn root(&self) -> Option<PathBuf> {
        None
    }
}

#[derive(Debug)]
struct SimulatedLock {
    disk: Arc<Mutex<Disk>>,
    path: String,
    generation: u64,
}

impl Lock for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        let mut disk = lock(&self.disk);
        if disk.generation == self.generation {
            disk.locks.remove(&self.path);
        }
    }
}

struct SimulatedFile {
    disk: Arc<Mutex<Disk>>,
    inode: u64,
    generation: u64,
}

impl std::fmt::Debug for SimulatedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatedFile").field("inode", &self.inode).finish_non_exhaustive()
    }
}

impl SimulatedFile {
    fn disk(&self) -> io::Result<MutexGuard<'_, Disk>> {
        let disk = lock(&self.disk);
        disk.check_up()?;
        if disk.generation == self.generation {
            return Ok(disk);
        }
        Err(io::Error::other("the handle was opened before a crash of the simulated disk"))
    }
}

impl File for SimulatedFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.disk()?.content(self.inode).len() as u64)
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let disk = self.disk()?;
        let rest = disk.content(self.inode).get(offset(at)?..);
        let bytes = rest.and_then(|rest| rest.get(..buffer.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk()?.write_at(self.inode, offset(at)?, bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk()?.set_len(self.inode, offset(len)?)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk()?.sync_data(self.inode)
    }
}
