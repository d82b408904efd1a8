//! Orders with an expiry: when they end, and that a flood of them leaves blocks in time.

use tandem_exchange::action::{Order, OrderKind, TimeInForce};
use tandem_exchange::{
    AccountOrder, CANCEL_WORK, CloseReason, EXPIRIES_PER_BLOCK, EXPIRY_WORK, Event, Expiry, ItemStatus,
    OrderInfo, Rejection,
};
use tandem_state::Tables;
use tandem_testkit::{Harness, PURR, Signer, Step, buy, cancel, genesis, modify, place, sell};
use tandem_types::{BlockTime, OrderId, PriceRank, SizeLots};

const fn until(time: BlockTime, order: Order) -> Order {
    Order { expires: Some(time), ..order }
}

const fn with(time_in_force: TimeInForce, order: Order) -> Order {
    Order { kind: OrderKind::Limit(time_in_force), ..order }
}

fn resting(step: &Step) -> OrderId {
    match step.items(0) {
        [ItemStatus::Resting { id, .. }] => *id,
        other => panic!("not resting: {other:?}"),
    }
}

/// The orders that ended for their expiry, by whatever met them.
fn expired(step: &Step) -> Vec<OrderId> {
    let events = step.receipts().iter().flat_map(|receipt| &receipt.events);
    let closed = events.chain(&step.outcome.receipts.due).filter_map(|event| match event {
        Event::Closed { id, reason: CloseReason::Expired, .. } => Some(*id),
        _ => None,
    });
    closed.collect()
}

/// What a block does to an ask with an expiry `ahead` ms after it was placed, `late` ms after.
#[test]
fn an_order_trades_before_its_expiry_and_not_from_it_on() {
    for (ahead, late, trades) in [(200, 100, true), (200, 200, false), (200, 300, false), (1, 100, false)] {
        let mut chain = Harness::default();
        let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
        let ask = until(chain.now().plus_ms(ahead), sell(PURR, "1", "20"));
        let id = resting(&chain.act(&maker, &place(&[ask])));
        chain.step_ms = late;
        let step = chain.act(&taker, &place(&[with(TimeInForce::Ioc, buy(PURR, "1", "20"))]));
        let sold = matches!(step.items(0), [ItemStatus::Filled { size: SizeLots(20), .. }]);
        assert_eq!(sold, trades, "{ahead} {late}: {:?}", step.items(0));
        assert_eq!(expired(&step), if trades { vec![] } else { vec![id] });
        assert_eq!(chain.balance(&maker, PURR).hold.0, 0);
    }
}

#[test]
fn an_order_whose_time_is_up_on_arrival_is_refused() {
    let mut chain = Harness::default();
    let trader = Signer::wallet(1);
    for time_in_force in TimeInForce::ALL {
        let order = with(*time_in_force, until(chain.now(), sell(PURR, "1", "20")));
        assert_eq!(chain.act(&trader, &place(&[order])).rejection(0), Rejection::AlreadyExpired);
    }
    let id = resting(&chain.act(&trader, &place(&[sell(PURR, "1", "20")])));
    let order = until(chain.now(), sell(PURR, "1", "15"));
    assert_eq!(chain.act(&trader, &modify(id, order)).rejection(0), Rejection::AlreadyExpired);
}

#[test]
fn an_expired_order_leaves_without_being_met_and_frees_what_stood_behind_it() {
    let mut chain = Harness::default();
    let trader = Signer::wallet(1);
    let at = chain.now().plus_ms(200);
    let orders = [until(at, with(TimeInForce::Alo, buy(PURR, "1", "20"))), until(at, sell(PURR, "2", "20"))];
    let step = chain.act(&trader, &place(&orders));
    assert!(matches!(step.items(0), [ItemStatus::Resting { .. }, ItemStatus::Resting { .. }]));
    assert_eq!(expired(&chain.empty()), []);
    assert_eq!(expired(&chain.empty()), [OrderId(0), OrderId(1)]);
    assert!(chain.chain.tables.exchange.account_orders.is_empty());
}

#[test]
fn another_expiry_replaces_an_order_and_the_same_keeps_its_place() {
    let mut chain = Harness::default();
    let trader = Signer::wallet(1);
    let at = chain.now().plus_ms(60_000);
    let id = resting(&chain.act(&trader, &place(&[until(at, sell(PURR, "1", "20"))])));
    let smaller = until(at, sell(PURR, "1", "15"));
    assert_eq!(resting(&chain.act(&trader, &modify(id, smaller))), id);
    let later = until(at.plus_ms(1), sell(PURR, "1", "12"));
    assert_ne!(resting(&chain.act(&trader, &modify(id, later))), id);
    let [(key, ())] = rows(&chain)[..] else { panic!("one expires") };
    assert_eq!(key.time, at.0 + 1);
}

