//! Helping those behind, and being helped.

use super::Host;
use super::receive::proposed;
use crate::engine::context::{Context, Height, round_of};
use crate::engine::report::Report;
use crate::engine::wire::certificates::extended;
use crate::engine::wire::sync::{claim, claimed};
use crate::{Application, ConsensusError, Origin, ReceivedBlock, UndecidedBlock, ValidatorAddress, Verdict};
use arc_malachitebft_app_channel::app::engine::host::SyncedValueOutcome;
use arc_malachitebft_app_channel::app::types::core::{Round, Validity};
use arc_malachitebft_app_channel::app::types::sync::RawDecidedValue;
use bytes::Bytes;
use std::ops::RangeInclusive;

/// Blocks handed over at once; the engine asks for no more and cuts by bytes.
const BLOCKS_MAX: usize = 64;

impl<A: Application> Host<A> {
    /// The final blocks of `range` from its start on, as many as are here without a gap.
    pub(super) fn decided_values(&self, range: RangeInclusive<Height>) -> Vec<RawDecidedValue<Context>> {
        let heights = range.start().0..=range.end().0.min(self.tip.height.0);
        let blocks =
            heights.take(BLOCKS_MAX).map_while(|height| self.app.decided(tandem_types::Height(height)));
        blocks
            .map(|block| {
                let value = claim(block.certificate.block(), &block.bytes);
                RawDecidedValue::new(value, extended(block.certificate))
            })
            .collect()
    }

    /// Executes a block whose certificate the engine has verified.
    pub(super) fn synced(
        &mut self,
        height: Height,
        round: Round,
        proposer: ValidatorAddress,
        value: &Bytes,
    ) -> Result<SyncedValueOutcome<Context>, ConsensusError> {
        // The certificate is for the id in front: the decoder compared them.
        let Some((id, bytes)) = claimed(value) else { return Ok(SyncedValueOutcome::PeerFault) };
        if self.app.identify(&bytes) != Some(id) {
            return Ok(SyncedValueOutcome::PeerFault);
        }
        let at = round_of(round).unwrap_or_default();
        let block =
            ReceivedBlock { height: height.into(), round: at, proposer, origin: Origin::Synced, id, bytes };
        let validity = match self.app.validate(&block)? {
            Verdict::Valid => Validity::Valid,
            Verdict::Invalid { reason } => {
                tracing::error!(%height, block = %id, reason, "a block that is final elsewhere is invalid here");
                self.report(Report::Diverged { height: height.into(), block: id, reason });
                Validity::Invalid
            }
            Verdict::Unable { reason } => {
                tracing::warn!(%height, block = %id, reason, "no verdict on a synced block");
                return Ok(SyncedValueOutcome::LocalTransientError);
            }
        };
        let block = UndecidedBlock { height: height.into(), round: at, valid_round: None, proposer, id };
        Ok(SyncedValueOutcome::Verdict(proposed(&block, validity)))
    }
}
