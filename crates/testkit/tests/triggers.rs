//! Orders that wait for the mark price, through whole blocks.

use tandem_exchange::action::{
    Action, CancelByCloid, Grouping, Order, OrderKind, TimeInForce,
    Tpsl::{self, StopLoss, TakeProfit},
};
use tandem_exchange::trigger::{POSITION_TRIGGERS_MAX, TriggerOrder};
use tandem_exchange::{AccountOrder, CloseReason, Event, ItemStatus, Rejection, SCHEDULE_LEAD_MIN_MS};
use tandem_testkit::{
    ETH, Harness, PURR, Signer, Step, as_limit, buy_perp, cancel_perp, grouped, modify, perp_asset,
    perp_genesis, place, sell, sell_perp, waiting,
};
use tandem_types::{Cloid, OrderId, SizeLots};

/// ETH at 2000 USD; three wallets with ten thousand USD of collateral each.
fn market() -> (Harness, [Signer; 3]) {
    tandem_testkit::market("10000")
}

const fn reduce(order: Order) -> Order {
    Order { reduce_only: true, ..order }
}

const fn ioc(order: Order) -> Order {
    Order { kind: OrderKind::Limit(TimeInForce::Ioc), ..order }
}

/// Buys `size` ETH for `long` from `short` at 2000.
fn open(chain: &mut Harness, long: &Signer, short: &Signer, size: &str) {
    chain.act(short, &place(&[sell_perp(ETH, "2000", size)]));
    let step = chain.act(long, &place(&[buy_perp(ETH, "2000", size)]));
    assert!(matches!(step.items(0), [ItemStatus::Filled { .. }]), "{step:?}");
}

/// A block in which the mark price is `usd`: books are quoted on one side at most.
fn mark(chain: &mut Harness, usd: u64) -> Step {
    chain.set_oracle(ETH, usd * 10_000);
    let step = chain.empty();
    let prices = chain.chain.tables.exchange.perp_prices.peek(&ETH).unwrap();
    assert_eq!(prices.mark.0, usd * 10_000, "the mark follows the oracle");
    step
}

fn size_of(chain: &Harness, who: &Signer) -> i64 {
    chain.position(who, ETH).map_or(0, |position| position.size.0)
}

fn placed(step: &Step) -> OrderId {
    match step.items(0) {
        [ItemStatus::Resting { id, .. } | ItemStatus::WaitingForTrigger { id }] => *id,
        other => panic!("not placed: {other:?}"),
    }
}

/// The orders that wait, by number.
fn waiting_of(chain: &Harness, who: &Signer) -> Vec<(OrderId, TriggerOrder)> {
    let account = chain.account(&who.address());
    let (mut from, to) = (AccountOrder::first(account), AccountOrder::last(account));
    let mut found = Vec::new();
    while let Some((key, order)) = chain.chain.tables.exchange.trigger_orders.peek_first(&from, &to) {
        found.push((key.id, *order));
        from.id = key.id.next().unwrap();
    }
    found
}

fn fired(step: &Step) -> Vec<OrderId> {
    let events = step.outcome.receipts.due.iter();
    events
        .filter_map(|event| if let Event::Triggered { id, .. } = event { Some(*id) } else { None })
        .collect()
}

fn refused(step: &Step) -> Vec<(OrderId, Rejection)> {
    let events = step.outcome.receipts.due.iter();
    events
        .filter_map(
            |event| if let Event::TriggerRefused { id, why, .. } = event { Some((*id, *why)) } else { None },
        )
        .collect()
}

fn ended(step: &Step, reason: CloseReason) -> Vec<OrderId> {
    let events = step.receipts().iter().flat_map(|receipt| &receipt.events);
    let closed = events.chain(&step.outcome.receipts.due).filter_map(|event| match event {
        Event::Closed { id, reason: why, .. } if *why == reason => Some(*id),
        _ => None,
    });
    closed.collect()
}

