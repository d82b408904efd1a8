//! The file layer: the few operations that storage needs of a disk, and what each of them promises.
//!
//! Everything in this crate that must survive a crash goes through [`Files`], so that the same code runs on a real
//! directory ([`RealFiles`]) and on one that forgets ([`crate::simulation::SimulatedFiles`]). The promises are those
//! of POSIX and no more: a write is durable after [`File::sync_data`], a name (created, renamed, removed) after
//! [`Files::sync_dir`] of its directory; before that any part of it may be lost, in any order.

mod real;

pub use real::RealFiles;

use std::{fmt::Debug, io, path::PathBuf, sync::Arc};

/// An open file. Reads and writes name their offset, so one handle serves several threads.
pub trait File: Debug + Send + Sync {
    /// Bytes in the file.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn size(&self) -> io::Result<u64>;

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if the file ends before; otherwise whatever the disk says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`; a gap before it reads as zeros. Not durable before [`File::sync_data`].
    ///
    /// # Errors
    /// Whatever the disk says; some of the bytes may then have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file, or fills it up with zeros. Not durable before [`File::sync_data`].
    ///
    /// # Errors
    /// Whatever the disk says.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Returns once everything written to this file, and its length, would survive a power cut.
    ///
    /// # Errors
    /// Whatever the disk says. What is then on disk is unknown, and a second call may falsely succeed.
    fn sync_data(&self) -> io::Result<()>;
}

/// A directory tree. Paths are relative, parts separated by `/`, without `.` and `..`.
pub trait Files: Debug + Send + Sync {
    /// Makes the directory if it is missing, durably. Its parent must exist.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn create_dir(&self, dir: &str) -> io::Result<()>;

    /// Creates an empty file. Its name is durable after [`Files::sync_dir`].
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if there is one; otherwise whatever the disk says.
    fn create(&self, path: &str) -> io::Result<Arc<dyn File>>;

    /// Opens an existing file for reading and writing.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is none; otherwise whatever the disk says.
    fn open(&self, path: &str) -> io::Result<Arc<dyn File>>;

    /// Gives a file another name in the same directory, replacing what had it. A crash leaves the old or the new
    /// state of the name, never neither.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] across directories; otherwise whatever the disk says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. Handles that are open stay readable.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is none; otherwise whatever the disk says.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// The names of the files in a directory (directories left out), in order. `""` is the root.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is no such directory; otherwise whatever the disk says.
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;

    /// Returns once the names in `dir` would survive a power cut. `""` is the root.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn sync_dir(&self, dir: &str) -> io::Result<()>;

    /// Takes the lock that `path` stands for until the guard is dropped or the process ends; `None` if someone else
    /// has it.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Lock>>>;

    /// Where the root is in the machine's own file system, for a backend that does its own input and output; `None`
    /// if it is nowhere.
    fn root(&self) -> Option<PathBuf>;
}

/// Held as long as the lock is.
pub trait Lock: Debug + Send + Sync {}

/// The directory part of a path; `""` for a name in the root.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// Checks that a rename stays within one directory.
pub(crate) fn same_parent(from: &str, to: &str) -> io::Result<()> {
    if parent(from) == parent(to) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "a rename must stay within its directory"))
}
