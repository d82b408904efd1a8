//! Why consensus ends.

use crate::{ApplicationError, BLOCK_BYTES_MAX};

/// Why consensus did not start, or stopped without being asked.
#[derive(Debug, thiserror::Error)]
pub enum ConsensusError {
    /// The engine did not start: an address in use, a log that cannot be opened.
    #[error("engine did not start: {0}")]
    Start(String),
    /// The node key is unusable.
    #[error("node key: {0}")]
    NodeKey(String),
    /// A thread could not be started.
    #[error("host thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The application failed.
    #[error("application: {0}")]
    Application(#[from] ApplicationError),
    /// The application built a block of a length that cannot be sent.
    #[error("own block has {0} bytes; 1 to {BLOCK_BYTES_MAX} can be sent")]
    BlockLength(usize),
    /// The write-ahead log failed. What is on disk is unknown, so voting on would be unsafe; a restart reads it anew.
    #[error("write-ahead log: {0}")]
    Log(std::io::Error),
    /// The engine stopped: one of its actors failed.
    #[error("engine stopped")]
    EngineStopped,
    /// The application panicked.
    #[error("host thread panicked")]
    Panicked,
}
