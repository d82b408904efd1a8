//! Blocks executed again: the good ones give their roots, and a changed byte is named by its height.

use tandem_codec::{Decode, Encode};
use tandem_consensus::{Certificate, CommitSignature, Domain, PrivateKey, ValidatorAddress, Vote, VoteKind};
use tandem_node::{BlockFault, Reexecution, ReexecutionError, consensus_domain, identity};
use tandem_stf::{Builder, CheckedEvmTx, Genesis, Outcome, block_id};
use tandem_system::Validator;
use tandem_testkit::{BTC, Signer, buy, evm_transfer, place, sell};
use tandem_types::{Address, Block, Height, Round};

/// Milliseconds from block to block.
const STEPS: [u64; 3] = [100; 3];

/// Blocks with their certificates, in their encodings.
type Encoded = Vec<(Vec<u8>, Vec<u8>)>;

/// The validator that decides alone.
fn strong() -> PrivateKey {
    PrivateKey::from_seed([9; 32])
}

/// The validator whose vote counts for little.
fn weak() -> PrivateKey {
    PrivateKey::from_seed([8; 32])
}

fn genesis() -> Genesis {
    let mut genesis = tandem_testkit::genesis();
    let validator = |key: PrivateKey, power| Validator { public_key: *key.public_key().as_bytes(), power };
    genesis.system.validators = vec![validator(strong(), 9), validator(weak(), 1)];
    // Every block is an EVM block, so that all of them carry all there is.
    genesis.system.parameters.evm_interval = 1;
    genesis
}

fn domain(genesis: &Genesis) -> Domain {
    consensus_domain(genesis.hash(), genesis.system.parameters.chain_id)
}

fn certify(block: &Block, key: &PrivateKey, domain: &Domain) -> Vec<u8> {
    let (height, round, id) = (block.header.height, Round(0), block_id(&block.header));
    let address = ValidatorAddress::of(&key.public_key());
    let vote = Vote { kind: VoteKind::Precommit, height, round, block: Some(id), validator: address };
    let signature = domain.sign_vote(vote, key).signature;
    let signature = CommitSignature { validator: address, signature, extension: None };
    Certificate::new(height, round, id, vec![signature]).to_bytes()
}

/// A chain of blocks that trade and send, each decided by the strong validator.
fn chain(steps: [u64; 3]) -> Encoded {
    let genesis = genesis();
    let (network, domain) = (identity(&genesis).network, domain(&genesis));
    let (mut chain, mut parent) = genesis.chain().expect("a good genesis");
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    let mut blocks: Encoded = Vec::new();
    for (number, step_ms) in (0..).zip(steps) {
        let nonce = genesis.time.0 + number;
        let actions = [
            maker.transaction(&place(&[buy(BTC, "50000", "0.01")]), nonce, &network),
            taker.transaction(&place(&[sell(BTC, "50000", "0.004")]), nonce, &network),
        ];
        let transfers: [CheckedEvmTx; 1] = [evm_transfer(&maker, number, [9; 20], 1)];
        let builder = Builder {
            parent: &parent,
            time: parent.time.plus_ms(step_ms),
            proposer: Address(ValidatorAddress::of(&strong().public_key()).0),
            last_commit: blocks.last().map_or(&[], |(_, certificate)| certificate),
            price_reports: &[],
            actions: &actions,
            shares: None,
            evm_transactions: &transfers,
            action_bytes_max: usize::MAX,
            evm_bytes_max: usize::MAX,
        };
        let built = builder.build(&mut chain).expect("a good block");
        assert_eq!((built.block.body.actions.len(), built.block.body.evm_transactions.len()), (2, 1));
        parent = built.outcome.header;
        blocks.push((built.block.to_bytes(), certify(&built.block, &strong(), &domain)));
    }
    blocks
}

/// Executes the blocks; the last's outcome, or what was wrong.
fn execute(blocks: &[(Vec<u8>, Vec<u8>)]) -> Result<Option<Outcome>, ReexecutionError> {
    let mut again = Reexecution::new(&genesis()).expect("a good genesis");
    let mut last = None;
    for (block, certificate) in blocks {
        last = Some(again.execute(block, certificate)?);
    }
    Ok(last)
}

#[test]
fn decided_blocks_give_their_roots_again() {
    let blocks = chain(STEPS);
    let head = Block::from_bytes(&blocks.last().unwrap().0).unwrap().header;
    assert_eq!(execute(&blocks).unwrap().unwrap().header, head);
}

#[test]
fn every_changed_byte_is_named_by_its_height() {
    let good = chain(STEPS);
    let at = 1;
    for certificate in [false, true] {
        let bytes = if certificate { good[at].1.len() } else { good[at].0.len() };
        for byte in 0..bytes {
            let mut blocks = good.clone();
            let part = if certificate { &mut blocks[at].1 } else { &mut blocks[at].0 };
            part[byte] ^= 0x11;
            let error = execute(&blocks[..=at]).expect_err("a changed byte");
            assert_eq!(error.height, Height(2), "byte {byte} of the certificate: {certificate}");
            assert!(error.to_string().starts_with("block 2: "), "{error}");
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let (good, other) = (chain(STEPS), chain([100, 200, 100]));
    let changed = |change: &dyn Fn(&mut Encoded)| {
        let mut blocks = good.clone();
        change(&mut blocks);
        execute(&blocks).expect_err("a change").to_string()
    };
    let header = |change: &dyn Fn(&mut Block)| {
        changed(&|blocks: &mut Encoded| {
            let mut block = Block::from_bytes(&blocks[1].0).unwrap();
            change(&mut block);
            blocks[1].0 = block.to_bytes();
        })
    };
    let certified = |key: PrivateKey| {
        changed(&|blocks: &mut Encoded| {
            let block = Block::from_bytes(&blocks[2].0).unwrap();
            blocks[2].1 = certify(&block, &key, &domain(&genesis()));
        })
    };
    let rows = [
        (header(&|block| block.header.core_root.0[0] ^= 1), "block 2: header field core_root is wrong"),
        (header(&|block| block.header.height.0 = 7), "block 2: header field height is wrong"),
        (header(&|block| drop(block.body.actions.pop())), "block 2: header field "),
        (header(&|block| block.body.last_commit.clear()), "block 2: the certificate of its parent: "),
        (changed(&|blocks| blocks[1].0 = other[1].0.clone()), "block 2: its certificate: is of block "),
        (changed(&|blocks| drop(blocks.remove(1))), "block 2: the certificate of its parent: is of block "),
        (changed(&|blocks| drop(blocks.remove(0))), "block 1: the certificate of its parent: is there"),
        (changed(&|blocks| blocks.swap(1, 2)), "block 2: the certificate of its parent: is of block "),
        (certified(weak()), "block 3: its certificate: signers have 1 of 10 voting power"),
        (certified(PrivateKey::from_seed([7; 32])), "block 3: its certificate: signer "),
        (changed(&|blocks| blocks[2].1.clear()), "block 3: its certificate: "),
    ];
    for (said, expected) in rows {
        assert!(said.starts_with(expected), "{said:?} instead of {expected:?}");
    }
}

#[test]
fn another_genesis_is_another_chain() {
    let blocks = chain(STEPS);
    let mut other = genesis();
    other.time.0 += 1;
    let mut again = Reexecution::new(&other).expect("a good genesis");
    let error = again.execute(&blocks[0].0, &blocks[0].1).expect_err("blocks of another chain");
    assert!(matches!(error.fault, BlockFault::Invalid(_)), "{error}");
}
