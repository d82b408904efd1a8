//! What consensus asks of the chain it orders blocks for.

use crate::{Certificate, Evidence, ValidatorAddress, ValidatorSet};
use bytes::Bytes;
use tandem_types::{BlockId, BlockTime, Height, Round};

/// A failure after which the node must not go on, such as a disk that takes no writes.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ApplicationError(Box<dyn std::error::Error + Send + Sync>);

impl ApplicationError {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// Whether precommits of a height carry the application's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExtensionPolicy {
    /// None do.
    #[default]
    Disabled,
    /// Each must: a precommit without one, or with one that [`Application::verify_extension`] refuses, does not
    /// count, in synced certificates neither.
    Required,
}

/// How the next height is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextHeight {
    /// Who decides it.
    pub validators: ValidatorSet,
    /// Milliseconds from the last block's time to its start.
    pub block_time_ms: u64,
    /// Whether its precommits carry extensions.
    pub extensions: ExtensionPolicy,
}

/// The last final block and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height; 0 is genesis.
    pub height: Height,
    /// Its header's time.
    pub time: BlockTime,
    /// The height after it.
    pub next: NextHeight,
}

/// A block built here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its id.
    pub id: BlockId,
    /// Its bytes, 1 to [`BLOCK_BYTES_MAX`](crate::BLOCK_BYTES_MAX).
    pub bytes: Bytes,
}

/// How a block came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Proposed for the first time.
    FirstProposal,
    /// Proposed again. That it had more than two thirds of the prevotes in this earlier round is its proposer's word,
    /// which the engine does not compare with the proposal: no check may be left out for it that a liar would escape.
    Reproposal(Round),
    /// Final elsewhere: its certificate has been verified.
    Synced,
}

/// A block from another validator, whole, whose bytes have this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedBlock {
    /// Height it is proposed for.
    pub height: Height,
    /// Round it is proposed in.
    pub round: Round,
    /// Proposer of that round: the block's own author unless it is proposed again.
    pub proposer: ValidatorAddress,
    /// How it came.
    pub origin: Origin,
    /// Its id.
    pub id: BlockId,
    /// Its bytes.
    pub bytes: Bytes,
}

/// What the application thinks of a received block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Executed; its bytes and its [`UndecidedBlock`] are durable.
    Valid,
    /// It breaks a rule. All honest validators find so.
    Invalid {
        /// Which, for the log.
        reason: String,
    },
    /// Cannot say now, through no fault of the block. Only a synced block comes again.
    Unable {
        /// Why, for the log.
        reason: String,
    },
}

/// A valid block proposed at a height that is not decided. What a restarted node must remember with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UndecidedBlock {
    /// Height.
    pub height: Height,
    /// Round it was proposed in.
    pub round: Round,
    /// Round in which it had a polka, when it was proposed again.
    pub valid_round: Option<Round>,
    /// Proposer of that round.
    pub proposer: ValidatorAddress,
    /// The block.
    pub id: BlockId,
}
tandem_codec::record!(UndecidedBlock { height, round, valid_round, proposer, id });

/// A final block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedBlock {
    /// Its bytes.
    pub bytes: Bytes,
    /// A certificate for it.
    pub certificate: Certificate,
}

/// The chain.
///
/// One thread calls all methods, one at a time, so none needs a lock; while one runs, the engine waits for its answer
/// and takes only votes. `propose`, `validate` and `decide` may take some tens of milliseconds, all others must answer
/// from memory or with a short read.
///
/// Safety after a crash rests on three promises, each to be durable *before the method returns*:
/// 1. `propose`: the block and its [`UndecidedBlock`]. Asked again for the same height and round, also after a
///    restart, it returns the same block.
/// 2. `validate`: the same for a block found valid. Consensus may decide any of them in a later round, so all are
///    kept until their height is decided.
/// 3. `decide`: the certificate, and the block as final.
pub trait Application: Send + 'static {
    /// The last final block. Called at start.
    fn tip(&self) -> Tip;

    /// The lowest height whose block [`Application::decided`] still has.
    fn history_min(&self) -> Height;

    /// Builds and executes a block on the tip.
    ///
    /// # Errors
    /// [`ApplicationError`] stops the node, here and below.
    fn propose(&mut self, height: Height, round: Round) -> Result<Block, ApplicationError>;

    /// The id of a block from its bytes; `None` if they are no block. Two different byte strings never have one id.
    fn identify(&self, bytes: &[u8]) -> Option<BlockId>;

    /// Executes a block on the tip. Of a block already found valid it records the round and answers at once.
    ///
    /// # Errors
    /// [`ApplicationError`] stops the node.
    fn validate(&mut self, block: &ReceivedBlock) -> Result<Verdict, ApplicationError>;

    /// The valid blocks proposed in this round, one's own included.
    fn undecided(&self, height: Height, round: Round) -> Vec<UndecidedBlock>;

    /// The bytes of a block that was found valid or built here and whose height is not decided.
    fn block_bytes(&self, id: BlockId) -> Option<Bytes>;

    /// Makes the certificate's block, one that `propose` or `validate` had, final.
    ///
    /// # Errors
    /// [`ApplicationError`] stops the node.
    fn decide(&mut self, certificate: &Certificate) -> Result<Tip, ApplicationError>;

    /// The same height once more, before the next one starts: the certificate may hold more precommits and extensions
    /// than at `decide`, and misbehaviour may have been seen. A crash may lose this call.
    ///
    /// # Errors
    /// [`ApplicationError`] stops the node.
    fn finalize(&mut self, certificate: &Certificate, evidence: &[Evidence]) -> Result<(), ApplicationError>;

    /// A final block, for a node that is behind.
    fn decided(&self, height: Height) -> Option<DecidedBlock>;

    /// What to attach to the precommit for `block`, at most [`EXTENSION_BYTES_MAX`](crate::EXTENSION_BYTES_MAX) bytes.
    /// Asked only where extensions are required.
    fn extend_vote(&mut self, _height: Height, _round: Round, _block: BlockId) -> Vec<u8> {
        Vec::new()
    }

    /// Whether an extension has the right form. All honest validators answer alike, whatever their state.
    fn verify_extension(&self, _height: Height, _validator: ValidatorAddress, extension: &[u8]) -> bool {
        extension.is_empty()
    }
}
