//! Valid blocks, changed a little: each is invalid and changes no entry and no root, or it is the block itself.
//!
//! Changes are structural (transactions dropped, doubled, swapped) or of single bytes, so that many pass the checks that
//! need no state. What stays the same after a refusal is asserted by [`Harness::propose`].
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tandem_codec::{Decode, Encode};
use tandem_fuzz::{Choices, mutate};
use tandem_testkit::{BTC, Harness, PURR, Signer, USD, buy, evm_transfer, place, sell, send};
use tandem_types::{Block, Header};

/// A chain after a block of resting orders, and a good next block.
static START: LazyLock<(Harness, Block)> = LazyLock::new(|| {
    let mut chain = Harness::default();
    let wallets = [1, 2, 3].map(Signer::wallet);
    let resting = place(&[buy(BTC, "50000", "0.01"), sell(PURR, "0.2", "900")]);
    chain.act(&wallets[0], &resting);
    let before = chain.clone();
    let nonce = chain.nonce();
    let mut actions = vec![
        chain.sign(&wallets[1], &place(&[sell(BTC, "50000", "0.004"), buy(PURR, "0.2", "100")])),
        chain.sign(&wallets[2], &send(&wallets[0].address(), USD, "5", nonce)),
        chain.sign(&wallets[0], &place(&[buy(BTC, "49000", "0.01")])),
    ];
    actions.sort_by_key(tandem_exchange::Transaction::class);
    let built = chain.build(&actions, &[evm_transfer(&wallets[0], 0, [9; 20], 1)]).expect("a good block");
    (before, built.block)
});

fuzz_target!(|data: &[u8]| {
    let (chain, block) = &*START;
    let (mut chain, mut changed) = (chain.clone(), block.clone());
    change(&mut changed, &mut Choices::new(data));
    match chain.propose(&changed) {
        Ok(_) => assert_eq!(changed, *block, "one block follows from one header and body"),
        Err(_) => drop(chain.propose(block).expect("the good block still applies")),
    }
});

/// Changes a block as the choices say.
fn change(block: &mut Block, choices: &mut Choices<'_>) {
    while !choices.is_over() {
        let what = choices.below(8);
        let lists = [&mut block.body.actions, &mut block.body.evm_transactions];
        let list = lists.into_iter().nth(usize::from(choices.below(2))).expect("one of two");
        let count = u16::try_from(list.len()).unwrap_or(255).clamp(1, 255);
        let (one, other) = (usize::from(choices.below(count)), usize::from(choices.below(count)));
        match what {
            0 if one < list.len() => drop(list.remove(one)),
            1 if one < list.len() => list.push(list[one].clone()),
            2 if one < list.len() && other < list.len() => list.swap(one, other),
            3 if one < list.len() => mutate(&mut list[one], choices.take(4)),
            4 => mutate(&mut block.body.last_commit, choices.take(4)),
            5 => block.header.time.0 = block.header.time.0.wrapping_add(u64::from(choices.byte())),
            _ => change_header(&mut block.header, choices.take(3)),
        }
    }
}

/// Changes a byte of a header; its length stays, so that it stays a header.
fn change_header(header: &mut Header, script: &[u8]) {
    let mut bytes = header.to_bytes();
    if let [high, low, byte] = script {
        mutate(&mut bytes, &[0, *high, *low, *byte]);
    }
    if let Ok(changed) = Header::from_bytes(&bytes) {
        *header = changed;
    }
}
