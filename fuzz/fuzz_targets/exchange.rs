//! Blocks of orders, cancels, modifications and transfers by five traders.
//!
//! The oracle is [`Harness::block`]: each block is built, checked, applied again, applied from its witness, undone and
//! followed, and the exchange's totals and invariants hold after it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tandem_exchange::action::{Action, Order, OrderKind, TimeInForce};
use tandem_fuzz::Choices;
use tandem_testkit::{BTC, Harness, PURR, Signer, USD, buy, cancel, modify, place, sell, send};
use tandem_types::{OrderId, TokenId};

const BLOCKS_MAX: usize = 12;
static START: LazyLock<Harness> = LazyLock::new(Harness::default);

fuzz_target!(|data: &[u8]| {
    let mut chain = START.clone();
    let mut choices = Choices::new(data);
    for _ in 0..BLOCKS_MAX {
        if choices.is_over() {
            return;
        }
        let transactions: Vec<_> = (0..=choices.below(4))
            .map(|_| {
                let signer = Signer::wallet(1 + u8::try_from(choices.below(5)).expect("below 5"));
                let nonce = chain.nonce();
                let action = action(&mut choices, nonce);
                chain.sign(&signer, &action)
            })
            .collect();
        chain.block(&transactions, &[]);
    }
});

fn action(choices: &mut Choices<'_>, nonce: u64) -> Action {
    let base = choices.pick(&[BTC, PURR]);
    let id = OrderId(u64::from(choices.below(64)));
    match choices.below(8) {
        0 => cancel(base, &[id]),
        1 => modify(id, order(choices, base)),
        2 => {
            let to = Signer::wallet(1 + u8::try_from(choices.below(7)).expect("below 7"));
            let amount = thousandths(u32::from(choices.byte()) * 250);
            send(&to.address(), choices.pick(&[USD, BTC, PURR]), &amount, nonce)
        }
        3 => place(&[order(choices, base), order(choices, base)]),
        _ => place(&[order(choices, base)]),
    }
}

/// An order near the middle of its market, so that many cross.
fn order(choices: &mut Choices<'_>, base: TokenId) -> Order {
    let (step, lots) = (choices.below(16), choices.byte());
    let (price, size) = if base == BTC {
        (format!("{}", 50_000 + step), thousandths(u32::from(lots)))
    } else {
        (thousandths(200 + u32::from(step)), format!("{}", u32::from(lots) * 10))
    };
    let make = choices.pick(&[buy, sell]);
    let stay = choices.pick(&[TimeInForce::Gtc, TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Alo]);
    Order { kind: OrderKind::Limit(stay), ..make(base, &price, &size) }
}

/// A decimal as clients must spell it: no zero stands last after the point.
fn thousandths(count: u32) -> String {
    let text = format!("{}.{:03}", count / 1_000, count % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