fn rows(chain: &Harness) -> Vec<(Expiry, ())> {
    let all = Expiry::due_until(BlockTime(u64::MAX));
    chain
        .chain
        .tables
        .exchange
        .expiries
        .peek_first(&Expiry::START, &all)
        .map(|(key, ())| (*key, ()))
        .into_iter()
        .collect()
}

/// Gives an account many orders that expire at one instant, as many actions would have.
fn flood(chain: &mut Harness, trader: &Signer, count: u64, at: BlockTime) {
    let account = chain.account(&trader.address());
    let template = {
        let step = chain.act(trader, &place(&[until(at, sell(PURR, "1", "10"))]));
        let key = AccountOrder { account, id: resting(&step) };
        *chain.chain.tables.exchange.account_orders.peek(&key).unwrap()
    };
    let exchange = &mut chain.chain.tables.exchange;
    let mut counters = *exchange.counters.peek(&()).unwrap();
    let balance = tandem_exchange::BalanceKey { account, token: PURR };
    for _ in 0..count {
        let id = counters.order;
        let info =
            OrderInfo { price: PriceRank(template.price.0 + u32::try_from(id.0 % 900).unwrap()), ..template };
        let key = tandem_book::OrderKey::new(info.market, info.side, info.price, id);
        exchange
            .orders
            .put(key, tandem_book::Order { owner: tandem_book::Owner(account.0), remaining: info.size });
        exchange.account_orders.put(AccountOrder { account, id }, info);
        exchange.expiries.put(Expiry { time: at.0, account, id }, ());
        counters.order = id.next().unwrap();
    }
    exchange.counters.put((), counters);
    exchange.accounts.update(&account, |account| account.open_orders += u32::try_from(count).unwrap());
    let atoms = 10 * 100_000 * count;
    exchange.balances.update(&balance, |balance| balance.hold.0 += atoms);
    chain.chain.tables.seal();
    chain.chain.rebuild_trees().unwrap();
    chain.parent.core_root = chain.chain.core_root();
}

#[test]
fn a_hundred_thousand_expiries_at_one_instant_leave_blocks_in_time_and_none_trades() {
    const FLOOD: u64 = 100_000;
    let mut genesis = genesis();
    genesis.exchange.config.open_orders_max = 200_000;
    let mut chain = Harness::new(genesis);
    let (many, taker) = (Signer::wallet(1), Signer::wallet(2));
    let at = chain.now().plus_ms(10_000);
    flood(&mut chain, &many, FLOOD, at);
    let account = chain.account(&many.address());

    // All are dead at once, whatever the sweep has reached: a taker of everything gets nothing.
    chain.step_ms = at.0 - chain.parent.time.0;
    let step = chain.act(&taker, &place(&[with(TimeInForce::Ioc, buy(PURR, "2", "100"))]));
    assert!(step.receipts()[0].events.iter().all(|event| !matches!(event, Event::Trade(_))));
    assert!(step.outcome.receipts.due.len() as u64 <= u64::from(EXPIRIES_PER_BLOCK));

    // Its owner may still take one out by hand, but not change it.
    chain.step_ms = 100;
    let last = OrderId(FLOOD);
    let by_hand = [cancel(PURR, &[last]), modify(OrderId(FLOOD - 1), sell(PURR, "1", "9"))];
    let signed = by_hand.map(|action| chain.sign(&many, &action));
    let built = chain.build(&signed, &[]).unwrap();
    let receipts = &built.outcome.receipts.actions;
    assert_eq!(receipts[0].result, Ok(vec![ItemStatus::Done]));
    assert_eq!(receipts[1].result, Ok(vec![ItemStatus::Rejected(Rejection::ModifyUnknownOrder)]));
    chain.parent = built.block.header;

    let mut blocks = 2;
    while !chain.chain.tables.exchange.expiries.is_empty() {
        let before = chain.chain.tables.exchange.expiries.len();
        let built = chain.build(&[], &[]).unwrap();
        let taken = before - chain.chain.tables.exchange.expiries.len();
        assert!(taken <= EXPIRIES_PER_BLOCK as usize);
        assert_eq!(built.outcome.receipts.due.len(), taken);
        chain.parent = built.block.header;
        blocks += 1;
    }
    assert!(blocks <= FLOOD.div_ceil(u64::from(EXPIRIES_PER_BLOCK)) + 1, "{blocks} blocks");
    assert_eq!(chain.chain.tables.exchange.accounts.peek(&account).unwrap().open_orders, 0);
    assert_eq!(chain.balance(&many, PURR).hold.0, 0);
    let work = u64::from(EXPIRIES_PER_BLOCK) * (EXPIRY_WORK.0 + CANCEL_WORK.0);
    assert!(work <= 4_000_000, "a block's worth of them fits into the phase");
}
