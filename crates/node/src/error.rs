//! What can go wrong in a node, and why a submission was not taken.

use tandem_codec::DecodeError;
use tandem_exchange::Inadmissible;
use tandem_exchange::action::CheckError;
use tandem_mempool::PoolError;
use tandem_state::DeltaError;
use tandem_stf::{GenesisError, InvalidBlock};
use tandem_storage::StorageError;
use tandem_types::{BlockId, Hash, Height};

/// A failure that stops the node or keeps it from starting.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The disk.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The operating system gives no threads.
    #[error("starting threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// As well, for one by itself.
    #[error("starting a thread: {0}")]
    Thread(std::io::Error),
    /// A fault of this program ended the thread that tells readers of decided blocks.
    #[error("decided blocks are no longer published")]
    Unpublished,
    /// The genesis is not usable.
    #[error("genesis: {0}")]
    Genesis(GenesisError),
    /// The home belongs to another chain.
    #[error(
        "home belongs to the chain with genesis {found}, not {expected}: use another --home or the chain's own genesis"
    )]
    OtherChain {
        /// The genesis hash in the home.
        found: Hash,
        /// The genesis hash given.
        expected: Hash,
    },
    /// A stored block does not decode.
    #[error("stored block {height} is damaged: {error}")]
    Record {
        /// Which.
        height: Height,
        /// Where.
        error: DecodeError,
    },
    /// A stored delta does not fit the state.
    #[error("stored delta of block {height} does not fit: {error}")]
    Delta {
        /// Of which block.
        height: Height,
        /// Why.
        error: DeltaError,
    },
    /// The recovered state is not the one that the header commits to.
    #[error(
        "state recovered at height {height} has other roots than its header: restore the home from a copy"
    )]
    Roots {
        /// The height.
        height: Height,
    },
    /// A decided block is one that this node finds invalid: its execution differs from the network's.
    #[error("decided block {id} at height {height} is invalid here: {error}")]
    Divergence {
        /// The height.
        height: Height,
        /// The block.
        id: BlockId,
        /// Why.
        error: Box<InvalidBlock>,
    },
    /// A block can't be built.
    #[error("cannot build a block at height {height}: {error}")]
    Build {
        /// The height.
        height: Height,
        /// Why.
        error: Box<InvalidBlock>,
    },
    /// The bytes of a decided block are nowhere.
    #[error("bytes of decided block {0} are missing")]
    MissingBlock(BlockId),
}

/// Why a submission was not taken, or what kept it out of every block. Nothing was changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SubmitError {
    /// It is not a signed action.
    #[error("{0}")]
    Check(CheckError),
    /// It is not a signed Ethereum transaction, or may not stand in a block.
    #[error("{0}")]
    Evm(tandem_evm::TxRejection),
    /// The exchange does not admit it.
    #[error("{reason}")]
    Inadmissible {
        /// Why.
        reason: Inadmissible,
        /// To whom the signature recovers.
        signer: tandem_types::Address,
    },
    /// The sender can't pay for it.
    #[error("insufficient funds for gas * price + value")]
    InsufficientFunds,
    /// The pool does not take it.
    #[error("{0}")]
    Pool(PoolError),
    /// Another signer's transaction needed the room.
    #[error("evicted from the pool by a transaction of a signer with fewer waiting: try again")]
    Evicted,
    /// No block has decided it in time; it may still be decided.
    #[error("not decided within {0} ms; it may still be")]
    Timeout(u64),
    /// The node is shutting down.
    #[error("node is shutting down")]
    Closed,
}
