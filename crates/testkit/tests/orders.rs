//! Orders on spot markets, through whole blocks.

use tandem_codec::Encode;
use tandem_exchange::action::{Action, Order, OrderKind, SelfTradePrevention, TimeInForce};
use tandem_exchange::{AccountOrder, CloseReason, Event, ItemStatus, Rejection};
use tandem_testkit::{BTC, Harness, PURR, Signer, Step, USD, buy, cancel, modify, place, price, sell, size};
use tandem_types::{Cloid, OrderId, QuoteAtoms, SizeLots, TokenAtoms};

const fn with(order: Order, time_in_force: TimeInForce) -> Order {
    Order { kind: OrderKind::Limit(time_in_force), ..order }
}

const fn with_cloid(order: Order, number: u8) -> Order {
    Order { cloid: Some(Cloid([number; 16])), ..order }
}

fn wallets() -> (Harness, Signer, Signer) {
    (Harness::default(), Signer::wallet(1), Signer::wallet(2))
}

/// The order that rests after the only item of a block's only action.
fn resting(step: &Step) -> OrderId {
    match step.items(0) {
        [ItemStatus::Resting { id, .. }] => *id,
        other => panic!("not resting: {other:?}"),
    }
}

#[test]
fn an_order_rests_with_its_backing_on_hold_and_fills_with_fees_to_the_treasury() {
    let (mut chain, maker, taker) = wallets();
    let ask = chain.act(&maker, &place(&[sell(BTC, "50000", "0.5")]));
    assert_eq!(ask.items(0), [ItemStatus::Resting { id: OrderId(0), filled: SizeLots(0) }]);
    assert_eq!(chain.balance(&maker, BTC).hold, TokenAtoms(5_000_000_000));

    // 0.2 BTC at 50,000 although 51,000 was offered; 0.07 % of the BTC and 0.04 % of the USD are fees.
    let fill = chain.act(&taker, &place(&[buy(BTC, "51000", "0.2")]));
    let notional = QuoteAtoms(10_000 * 100_000_000);
    assert_eq!(fill.items(0), [ItemStatus::Filled { id: OrderId(1), size: SizeLots(20_000), notional }]);
    assert_eq!(chain.balance(&maker, BTC).hold, TokenAtoms(3_000_000_000));
    assert_eq!(chain.balance(&maker, BTC).total, TokenAtoms(98_000_000_000));
    assert_eq!(chain.balance(&maker, USD).total, TokenAtoms((1_010_000 - 4) * 100_000_000));
    assert_eq!(chain.balance(&taker, USD).total, TokenAtoms(990_000 * 100_000_000));
    assert_eq!(chain.balance(&taker, BTC).total, TokenAtoms(102_000_000_000 - 1_400_000));
    let treasury = |token| {
        let key = tandem_exchange::BalanceKey { account: tandem_exchange::TREASURY, token };
        chain.chain.tables.exchange.balances.peek(&key).unwrap().total
    };
    assert_eq!((treasury(USD), treasury(BTC)), (TokenAtoms(4 * 100_000_000), TokenAtoms(1_400_000)));

    // The rest of the ask goes to a bid that is larger, whose remainder rests.
    let sweep = chain.act(&taker, &place(&[buy(BTC, "50000", "0.4")]));
    assert_eq!(sweep.items(0), [ItemStatus::Resting { id: OrderId(2), filled: SizeLots(30_000) }]);
    assert_eq!(chain.balance(&taker, USD).hold, TokenAtoms(5_000 * 100_000_000));
}

#[test]
fn each_time_in_force_ends_as_it_should() {
    let filled = |size: u64, usd: u64| {
        move |id| ItemStatus::Filled { id, size: SizeLots(size), notional: QuoteAtoms(usd * 100_000_000) }
    };
    let rejected = |why| move |_| ItemStatus::Rejected(why);
    let rests = |filled: u64| move |id| ItemStatus::Resting { id, filled: SizeLots(filled) };
    // Against an ask of 100 PURR at 1 USD: price, size, time in force, end.
    type End = Box<dyn Fn(OrderId) -> ItemStatus>;
    let rows: [(&str, &str, TimeInForce, End); 12] = [
        ("1", "100", TimeInForce::Gtc, Box::new(filled(100, 100))),
        ("1", "150", TimeInForce::Gtc, Box::new(rests(100))),
        ("0.9", "50", TimeInForce::Gtc, Box::new(rests(0))),
        ("1", "50", TimeInForce::Alo, Box::new(rejected(Rejection::PostOnlyWouldCross))),
        ("0.9", "50", TimeInForce::Alo, Box::new(rests(0))),
        ("1", "150", TimeInForce::Ioc, Box::new(filled(100, 100))),
        ("0.9", "150", TimeInForce::Ioc, Box::new(rejected(Rejection::NoMatch))),
        ("1.1", "150", TimeInForce::FrontendMarket, Box::new(filled(100, 100))),
        ("1", "100", TimeInForce::Fok, Box::new(filled(100, 100))),
        ("1", "60", TimeInForce::Fok, Box::new(filled(60, 60))),
        ("1", "101", TimeInForce::Fok, Box::new(rejected(Rejection::FillOrKillUnfilled))),
        ("0.9", "60", TimeInForce::Fok, Box::new(rejected(Rejection::FillOrKillUnfilled))),
    ];
    for (at, of, time_in_force, end) in rows {
        let (mut chain, maker, taker) = wallets();
        chain.act(&maker, &place(&[sell(PURR, "1", "100")]));
        let step = chain.act(&taker, &place(&[with(buy(PURR, at, of), time_in_force)]));
        assert_eq!(step.items(0), [end(OrderId(1))], "{of} at {at} {time_in_force:?}");
    }
}

