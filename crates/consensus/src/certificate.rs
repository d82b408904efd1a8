//! Commit certificates: the precommits that made a block final.
//!
//! A certificate has one spelling for one set of signatures: they are in the order of addresses, without repetition.
//! Different validators may hold different certificates of one block; any of them proves it.
//!
//! | field | type | bytes |
//! |---|---|---|
//! | height | `u64` | 8 |
//! | round | `u32` | 4 |
//! | block | id | 32 |
//! | signatures | count `u32`, then for each: | 4 |
//! | – validator | address | 20 |
//! | – signature | of the precommit | 64 |
//! | – extension | tag; if 1, length `u32`, bytes, signature | 1 (+ 68 + length) |

use crate::{
    Domain, EXTENSION_BYTES_MAX, ExtensionScope, Signature, SignedVote, VALIDATORS_MAX, ValidatorAddress,
    ValidatorSet, Vote, VoteKind,
};
use tandem_codec::{Decode, DecodeError, Encode, Reader, record};
use tandem_types::{BlockId, Height, Round};

/// What a validator attached to its precommit, with its own signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedExtension {
    /// The application's bytes, at most [`EXTENSION_BYTES_MAX`].
    pub bytes: Vec<u8>,
    /// Signature over [`Domain::extension_bytes`].
    pub signature: Signature,
}

impl Encode for SignedExtension {
    fn encode(&self, out: &mut Vec<u8>) {
        self.bytes.encode(out);
        self.signature.encode(out);
    }
}

impl Decode for SignedExtension {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { bytes: input.bytes(EXTENSION_BYTES_MAX)?.to_vec(), signature: Signature::decode(input)? })
    }
}

/// One validator's part in a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitSignature {
    /// Who precommitted.
    pub validator: ValidatorAddress,
    /// Signature over the precommit's [`Domain::vote_bytes`].
    pub signature: Signature,
    /// Vote extension, on heights that ask for one.
    pub extension: Option<SignedExtension>,
}
record!(CommitSignature { validator, signature, extension });

/// Precommits for one block of one height and round, not yet verified: see [`verify_certificate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    height: Height,
    round: Round,
    block: BlockId,
    signatures: Vec<CommitSignature>,
}

impl Certificate {
    /// The certificate of these precommits, in any order. Of two of one validator the first is kept.
    #[must_use]
    pub fn new(height: Height, round: Round, block: BlockId, mut signatures: Vec<CommitSignature>) -> Self {
        signatures.sort_by_key(|signature| signature.validator);
        signatures.dedup_by_key(|signature| signature.validator);
        Self { height, round, block, signatures }
    }

    /// Height of the block.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.height
    }

    /// Round in which it was decided.
    #[must_use]
    pub const fn round(&self) -> Round {
        self.round
    }

    /// The block.
    #[must_use]
    pub const fn block(&self) -> BlockId {
        self.block
    }

    /// The precommits by address.
    #[must_use]
    pub fn signatures(&self) -> &[CommitSignature] {
        &self.signatures
    }

    /// The precommit that `signature` stands for.
    #[must_use]
    pub const fn vote(&self, signature: &CommitSignature) -> SignedVote {
        let vote = Vote {
            kind: VoteKind::Precommit,
            height: self.height,
            round: self.round,
            block: Some(self.block),
            validator: signature.validator,
        };
        SignedVote { vote, signature: signature.signature }
    }
}

impl Encode for Certificate {
    fn encode(&self, out: &mut Vec<u8>) {
        self.height.encode(out);
        self.round.encode(out);
        self.block.encode(out);
        self.signatures.encode(out);
    }
}

impl Decode for Certificate {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (height, round, block) = (Height::decode(input)?, Round::decode(input)?, BlockId::decode(input)?);
        let signatures = input.list::<CommitSignature>(VALIDATORS_MAX)?;
        if !signatures.windows(2).all(|pair| pair[0].validator < pair[1].validator) {
            return Err(input.invalid("order of commit signatures"));
        }
        Ok(Self { height, round, block, signatures })
    }
}

/// Why a certificate proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// A signer is not in the set.
    #[error("signer {0} is not in the validator set")]
    UnknownValidator(ValidatorAddress),
    /// A precommit's signature is wrong.
    #[error("signature of {0} is invalid")]
    InvalidSignature(ValidatorAddress),
    /// A vote extension's signature is wrong.
    #[error("extension signature of {0} is invalid")]
    InvalidExtension(ValidatorAddress),
    /// Not more than two thirds of the power.
    #[error("signers have {signed} of {total} voting power, which is no quorum")]
    NoQuorum {
        /// Power of the signers.
        signed: u64,
        /// Power of the set.
        total: u64,
    },
}

/// Checks that more than two thirds of the power of `set`, the validators of the certificate's height, signed it.
/// Every signature it holds must be valid.
///
/// # Errors
/// [`CertificateError`] for the first signature that is wrong, then for a missing quorum.
pub fn verify_certificate(
    certificate: &Certificate,
    set: &ValidatorSet,
    domain: &Domain,
) -> Result<(), CertificateError> {
    let mut signed = 0u64;
    for signature in &certificate.signatures {
        let Some(validator) = set.validator(&signature.validator) else {
            return Err(CertificateError::UnknownValidator(signature.validator));
        };
        if !domain.verifies_vote(&certificate.vote(signature), set) {
            return Err(CertificateError::InvalidSignature(signature.validator));
        }
        if !extension_verifies(certificate, signature, validator.key(), domain) {
            return Err(CertificateError::InvalidExtension(signature.validator));
        }
        // Signers are distinct members of the set, so this stays below its total.
        signed = signed.saturating_add(validator.power());
    }
    if set.is_quorum(signed) {
        Ok(())
    } else {
        Err(CertificateError::NoQuorum { signed, total: set.power_total() })
    }
}

fn extension_verifies(
    certificate: &Certificate,
    signature: &CommitSignature,
    key: &crate::PublicKey,
    domain: &Domain,
) -> bool {
    let Some(extension) = &signature.extension else { return true };
    let scope = ExtensionScope {
        height: certificate.height,
        round: certificate.round,
        block: certificate.block,
        validator: signature.validator,
    };
    key.verifies(&domain.extension_bytes(&scope, &extension.bytes), &extension.signature)
}

#[cfg(test)]
mod tests;
