//! What a node says to the times of blocks, and which it gives its own (ADR-0005).

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tandem_codec::{Decode, Encode};
use tandem_consensus::{
    Application, Certificate, Origin, PrivateKey, ReceivedBlock, ValidatorAddress, Verdict,
};
use tandem_node::{Executor, PoolLimits};
use tandem_stf::InvalidBlock;
use tandem_storage::simulation::SimulatedFiles;
use tandem_system::Validator;
use tandem_testkit::Harness;
use tandem_types::{Block, BlockTime, Height, Round};

const STEP_MAX_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 3_600_000;

fn clock() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A chain that began at `time`, and a node on it whose key is the only validator's.
fn chain_from(time: u64) -> (Harness, Executor) {
    let key = PrivateKey::from_seed([7; 32]).public_key();
    let mut genesis = tandem_testkit::genesis();
    genesis.time = BlockTime(time);
    genesis.system.parameters.time_step_max_ms = STEP_MAX_MS;
    genesis.system.validators = vec![Validator { public_key: *key.as_bytes(), power: 1 }];
    let files = Arc::new(SimulatedFiles::new(1));
    let config = tandem_storage::Config::new([1; 16]);
    let proposer = ValidatorAddress::of(&key);
    let opened = tandem_node::open(files, config, PoolLimits::default(), genesis.clone(), proposer).unwrap();
    (Harness::new(genesis), opened.executor)
}

/// An empty block that comes `step_ms` after the last, as another validator would send it.
fn block_after(chain: &Harness, step_ms: u64, origin: Origin) -> ReceivedBlock {
    let mut chain = chain.clone();
    chain.step_ms = step_ms;
    let block = chain.build(&[], &[]).expect("a block can be built").block;
    received(&block, origin)
}

fn received(block: &Block, origin: Origin) -> ReceivedBlock {
    ReceivedBlock {
        height: block.header.height,
        round: Round(1),
        proposer: ValidatorAddress(block.header.proposer.0),
        origin,
        id: tandem_stf::block_id(&block.header),
        bytes: block.to_bytes().into(),
    }
}

#[test]
fn a_block_ahead_of_the_clock_gets_no_vote_however_it_is_proposed() {
    let origins = [Origin::FirstProposal, Origin::Reproposal(Round(0)), Origin::Synced];
    // A minute ahead of the clock: wrong for voters, and nothing that the rules could see.
    for (ahead_ms, votes) in [(0, [true, true, true]), (60_000, [false, false, true])] {
        for (origin, vote) in origins.into_iter().zip(votes) {
            let (chain, mut node) = chain_from(clock() - 10_000);
            let block = block_after(&chain, 10_000 + ahead_ms, origin);
            let verdict = node.validate(&block).unwrap();
            assert_eq!(verdict == Verdict::Valid, vote, "{ahead_ms} {origin:?}: {verdict:?}");
        }
    }
}

/// Makes a block final without asking for votes.
fn decide(node: &mut Executor, block: &ReceivedBlock) {
    let certificate = Certificate::new(block.height, block.round, block.id, Vec::new());
    node.decide(&certificate).unwrap();
}

/// The time of the block that the node builds next, which then is final.
fn build(node: &mut Executor, height: u64) -> u64 {
    let proposed = node.propose(Height(height), Round(0)).unwrap();
    let block = Block::from_bytes(&proposed.bytes).unwrap();
    decide(node, &received(&block, Origin::FirstProposal));
    block.header.time.0
}

#[test]
fn a_chain_that_stood_still_catches_up_step_by_step() {
    let began = clock() - 10 * DAY_MS;
    let (chain, mut node) = chain_from(began);
    let first = block_after(&chain, 1, Origin::Synced);
    assert_eq!(node.validate(&first).unwrap(), Verdict::Valid);
    decide(&mut node, &first);
    for height in 2..5 {
        assert_eq!(build(&mut node, height), began + 1 + (height - 1) * STEP_MAX_MS);
    }
}

#[test]
fn the_first_block_has_the_clocks_time_however_old_the_genesis_is() {
    let (_, mut node) = chain_from(clock() - 10 * DAY_MS);
    let before = clock();
    let time = build(&mut node, 1);
    assert!((before..=clock()).contains(&time));
}

#[test]
fn a_block_that_steps_too_far_is_invalid_whoever_says_that_it_is_final() {
    let began = clock() - 10 * DAY_MS;
    let (chain, mut builder) = chain_from(began);
    let (_, mut judge) = chain_from(began);
    let first = block_after(&chain, 1, Origin::Synced);
    for node in [&mut builder, &mut judge] {
        assert_eq!(node.validate(&first).unwrap(), Verdict::Valid);
        decide(node, &first);
    }
    let good = Block::from_bytes(&builder.propose(Height(2), Round(0)).unwrap().bytes).unwrap();
    let mut bad = good.clone();
    bad.header.time = bad.header.time.plus_ms(1);
    let wrong_time = Verdict::Invalid { reason: InvalidBlock::Header("time").to_string() };
    for (block, verdict) in [(bad, wrong_time), (good, Verdict::Valid)] {
        assert_eq!(judge.validate(&received(&block, Origin::Synced)).unwrap(), verdict);
    }
}
