//! The host: answers the engine's questions with the application's answers.
//!
//! One thread takes the engine's messages in order and calls the application. A queue of its own would gain nothing:
//! the engine's connector sends one message, waits for the reply, and sends the next; only `Decided` and `Finalized`
//! overtake. The channel between them is the mailbox, bounded by the engine.
//!
//! | message | file |
//! |---|---|
//! | `ConsensusReady`, `Finalized` → when and how the next height starts | `pace` |
//! | `GetValue`, `RestreamProposal` | `propose` |
//! | `ReceivedProposalPart`, `StartedRound` | `receive` |
//! | `Decided`, `Finalized` | `decide` |
//! | `GetDecidedValues`, `GetHistoryMinHeight`, `ProcessSyncedValue` | `sync` |
//! | `ExtendVote`, `VerifyVoteExtensions` | `extend` |
//!
//! Invariant: what a reply makes the engine sign or announce is durable before the reply.

mod decide;
mod extend;
mod pace;
mod propose;
mod receive;
mod sync;

use super::context::Context;
use super::parts::{Assembler, Turn};
use super::report::{Report, Reporter};
use crate::{Application, ConsensusError, Domain, PrivateKey, Timeouts, Tip, ValidatorAddress};
use arc_malachitebft_app_channel::app::types::ProposedValue;
use arc_malachitebft_app_channel::{AppMsg, NetworkMsg, NetworkRequest};
use receive::Ignored;
use std::time::Duration;
use tandem_types::{Height, Round};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

/// What a host needs besides its application.
pub(crate) struct Wiring {
    pub(crate) domain: Domain,
    pub(crate) validator: Option<PrivateKey>,
    pub(crate) timeouts: Timeouts,
    pub(crate) peers_wanted: usize,
    pub(crate) peers_wait: Duration,
    pub(crate) network: mpsc::Sender<NetworkMsg<Context>>,
    pub(crate) network_requests: mpsc::Sender<NetworkRequest>,
    pub(crate) runtime: Handle,
    pub(crate) decided: watch::Sender<Height>,
    pub(crate) reporter: Reporter,
}

/// The state of the thread.
pub(crate) struct Host<A> {
    app: A,
    wiring: Wiring,
    address: Option<ValidatorAddress>,
    tip: Tip,
    round: Round,
    assembler: Assembler,
    ignored: Ignored,
    /// Verdicts on blocks of the next height whose round has not started.
    early: Vec<ProposedValue<Context>>,
}

impl<A: Application> Host<A> {
    pub(crate) fn new(app: A, wiring: Wiring) -> Self {
        let tip = app.tip();
        let address = wiring.validator.as_ref().map(|key| ValidatorAddress::of(&key.public_key()));
        let assembler = Assembler::new(wiring.domain);
        Self {
            app,
            address,
            tip,
            round: Round(0),
            assembler,
            ignored: Ignored::default(),
            early: Vec::new(),
            wiring,
        }
    }

    /// Serves until the engine closes the channel.
    pub(crate) fn run(mut self, mut messages: mpsc::Receiver<AppMsg<Context>>) -> Result<(), ConsensusError> {
        while let Some(message) = messages.blocking_recv() {
            self.handle(message)?;
        }
        Ok(())
    }

    /// A reply that nobody waits for any more is no error: the engine has moved on.
    fn handle(&mut self, message: AppMsg<Context>) -> Result<(), ConsensusError> {
        match message {
            AppMsg::ConsensusReady { reply } => self.ready(reply),
            AppMsg::StartedRound { height, round, reply_value, .. } => {
                reply_value.send(self.started_round(height.into(), round)).ok();
            }
            AppMsg::GetValue { height, round, reply, .. } => {
                reply.send(self.propose(height, round)?).ok();
            }
            AppMsg::RestreamProposal { height, round, valid_round, address, value_id } => {
                self.restream(height, (round, valid_round), address, value_id);
            }
            AppMsg::ReceivedProposalPart { from, published_by, part, reply } => {
                reply.send(self.received(published_by.unwrap_or(from), part.content)?).ok();
            }
            AppMsg::Decided { certificate, extensions, reply } => {
                self.decided(certificate, extensions)?;
                reply.send(()).ok();
            }
            AppMsg::Finalized { certificate, extensions, evidence, reply } => {
                self.finalized(certificate, extensions, evidence, reply)?;
            }
            AppMsg::GetDecidedValues { range, reply } => {
                reply.send(self.decided_values(range)).ok();
            }
            AppMsg::GetHistoryMinHeight { reply } => {
                reply.send(self.app.history_min().into()).ok();
            }
            AppMsg::ProcessSyncedValue { height, round, proposer, value_bytes, reply } => {
                reply.send(self.synced(height, round, proposer, &value_bytes)?).ok();
            }
            AppMsg::ExtendVote { height, round, value_id, vote_extension_policy, reply } => {
                reply.send(self.extend_vote(height, round, value_id, vote_extension_policy)).ok();
            }
            AppMsg::VerifyVoteExtensions { height, extensions, reply, .. } => {
                reply.send(self.verify_extensions(height, &extensions)).ok();
            }
        }
        Ok(())
    }

    /// The height being decided.
    const fn height(&self) -> Height {
        Height(self.tip.height.0.saturating_add(1))
    }

    fn turn(&self) -> Turn {
        Turn { height: self.height(), round: self.round, set: self.tip.next.validators.clone() }
    }

    fn report(&self, report: Report) {
        (self.wiring.reporter)(report);
    }
}
