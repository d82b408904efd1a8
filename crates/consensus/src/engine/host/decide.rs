//! Making blocks final.

use super::Host;
use crate::engine::context::Context;
use crate::engine::report::Report;
use crate::engine::wire::certificates::certificate_of;
use crate::{Application, ConsensusError, Evidence, SignedProposal, SignedVote};
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::engine::host::Next;
use arc_malachitebft_app_channel::app::types::MisbehaviorEvidence;
use arc_malachitebft_app_channel::app::types::core::{
    CommitCertificate, SignedProposal as EngineProposal, SignedVote as EngineVote, VoteExtensions,
};
use tandem_types::Round;

impl<A: Application> Host<A> {
    pub(super) fn decided(
        &mut self,
        commit: CommitCertificate<Context>,
        extensions: VoteExtensions<Context>,
    ) -> Result<(), ConsensusError> {
        let certificate = certificate_of(commit, extensions);
        self.tip = self.app.decide(&certificate)?;
        self.round = Round(0);
        let (height, round, block) = (certificate.height(), certificate.round(), certificate.block());
        self.report(Report::Decided { height, round, block });
        self.wiring.decided.send_replace(height);
        Ok(())
    }

    /// Schedules the next height, then uses the time until it starts.
    pub(super) fn finalized(
        &mut self,
        commit: CommitCertificate<Context>,
        extensions: VoteExtensions<Context>,
        misbehaviour: MisbehaviorEvidence<Context>,
        reply: Reply<Next<Context>>,
    ) -> Result<(), ConsensusError> {
        let certificate = certificate_of(commit, extensions);
        self.app.finalize(&certificate, &evidence_of(misbehaviour))?;
        self.start_next(reply);
        let early = self.assembler.advance(self.height());
        self.judge_early(early)
    }
}

/// What the engine collected, as evidence that others can verify.
fn evidence_of(from: MisbehaviorEvidence<Context>) -> Vec<Evidence> {
    let votes = from.votes.into_iter().flat_map(|(_, pairs)| pairs);
    let proposals = from.proposals.into_iter().flat_map(|(_, pairs)| pairs);
    let votes = votes.filter_map(|(one, other)| Some(Evidence::of_votes(vote_of(&one)?, vote_of(&other)?)));
    let proposals = proposals
        .filter_map(|(one, other)| Some(Evidence::of_proposals(proposal_of(&one)?, proposal_of(&other)?)));
    votes.chain(proposals).collect()
}

fn vote_of(from: &EngineVote<Context>) -> Option<SignedVote> {
    Some(SignedVote { vote: from.message.plain()?, signature: from.signature })
}

fn proposal_of(from: &EngineProposal<Context>) -> Option<SignedProposal> {
    Some(SignedProposal { proposal: from.message.plain()?, signature: from.signature })
}