#[test]
fn self_trades_are_prevented_as_the_taker_chose() {
    use SelfTradePrevention::{CancelBoth, CancelMaker, CancelTaker, Decrement};
    // The taker's own ask of 100 is first in the queue, another's of 100 follows; the taker buys 150.
    // (mode, filled, remaining of the own ask, the bid rests with this)
    let rows = [
        (None, 100, None, Some(50)),
        (Some(CancelMaker), 100, None, Some(50)),
        (Some(CancelTaker), 0, Some(100), None),
        (Some(CancelBoth), 0, None, None),
        (Some(Decrement), 50, None, None),
    ];
    for (mode, filled, own_left, rests) in rows {
        let (mut chain, own, other) = wallets();
        chain.act(&own, &place(&[sell(PURR, "1", "100")]));
        chain.act(&other, &place(&[sell(PURR, "1", "100")]));
        let bid = Order { self_trade_prevention: mode, ..buy(PURR, "1", "150") };
        let step = chain.act(&own, &place(&[bid]));
        match step.items(0) {
            [ItemStatus::Filled { size, .. } | ItemStatus::Resting { filled: size, .. }] => {
                assert_eq!(*size, SizeLots(filled), "{mode:?}");
            }
            other => panic!("{mode:?}: {other:?}"),
        }
        let hold = |token| chain.balance(&own, token).hold;
        assert_eq!(hold(PURR), TokenAtoms(own_left.unwrap_or(0) * 100_000), "{mode:?}");
        assert_eq!(hold(USD), TokenAtoms(rests.unwrap_or(0) * 100_000_000), "{mode:?}");
    }
}

#[test]
fn malformed_orders_are_rejected_by_their_first_fault() {
    let (mut chain, trader, _) = wallets();
    let odd_asset = |mut order: Order, asset| {
        order.asset = tandem_exchange::action::AssetId(asset);
        order
    };
    let rows = [
        (odd_asset(buy(PURR, "1", "100"), 9), Rejection::UnknownAsset),
        (odd_asset(buy(PURR, "1", "100"), 65_536 + 10_000), Rejection::UnknownAsset),
        (Order { reduce_only: true, ..buy(PURR, "1", "100") }, Rejection::ReduceOnlyUnsupported),
        (buy(PURR, "0", "100"), Rejection::PriceZero),
        (buy(BTC, "50000.1", "1"), Rejection::PriceTick),
        (buy(BTC, "1.0001", "100"), Rejection::PriceTick),
        (buy(BTC, "123456", "0.01"), Rejection::InsufficientBalance),
        (buy(PURR, "1", "0"), Rejection::SizeZero),
        (buy(PURR, "1", "10.5"), Rejection::SizeLot),
        (buy(BTC, "50000", "0.000001"), Rejection::SizeLot),
        (buy(PURR, "100", "18446744073709551615"), Rejection::SizeTooLarge),
        (sell(PURR, "0.00000001", "18446744073709551615"), Rejection::SizeTooLarge),
        (buy(PURR, "1", "9"), Rejection::NotionalTooSmall),
        (buy(BTC, "1000001", "1"), Rejection::InsufficientBalance),
        (sell(BTC, "50000", "10.00001"), Rejection::InsufficientBalance),
    ];
    // 123456 with 0.01 is affordable: it is here to show that whole prices may have six figures.
    for (order, expected) in rows {
        let step = chain.act(&trader, &place(&[order]));
        if order.price == price("123456") {
            assert!(matches!(step.items(0), [ItemStatus::Resting { .. }]));
            continue;
        }
        assert_eq!(step.rejection(0), expected, "{order:?}");
    }
}