#[test]
fn an_order_fires_when_the_mark_reaches_its_price_from_its_side() {
    let sale = |at, tpsl| waiting(sell_perp(ETH, "1500", "1"), at, tpsl);
    let purchase = |at, tpsl| waiting(buy_perp(ETH, "2500", "1"), at, tpsl);
    // Of each kind: marks that leave it waiting, and the one that fires it.
    let rows = [
        (sale("2100", TakeProfit), [1_800, 2_099], 2_100),
        (sale("1900", StopLoss), [2_200, 1_901], 1_900),
        (purchase("1900", TakeProfit), [2_200, 1_901], 1_899),
        (purchase("2100", StopLoss), [1_800, 2_099], 2_101),
    ];
    for (order, before, at) in rows {
        let (mut chain, [maker, trader, _]) = market();
        // Wide of everything, and on one side only, so that it makes no mark price.
        let other = if order.is_buy { sell_perp(ETH, "2500", "1") } else { buy_perp(ETH, "1500", "1") };
        chain.act(&maker, &place(&[other]));
        let id = placed(&chain.act(&trader, &place(&[order])));
        for usd in before {
            assert_eq!(fired(&mark(&mut chain, usd)), [], "{order:?} at {usd}");
        }
        let step = mark(&mut chain, at);
        assert_eq!(fired(&step), [id], "{order:?} at {at}");
        assert_eq!(size_of(&chain, &trader), if order.is_buy { 100 } else { -100 });
        assert_eq!(waiting_of(&chain, &trader), []);
        assert!(chain.chain.tables.exchange.due_triggers.is_empty());
    }
}

#[test]
fn an_order_that_the_mark_has_passed_on_arrival_is_refused() {
    let (mut chain, [trader, ..]) = market();
    let rows: [(Order, &str, Tpsl); 4] = [
        (sell_perp(ETH, "1900", "1"), "2000", TakeProfit),
        (sell_perp(ETH, "1900", "1"), "2000", StopLoss),
        (buy_perp(ETH, "2100", "1"), "2000.1", TakeProfit),
        (buy_perp(ETH, "2100", "1"), "1999.9", StopLoss),
    ];
    for (order, at, tpsl) in rows {
        let step = chain.act(&trader, &place(&[waiting(order, at, tpsl)]));
        assert_eq!(step.rejection(0), Rejection::BadTriggerPrice, "{order:?} {at}");
    }
    let spot = chain.act(&trader, &place(&[waiting(sell(PURR, "1", "20"), "0.5", StopLoss)]));
    assert_eq!(spot.rejection(0), Rejection::TriggerUnsupported);
    let small = chain.act(&trader, &place(&[waiting(sell_perp(ETH, "900", "0.01"), "1900", StopLoss)]));
    assert_eq!(small.rejection(0), Rejection::NotionalTooSmall);
}

#[test]
fn a_fired_limit_order_rests_with_a_number_of_its_own_and_behind_those_who_came_before() {
    let (mut chain, [trader, other, taker]) = market();
    let cloid = Cloid([3; 16]);
    let stop = as_limit(waiting(sell_perp(ETH, "2050", "1"), "1900", StopLoss));
    let id = placed(&chain.act(&trader, &place(&[Order { cloid: Some(cloid), ..stop }])));
    let earlier = placed(&chain.act(&other, &place(&[sell_perp(ETH, "2050", "1")])));
    let step = mark(&mut chain, 1_900);
    let becomes = step.outcome.receipts.due.iter().find_map(|event| match event {
        Event::Triggered { id: of, becomes, .. } if *of == id => Some(*becomes),
        _ => None,
    });
    let becomes = becomes.expect("it fires");
    assert!(becomes > earlier);
    let step = chain.act(&taker, &place(&[ioc(buy_perp(ETH, "2050", "1.5"))]));
    let makers: Vec<_> = step.receipts()[0]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Trade(trade) => Some((trade.maker_order, trade.size)),
            _ => None,
        })
        .collect();
    assert_eq!(makers, [(earlier, SizeLots(100)), (becomes, SizeLots(50))]);
    let by_name = CancelByCloid { asset: perp_asset(ETH), cloid };
    let step = chain.act(&trader, &Action::CancelByCloid(vec![by_name]));
    assert_eq!(step.items(0), [ItemStatus::Done]);
}

