//! Evidence: what convicts and what does not.

use super::*;
use crate::{PrivateKey, Proposal, Validator, Vote, VoteKind};
use tandem_types::{BlockId, ChainId, Hash};

const DOMAIN: Domain = Domain { chain: ChainId(7), genesis: Hash([1; 32]) };

fn key() -> PrivateKey {
    PrivateKey::from_seed([1; 32])
}

fn vote(kind: VoteKind, height: u64, round: u32, block: Option<u8>) -> SignedVote {
    let validator = ValidatorAddress::of(&key().public_key());
    let block = block.map(|block| BlockId([block; 32]));
    DOMAIN.sign_vote(Vote { kind, height: Height(height), round: Round(round), block, validator }, &key())
}

fn proposal(height: u64, round: u32, block: u8, valid_round: Option<u32>) -> SignedProposal {
    let proposer = ValidatorAddress::of(&key().public_key());
    let (block, valid_round) = (BlockId([block; 32]), valid_round.map(Round));
    let proposal = Proposal { height: Height(height), round: Round(round), block, valid_round, proposer };
    DOMAIN.sign_proposal(proposal, &key())
}

fn set() -> ValidatorSet {
    ValidatorSet::new(vec![Validator::new(key().public_key(), 1)]).unwrap()
}

#[test]
fn only_messages_that_contradict_each_other_are_evidence() {
    use VoteKind::{Precommit, Prevote};
    let votes = |one, other| verify_evidence(&Evidence::of_votes(one, other), &set(), &DOMAIN);
    let proposals = |one, other| verify_evidence(&Evidence::of_proposals(one, other), &set(), &DOMAIN);
    let no_conflict = Err(EvidenceError::NoConflict);
    let first = vote(Prevote, 5, 0, Some(1));
    assert_eq!(votes(first, vote(Prevote, 5, 0, Some(2))), Ok(()));
    assert_eq!(votes(first, vote(Prevote, 5, 0, None)), Ok(()));
    assert_eq!(votes(first, first), no_conflict);
    assert_eq!(votes(first, vote(Precommit, 5, 0, Some(2))), no_conflict);
    assert_eq!(votes(first, vote(Prevote, 6, 0, Some(2))), no_conflict);
    assert_eq!(votes(first, vote(Prevote, 5, 1, Some(2))), no_conflict);
    let first = proposal(5, 1, 1, None);
    assert_eq!(proposals(first, proposal(5, 1, 2, None)), Ok(()));
    assert_eq!(proposals(first, proposal(5, 1, 1, Some(0))), Ok(()));
    assert_eq!(proposals(first, first), no_conflict);
    assert_eq!(proposals(first, proposal(5, 2, 2, None)), no_conflict);
}

#[test]
fn forged_evidence_accuses_nobody() {
    let mut forged = vote(VoteKind::Prevote, 5, 0, Some(2));
    forged.signature.0[0] ^= 1;
    let evidence = Evidence::of_votes(vote(VoteKind::Prevote, 5, 0, Some(1)), forged);
    let invalid = Err(EvidenceError::InvalidSignature(evidence.validator()));
    assert_eq!(verify_evidence(&evidence, &set(), &DOMAIN), invalid);
}

#[test]
fn evidence_has_one_encoding() {
    let (one, other) = (vote(VoteKind::Prevote, 5, 0, Some(1)), vote(VoteKind::Prevote, 5, 0, None));
    assert_eq!(Evidence::of_votes(one, other), Evidence::of_votes(other, one));
    let evidence = Evidence::of_votes(one, other);
    assert_eq!(Evidence::from_bytes(&evidence.to_bytes()), Ok(evidence));
    let Evidence::Votes(first, second) = evidence else { unreachable!() };
    assert!(Evidence::from_bytes(&Evidence::Votes(second, first).to_bytes()).is_err());
    let evidence = Evidence::of_proposals(proposal(5, 1, 1, None), proposal(5, 1, 2, None));
    assert_eq!(Evidence::from_bytes(&evidence.to_bytes()), Ok(evidence));
}
