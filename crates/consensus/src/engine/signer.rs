//! Signing and verifying for the engine, over the bytes that [`Domain`] defines.

use crate::engine::context::{Context, Proposal, Vote, round_of};
use crate::{Domain, ExtensionScope, PrivateKey, PublicKey, Signature};
use arc_malachitebft_app_channel::app::types::core::{SignedMessage, ValidatorProof, VoteExtensionScope};
use arc_malachitebft_signing::{Error, VerificationResult};
use async_trait::async_trait;

/// A message in round nil has no signing bytes. No decoder lets one in, and the engine sends none.
#[derive(Debug, thiserror::Error)]
#[error("a message in round nil cannot be signed")]
struct RoundNil;

fn nil() -> Error {
    Error::from_source(RoundNil)
}

fn scope_of(scope: &VoteExtensionScope<Context>) -> Result<ExtensionScope, Error> {
    let round = round_of(scope.round).ok_or_else(nil)?;
    let (block, validator) = (scope.value_id, scope.validator_address);
    Ok(ExtensionScope { height: scope.height.into(), round, block, validator })
}

fn verdict(key: &PublicKey, bytes: &[u8], signature: &Signature) -> VerificationResult {
    VerificationResult::from_bool(key.verifies(bytes, signature))
}

/// Verifies what validators of one chain sign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verifier(pub(crate) Domain);

#[async_trait]
impl arc_malachitebft_signing::Verifier<Context> for Verifier {
    async fn verify_signed_vote(
        &self,
        vote: &Vote,
        signature: &Signature,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        let vote = vote.plain().ok_or_else(nil)?;
        Ok(verdict(key, &self.0.vote_bytes(&vote), signature))
    }

    async fn verify_signed_proposal(
        &self,
        proposal: &Proposal,
        signature: &Signature,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        let proposal = proposal.plain().ok_or_else(nil)?;
        Ok(verdict(key, &self.0.proposal_bytes(&proposal), signature))
    }

    async fn verify_signed_vote_extension(
        &self,
        scope: &VoteExtensionScope<Context>,
        extension: &Vec<u8>,
        signature: &Signature,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        let bytes = self.0.extension_bytes(&scope_of(scope)?, extension);
        Ok(verdict(key, &bytes, signature))
    }

    async fn verify_validator_proof(
        &self,
        proof: &ValidatorProof<Context>,
    ) -> Result<VerificationResult, Error> {
        let Ok(key) = proof.decoded_public_key() else { return Ok(VerificationResult::Invalid) };
        Ok(verdict(&key, &proof.preimage(), &proof.signature))
    }
}

/// Signs for one validator of one chain.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) domain: Domain,
    pub(crate) key: PrivateKey,
}

impl Signer {
    /// The proof that this validator's node is the peer `peer_id`. Its bytes are the engine's own.
    pub(crate) fn proof(&self, peer_id: Vec<u8>) -> ValidatorProof<Context> {
        let key = self.key.public_key().as_bytes().to_vec();
        let signature = self.key.sign(&ValidatorProof::<Context>::signing_bytes(&key, &peer_id));
        ValidatorProof::new(key, peer_id, signature)
    }
}

#[async_trait]
impl arc_malachitebft_signing::Signer<Context> for Signer {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<Context, Vote>, Error> {
        let bytes = self.domain.vote_bytes(&vote.plain().ok_or_else(nil)?);
        Ok(SignedMessage::new(vote, self.key.sign(&bytes)))
    }

    async fn sign_proposal(&self, proposal: Proposal) -> Result<SignedMessage<Context, Proposal>, Error> {
        let bytes = self.domain.proposal_bytes(&proposal.plain().ok_or_else(nil)?);
        Ok(SignedMessage::new(proposal, self.key.sign(&bytes)))
    }

    async fn sign_vote_extension(
        &self,
        scope: VoteExtensionScope<Context>,
        extension: Vec<u8>,
    ) -> Result<SignedMessage<Context, Vec<u8>>, Error> {
        let bytes = self.domain.extension_bytes(&scope_of(&scope)?, &extension);
        Ok(SignedMessage::new(extension, self.key.sign(&bytes)))
    }

    async fn sign_validator_proof(
        &self,
        _public_key: Vec<u8>,
        peer_id: Vec<u8>,
    ) -> Result<ValidatorProof<Context>, Error> {
        Ok(self.proof(peer_id))
    }
}