#[test]
fn an_order_that_is_refused_when_it_fires_is_reported_and_gone() {
    let (mut chain, [trader, maker, _]) = market();
    chain.act(&maker, &place(&[buy_perp(ETH, "1800", "100")]));
    let orders = [
        // Nobody is short: nothing to reduce.
        reduce(waiting(sell_perp(ETH, "1500", "1"), "1901", StopLoss)),
        // Ninety sold a hundred below the mark lose nine of ten thousand at once.
        waiting(sell_perp(ETH, "1600", "90"), "1900", StopLoss),
        waiting(sell_perp(ETH, "1600", "90"), "1900", StopLoss),
        // Beyond what is bid.
        waiting(sell_perp(ETH, "1801", "1"), "1899", StopLoss),
    ];
    let step = chain.act(&trader, &place(&orders));
    let ids: Vec<_> = step
        .items(0)
        .iter()
        .map(|item| match item {
            ItemStatus::Resting { id, .. } => *id,
            other => panic!("{other:?}"),
        })
        .collect();
    let step = mark(&mut chain, 1_899);
    assert_eq!(
        refused(&step),
        [
            (ids[0], Rejection::ReduceOnlyWouldIncrease),
            (ids[1], Rejection::InsufficientMarginAfterFill),
            (ids[2], Rejection::InsufficientMarginAfterFill),
            (ids[3], Rejection::NoMatch),
        ]
    );
    assert_eq!(size_of(&chain, &trader), 0);
    assert_eq!(waiting_of(&chain, &trader), []);
}

#[test]
fn waiting_orders_are_cancelled_replaced_and_counted_like_others() {
    let mut genesis = perp_genesis();
    genesis.exchange.config.open_orders_max = 2;
    let mut chain = Harness::trading(genesis);
    let trader = Signer::wallet(1);
    let stop = waiting(sell_perp(ETH, "1500", "1"), "1900", StopLoss);
    let named = Order { cloid: Some(Cloid([7; 16])), ..stop };
    let first = placed(&chain.act(&trader, &place(&[stop])));
    let second = placed(&chain.act(&trader, &place(&[named])));
    assert_eq!(chain.act(&trader, &place(&[stop])).rejection(0), Rejection::TooManyOpenOrders);
    assert_eq!(chain.act(&trader, &place(&[named])).rejection(0), Rejection::CloidInUse);
    assert_eq!(chain.act(&trader, &cancel_perp(ETH, &[first])).items(0), [ItemStatus::Done]);
    assert_eq!(chain.act(&trader, &cancel_perp(ETH, &[first])).rejection(0), Rejection::UnknownOrder);
    let lower = Order { cloid: named.cloid, ..waiting(sell_perp(ETH, "1500", "2"), "1800", StopLoss) };
    let moved = placed(&chain.act(&trader, &modify(second, lower)));
    assert_eq!(waiting_of(&chain, &trader).len(), 1);
    assert_eq!(chain.act(&trader, &modify(second, lower)).rejection(0), Rejection::ModifyUnknownOrder);
    let stranger = Signer::wallet(2);
    assert_eq!(chain.act(&stranger, &cancel_perp(ETH, &[moved])).rejection(0), Rejection::UnknownOrder);
    let by_name = CancelByCloid { asset: perp_asset(ETH), cloid: named.cloid.unwrap() };
    assert_eq!(chain.act(&trader, &Action::CancelByCloid(vec![by_name])).items(0), [ItemStatus::Done]);
    assert_eq!(waiting_of(&chain, &trader), []);
    chain.act(&trader, &place(&[stop, buy_perp(ETH, "1500", "1")]));
    assert_eq!(chain.act(&trader, &Action::CancelAll(Some(perp_asset(ETH)))).items(0), [ItemStatus::Done]);
    assert_eq!(waiting_of(&chain, &trader), []);
}

