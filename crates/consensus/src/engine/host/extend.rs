//! Vote extensions.

use super::Host;
use crate::engine::context::{Height, round_of};
use crate::{Application, EXTENSION_BYTES_MAX, ValidatorAddress};
use arc_malachitebft_app_channel::app::consensus::VoteExtensionError;
use arc_malachitebft_app_channel::app::types::core::{Round, VoteExtensionPolicy};
use tandem_types::BlockId;

/// One answer per extension asked about, in order.
pub(super) type Answers = Vec<(ValidatorAddress, Result<(), VoteExtensionError>)>;

impl<A: Application> Host<A> {
    pub(super) fn extend_vote(
        &mut self,
        height: Height,
        round: Round,
        block: BlockId,
        policy: VoteExtensionPolicy,
    ) -> Option<Vec<u8>> {
        policy
            .is_required()
            .then(|| self.app.extend_vote(height.into(), round_of(round).unwrap_or_default(), block))
    }

    pub(super) fn verify_extensions(
        &self,
        height: Height,
        extensions: &[(ValidatorAddress, Vec<u8>)],
    ) -> Answers {
        extensions
            .iter()
            .map(|(validator, bytes)| (*validator, self.verify(height, *validator, bytes)))
            .collect()
    }

    fn verify(
        &self,
        height: Height,
        validator: ValidatorAddress,
        bytes: &[u8],
    ) -> Result<(), VoteExtensionError> {
        let fits = u32::try_from(bytes.len()).is_ok_and(|len| len <= EXTENSION_BYTES_MAX);
        if fits && self.app.verify_extension(height.into(), validator, bytes) {
            Ok(())
        } else {
            Err(VoteExtensionError::InvalidVoteExtension)
        }
    }
}
