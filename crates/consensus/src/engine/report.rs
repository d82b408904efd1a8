//! What consensus tells its node, for logs, metrics and alarms.

use crate::{Proposal, Vote};
use std::sync::Arc;
use tandem_types::{BlockId, Height, Round};

/// Something worth knowing. Acting on it is optional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// A round began. Rounds above 0 mean that a proposal failed or came late.
    Round {
        /// Height.
        height: Height,
        /// Round.
        round: Round,
    },
    /// We propose: the proposal leaves, and with it our word on this round.
    Proposed(Proposal),
    /// We vote: the vote leaves. A validator that says two different things in one round can be punished for it.
    Voted(Vote),
    /// A block is final.
    Decided {
        /// Height.
        height: Height,
        /// Round that decided it.
        round: Round,
        /// The block.
        block: BlockId,
    },
    /// A proposed block breaks a rule; we vote nil.
    Invalid {
        /// Height.
        height: Height,
        /// Round.
        round: Round,
        /// The block.
        block: BlockId,
        /// The application's reason.
        reason: String,
    },
    /// More than two thirds made a block final that this node finds invalid: its program or its state differs from
    /// theirs. It stays at this height until an operator acts.
    Diverged {
        /// Height.
        height: Height,
        /// The block.
        block: BlockId,
        /// The application's reason.
        reason: String,
    },
    /// A peer sent what no honest node sends; its proposal parts are ignored for a while.
    PeerIgnored {
        /// Its id.
        peer: String,
        /// What it did.
        reason: &'static str,
    },
    /// No block became final for that long.
    Stalled {
        /// Height being decided.
        height: Height,
        /// Milliseconds since the last decision, or since the start.
        for_ms: u64,
    },
}

/// Receives reports. Called on consensus's own threads: it must not block.
pub type Reporter = Arc<dyn Fn(Report) + Send + Sync>;
