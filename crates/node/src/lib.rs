//! One node: the rules, the pool, the store and consensus put together.
//!
//! - [`Executor`] is the one writer of the state. It is the application that consensus calls: it builds, executes,
//!   keeps undecided blocks by id, and finalises.
//! - [`Follower`] is the readers' copy of the state, moved by decided blocks only; the faces read nothing else.
//! - [`Pool`] admits what clients send and answers when a block has decided it.
//! - [`NodeHandle`] is what the faces hold. [`open`] makes all of these from a home on disk, with the [`Wal`] in which
//!   consensus keeps what it says.
//! - [`Reexecution`] needs none of them: it judges decided blocks anew, from the genesis on.
//!
//! Order of events at a decision: durable, then the readers' copy, then subscribers, then the waiting clients. So whoever
//! has an answer reads its own writes, and an answered order survives a crash at any instruction.
#![forbid(unsafe_code)]

mod clock;
mod decided;
mod error;
mod executor;
mod follower;
mod handle;
mod history;
mod identity;
mod last_commit;
mod open;
mod parallel;
mod past_deltas;
mod pool;
mod publisher;
mod reexecution;
mod reports;
mod verifier;
mod wal;
mod workers;

pub use decided::DecidedBlock;
pub use error::{NodeError, SubmitError};
pub use executor::Executor;
pub use follower::{Follower, Past};
pub use handle::{ActionAnswer, Metrics, NodeHandle};
pub use history::{EVM_BLOCK_BY_HASH, EVM_BLOCK_BY_NUMBER, EVM_TRANSACTION, TX};
pub use identity::{consensus_domain, identity, validator_set};
pub use open::{Opened, open};
pub use pool::{Pool, PoolLimits};
pub use reexecution::{BlockFault, CertificateFault, Reexecution, ReexecutionError};
pub use wal::Wal;
