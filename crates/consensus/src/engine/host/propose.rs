//! Proposing, and sending what was proposed.

use super::Host;
use crate::engine::context::{Context, Height, Value, round_of};
use crate::engine::parts::{Part, PartsHeader, SignedHeader, sign, split};
use crate::{Application, BLOCK_BYTES_MAX, Block, ConsensusError, UndecidedBlock, ValidatorAddress};
use arc_malachitebft_app_channel::NetworkMsg;
use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app_channel::app::types::LocallyProposedValue;
use arc_malachitebft_app_channel::app::types::core::Round;
use bytes::Bytes;
use std::sync::Arc;
use tandem_types::BlockId;

impl<A: Application> Host<A> {
    /// Builds our block and sends its parts; the proposal itself follows from the reply.
    pub(super) fn propose(
        &mut self,
        height: Height,
        round: Round,
    ) -> Result<LocallyProposedValue<Context>, ConsensusError> {
        let at = round_of(round).unwrap_or_default();
        let Block { id, bytes } = self.app.propose(height.into(), at)?;
        let Some(len) = u32::try_from(bytes.len()).ok().filter(|len| (1..=BLOCK_BYTES_MAX).contains(len))
        else {
            return Err(ConsensusError::BlockLength(bytes.len()));
        };
        if let Some(proposer) = self.address {
            let block = UndecidedBlock { height: height.into(), round: at, valid_round: None, proposer, id };
            self.publish_own(&block, len, &bytes);
        }
        Ok(LocallyProposedValue::new(height, round, Value(id)))
    }

    /// Sends a block again: ours in a new round, or anybody's under the header it came with.
    pub(super) fn restream(
        &mut self,
        height: Height,
        rounds: (Round, Round),
        proposer: ValidatorAddress,
        id: BlockId,
    ) {
        let round = round_of(rounds.0).unwrap_or_default();
        let Some(bytes) = self.app.block_bytes(id) else {
            tracing::warn!(%height, %round, block = %id, "asked to send a block that is not here");
            return;
        };
        if let Some(header) = self.assembler.header(height.into(), round, id) {
            self.publish(&header, &bytes);
        } else if self.address == Some(proposer) {
            let valid_round = round_of(rounds.1);
            self.publish_stored(
                &UndecidedBlock { height: height.into(), round, valid_round, proposer, id },
                &bytes,
            );
        } else {
            // Another's block from before our restart: its header is gone. Others send it too.
            tracing::debug!(%height, %round, block = %id, "no header to send a block under");
        }
    }

    /// Sends `bytes`, which the application stored as `block`, proposed by us.
    pub(super) fn publish_stored(&mut self, block: &UndecidedBlock, bytes: &Bytes) {
        if let Ok(len) = u32::try_from(bytes.len()) {
            self.publish_own(block, len, bytes);
        }
    }

    fn publish_own(&mut self, block: &UndecidedBlock, len: u32, bytes: &Bytes) {
        let Some(key) = &self.wiring.validator else { return };
        let UndecidedBlock { height, round, valid_round, proposer, id } = *block;
        let header = PartsHeader { height, round, valid_round, proposer, block: id, len, hashes: Vec::new() };
        let header = sign(&self.wiring.domain, key, header, bytes);
        self.assembler.remember(header.clone());
        self.publish(&header, bytes);
    }

    fn publish(&self, header: &Arc<SignedHeader>, bytes: &Bytes) {
        for part in split(header, bytes) {
            // Refused only by an engine that is stopping.
            if self.wiring.network.blocking_send(NetworkMsg::PublishProposalPart(message(part))).is_err() {
                return;
            }
        }
    }
}

/// A part in the engine's envelope. Parts vouch for themselves, so nobody reads the stream's id.
fn message(part: Part) -> StreamMessage<Part> {
    let header = &part.header.header;
    let (height, round) = (header.height.0.to_be_bytes(), header.round.0.to_be_bytes());
    let id = StreamId::new([height.as_slice(), &round, &header.block.as_bytes()[..8]].concat().into());
    StreamMessage::new(id, u64::from(part.index), StreamContent::Data(part))
}