#[test]
fn a_waiting_order_that_is_dead_does_not_fire() {
    let stop = waiting(sell_perp(ETH, "1500", "1"), "1900", StopLoss);
    let (mut chain, [maker, trader, _]) = market();
    chain.act(&maker, &place(&[buy_perp(ETH, "1500", "1")]));
    let expiring = Order { expires: Some(chain.now().plus_ms(200)), ..stop };
    let id = placed(&chain.act(&trader, &place(&[expiring])));
    chain.step_ms = 200;
    let step = mark(&mut chain, 1_900);
    assert_eq!((fired(&step), ended(&step, CloseReason::Expired)), (vec![], vec![id]));

    chain.step_ms = 100;
    mark(&mut chain, 2_000);
    let id = placed(&chain.act(&trader, &place(&[stop])));
    let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS);
    chain.act(&trader, &Action::ScheduleCancel(Some(due)));
    chain.step_ms = due.0 - chain.parent.time.0;
    let step = mark(&mut chain, 1_900);
    assert_eq!((fired(&step), ended(&step, CloseReason::ScheduledCancel)), (vec![], vec![id]));
}

#[test]
fn orders_fire_in_the_order_in_which_the_mark_meets_them() {
    let (mut chain, [trader, maker, _]) = market();
    chain.act(&maker, &place(&[buy_perp(ETH, "1500", "50")]));
    let stop = |at| waiting(sell_perp(ETH, "1500", "1"), at, StopLoss);
    let step =
        chain.act(&trader, &place(&[stop("1900"), stop("1950"), stop("1900"), stop("1970"), stop("1899")]));
    let ids: Vec<_> = step
        .items(0)
        .iter()
        .map(|item| match item {
            ItemStatus::Resting { id, .. } => *id,
            other => panic!("{other:?}"),
        })
        .collect();
    let step = mark(&mut chain, 1_900);
    assert_eq!(fired(&step), [ids[3], ids[1], ids[0], ids[2]]);
    assert_eq!(size_of(&chain, &trader), -400);
}

#[test]
fn triggers_wait_while_prices_are_stale_and_fire_when_they_are_fresh() {
    let (mut chain, [trader, maker, _]) = market();
    let stop = reduce(waiting(sell_perp(ETH, "1500", "1"), "2100", StopLoss));
    let step = chain.act(&trader, &grouped(&[buy_perp(ETH, "2000", "1"), stop], Grouping::NormalTpsl));
    let ItemStatus::WaitingForFill { id } = step.items(0)[1] else { panic!("{step:?}") };
    // The order that it protects fills when prices are old; the mark has passed its price.
    chain.quotes.clear();
    chain.step_ms = 11_000;
    let step = chain.act(&maker, &place(&[sell_perp(ETH, "2000", "1"), buy_perp(ETH, "1900", "1")]));
    assert!(step.outcome.receipts.due.iter().any(|event| matches!(event, Event::Armed { .. })));
    chain.step_ms = 100;
    assert_eq!(fired(&chain.empty()), []);
    assert_eq!(chain.chain.tables.exchange.due_triggers.len(), 1);
    // It was passed, so that it fires even though the first fresh price is beyond it again.
    assert_eq!(fired(&mark(&mut chain, 2_150)), [id]);
}

mod groups {
    use super::*;

    fn bracket(size: &str) -> [Order; 3] {
        [
            buy_perp(ETH, "2000", size),
            reduce(as_limit(waiting(sell_perp(ETH, "2200", size), "2200", TakeProfit))),
            reduce(waiting(sell_perp(ETH, "1500", size), "1900", StopLoss)),
        ]
    }

