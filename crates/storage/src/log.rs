//! Append-only logs of checksummed frames in segment files.
//!
//! One append is one write and one sync of one file. What was acknowledged is found again after any crash; what was
//! not is cut off when the log is opened; what was acknowledged and is no longer readable is a loud error.

mod block_log;
mod frame;
mod segment;
mod undecided;
mod wal;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use block_log::BlockLog;
pub use block_log::BlockRecord;
pub(crate) use segment::Place;
pub(crate) use undecided::UndecidedArea;
pub use undecided::UndecidedBlock;
pub use wal::Wal;