#[test]
fn a_batch_gives_each_item_its_status_and_rejected_items_leave_no_trace() {
    let (mut chain, trader, _) = wallets();
    let step = chain.act(
        &trader,
        &place(&[
            with_cloid(buy(PURR, "1", "100"), 1),
            buy(PURR, "1", "1"),
            with_cloid(buy(PURR, "0.9", "100"), 1),
            with(buy(PURR, "1", "100"), TimeInForce::Ioc),
            sell(PURR, "2", "100"),
        ]),
    );
    assert_eq!(
        step.items(0),
        [
            ItemStatus::Resting { id: OrderId(0), filled: SizeLots(0) },
            ItemStatus::Rejected(Rejection::NotionalTooSmall),
            ItemStatus::Rejected(Rejection::CloidInUse),
            ItemStatus::Rejected(Rejection::NoMatch),
            ItemStatus::Resting { id: OrderId(1), filled: SizeLots(0) },
        ]
    );
    let opened = step.receipts()[0].events.iter().filter(|event| matches!(event, Event::Opened { .. }));
    assert_eq!(opened.count(), 2);
}

#[test]
fn a_cancel_frees_what_it_held_and_is_the_owners_alone() {
    let (mut chain, owner, other) = wallets();
    let id = resting(&chain.act(&owner, &place(&[buy(PURR, "1", "100")])));
    assert_eq!(chain.act(&other, &cancel(PURR, &[id])).rejection(0), Rejection::UnknownOrder);
    assert_eq!(chain.act(&owner, &cancel(BTC, &[id])).rejection(0), Rejection::UnknownOrder);
    let step = chain.act(&owner, &cancel(PURR, &[id, id]));
    assert_eq!(step.items(0), [ItemStatus::Done, ItemStatus::Rejected(Rejection::UnknownOrder)]);
    assert!(step.receipts()[0].events.contains(&Event::Closed {
        account: chain.account(&owner.address()),
        id,
        remaining: SizeLots(100),
        reason: CloseReason::Cancelled
    }));
    assert_eq!(chain.balance(&owner, USD).hold, TokenAtoms(0));
}

#[test]
fn a_cancel_by_cloid_cannot_be_outrun_within_its_block() {
    use tandem_exchange::action::{Action, CancelByCloid};
    let (mut chain, trader, _) = wallets();
    let asset = tandem_testkit::asset(PURR);
    let cancel = Action::CancelByCloid(vec![CancelByCloid { asset, cloid: Cloid([7; 16]) }]);
    let order = place(&[with_cloid(buy(PURR, "1", "100"), 7)]);

    // The order was sent after the cancel, or before it: in the block the cancel comes first either way.
    let step = chain.act_all(&[(&trader, order.clone()), (&trader, cancel.clone())]);
    assert_eq!(step.rejection(0), Rejection::UnknownOrder);
    assert_eq!(step.rejection(1), Rejection::CancelledBeforePlaced);
    // The marker lasts for one block, and binds its account alone.
    let other = Signer::wallet(2);
    let step = chain.act_all(&[(&trader, cancel.clone()), (&other, order.clone())]);
    assert!(matches!(step.items(1), [ItemStatus::Resting { .. }]));
    assert!(matches!(chain.act(&trader, &order).items(0), [ItemStatus::Resting { .. }]));
    assert_eq!(chain.act(&trader, &cancel).items(0), [ItemStatus::Done]);
}

#[test]
fn less_size_keeps_the_place_in_the_queue_and_more_loses_it() {
    let (mut chain, first, second) = wallets();
    let taker = Signer::wallet(3);
    let id = resting(&chain.act(&first, &place(&[sell(PURR, "1", "100")])));
    let behind = resting(&chain.act(&second, &place(&[sell(PURR, "1", "100")])));
    let less = chain.act(&first, &modify(id, sell(PURR, "1", "40")));
    assert_eq!(less.items(0), [ItemStatus::Resting { id, filled: SizeLots(0) }]);
    assert_eq!(chain.balance(&first, PURR).hold, TokenAtoms(40 * 100_000));
    let makers = |step: &Step| -> Vec<OrderId> {
        let trades = step.receipts()[0].events.iter();
        trades
            .filter_map(|event| if let Event::Trade(t) = event { Some(t.maker_order) } else { None })
            .collect()
    };
    let take = place(&[buy(PURR, "1", "20")]);
    assert_eq!(makers(&chain.act(&taker, &take)), [id]);
    // 20 remain; 30 is more.
    let more = chain.act(&first, &modify(id, sell(PURR, "1", "30")));
    let new = resting(&more);
    assert_ne!(new, id);
    assert_eq!(makers(&chain.act(&taker, &take)), [behind]);
    assert_eq!(
        chain.act(&first, &modify(id, sell(PURR, "1", "30"))).rejection(0),
        Rejection::ModifyUnknownOrder
    );
    // A modification that can't be placed leaves the order as it was.
    let held = chain.balance(&first, PURR);
    assert_eq!(
        chain.act(&first, &modify(new, sell(PURR, "1", "1"))).rejection(0),
        Rejection::NotionalTooSmall
    );
    let post_only = with(sell(PURR, "0.5", "50"), TimeInForce::Alo);
    chain.act(&taker, &place(&[buy(PURR, "0.5", "50")]));
    assert_eq!(chain.act(&first, &modify(new, post_only)).rejection(0), Rejection::PostOnlyWouldCross);
    assert_eq!(chain.balance(&first, PURR), held);
}