    #[test]
    fn children_wait_for_the_fill_and_then_for_their_prices() {
        let (mut chain, [trader, maker, _]) = market();
        let step = chain.act(&trader, &grouped(&bracket("1"), Grouping::NormalTpsl));
        let [
            ItemStatus::Resting { .. },
            ItemStatus::WaitingForFill { id: profit },
            ItemStatus::WaitingForFill { id: stop },
        ] = *step.items(0)
        else {
            panic!("{:?}", step.items(0))
        };
        // Half a fill arms nobody, and a price reached before that fires nobody.
        chain.act(&maker, &place(&[sell_perp(ETH, "2000", "0.5")]));
        assert_eq!(fired(&mark(&mut chain, 1_890)), []);
        mark(&mut chain, 2_000);
        let step = chain.act(&maker, &place(&[sell_perp(ETH, "2000", "0.5")]));
        let armed = step.outcome.receipts.due.iter().filter(|event| matches!(event, Event::Armed { .. }));
        assert_eq!(armed.count(), 2);
        chain.act(&maker, &place(&[buy_perp(ETH, "1850", "1")]));
        let step = mark(&mut chain, 1_900);
        assert_eq!(fired(&step), [stop]);
        assert_eq!(ended(&step, CloseReason::SiblingFilled), [profit]);
        assert_eq!((size_of(&chain, &trader), waiting_of(&chain, &trader)), (0, vec![]));
    }

    #[test]
    fn children_of_an_order_that_fills_at_once_wait_for_their_prices_and_for_what_it_filled() {
        let (mut chain, [trader, maker, _]) = market();
        chain.act(&maker, &place(&[sell_perp(ETH, "2000", "0.6")]));
        let [parent, profit, stop] = bracket("1");
        let step = chain.act(&trader, &grouped(&[ioc(parent), profit, stop], Grouping::NormalTpsl));
        assert!(matches!(
            step.items(0),
            [
                ItemStatus::Filled { .. },
                ItemStatus::WaitingForTrigger { .. },
                ItemStatus::WaitingForTrigger { .. }
            ]
        ));
        assert!(waiting_of(&chain, &trader).iter().all(|(_, order)| order.size == Some(SizeLots(60))));
    }

    #[test]
    fn children_end_with_a_parent_that_is_taken_back_or_refused() {
        let (mut chain, [trader, maker, _]) = market();
        let step = chain.act(&trader, &grouped(&bracket("1"), Grouping::NormalTpsl));
        let ItemStatus::Resting { id, .. } = step.items(0)[0] else { panic!() };
        chain.act(&maker, &place(&[sell_perp(ETH, "2000", "0.5")]));
        let step = chain.act(&trader, &cancel_perp(ETH, &[id]));
        assert_eq!(ended(&step, CloseReason::ParentEnded).len(), 2);
        assert_eq!(waiting_of(&chain, &trader), []);
        let [parent, profit, stop] = bracket("1");
        let step = chain.act(&trader, &grouped(&[ioc(parent), profit, stop], Grouping::NormalTpsl));
        assert_eq!(
            step.items(0),
            [Rejection::NoMatch, Rejection::ParentRejected, Rejection::ParentRejected]
                .map(ItemStatus::Rejected)
        );
    }

    #[test]
    fn a_fired_order_that_rests_ends_its_siblings_when_it_has_filled_and_not_before() {
        let (mut chain, [trader, maker, _]) = market();
        chain.act(&maker, &place(&[sell_perp(ETH, "2000", "1")]));
        chain.act(&trader, &grouped(&bracket("1"), Grouping::NormalTpsl));
        assert_eq!(fired(&mark(&mut chain, 2_200)).len(), 1);
        assert_eq!(waiting_of(&chain, &trader).len(), 1, "the stop still protects");
        chain.act(&maker, &place(&[ioc(buy_perp(ETH, "2200", "0.4"))]));
        assert_eq!(waiting_of(&chain, &trader).len(), 1);
        let step = chain.act(&maker, &place(&[ioc(buy_perp(ETH, "2200", "0.6"))]));
        assert_eq!(ended(&step, CloseReason::SiblingFilled).len(), 1);
        assert_eq!(waiting_of(&chain, &trader), []);
    }

