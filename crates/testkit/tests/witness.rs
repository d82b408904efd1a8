//! Witnesses that are short, or false: the first name what they lack, the second do not open.

use tandem_codec::{Decode, Encode};
use tandem_evm::EvmTables;
use tandem_exchange::{BalanceKey, ExchangeTables, TREASURY};
use tandem_state::{Prefix, ReadSet};
use tandem_stf::{InvalidBlock, Witness, WitnessError, apply_block};
use tandem_testkit::{BTC, Harness, PURR, Signer, Step, USD, buy, evm_transfer, place, sell};
use tandem_types::{Address, Header};

/// A block with trades and an EVM transfer, and the chain before it.
fn busy_block() -> (Harness, Step) {
    let mut chain = Harness::default();
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    chain.act(&maker, &place(&[sell(PURR, "1", "100"), sell(PURR, "1.1", "100"), sell(BTC, "50000", "1")]));
    chain.until_before(10);
    let before = chain.clone();
    let action = chain.sign(&taker, &place(&[buy(PURR, "1.1", "150"), buy(BTC, "40000", "0.1")]));
    let step = chain.block(&[action], &[evm_transfer(&maker, 0, [9; 20], 5)]);
    (before, step)
}

fn run(chain: &Harness, witness: &Witness, step: &Step) -> Result<(), InvalidBlock> {
    let checked = chain.check(&step.block).unwrap();
    let mut partial = witness.open(&chain.parent).expect("this witness opens");
    apply_block(&mut partial, &chain.parent, &checked).map(|outcome| assert_eq!(outcome, step.outcome))
}

#[test]
fn each_key_and_range_is_needed_and_its_absence_is_named() {
    let (before, step) = busy_block();
    assert_eq!(run(&before, &step.witness, &step), Ok(()));
    for at in 0..step.witness.reads.keys.len() {
        let mut short = step.witness.clone();
        let key = short.reads.keys.remove(at);
        match run(&before, &short, &step) {
            Err(InvalidBlock::MissingWitness(missing)) => {
                let named = missing.keys.contains(&key)
                    || missing.ranges.iter().any(|(from, to)| *from <= key && key <= *to);
                assert!(named, "{key:02x?} is not named in {missing:02x?}");
            }
            other => panic!("without {key:02x?}: {other:?}"),
        }
    }
    for at in 0..step.witness.reads.ranges.len() {
        let mut short = step.witness.clone();
        let (from, to) = short.reads.ranges.remove(at);
        match run(&before, &short, &step) {
            Err(InvalidBlock::MissingWitness(missing)) => {
                let touches = |a: &Vec<u8>, b: &Vec<u8>| *a <= to && from <= *b;
                let named = missing.ranges.iter().any(|(a, b)| touches(a, b))
                    || missing.keys.iter().any(|key| touches(key, key));
                assert!(named, "{from:02x?} to {to:02x?} is not named in {missing:02x?}");
            }
            other => panic!("without {from:02x?} to {to:02x?}: {other:?}"),
        }
    }
}

#[test]
fn all_that_a_straight_run_misses_is_named_in_one_pass() {
    let (before, step) = busy_block();
    let mut short = step.witness.clone();
    short.reads = ReadSet::default();
    match run(&before, &short, &step) {
        // Without parameters nothing else can be asked.
        Err(InvalidBlock::MissingWitness(missing)) => assert!(!missing.is_empty()),
        other => panic!("{other:?}"),
    }
    let balances = Prefix::new(ExchangeTables::ENGINE, 9).0;
    short.reads = step.witness.reads.clone();
    short.reads.keys.retain(|key| !key.starts_with(&balances));
    let Err(InvalidBlock::MissingWitness(missing)) = run(&before, &short, &step) else { panic!() };
    assert!(missing.keys.iter().any(|key| key.starts_with(&balances)));
}

#[test]
fn an_evm_entry_that_is_not_shown_is_named() {
    let (before, step) = busy_block();
    for address in step.witness.evm.touched.accounts.clone() {
        let mut short = step.witness.clone();
        short.evm.touched.accounts.remove(&address);
        // Code alone still shows that the account is there, but not what it has.
        match run(&before, &short, &step) {
            Err(InvalidBlock::MissingWitness(missing)) => {
                let key = Prefix::new(EvmTables::ENGINE, 1).key(&Address(address.0.0));
                assert!(missing.keys.contains(&key));
            }
            other => panic!("without {address}: {other:?}"),
        }
    }
}

