//! Proposal parts: assembly in any order, and its limits.

use super::header::Part;
use super::{Added, Assembler, PartsHeader, SignedHeader, Turn, sign, split};
use crate::{Domain, PART_BYTES, PrivateKey, Validator, ValidatorAddress, ValidatorSet};
use bytes::Bytes;
use proptest::prelude::*;
use std::sync::Arc;
use tandem_types::{BlockId, ChainId, Hash, Height, Round};

const DOMAIN: Domain = Domain { chain: ChainId(1), genesis: Hash([1; 32]) };

fn keys() -> Vec<PrivateKey> {
    (1..=4).map(|seed| PrivateKey::from_seed([seed; 32])).collect()
}

fn turn(height: u64, round: u32) -> Turn {
    let validators = keys().iter().map(|key| Validator::new(key.public_key(), 1)).collect();
    Turn { height: Height(height), round: Round(round), set: ValidatorSet::new(validators).unwrap() }
}

fn proposer(turn: &Turn, height: Height, round: Round) -> PrivateKey {
    let key = *turn.set.proposer(height, round).key();
    keys().into_iter().find(|candidate| candidate.public_key() == key).unwrap()
}

fn signed_by(key: &PrivateKey, at: (u64, u32), block: u8, bytes: &Bytes) -> Arc<SignedHeader> {
    let header = PartsHeader {
        height: Height(at.0),
        round: Round(at.1),
        valid_round: None,
        proposer: ValidatorAddress::of(&key.public_key()),
        block: BlockId([block; 32]),
        len: u32::try_from(bytes.len()).unwrap(),
        hashes: Vec::new(),
    };
    sign(&DOMAIN, key, header, bytes)
}

/// The parts of a block that the right proposer signed.
fn parts(turn: &Turn, at: (u64, u32), block: u8, bytes: &Bytes) -> Vec<Part> {
    let key = proposer(turn, Height(at.0), Round(at.1));
    split(&signed_by(&key, at, block, bytes), bytes).collect()
}

fn bytes(len: usize) -> Bytes {
    (0..len).map(|at| (at % 251) as u8).collect::<Vec<_>>().into()
}

fn complete(added: &Added) -> Option<&Bytes> {
    match added {
        Added::Complete(block) => Some(&block.bytes),
        Added::Pending | Added::Dropped | Added::Faulty(_) => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn parts_in_any_order_and_repeated_make_the_block_once(
        len in 1..5 * PART_BYTES,
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let (turn, block) = (turn(5, 0), bytes(len));
        let parts = parts(&turn, (5, 0), 1, &block);
        let mut assembler = Assembler::new(DOMAIN);
        let shuffled = order.iter().map(|index| index.get(&parts)).chain(&parts).cloned();
        let added: Vec<_> = shuffled.map(|part| assembler.add(part, &turn)).collect();
        let blocks: Vec<_> = added.iter().filter_map(complete).collect();
        prop_assert_eq!(blocks, [&block]);
    }
}

#[test]
fn only_the_proposer_of_a_round_that_may_come_is_heard() {
    let (turn, block) = (turn(5, 3), bytes(10));
    for (at, heard) in [
        ((4, 0), false),
        ((5, 0), true),
        ((5, 13), true),
        ((5, 14), false),
        ((6, 10), true),
        ((6, 11), false),
        ((7, 0), false),
    ] {
        let part = parts(&turn, at, 1, &block).remove(0);
        let added = Assembler::new(DOMAIN).add(part, &turn);
        assert_eq!(added != Added::Dropped, heard, "{at:?}");
    }
    let other = keys()
        .into_iter()
        .find(|key| *key.public_key().as_bytes() != *turn.set.proposer(Height(5), Round(3)).key().as_bytes());
    let part = split(&signed_by(&other.unwrap(), (5, 3), 1, &block), &block).next().unwrap();
    assert_eq!(Assembler::new(DOMAIN).add(part, &turn), Added::Dropped);
}

#[test]
fn what_the_proposer_did_not_sign_is_a_fault() {
    let (turn, block) = (turn(5, 0), bytes(10));
    let part = parts(&turn, (5, 0), 1, &block).remove(0);
    let mut assembler = Assembler::new(DOMAIN);
    let mut header = SignedHeader::clone(&part.header);
    header.header.block = BlockId([2; 32]);
    let forged = Part { header: Arc::new(header), ..part.clone() };
    assert!(matches!(assembler.add(forged, &turn), Added::Faulty(_)));
    let changed = Part { data: bytes(11).slice(1..), ..part.clone() };
    assert!(matches!(assembler.add(changed, &turn), Added::Faulty(_)));
    assert_eq!(complete(&assembler.add(part, &turn)), Some(&block));
}

#[test]
fn an_equivocator_gets_two_blocks_of_a_round() {
    let (turn, block) = (turn(5, 0), bytes(10));
    let mut assembler = Assembler::new(DOMAIN);
    let added: Vec<_> =
        (1..=3).map(|id| assembler.add(parts(&turn, (5, 0), id, &block).remove(0), &turn)).collect();
    assert!(complete(&added[0]).is_some() && complete(&added[1]).is_some());
    assert_eq!(added[2], Added::Dropped);
}

#[test]
fn a_block_that_comes_early_waits_for_its_height() {
    let (now, block) = (turn(5, 0), bytes(10));
    let mut assembler = Assembler::new(DOMAIN);
    let part = parts(&now, (6, 0), 1, &block).remove(0);
    assert_eq!(assembler.add(part.clone(), &now), Added::Pending);
    let early = assembler.advance(Height(6));
    assert_eq!(early.iter().map(|block| &block.bytes).collect::<Vec<_>>(), [&block]);
    assert_eq!(assembler.advance(Height(6)), []);
    assert_eq!(assembler.add(part, &turn(6, 0)), Added::Dropped);
}

#[test]
fn a_block_proposed_again_can_be_skipped_and_sent_on() {
    let (turn, block) = (turn(5, 0), bytes(2 * PART_BYTES));
    let mut assembler = Assembler::new(DOMAIN);
    let parts = parts(&turn, (5, 0), 1, &block);
    assert_eq!(assembler.add(parts[0].clone(), &turn), Added::Pending);
    assert!(assembler.skip(&parts[0].header));
    assert!(!assembler.skip(&parts[0].header));
    assert_eq!(assembler.add(parts[1].clone(), &turn), Added::Dropped);
    let header = assembler.header(Height(5), Round(0), BlockId([1; 32])).unwrap();
    assert_eq!(split(&header, &block).collect::<Vec<_>>(), parts);
}

#[test]
fn what_is_furthest_ahead_makes_room() {
    let (turn, block) = (turn(5, 0), bytes(64 * PART_BYTES));
    let mut assembler = Assembler::new(DOMAIN);
    // 4 MiB each but for the last part: 17 blocks exceed 64 MiB.
    let rounds: Vec<_> = (0..=10).flat_map(|round| [(5, round), (6, round)]).collect();
    for at in rounds.iter().take(17) {
        for part in parts(&turn, *at, 1, &block).into_iter().take(63) {
            assembler.add(part, &turn);
        }
    }
    let last = |at: (u64, u32)| parts(&turn, at, 1, &block).remove(63);
    assert_eq!(complete(&assembler.add(last((5, 0)), &turn)), Some(&block));
    assert_eq!(assembler.add(last((6, 7)), &turn), Added::Pending);
    let early = assembler.advance(Height(6));
    assert!(early.is_empty(), "the block of height 6 and round 7 was evicted");
}
