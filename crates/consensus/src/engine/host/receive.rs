//! Receiving blocks of others in parts, and the start of rounds.

use super::Host;
use crate::engine::context::{Context, Value, engine_round, round_of};
use crate::engine::parts::{Added, Assembled, Part, SignedHeader};
use crate::engine::report::Report;
use crate::{Application, ConsensusError, Origin, ReceivedBlock, UndecidedBlock, Verdict};
use arc_malachitebft_app_channel::app::streaming::StreamContent;
use arc_malachitebft_app_channel::app::types::core::{Round, Validity};
use arc_malachitebft_app_channel::app::types::{PeerId, ProposedValue};
use std::collections::BTreeMap;
use std::sync::Arc;
use tandem_types::Height;

/// Heights for which the parts of a faulty peer are ignored: a minute.
const IGNORE_HEIGHTS: u64 = 600;
/// Peers ignored at once. Beyond it the one ignored longest is heard again.
const IGNORED_MAX: usize = 1024;

/// Peers whose parts are not looked at, with the height from which they are again.
#[derive(Debug, Default)]
pub(super) struct Ignored(BTreeMap<PeerId, Height>);

impl Ignored {
    fn add(&mut self, peer: PeerId, now: Height) {
        if self.0.len() >= IGNORED_MAX
            && let Some(first) = self.0.iter().min_by_key(|(_, until)| **until).map(|(peer, _)| *peer)
        {
            self.0.remove(&first);
        }
        self.0.insert(peer, Height(now.0.saturating_add(IGNORE_HEIGHTS)));
    }

    fn holds(&self, peer: &PeerId, now: Height) -> bool {
        self.0.get(peer).is_some_and(|until| *until > now)
    }
}

impl<A: Application> Host<A> {
    /// Takes a part; the whole block's verdict with the part that completes it.
    pub(super) fn received(
        &mut self,
        publisher: PeerId,
        content: StreamContent<Part>,
    ) -> Result<Option<ProposedValue<Context>>, ConsensusError> {
        let StreamContent::Data(part) = content else { return Ok(None) };
        if self.ignored.holds(&publisher, self.height()) {
            return Ok(None);
        }
        let header = part.header.clone();
        match self.assembler.add(part, &self.turn()) {
            Added::Complete(block) => self.judge(block),
            Added::Pending => self.known(&header),
            Added::Dropped => Ok(None),
            Added::Faulty(reason) => {
                self.ignore(publisher, reason);
                Ok(None)
            }
        }
    }

    /// A block proposed again is usually here already: its first part is enough.
    fn known(
        &mut self,
        header: &Arc<SignedHeader>,
    ) -> Result<Option<ProposedValue<Context>>, ConsensusError> {
        let again = header.header.valid_round.is_some() && header.header.height == self.height();
        let Some(bytes) = again.then(|| self.app.block_bytes(header.header.block)).flatten() else {
            return Ok(None);
        };
        if !self.assembler.skip(header) {
            return Ok(None);
        }
        self.judge(Assembled { header: header.clone(), bytes })
    }

    /// Has the application execute a whole block; `None` if that gives no verdict.
    fn judge(&mut self, block: Assembled) -> Result<Option<ProposedValue<Context>>, ConsensusError> {
        let header = &block.header.header;
        let (height, round, id, proposer) = (header.height, header.round, header.block, header.proposer);
        if self.app.identify(&block.bytes) != Some(id) {
            // The proposer signed these bytes under a wrong id: there is nothing to vote on.
            tracing::warn!(%height, %round, %proposer, block = %id, "proposed bytes differ from their id");
            return Ok(None);
        }
        let origin = header.valid_round.map_or(Origin::FirstProposal, Origin::Reproposal);
        let undecided = UndecidedBlock { height, round, valid_round: header.valid_round, proposer, id };
        let received = ReceivedBlock { height, round, proposer, origin, id, bytes: block.bytes };
        Ok(self.verdict(&received)?.map(|validity| proposed(&undecided, validity)))
    }

