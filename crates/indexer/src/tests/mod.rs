//! Views of blocks made on a small chain, against the state and against sums by hand.

mod due;
mod perps;

use crate::{Before, Indexer, Interval, OrderStatus, REJECTED_ID_FIRST};
use std::sync::Arc;
use tandem_book::Side;
use tandem_exchange::{BalanceKey, CloseReason, ItemStatus};
use tandem_node::DecidedBlock;
use tandem_stf::block_id;
use tandem_testkit::{BTC, Harness, Signer, Step, buy, cancel, modify, place, sell};
use tandem_types::{MarketId, OrderId, PriceRank, SizeLots, TokenAtoms};

const MARKET: MarketId = MarketId(10_000);

fn decided(step: &Step) -> DecidedBlock {
    DecidedBlock {
        id: block_id(&step.block.header),
        block: step.block.clone(),
        receipts: step.outcome.receipts.clone(),
        delta: Arc::new(step.outcome.delta.clone()),
        certificate: bytes::Bytes::new(),
    }
}

struct World {
    chain: Harness,
    indexer: Indexer,
    blocks: Vec<DecidedBlock>,
}

impl World {
    fn new() -> Self {
        Self::of(Harness::default())
    }

    fn of(chain: Harness) -> Self {
        let indexer = Indexer::new(&chain.chain.tables, &chain.parent);
        Self { chain, indexer, blocks: Vec::new() }
    }

    fn see(&mut self, step: &Step) -> crate::BlockChanges {
        let block = decided(step);
        let tables = &self.chain.chain.tables;
        let balance = |key: BalanceKey| {
            tables.exchange.balances.peek(&key).map_or(TokenAtoms::ZERO, |balance| balance.total)
        };
        let changes = self.indexer.apply(&block, &balance);
        self.blocks.push(block);
        self.check_depth();
        changes
    }

    /// The depth and the orders that follow deltas are those of the state.
    fn check_depth(&self) {
        let orders = &self.chain.chain.tables.exchange.orders;
        for (market, _) in self.indexer.markets().markets() {
            for side in [Side::Bid, Side::Ask] {
                let levels = tandem_book::levels(orders, market, side, usize::MAX);
                let expected: Vec<_> =
                    levels.iter().map(|level| (level.price, level.size, level.orders)).collect();
                let seen = self.indexer.depth(market).into_iter().flat_map(|depth| depth.levels(side));
                let seen: Vec<_> = seen.map(|(price, sum)| (price, sum.size, sum.orders)).collect();
                assert_eq!(seen, expected);
                let resting = tandem_book::resting(orders, market, side);
                let expected: Vec<_> = resting.map(|(key, order)| (key.id, order.remaining)).collect();
                let seen = self.indexer.resting(market, side).map(|order| (order.id, order.remaining));
                assert_eq!(seen.collect::<Vec<_>>(), expected);
            }
        }
    }

    /// An indexer made of the state of now and of all blocks.
    fn made_anew(&self) -> Indexer {
        let tables = &self.chain.chain.tables;
        let mut again = Indexer::new(tables, &self.chain.parent);
        let mut past = again.past();
        let balance = |key: BalanceKey| {
            tables.exchange.balances.peek(&key).map_or(TokenAtoms::ZERO, |balance| balance.total)
        };
        self.blocks.iter().for_each(|block| past.learn(block, &balance));
        again.set_past(past);
        again
    }
}

fn resting(step: &Step, at: usize) -> OrderId {
    match step.items(0)[at] {
        ItemStatus::Resting { id, .. } => id,
        other => panic!("{other:?} does not rest"),
    }
}

#[test]
fn depth_orders_and_fills_follow_the_blocks() {
    let mut world = World::new();
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    let step = world.chain.act(&maker, &place(&[sell(BTC, "100", "2"), sell(BTC, "101", "3")]));
    let (first, second) = (resting(&step, 0), resting(&step, 1));
    let changes = world.see(&step);
    assert_eq!(changes.books, [MARKET]);
    assert_eq!(
        changes.updates.iter().map(|u| (u.order.id, u.status)).collect::<Vec<_>>(),
        [(first, OrderStatus::Open), (second, OrderStatus::Open)]
    );

    let step = world.chain.act(&taker, &place(&[buy(BTC, "101", "4")]));
    let changes = world.see(&step);
    let words: Vec<_> =
        changes.updates.iter().map(|u| (u.order.id, u.status.word(), u.order.remaining.0)).collect();
    let bought = changes.trades[0].trade.taker_order;
    assert_eq!(words, [(first, "filled", 0), (second, "open", 100_000), (bought, "filled", 0)]);
    assert_eq!(changes.trades.len(), 2);
    // 10 BTC at first, in units of 10^-10; the taker pays 0.07 % of what it receives.
    let before: Vec<_> = changes.trades.iter().map(|row| (row.taker_before, row.maker_before)).collect();
    let unit = 10_000_000_000;
    let after_first = 10 * unit + 2 * unit - 2 * unit * 700 / 1_000_000;
    let held = |atoms| Before::Spot(TokenAtoms(atoms));
    assert_eq!(before, [(held(10 * unit), held(10 * unit)), (held(after_first), held(8 * unit))]);
    let markets = world.indexer.markets();
    let account = markets.account(&taker.address()).unwrap();
    let fills: Vec<_> =
        world.indexer.fills().of(account).filter_map(|fill| Some(fill.trade()?.trade.size)).collect();
    assert_eq!(fills, [SizeLots(200_000), SizeLots(200_000)]);
    assert_eq!(world.indexer.open_order(second).unwrap().remaining, SizeLots(100_000));

    let step = world.chain.act(&maker, &cancel(BTC, &[second]));
    world.see(&step);
    let closed = world.indexer.history().order(second).unwrap();
    assert_eq!(closed.status, OrderStatus::Closed(CloseReason::Cancelled));
    assert_eq!(world.indexer.open_order(second), None);
}

