//! What holds for every book and every order, and the laws of the key.

mod support;

use proptest::prelude::*;
use support::*;
use tandem_book::{
    Book, Incoming, Level, Limits, Order, OrderKey, Orders, Owner, PlaceError, PlaceOutcome, SelfTrade, Side,
    TimeInForce, levels, resting,
};
use tandem_codec::{Decode, Encode};
use tandem_state::{Key, Tables};
use tandem_types::{MarketId, OrderId, PriceRank, SizeLots};

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Bid), Just(Side::Ask)]
}

/// Orders in a band of ten prices; their ids are given as they are placed.
fn order() -> impl Strategy<Value = Incoming> {
    let time_in_force = prop_oneof![
        3 => Just(TimeInForce::Gtc),
        1 => Just(TimeInForce::Ioc),
        1 => Just(TimeInForce::Alo),
        1 => Just(TimeInForce::Fok),
    ];
    let self_trade = prop_oneof![
        Just(SelfTrade::CancelMaker),
        Just(SelfTrade::CancelTaker),
        Just(SelfTrade::CancelBoth),
        Just(SelfTrade::Decrement),
    ];
    (side(), 100u32..110, 0u64..30, 0u32..4, time_in_force, self_trade).prop_map(
        |(side, price, size, owner, time_in_force, self_trade)| Incoming {
            id: OrderId(0),
            owner: Owner(owner),
            side,
            limit: PriceRank(price),
            size: SizeLots(size),
            time_in_force,
            self_trade,
        },
    )
}

fn key() -> impl Strategy<Value = OrderKey> {
    let price = prop_oneof![any::<u32>(), Just(0), Just(u32::MAX), 5u32..8];
    let id = prop_oneof![any::<u64>(), Just(0), Just(u64::MAX), 5u64..8];
    (0u16..3, side(), price, id).prop_map(|(market, side, price, id)| {
        OrderKey::new(MarketId(market), side, PriceRank(price), OrderId(id))
    })
}

fn total(orders: &Orders) -> u64 {
    let both = resting(orders, MARKET, Side::Bid).chain(resting(orders, MARKET, Side::Ask));
    both.map(|(_, order)| order.remaining.0).sum()
}

/// What one step took off a maker.
const fn taken(step: &Step) -> u64 {
    match step {
        Step::Fill(fill) => fill.size.0,
        Step::Cancelled(_, order, _) => order.remaining.0,
        Step::Reduced(_, _, by) => by.0,
    }
}

const fn maker(step: &Step) -> OrderKey {
    match step {
        Step::Fill(fill) => fill.maker,
        Step::Cancelled(key, ..) | Step::Reduced(key, ..) => *key,
    }
}

/// Places one order and checks all that must hold of the answer.
fn place(tables: &mut BookTables, incoming: &Incoming, fills_max: u32) -> Result<(), TestCaseError> {
    let before = total(&tables.orders);
    let (refused, friends) = (vec![Owner(3)], vec![Owner(2)]);
    let mut ledger = Ledger { refused, friends, ..Ledger::default() };
    tables.checkpoint();
    let result = Book::new(MARKET, &mut tables.orders).place(incoming, &Limits { fills_max }, &mut ledger);
    let placed = match result {
        Ok(placed) => placed,
        Err(PlaceError::Rejected(_)) => {
            prop_assert!(ledger.steps.is_empty());
            prop_assert!(tables.seal().is_empty(), "a rejection leaves no trace");
            return Ok(());
        }
        Err(PlaceError::FillOrKillRefused { .. }) => {
            tables.rollback();
            prop_assert!(tables.seal().is_empty());
            return Ok(());
        }
        Err(PlaceError::Settlement(error)) => return Err(TestCaseError::fail(format!("{error:?}"))),
    };
    tables.seal();
    let (rests, left) = match placed.outcome {
        PlaceOutcome::Filled => (0, 0),
        PlaceOutcome::Resting { remaining } => (remaining.0, remaining.0),
        PlaceOutcome::Cancelled { remaining, .. } => (0, remaining.0),
    };
    prop_assert_eq!(placed.filled.0 + placed.decremented.0 + left, incoming.size.0);

    let (mut filled, mut off_makers) = (0, 0);
    for step in &ledger.steps {
        off_makers += taken(step);
        if let Step::Fill(fill) = step {
            filled += fill.size.0;
            prop_assert!(fill.maker_owner != incoming.owner);
            prop_assert!(![Owner(2), Owner(3)].contains(&fill.maker_owner));
            prop_assert_eq!(fill.price, fill.maker.price());
            let within_limit = match incoming.side {
                Side::Bid => fill.price <= incoming.limit,
                Side::Ask => fill.price >= incoming.limit,
            };
            prop_assert!(within_limit);
        }
    }
    prop_assert_eq!(filled, placed.filled.0);
    prop_assert_eq!(total(&tables.orders), before - off_makers + rests);
    prop_assert!(
        ledger.steps.windows(2).all(|pair| maker(&pair[0]) < maker(&pair[1])),
        "in order of priority"
    );
    let walks = if incoming.time_in_force == TimeInForce::Fok { 2 } else { 1 };
    prop_assert!(placed.steps <= fills_max * walks);
    Ok(())
}