    /// The application's verdict on a proposal; `None` if it has none.
    fn verdict(&mut self, block: &ReceivedBlock) -> Result<Option<Validity>, ConsensusError> {
        let (height, round, id) = (block.height, block.round, block.id);
        match self.app.validate(block)? {
            Verdict::Valid => Ok(Some(Validity::Valid)),
            Verdict::Invalid { reason } => {
                tracing::warn!(%height, %round, block = %id, reason, "proposed block is invalid");
                self.report(Report::Invalid { height, round, block: id, reason });
                Ok(Some(Validity::Invalid))
            }
            Verdict::Unable { reason } => {
                tracing::warn!(%height, %round, block = %id, reason, "no verdict on a proposed block");
                Ok(None)
            }
        }
    }

    fn ignore(&mut self, peer: PeerId, reason: &'static str) {
        self.ignored.add(peer, self.height());
        tracing::debug!(%peer, reason, "ignoring proposal parts of a peer");
        self.report(Report::PeerIgnored { peer: peer.to_string(), reason });
    }

    /// The blocks of this round that are here: from before a restart, or come before the round began.
    pub(super) fn started_round(&mut self, height: Height, round: Round) -> Vec<ProposedValue<Context>> {
        let at = round_of(round).unwrap_or_default();
        self.round = at;
        self.report(Report::Round { height, round: at });
        let stored = self.app.undecided(height, at);
        self.resend_own(&stored);
        let mut values: Vec<_> = stored.iter().map(|block| proposed(block, Validity::Valid)).collect();
        let early = self.early.iter().filter(|value| value.height == height.into() && value.round == round);
        for value in early {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        values
    }

    /// After a restart the engine sends its proposal again, but not the bytes.
    fn resend_own(&mut self, stored: &[UndecidedBlock]) {
        let own = self.address;
        for block in stored.iter().filter(|block| Some(block.proposer) == own) {
            if let Some(bytes) = self.app.block_bytes(block.id) {
                self.publish_stored(block, &bytes);
            }
        }
    }

    /// Executes the blocks of the next height that came before its start, while it is awaited.
    pub(super) fn judge_early(&mut self, blocks: Vec<Assembled>) -> Result<(), ConsensusError> {
        self.early.clear();
        for block in blocks {
            let value = self.judge(block)?;
            self.early.extend(value);
        }
        Ok(())
    }
}

/// A stored or received block as the engine wants it.
pub(super) fn proposed(block: &UndecidedBlock, validity: Validity) -> ProposedValue<Context> {
    ProposedValue {
        height: block.height.into(),
        round: engine_round(Some(block.round)),
        valid_round: engine_round(block.valid_round),
        proposer: block.proposer,
        value: Value(block.id),
        validity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u16) -> PeerId {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        PeerId::from_bytes(&[&[0, 36, 8, 1, 18, 32], key.as_slice()].concat()).unwrap()
    }

    #[test]
    fn a_faulty_peer_is_ignored_for_a_while() {
        let mut ignored = Ignored::default();
        ignored.add(peer(1), Height(5));
        let last = Height(5 + IGNORE_HEIGHTS - 1);
        for (who, now, expect) in
            [(1, Height(5), true), (2, Height(5), false), (1, last, true), (1, last.next().unwrap(), false)]
        {
            assert_eq!(ignored.holds(&peer(who), now), expect, "{who} at {now}");
        }
    }

    #[test]
    fn the_peer_ignored_longest_makes_room() {
        let mut ignored = Ignored::default();
        for number in 0..=IGNORED_MAX as u16 {
            ignored.add(peer(number), Height(u64::from(number)));
        }
        assert_eq!(ignored.0.len(), IGNORED_MAX);
        assert!(!ignored.holds(&peer(0), Height(0)) && ignored.holds(&peer(1), Height(0)));
    }
}