#[test]
fn refused_orders_are_numbered_and_kept_beside_those_that_ended() {
    let mut world = World::new();
    let trader = Signer::wallet(1);
    let step = world.chain.act(&trader, &place(&[sell(BTC, "100", "1"), sell(BTC, "100", "1000")]));
    let id = resting(&step, 0);
    let first = world.see(&step).rejected;
    let step = world.chain.act_all(&[
        (&trader, modify(id, sell(BTC, "100.00001", "1"))),
        (&trader, modify(OrderId(77), sell(BTC, "101", "1"))),
        (&trader, cancel(BTC, &[OrderId(78)])),
        (&trader, place(&[buy(BTC, "1", "1")])),
    ]);
    let second = world.see(&step).rejected;
    let account = world.indexer.markets().account(&trader.address()).unwrap();
    let of_block = |height: u64, place: u64| OrderId(REJECTED_ID_FIRST + (height << 20) + place);
    let short: Vec<_> = first.iter().chain(&second).map(|order| (order.id, order.word())).collect();
    // Neither an order that is not open nor a cancel is an order refused.
    assert_eq!(
        short,
        [
            (of_block(1, 0), "insufficientSpotBalanceRejected"),
            (of_block(2, 0), "tickRejected"),
            (of_block(2, 1), "minTradeNtlRejected")
        ]
    );
    assert!(world.indexer.rejected().of(account).eq(first.iter().chain(&second).rev()));
    assert_eq!(world.indexer.history().of(account).count(), 0);
    assert_eq!(world.indexer.open_order(id).map(|order| order.id), Some(id));
}

#[test]
fn candles_and_the_day_sum_the_trades() {
    let mut world = World::new();
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    world.chain.step_ms = 45_000;
    for price in ["100", "104", "98"] {
        let step = world.chain.act(&maker, &place(&[sell(BTC, price, "1")]));
        world.see(&step);
        let step = world.chain.act(&taker, &place(&[buy(BTC, price, "1")]));
        world.see(&step);
    }
    let rank = |units: u32| PriceRank(units * 1_000 / 10 + 90_000);
    let day: Vec<_> = world.indexer.candles(MARKET, Interval::Day, 0, u64::MAX).collect();
    assert_eq!(day.len(), 1);
    assert_eq!((day[0].trades, day[0].lots), (3, 300_000));
    assert_eq!(
        (day[0].open, day[0].high, day[0].low, day[0].close),
        (rank(100), rank(104), ranks("98"), ranks("98"))
    );
    let minutes: u64 = world.indexer.candles(MARKET, Interval::Minute, 0, u64::MAX).map(|c| c.trades).sum();
    assert_eq!(minutes, 3);
    let stats = world.indexer.day(MARKET);
    assert_eq!((stats.lots, stats.notional), (300_000, 302 * 100_000_000));
    assert_eq!((stats.price_before, stats.price_last), (Some(rank(100)), Some(ranks("98"))));
}

/// 98 has five figures at three decimals, so its rank is its number of ticks.
fn ranks(units: &str) -> PriceRank {
    PriceRank(units.parse::<u32>().unwrap() * 1_000)
}

#[test]
fn what_is_learnt_of_the_past_is_what_was_seen() {
    let mut world = World::new();
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    for round in 0..6 {
        let orders = [sell(BTC, "100", "1"), sell(BTC, "101", "1"), sell(BTC, "101", "1000")];
        let step = world.chain.act(&maker, &place(&orders));
        let second = resting(&step, 1);
        world.see(&step);
        let change =
            if round % 2 == 0 { cancel(BTC, &[second]) } else { modify(second, sell(BTC, "101", "0.5")) };
        let step = world.chain.act_all(&[(&maker, change), (&taker, place(&[buy(BTC, "100", "0.7")]))]);
        world.see(&step);
    }
    let again = world.made_anew();
    let (seen, account) = (&world.indexer, world.indexer.markets().account(&maker.address()).unwrap());
    assert_eq!(again.height(), seen.height());
    assert_eq!(again.depth(MARKET), seen.depth(MARKET));
    assert!(again.fills().of(account).eq(seen.fills().of(account)));
    assert!(again.history().of(account).eq(seen.history().of(account)));
    assert!(again.rejected().of(account).eq(seen.rejected().of(account)));
    assert!(again.trades(MARKET).eq(seen.trades(MARKET)));
    assert_eq!(seen.rejected().of(account).count(), 6);
    assert!(seen.fills().of(account).count() >= 6 && seen.history().of(account).count() >= 6);
}
