//! What validators sign, byte by byte.
//!
//! Every signed message begins with [`Domain`]: a tag of this protocol and version, the message's purpose, the chain
//! id and the genesis hash. So no signature means anything on another chain or in another place. All fields have
//! fixed widths but the last, so no two messages share their bytes.
//!
//! | field | type | bytes |
//! |---|---|---|
//! | tag | `tandem/consensus/1` | 18 |
//! | purpose | `u8`: 1 prevote, 2 precommit, 3 proposal, 4 vote extension, 5 proposal parts | 1 |
//! | chain | `u64` | 8 |
//! | genesis | hash | 32 |
//! | message | see each method | |
//!
//! The one exception is the engine's proof that a validator key belongs to a peer: its bytes are the engine's own.

use crate::{PrivateKey, Signature, ValidatorAddress, ValidatorSet};
use tandem_codec::{Encode, record, tags};
use tandem_types::{BlockId, ChainId, Hash, Height, Round};

const TAG: &[u8; 18] = b"tandem/consensus/1";

#[derive(Clone, Copy)]
enum Purpose {
    Prevote,
    Precommit,
    Proposal,
    Extension,
    Parts,
}
tags!(Purpose { Prevote = 1, Precommit = 2, Proposal = 3, Extension = 4, Parts = 5 });

/// The chain that signatures are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Chain id.
    pub chain: ChainId,
    /// Hash of the genesis.
    pub genesis: Hash,
}

/// Which of the two votes of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VoteKind {
    /// First vote: the proposal is acceptable.
    Prevote,
    /// Second vote: more than two thirds found it acceptable.
    Precommit,
}
tags!(VoteKind { Prevote = 1, Precommit = 2 });

/// A vote of one validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// Height.
    pub height: Height,
    /// Round.
    pub round: Round,
    /// The block voted for; `None` is nil.
    pub block: Option<BlockId>,
    /// The voter.
    pub validator: ValidatorAddress,
}
record!(Vote { kind, height, round, block, validator });

/// A proposal of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Height.
    pub height: Height,
    /// Round.
    pub round: Round,
    /// The block proposed.
    pub block: BlockId,
    /// The round in which it had more than two thirds of the prevotes, when it is proposed again.
    pub valid_round: Option<Round>,
    /// The proposer of this round.
    pub proposer: ValidatorAddress,
}
record!(Proposal { height, round, block, valid_round, proposer });

/// What a vote extension belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionScope {
    /// Height.
    pub height: Height,
    /// Round.
    pub round: Round,
    /// The block precommitted.
    pub block: BlockId,
    /// The voter.
    pub validator: ValidatorAddress,
}
record!(ExtensionScope { height, round, block, validator });

/// A vote with its signature, not yet verified. A precommit's extension is signed apart and not held here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedVote {
    /// The vote.
    pub vote: Vote,
    /// Signature over [`Domain::vote_bytes`].
    pub signature: Signature,
}
record!(SignedVote { vote, signature });

/// A proposal with its signature, not yet verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedProposal {
    /// The proposal.
    pub proposal: Proposal,
    /// Signature over [`Domain::proposal_bytes`].
    pub signature: Signature,
}
record!(SignedProposal { proposal, signature });

impl Domain {
    fn preimage(&self, purpose: Purpose) -> Vec<u8> {
        let mut out = TAG.to_vec();
        purpose.encode(&mut out);
        self.chain.encode(&mut out);
        self.genesis.encode(&mut out);
        out
    }

    /// What is signed for a vote: height, round, block (tag and id), validator. The kind is in the purpose.
    #[must_use]
    pub fn vote_bytes(&self, vote: &Vote) -> Vec<u8> {
        let mut out = self.preimage(match vote.kind {
            VoteKind::Prevote => Purpose::Prevote,
            VoteKind::Precommit => Purpose::Precommit,
        });
        vote.height.encode(&mut out);
        vote.round.encode(&mut out);
        vote.block.encode(&mut out);
        vote.validator.encode(&mut out);
        out
    }