proptest! {
    #[test]
    fn every_order_is_accounted_for_and_never_leaves_the_book_crossed(
        orders in prop::collection::vec((order(), 0u32..6), 1..60),
    ) {
        let mut tables = BookTables::default();
        for (id, (incoming, fills_max)) in (1..).zip(&orders) {
            place(&mut tables, &Incoming { id: OrderId(id), ..*incoming }, *fills_max)?;
            let mut book = Book::new(MARKET, &mut tables.orders);
            if let (Some((bid, _)), Some((ask, _))) = (book.best(Side::Bid), book.best(Side::Ask)) {
                prop_assert!(bid < ask);
            }
            for side in [Side::Bid, Side::Ask] {
                prop_assert!(resting(&tables.orders, MARKET, side).all(|(_, order)| !order.remaining.is_zero()));
            }
        }
    }

    #[test]
    fn levels_hold_what_their_orders_hold(
        orders in prop::collection::vec((90u32..100, 1u64..9), 0..40),
        max in 0usize..12,
    ) {
        let mut tables = BookTables::default();
        for (id, (price, size)) in (1..).zip(&orders) {
            let key = OrderKey::new(MARKET, Side::Bid, PriceRank(*price), OrderId(id));
            tables.orders.put(key, Order { owner: Owner(0), remaining: SizeLots(*size) });
        }
        let expected = (90..100).rev().map(|price| {
            let sizes = orders.iter().filter(|order| order.0 == price).map(|order| order.1);
            let (size, count) = sizes.fold((0, 0), |(size, count), next| (size + next, count + 1));
            Level { price: PriceRank(price), size: SizeLots(size), orders: count }
        });
        let expected: Vec<Level> = expected.filter(|level| level.orders > 0).take(max).collect();
        prop_assert_eq!(levels(&tables.orders, MARKET, Side::Bid, max), expected);
    }

    #[test]
    fn keys_sort_as_their_bytes_do(a in key(), b in key()) {
        prop_assert_eq!(a.cmp(&b), a.to_bytes().cmp(&b.to_bytes()));
        prop_assert_eq!(a == b, a.to_bytes() == b.to_bytes());
        prop_assert_eq!(a.to_bytes().len(), OrderKey::LEN);
        prop_assert_eq!(OrderKey::from_bytes(&a.to_bytes()), Ok(a));
    }

    #[test]
    fn keys_sort_as_priority_does(side in side(), prices in (any::<u32>(), any::<u32>()), ids in (0u64..9, 0u64..9)) {
        let key = |price, id| OrderKey::new(MARKET, side, PriceRank(price), OrderId(id));
        let (first, second) = (key(prices.0, ids.0), key(prices.1, ids.1));
        prop_assert_eq!(first.price(), PriceRank(prices.0));
        let better = match side {
            Side::Bid => prices.0 > prices.1,
            Side::Ask => prices.0 < prices.1,
        };
        prop_assert_eq!(first < second, better || (prices.0 == prices.1 && ids.0 < ids.1));
    }

    #[test]
    fn nothing_lies_between_a_key_and_its_successor(key in key(), other in key()) {
        match key.successor() {
            Some(next) => prop_assert!(key < next && (other <= key || next <= other || other.side() != key.side())),
            None => prop_assert_eq!(key, OrderKey::worst_of(key.market(), key.side())),
        }
    }
}

#[test]
fn a_key_is_market_side_depth_and_id_in_bytes() {
    let bid = OrderKey::new(MarketId(0x0102), Side::Bid, PriceRank(0x0000_0003), OrderId(0x0405));
    assert_eq!(bid.to_bytes(), [1, 2, 0, 0xff, 0xff, 0xff, 0xfc, 0, 0, 0, 0, 0, 0, 4, 5]);
    let ask = OrderKey::new(MarketId(0x0102), Side::Ask, PriceRank(0x0000_0003), OrderId(0x0405));
    assert_eq!(ask.to_bytes(), [1, 2, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 4, 5]);
    assert_eq!((bid.market(), bid.side(), bid.price()), (MarketId(0x0102), Side::Bid, PriceRank(3)));
    let mut no_side = ask.to_bytes();
    no_side[2] = 2;
    assert!(OrderKey::from_bytes(&no_side).is_err());
}
