//! What an operator can choose.

/// Sizes and intervals of a store. [`Config::new`] has the defaults.
#[derive(Clone, Debug)]
pub struct Config {
    /// 16 random bytes for a new home, kept in it. Who writes blocks must not know them: they keep bytes inside a
    /// block from passing for a record of the log. An existing home keeps its own.
    pub secret: [u8; 16],
    /// Blocks between checkpoints. More of them: less writing, longer recovery.
    pub checkpoint_interval: u64,
    /// Decided blocks kept behind the last checkpoint, with their index entries; `None` keeps all.
    pub history_blocks: Option<u64>,
    /// A log file is closed at this size, and removed as a whole.
    pub segment_bytes: u64,
    /// Limit of the undecided blocks' bytes.
    pub undecided_bytes_max: u64,
    /// Limit of the memory for effects not yet in a checkpoint; at it, staging waits for the disk.
    pub staged_bytes_max: u64,
    /// Memory of the checkpoint database's cache.
    pub cache_bytes: usize,
    /// Whether a thread of the store writes the checkpoints. If not, the call of `stage` that makes one due does, so
    /// that the order of the disk's operations is repeatable: for tests and tools.
    pub background: bool,
}

impl Config {
    /// The defaults: a checkpoint every 600 blocks (a minute), 1,000,000 blocks kept (28 h).
    #[must_use]
    pub const fn new(secret: [u8; 16]) -> Self {
        Self {
            secret,
            checkpoint_interval: 600,
            history_blocks: Some(1_000_000),
            segment_bytes: 64 << 20,
            undecided_bytes_max: 256 << 20,
            staged_bytes_max: 512 << 20,
            cache_bytes: 256 << 20,
            background: true,
        }
    }
}
