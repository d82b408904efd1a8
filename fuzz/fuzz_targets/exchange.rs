//! Everything that traders do: orders of every kind in batches, cancels by either id, modifications, schedules, agents,
//! transfers, leverage and margin, vaults and referrals, by several accounts and their keys, also such as have several
//! keys of which some or too few sign, on spot and perpetual markets, with what is sent twice or too late, while prices
//! move and time passes.
//!
//! The oracle is [`Harness::block`](tandem_testkit::Harness::block): each block is built, checked, applied again, applied
//! from its witness, undone and followed, and totals and invariants hold after it. Most blocks have one action, so that
//! these hold after each. No action is executed twice, and signers, nonces and agents agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tandem_fuzz::Choices;
use tandem_fuzz::signers::{Decided, assert_signers};
use tandem_fuzz::trading::Trading;

const BLOCKS_MAX: usize = 24;
static START: LazyLock<Trading> = LazyLock::new(Trading::default);

fuzz_target!(|data: &[u8]| {
    let (mut trading, mut decided) = (START.clone(), Decided::default());
    let mut choices = Choices::new(data);
    for _ in 0..BLOCKS_MAX {
        if choices.is_over() {
            return;
        }
        trading.pass_time(&mut choices);
        let count = choices.pick(&[1, 1, 1, 1, 2, 4, 8, 0]);
        let transactions: Vec<_> = (0..count).filter_map(|_| trading.transaction(&mut choices)).collect();
        let evm = trading.evm(&mut choices);
        let step = trading.chain.block(&transactions, &evm);
        assert_eq!(
            step.receipts().len() + step.refused.len(),
            transactions.len(),
            "each is taken or refused"
        );
        step.receipts().iter().for_each(|receipt| decided.add(receipt.tx));
        assert_signers(&trading.chain.chain.tables.exchange);
    }
});