    /// What is signed for a proposal: its encoding.
    #[must_use]
    pub fn proposal_bytes(&self, proposal: &Proposal) -> Vec<u8> {
        let mut out = self.preimage(Purpose::Proposal);
        proposal.encode(&mut out);
        out
    }

    /// What is signed for a vote extension: the scope's encoding, then the extension's bytes.
    #[must_use]
    pub fn extension_bytes(&self, scope: &ExtensionScope, extension: &[u8]) -> Vec<u8> {
        let mut out = self.preimage(Purpose::Extension);
        scope.encode(&mut out);
        out.extend_from_slice(extension);
        out
    }

    /// What is signed for a block's parts: the encoding of their header.
    #[must_use]
    pub fn parts_bytes(&self, header: &impl Encode) -> Vec<u8> {
        let mut out = self.preimage(Purpose::Parts);
        header.encode(&mut out);
        out
    }

    /// Signs `vote`.
    #[must_use]
    pub fn sign_vote(&self, vote: Vote, key: &PrivateKey) -> SignedVote {
        SignedVote { vote, signature: key.sign(&self.vote_bytes(&vote)) }
    }

    /// Signs `proposal`.
    #[must_use]
    pub fn sign_proposal(&self, proposal: Proposal, key: &PrivateKey) -> SignedProposal {
        SignedProposal { proposal, signature: key.sign(&self.proposal_bytes(&proposal)) }
    }

    /// Whether a validator of `set` signed this vote.
    #[must_use]
    pub fn verifies_vote(&self, signed: &SignedVote, set: &ValidatorSet) -> bool {
        set.validator(&signed.vote.validator).is_some_and(|validator| {
            validator.key().verifies(&self.vote_bytes(&signed.vote), &signed.signature)
        })
    }

    /// Whether a validator of `set` signed this proposal.
    #[must_use]
    pub fn verifies_proposal(&self, signed: &SignedProposal, set: &ValidatorSet) -> bool {
        let bytes = self.proposal_bytes(&signed.proposal);
        set.validator(&signed.proposal.proposer)
            .is_some_and(|validator| validator.key().verifies(&bytes, &signed.signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_and_chain_has_its_own_bytes() {
        let domain = Domain { chain: ChainId(1), genesis: Hash([7; 32]) };
        let validator = ValidatorAddress([9; 20]);
        let vote =
            Vote { kind: VoteKind::Prevote, height: Height(2), round: Round(3), block: None, validator };
        let bytes = domain.vote_bytes(&vote);
        assert_eq!(bytes[..18], *TAG);
        assert_eq!(bytes.len(), 18 + 1 + 8 + 32 + 8 + 4 + 1 + 20);
        let precommit = domain.vote_bytes(&Vote { kind: VoteKind::Precommit, ..vote });
        assert!(bytes[19..] == precommit[19..] && bytes[18] != precommit[18]);
        for other in [Domain { chain: ChainId(2), ..domain }, Domain { genesis: Hash([8; 32]), ..domain }] {
            assert_ne!(bytes, other.vote_bytes(&vote));
        }
    }

    #[test]
    fn an_extension_is_signed_as_the_rules_verify_price_reports() {
        let domain = Domain { chain: ChainId(5), genesis: Hash([7; 32]) };
        let (height, round, block) = (Height(2), Round(3), BlockId([4; 32]));
        let validator = ValidatorAddress([9; 20]);
        let ours = domain.extension_bytes(&ExtensionScope { height, round, block, validator }, b"report");
        let scope = tandem_oracle::report::Scope {
            chain_id: domain.chain,
            genesis_hash: domain.genesis,
            height,
            block,
        };
        let address = tandem_types::Address(validator.0);
        assert_eq!(ours, tandem_oracle::report::signed_bytes(&scope, round, &address, b"report"));
    }
}
