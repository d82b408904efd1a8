//! A good witness, changed: it is refused, or it lacks something, or the block has its one outcome on it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tandem_codec::{Decode, Encode};
use tandem_fuzz::mutate;
use tandem_stf::{CheckedBlock, InvalidBlock, Outcome, Witness, apply_block};
use tandem_testkit::{BTC, Harness, Signer, buy, evm_transfer, place, sell};
use tandem_types::Header;

struct Good {
    parent: Header,
    block: CheckedBlock,
    outcome: Outcome,
    witness: Vec<u8>,
}

static GOOD: LazyLock<Good> = LazyLock::new(|| {
    let mut chain = Harness::default();
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    chain.act(&maker, &place(&[buy(BTC, "50000", "0.01")]));
    let parent = chain.parent.clone();
    let action = chain.sign(&taker, &place(&[sell(BTC, "50000", "0.004")]));
    let step = chain.block(&[action], &[evm_transfer(&maker, 0, [9; 20], 1)]);
    let block = chain.check(&step.block).expect("a good block");
    Good { parent, block, outcome: step.outcome, witness: step.witness.to_bytes() }
});

fuzz_target!(|data: &[u8]| {
    let mut bytes = GOOD.witness.clone();
    mutate(&mut bytes, data);
    let Ok(witness) = Witness::from_bytes(&bytes) else { return };
    assert_eq!(witness.to_bytes(), bytes, "a witness has one spelling");
    let Ok(mut chain) = witness.open(&GOOD.parent) else { return };
    match apply_block(&mut chain, &GOOD.parent, &GOOD.block) {
        Ok(outcome) => assert_eq!(outcome, GOOD.outcome, "the same whoever witnesses"),
        Err(
            InvalidBlock::MissingWitness(_)
            | InvalidBlock::MissingTreeNode(_)
            | InvalidBlock::MissingTrieNode(_),
        ) => {}
        Err(other) => panic!("a good block is called invalid: {other}"),
    }
});
