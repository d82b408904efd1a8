//! A hundred thousand orders that one price passes: blocks stay within their limits, and what comes of it is what firing
//! all at once would have made.

use tandem_exchange::action::{Order, Tpsl};
use tandem_exchange::trigger::{Direction, DueTriggers, Stage, TriggerKey, TriggerOrder};
use tandem_exchange::{AccountOrder, Event, Rejection};
use tandem_state::Tables;
use tandem_testkit::{ETH, Harness, Signer, as_limit, perp_genesis, place, sell_perp, waiting};
use tandem_types::{AccountId, OrderId, PriceRank, PriceScale, PriceTicks, SizeLots};

const FLOOD: u64 = 100_000;
/// Work of due triggers in a block over that of one that rests: waiting, order, and one position margined.
const PER_BLOCK: usize = 8_000_000 / 8_150;

/// Gives an account many stops between 1,800 and 1,990, as many actions would have; each sells 0.01 at 2,100.
fn flood(chain: &mut Harness, account: AccountId) {
    let exchange = &mut chain.chain.tables.exchange;
    let mut counters = *exchange.counters.peek(&()).unwrap();
    for nth in 0..FLOOD {
        let id = counters.order;
        let price = PriceTicks(21_000_000);
        let order = TriggerOrder {
            market: ETH,
            side: tandem_book::Side::Ask,
            price: PriceRank::from_ticks(price, PriceScale::new(4).unwrap()).unwrap(),
            size: Some(SizeLots(1)),
            tpsl: Tpsl::StopLoss,
            // Neither ascending nor descending.
            trigger: PriceTicks(18_000_000 + nth * 7_919 % 1_900 * 1_000),
            is_market: false,
            reduce_only: false,
            cloid: None,
            self_trade_prevention: None,
            expires: None,
            time: chain.parent.time,
            group: None,
            stage: Stage::Price,
        };
        exchange.triggers.put(order.key(id), account);
        exchange.trigger_orders.put(AccountOrder { account, id }, order);
        counters.order = id.next().unwrap();
    }
    exchange.counters.put((), counters);
    exchange.accounts.update(&account, |account| account.open_orders += u32::try_from(FLOOD).unwrap());
    chain.chain.tables.seal();
    chain.chain.rebuild_trees().unwrap();
    chain.parent.core_root = chain.chain.core_root();
}

/// The orders that wait, in the order in which a falling mark meets them.
fn as_met(chain: &Harness) -> Vec<OrderId> {
    let run = DueTriggers { market: ETH, direction: Direction::Falls };
    let (mut from, to) = (TriggerKey::first(run), TriggerKey::last_passed(run, PriceTicks(0)));
    let mut found = Vec::new();
    while let Some((key, account)) = chain.chain.tables.exchange.triggers.peek_first(&from, &to) {
        let order =
            chain.chain.tables.exchange.trigger_orders.peek(&AccountOrder { account: *account, id: key.id });
        found.push((key.id, order.unwrap().trigger));
        from = TriggerKey::new(run, order.unwrap().trigger, key.id.next().unwrap());
    }
    assert!(found.is_sorted_by_key(|(id, price)| (u64::MAX - price.0, *id)));
    found.into_iter().map(|(id, _)| id).collect()
}

fn fired(events: &[Event]) -> Vec<(OrderId, OrderId)> {
    let triggered = events.iter().filter_map(|event| match event {
        Event::Triggered { id, becomes, .. } => Some((*id, *becomes)),
        _ => None,
    });
    triggered.collect()
}

#[test]
fn a_hundred_thousand_triggers_at_one_instant_leave_blocks_in_time_and_fire_in_order() {
    let mut genesis = perp_genesis();
    genesis.exchange.config.open_orders_max = 200_000;
    let mut chain = Harness::trading(genesis);
    let (trader, other) = (Signer::wallet(1), Signer::wallet(2));
    chain.deposit(&trader, "200000");
    chain.deposit(&other, "1000");
    let account = chain.account(&trader.address());
    flood(&mut chain, account);
    let expected = as_met(&chain);
    assert_eq!(expected.len() as u64, FLOOD);

    // One price passes them all; it is back at once, and they still fire.
    chain.set_oracle(ETH, 17_900_000);
    let step = chain.empty();
    let mut all = fired(&step.outcome.receipts.due);
    assert!(!all.is_empty() && all.len() <= PER_BLOCK, "{} in the first block", all.len());
    chain.set_oracle(ETH, 20_000_000);
    let inside: Order = as_limit(waiting(sell_perp(ETH, "2100", "1"), "1900", Tpsl::StopLoss));
    let below = as_limit(waiting(sell_perp(ETH, "2100", "1"), "1789", Tpsl::StopLoss));
    let signed = [inside, below].map(|order| chain.sign(&other, &place(&[order])));
    let built = chain.build(&signed, &[]).unwrap();
    let refused = built.outcome.receipts.actions[0].result.as_ref().unwrap();
    assert_eq!(refused[..], [tandem_exchange::ItemStatus::Rejected(Rejection::BadTriggerPrice)]);
    all.extend(fired(&built.outcome.receipts.due));
    chain.parent = built.block.header;

    let mut blocks = 2;
    while !chain.chain.tables.exchange.due_triggers.is_empty() {
        let built = chain.build(&[], &[]).unwrap();
        let some = fired(&built.outcome.receipts.due);
        assert!(some.len() <= PER_BLOCK);
        all.extend(some);
        chain.parent = built.block.header;
        blocks += 1;
    }
    assert!(blocks <= FLOOD as usize / (PER_BLOCK - 20) + 2, "{blocks} blocks");
    assert!(all.iter().map(|(id, _)| id).eq(&expected), "as the mark met them");
    assert!(all.is_sorted_by_key(|(_, becomes)| *becomes));
    assert_eq!(chain.chain.tables.exchange.trigger_orders.len(), 1, "the one below waits");
    assert!(chain.chain.tables.exchange.trigger_cursor.is_empty());
    let position = chain.position(&trader, ETH).unwrap();
    assert_eq!(position.asks.0, FLOOD, "all rest");
}
