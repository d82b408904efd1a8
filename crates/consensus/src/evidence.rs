//! Evidence of equivocation: two messages of one validator that no honest one sends both.
//!
//! The two are held in the order of their bytes, so that one pair has one encoding.

use crate::{Domain, SignedProposal, SignedVote, ValidatorAddress, ValidatorSet};
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::{Height, Round};

/// Two conflicting signed messages, not yet verified: see [`verify_evidence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Two votes of one kind, height and round for different blocks (or one for nil).
    Votes(SignedVote, SignedVote),
    /// Two proposals for one height and round.
    Proposals(SignedProposal, SignedProposal),
}

impl Evidence {
    /// Evidence of two votes, in either order.
    #[must_use]
    pub fn of_votes(one: SignedVote, other: SignedVote) -> Self {
        if one.to_bytes() <= other.to_bytes() { Self::Votes(one, other) } else { Self::Votes(other, one) }
    }

    /// Evidence of two proposals, in either order.
    #[must_use]
    pub fn of_proposals(one: SignedProposal, other: SignedProposal) -> Self {
        if one.to_bytes() <= other.to_bytes() {
            Self::Proposals(one, other)
        } else {
            Self::Proposals(other, one)
        }
    }

    /// The accused.
    #[must_use]
    pub const fn validator(&self) -> ValidatorAddress {
        match self {
            Self::Votes(first, _) => first.vote.validator,
            Self::Proposals(first, _) => first.proposal.proposer,
        }
    }

    /// Height and round of the act.
    #[must_use]
    pub const fn position(&self) -> (Height, Round) {
        match self {
            Self::Votes(first, _) => (first.vote.height, first.vote.round),
            Self::Proposals(first, _) => (first.proposal.height, first.proposal.round),
        }
    }

    fn conflicts(&self) -> bool {
        match self {
            Self::Votes(first, second) => {
                first.vote != second.vote
                    && crate::Vote { block: second.vote.block, ..first.vote } == second.vote
            }
            Self::Proposals(first, second) => {
                let (first, second) = (first.proposal, second.proposal);
                first != second
                    && crate::Proposal { block: second.block, valid_round: second.valid_round, ..first }
                        == second
            }
        }
    }
}

impl Encode for Evidence {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Votes(first, second) => (1u8.encode(out), first.encode(out), second.encode(out)),
            Self::Proposals(first, second) => (2u8.encode(out), first.encode(out), second.encode(out)),
        };
    }
}

impl Decode for Evidence {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (read, ordered) = match u8::decode(input)? {
            1 => {
                let (first, second) = (SignedVote::decode(input)?, SignedVote::decode(input)?);
                (Self::Votes(first, second), Self::of_votes(first, second))
            }
            2 => {
                let (first, second) = (SignedProposal::decode(input)?, SignedProposal::decode(input)?);
                (Self::Proposals(first, second), Self::of_proposals(first, second))
            }
            _ => return Err(input.invalid("evidence tag")),
        };
        if read == ordered { Ok(read) } else { Err(input.invalid("order of evidence")) }
    }
}

/// Why evidence proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The two messages do not contradict each other.
    #[error("the messages do not conflict")]
    NoConflict,
    /// A signature is wrong or its signer is not in the set.
    #[error("a signature of {0} is invalid")]
    InvalidSignature(ValidatorAddress),
}

/// Checks that the accused, a validator of `set` (the validators of the act's height), signed both messages.
///
/// # Errors
/// [`EvidenceError`] naming what is wrong.
pub fn verify_evidence(
    evidence: &Evidence,
    set: &ValidatorSet,
    domain: &Domain,
) -> Result<(), EvidenceError> {
    if !evidence.conflicts() {
        return Err(EvidenceError::NoConflict);
    }
    let signed = match evidence {
        Evidence::Votes(first, second) => {
            [first, second].into_iter().all(|vote| domain.verifies_vote(vote, set))
        }
        Evidence::Proposals(first, second) => {
            [first, second].into_iter().all(|proposal| domain.verifies_proposal(proposal, set))
        }
    };
    if signed { Ok(()) } else { Err(EvidenceError::InvalidSignature(evidence.validator())) }
}

#[cfg(test)]
mod tests;