    #[test]
    fn orders_of_a_group_that_do_not_fit_are_refused_whole() {
        let (mut chain, [trader, ..]) = market();
        let [parent, profit, stop] = bracket("1");
        let spot = Order { asset: tandem_testkit::asset(PURR), ..parent };
        let rows: Vec<(Vec<Order>, Grouping, Rejection)> = vec![
            (vec![parent], Grouping::NormalTpsl, Rejection::BadGrouping),
            (vec![profit, stop], Grouping::NormalTpsl, Rejection::BadGrouping),
            (vec![parent, parent], Grouping::NormalTpsl, Rejection::BadGrouping),
            (
                vec![parent, Order { reduce_only: false, ..stop }],
                Grouping::NormalTpsl,
                Rejection::BadGrouping,
            ),
            (vec![parent, Order { is_buy: true, ..stop }], Grouping::NormalTpsl, Rejection::BadGrouping),
            (vec![spot, stop], Grouping::NormalTpsl, Rejection::GroupingUnsupported),
            (vec![parent], Grouping::PositionTpsl, Rejection::BadGrouping),
            (vec![stop], Grouping::PositionTpsl, Rejection::ReduceOnlyWouldIncrease),
        ];
        for (orders, grouping, why) in rows {
            let step = chain.act(&trader, &grouped(&orders, grouping));
            assert_eq!(step.rejection(0), why, "{orders:?}");
        }
    }

    #[test]
    fn an_order_that_follows_a_position_closes_the_whole_of_it() {
        let (mut chain, [trader, maker, _]) = market();
        open(&mut chain, &trader, &maker, "1");
        let none = "0";
        let pair = [
            reduce(waiting(sell_perp(ETH, "2000", none), "2200", TakeProfit)),
            reduce(waiting(sell_perp(ETH, "1500", none), "1900", StopLoss)),
        ];
        let step = chain.act(&trader, &grouped(&pair, Grouping::PositionTpsl));
        assert!(matches!(
            step.items(0),
            [ItemStatus::WaitingForTrigger { .. }, ItemStatus::WaitingForTrigger { .. }]
        ));
        open(&mut chain, &trader, &maker, "2");
        chain.act(&maker, &place(&[buy_perp(ETH, "1800", "5")]));
        let step = mark(&mut chain, 1_900);
        assert_eq!(fired(&step).len(), 1);
        assert_eq!(ended(&step, CloseReason::PositionClosed).len(), 1);
        assert_eq!((size_of(&chain, &trader), waiting_of(&chain, &trader)), (0, vec![]));
    }

    #[test]
    fn orders_that_follow_a_position_end_when_it_closes_or_turns_and_not_for_the_next_one() {
        for turns in [false, true] {
            let (mut chain, [trader, maker, _]) = market();
            open(&mut chain, &trader, &maker, "1");
            let stop = reduce(waiting(sell_perp(ETH, "1500", "0"), "1900", StopLoss));
            chain.act(&trader, &grouped(&[stop], Grouping::PositionTpsl));
            chain.act(&maker, &place(&[buy_perp(ETH, "2000", "3")]));
            let close = ioc(sell_perp(ETH, "2000", if turns { "2" } else { "1" }));
            let anew = [buy_perp(ETH, "2000", "1"), buy_perp(ETH, "2000", "1")];
            let sold = if turns { "0.5" } else { "1" };
            // In one block: closed, opened again, and followed anew.
            let step = chain.act_all(&[
                (&trader, place(&[close])),
                (&maker, place(&[sell_perp(ETH, "2001", sold)])),
                (&trader, place(&[ioc(Order { price: tandem_testkit::price("2001"), ..anew[0] })])),
            ]);
            assert_eq!(ended(&step, CloseReason::PositionClosed).len(), 1, "{turns}");
            assert_eq!(waiting_of(&chain, &trader), []);
            assert_ne!(size_of(&chain, &trader), 0);
        }
    }

    #[test]
    fn so_many_orders_follow_a_position() {
        let (mut chain, [trader, maker, _]) = market();
        open(&mut chain, &trader, &maker, "1");
        let stop = reduce(waiting(sell_perp(ETH, "1500", "0"), "1900", StopLoss));
        let many = vec![stop; POSITION_TRIGGERS_MAX + 1];
        let step = chain.act(&trader, &grouped(&many, Grouping::PositionTpsl));
        let last = step.items(0)[POSITION_TRIGGERS_MAX];
        assert_eq!(last, ItemStatus::Rejected(Rejection::TooManyPositionTriggers));
        assert_eq!(waiting_of(&chain, &trader).len(), POSITION_TRIGGERS_MAX);
    }
}
