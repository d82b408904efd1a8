//! A disk that forgets: the file layer for crash tests.
//!
//! [`SimulatedFiles`] keeps, beside what a running process sees, what a power cut would leave. A crash keeps what was
//! synced, and of the rest whatever the seed says: nothing, everything, a prefix whose last write is torn, or any
//! subset of its 512-byte sectors, each file on its own, so that later writes may survive earlier ones. Names that
//! were created, renamed or removed without a sync of their directory are forgotten likewise. The same seed and the
//! same operations give the same outcome.
//!
//! Public, because the tests of other crates and of whole nodes run on it.

mod disk;
mod files;
mod seed;

#[cfg(test)]
mod tests;

pub use files::SimulatedFiles;