#[test]
fn an_order_keeps_its_time_in_force_and_changes_it_by_being_replaced() {
    let (mut chain, trader, _) = wallets();
    let kept = |chain: &Harness, id| {
        let key = AccountOrder { account: chain.account(&trader.address()), id };
        let info = chain.chain.tables.exchange.account_orders.peek(&key).copied();
        // 28 bytes of state an order, 16 more with a client order id, 8 more with an expiry.
        assert_eq!(info.map(|info| info.to_bytes().len()), Some(28));
        info.map(|info| info.time_in_force)
    };
    let alo = resting(&chain.act(&trader, &place(&[with(buy(PURR, "1", "100"), TimeInForce::Alo)])));
    assert_eq!(kept(&chain, alo), Some(TimeInForce::Alo));
    let smaller = with(buy(PURR, "1", "90"), TimeInForce::Alo);
    assert_eq!(resting(&chain.act(&trader, &modify(alo, smaller))), alo);
    assert_eq!(kept(&chain, alo), Some(TimeInForce::Alo));
    let gtc = resting(&chain.act(&trader, &modify(alo, buy(PURR, "1", "80"))));
    assert_ne!(gtc, alo, "another time in force is another order");
    assert_eq!(kept(&chain, gtc), Some(TimeInForce::Gtc));
}

#[test]
fn a_modification_keeps_or_changes_the_client_order_id() {
    let (mut chain, trader, _) = wallets();
    let id = resting(&chain.act(&trader, &place(&[with_cloid(buy(PURR, "1", "100"), 1)])));
    let moved = chain.act(&trader, &modify(id, with_cloid(buy(PURR, "0.9", "100"), 1)));
    let id = resting(&moved);
    let renamed = chain.act(&trader, &modify(id, with_cloid(buy(PURR, "0.9", "50"), 2)));
    resting(&renamed);
    assert_eq!(
        chain.act(&trader, &place(&[with_cloid(buy(PURR, "0.8", "100"), 2)])).rejection(0),
        Rejection::CloidInUse
    );
    resting(&chain.act(&trader, &place(&[with_cloid(buy(PURR, "0.8", "100"), 1)])));
}

#[test]
fn an_account_has_so_many_open_orders_and_may_still_take() {
    let mut genesis = tandem_testkit::genesis();
    genesis.exchange.config.open_orders_max = 2;
    let mut chain = Harness::new(genesis);
    let (trader, other) = (Signer::wallet(1), Signer::wallet(2));
    chain.act(&other, &place(&[sell(PURR, "1", "100")]));
    let bids = [buy(PURR, "0.5", "100"), buy(PURR, "0.6", "100"), buy(PURR, "0.7", "100")];
    let step = chain.act(&trader, &place(&bids));
    assert_eq!(step.items(0)[2], ItemStatus::Rejected(Rejection::TooManyOpenOrders));
    let take = with(Order { size: size("50"), ..buy(PURR, "1", "100") }, TimeInForce::Ioc);
    assert!(matches!(chain.act(&trader, &place(&[take])).items(0), [ItemStatus::Filled { .. }]));
}

#[test]
fn cancelling_all_takes_every_order_of_the_account_or_of_one_market() {
    let (mut chain, trader, other) = wallets();
    let all = |market: Option<tandem_types::TokenId>| Action::CancelAll(market.map(tandem_testkit::asset));
    chain.act(&other, &place(&[buy(PURR, "0.5", "100")]));
    let three = place(&[sell(BTC, "50000", "0.5"), buy(PURR, "0.5", "100"), buy(PURR, "0.6", "50")]);
    for (market, left) in [(Some(BTC), 2), (Some(PURR), 1), (None, 0)] {
        chain.act(&trader, &three);
        assert_eq!(chain.act(&trader, &all(market)).items(0), [ItemStatus::Done]);
        let account = chain.account(&trader.address());
        let open = chain.chain.tables.exchange.accounts.peek(&account).unwrap().open_orders;
        assert_eq!(open, left, "{market:?}");
        chain.act(&trader, &all(None));
    }
    assert_eq!((chain.balance(&trader, BTC).hold.0, chain.balance(&trader, USD).hold.0), (0, 0));
    assert_eq!(chain.act(&trader, &all(None)).items(0), [ItemStatus::Done], "nothing to cancel is no fault");
    assert_eq!(chain.chain.tables.exchange.orders.len(), 1, "the other's order stays");
}