#[test]
fn a_witness_shows_nothing_that_its_proofs_do_not_cover() {
    let (before, step) = busy_block();
    let good = &step.witness;
    let open = |change: &dyn Fn(&mut Witness)| {
        let mut witness = good.clone();
        change(&mut witness);
        witness.open(&before.parent).map(|_| ())
    };
    let balances = Prefix::new(ExchangeTables::ENGINE, 9);
    let stranger = balances.key(&BalanceKey { account: tandem_types::AccountId(4), token: USD });
    let evm_key = Prefix::new(EvmTables::ENGINE, 1).key(&Address([1; 20]));
    let (first, last) = (balances.key(&[0u8; 6]), balances.key(&[0xffu8; 6]));
    let across = Prefix::new(ExchangeTables::ENGINE, 11).key(&[0u8; 12]);
    let rows: [(Vec<u8>, Vec<u8>); 6] = [
        (stranger.clone(), stranger),
        (evm_key.clone(), evm_key),
        (first.clone(), last),
        (first, across),
        (vec![0x10], vec![0x10]),
        (vec![], vec![]),
    ];
    for (from, to) in rows {
        let by_range = open(&|witness| witness.reads.ranges.push((from.clone(), to.clone())));
        assert_eq!(by_range, Err(WitnessError::Range(from.clone(), to.clone())));
        if from == to {
            let by_key = open(&|witness| witness.reads.keys.push(from.clone()));
            assert_eq!(by_key, Err(WitnessError::Key(from.clone())));
        }
    }
    // A key of no table, and of a wrong length, where the proof covers it.
    let treasury = balances.key(&BalanceKey { account: TREASURY, token: USD });
    let longer = [treasury.as_slice(), &[0]].concat();
    assert!(open(&|witness| witness.reads.keys.push(longer.clone())).is_err());
    assert!(open(&|witness| witness.reads.keys.push(vec![0x0f, 9])).is_err());
    // Proofs are of their own tree and of the parent's state.
    assert!(open(&|witness| witness.core_proof = witness.system_proof.clone()).is_err());
    let parent = Header { core_root: tandem_types::CoreRoot([0; 32]), ..before.parent.clone() };
    assert!(matches!(good.open(&parent), Err(WitnessError::Proof(tandem_stf::Domain::Core, _))));
    let parent = Header { system_root: tandem_types::SystemRoot([0; 32]), ..before.parent.clone() };
    assert!(matches!(good.open(&parent), Err(WitnessError::Proof(tandem_stf::Domain::System, _))));
    let parent = Header { evm_root: tandem_types::EvmRoot([0; 32]), ..before.parent.clone() };
    assert!(matches!(good.open(&parent), Err(WitnessError::Evm(_))));
}

#[test]
fn no_changed_byte_of_a_witness_changes_an_outcome() {
    let (before, step) = busy_block();
    let checked = before.check(&step.block).unwrap();
    let bytes = step.witness.to_bytes();
    assert_eq!(Witness::from_bytes(&bytes).as_ref(), Ok(&step.witness));
    for at in (0..bytes.len()).step_by(1 + bytes.len() / 1_500) {
        let mut bad = bytes.clone();
        bad[at] ^= 1 << (at % 8);
        let Ok(witness) = Witness::from_bytes(&bad) else { continue };
        let Ok(mut partial) = witness.open(&before.parent) else { continue };
        match apply_block(&mut partial, &before.parent, &checked) {
            Ok(outcome) => assert_eq!(outcome, step.outcome, "byte {at}"),
            Err(
                InvalidBlock::MissingWitness(_)
                | InvalidBlock::MissingTreeNode(_)
                | InvalidBlock::MissingTrieNode(_),
            ) => {}
            Err(other) => panic!("byte {at} makes a valid block invalid: {other}"),
        }
    }
}

#[test]
fn an_invalid_block_is_invalid_for_the_same_reason_on_partial_state() {
    let (before, step) = busy_block();
    let mut block = step.block.clone();
    block.header.receipts_root.0[0] ^= 1;
    let checked = before.check(&block).unwrap();
    let mut partial = step.witness.open(&before.parent).unwrap();
    assert_eq!(
        apply_block(&mut partial, &before.parent, &checked),
        Err(InvalidBlock::Header("receipts_root"))
    );
}
