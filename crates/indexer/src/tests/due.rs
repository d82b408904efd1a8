//! What happens in due work: TWAP orders, fired trigger orders, liquidations.

use super::perps::market;
use super::{World, resting};
use crate::{BlockChanges, TwapStatus};
use tandem_exchange::action::{Action, Decimal, Order, Tpsl, TwapCancel, TwapRequest};
use tandem_exchange::twap::{TwapEnd, TwapKey};
use tandem_exchange::{Event, ItemStatus, Rejection};
use tandem_testkit::{
    ETH, Signer, Step, as_limit, buy_perp, leverage, perp_asset, place, sell_perp, waiting,
};
use tandem_types::{OrderId, SizeLots};

const fn reduce(order: Order) -> Order {
    Order { reduce_only: true, ..order }
}

fn twap(is_buy: bool, size: &str, reduce_only: bool) -> Action {
    let size = Decimal::parse(size).unwrap();
    let asset = perp_asset(ETH);
    Action::TwapOrder(TwapRequest { asset, is_buy, size, reduce_only, minutes: 5, randomize: false })
}

fn started(step: &Step) -> u64 {
    match step.items(0) {
        [ItemStatus::TwapRunning { id }] => *id,
        other => panic!("not running: {other:?}"),
    }
}

fn fired(step: &Step) -> OrderId {
    let becomes = step.outcome.receipts.due.iter().find_map(|event| match event {
        Event::Triggered { becomes, .. } => Some(*becomes),
        _ => None,
    });
    becomes.expect("an order fired")
}

impl World {
    fn act(&mut self, who: &Signer, action: &Action) -> (Step, BlockChanges) {
        let step = self.chain.act(who, action);
        let changes = self.see(&step);
        (step, changes)
    }

    fn after(&mut self, seconds: u64) -> (Step, BlockChanges) {
        self.chain.step_ms = seconds * 1_000;
        let step = self.chain.empty();
        self.chain.step_ms = 100;
        let changes = self.see(&step);
        (step, changes)
    }

    fn mark(&mut self, usd: u64) -> (Step, BlockChanges) {
        self.chain.set_oracle(ETH, usd * 10_000);
        self.after(1)
    }

    fn is_reduce_only(&self, id: OrderId) -> bool {
        let open = self.indexer.open_order(id).copied();
        let order = open.or_else(|| self.indexer.history().order(id).map(|closed| closed.order));
        order.expect("a known order").reduce_only
    }
}

#[test]
fn twap_orders_are_kept_as_they_begin_and_end_with_what_their_parts_traded() {
    let (mut world, [one, two, _]) = market();
    world.act(&two, &place(&[sell_perp(ETH, "2000", "0.15")]));
    let (step, changes) = world.act(&one, &twap(true, "1", false));
    let (first, account) = (started(&step), world.account(&one));
    assert_eq!(changes.twaps.accounts, [account]);
    assert_eq!((changes.twaps.rows.len(), changes.twaps.rows[0].status), (1, TwapStatus::Running));
    assert_eq!(changes.trades[0].twap, Some(first));
    world.after(30);
    let (step, _) = world.act(&one, &twap(true, "1", false));
    let second = started(&step);
    let (_, changes) =
        world.act(&one, &Action::TwapCancel(TwapCancel { asset: perp_asset(ETH), twap: second }));
    let ended = changes.twaps.rows[0];
    assert_eq!(ended.status, TwapStatus::Ended(TwapEnd::Cancelled));
    assert_eq!((ended.twap.size, ended.twap.parts), (SizeLots(100), 10));
    for _ in 0..9 {
        world.after(30);
    }
    let row = |world: &World| *world.indexer.twaps().of(account).next().unwrap();
    let last = row(&world);
    assert_eq!(
        (last.key, last.status),
        (TwapKey { account, id: first }, TwapStatus::Ended(TwapEnd::Finished))
    );
    // Ten parts of ten lots, and fifteen were there to be had.
    assert_eq!((last.twap.filled, last.twap.notional.0), (SizeLots(15), 300 * 100_000_000));
    assert_eq!(world.indexer.twaps().of(account).count(), 4);
    let fills = |world: &World| -> Vec<_> {
        world.indexer.twaps().fills(account).map(|row| (row.twap, row.trade.size.0)).collect()
    };
    assert_eq!(fills(&world), [(Some(first), 5), (Some(first), 10)]);
    assert_eq!(world.indexer.twaps().of(world.account(&two)).count(), 0);
    assert_eq!(world.indexer.twaps().fills(world.account(&two)).count(), 0);
    let again = world.made_anew();
    assert!(again.twaps().of(account).eq(world.indexer.twaps().of(account)));
    assert!(again.twaps().fills(account).eq(world.indexer.twaps().fills(account)));
}

#[test]
fn a_twap_order_that_is_refused_on_its_first_part_is_told_whole() {
    let (mut world, [one, ..]) = market();
    let (_, changes) = world.act(&one, &twap(false, "1", true));
    let [began, ended] = changes.twaps.rows[..] else { panic!("{changes:?}") };
    assert_eq!(began.status, TwapStatus::Running);
    assert_eq!(ended.status, TwapStatus::Ended(TwapEnd::Refused(Rejection::ReduceOnlyWouldIncrease)));
    assert_eq!((ended.twap.size, ended.twap.reduce_only), (SizeLots(100), true));
}

#[test]
fn parts_say_that_they_only_reduce() {
    let (mut world, [one, two, three]) = market();
    world.trade(&one, &two, "1");
    world.act(&three, &place(&[buy_perp(ETH, "1990", "1")]));
    let (_, changes) = world.act(&one, &twap(false, "0.5", true));
    let part = changes.trades[0].trade.taker_order;
    assert!(world.is_reduce_only(part));
    let (_, changes) = world.act(&two, &twap(false, "0.5", false));
    assert!(!world.is_reduce_only(changes.trades[0].trade.taker_order));
}

#[test]
fn what_a_trigger_order_becomes_says_whether_it_only_reduces() {
    let (mut world, [one, two, _]) = market();
    world.trade(&one, &two, "1");
    let stop = |order: Order| as_limit(waiting(order, "1900", Tpsl::StopLoss));
    world.act(&one, &place(&[reduce(stop(sell_perp(ETH, "2500", "1")))]));
    world.act(&two, &place(&[stop(sell_perp(ETH, "2600", "0.5"))]));
    let (step, _) = world.mark(1_900);
    let first = fired(&step);
    assert!(world.is_reduce_only(first));
    let all: Vec<bool> = step
        .outcome
        .receipts
        .due
        .iter()
        .filter_map(|event| match event {
            Event::Triggered { becomes, .. } => Some(world.is_reduce_only(*becomes)),
            _ => None,
        })
        .collect();
    assert_eq!(all, [true, false]);
    // Who knows only the last block knows it by the state of before.
    let keep = world.blocks.len() - 1;
    world.blocks.drain(..keep);
    let again = world.made_anew();
    assert!(again.open_order(first).unwrap().reduce_only);
    world.act(&one, &place(&[sell_perp(ETH, "1900", "1")]));
    world.act(&two, &place(&[buy_perp(ETH, "2500", "2")]));
    world.indexer = world.made_anew();
    assert!(world.is_reduce_only(first));
}

#[test]
fn fills_of_a_liquidation_say_whose_it_was_and_at_which_mark() {
    let (mut world, [long, short, other]) = market();
    world.act(&long, &leverage(ETH, 50, true));
    world.act(&short, &place(&[sell_perp(ETH, "2000", "50")]));
    world.act(&long, &place(&[buy_perp(ETH, "2000", "50")]));
    world.act(&other, &place(&[buy_perp(ETH, "1814", "3")]));
    // Of 10,000 less 45 of fees 705 are left, of 907.5 of maintenance margin.
    let (step, changes) = world.mark(1_815);
    let order = step.outcome.receipts.due.iter().find_map(|event| match event {
        Event::LiquidationOrder(order) => Some(order.order),
        _ => None,
    });
    let order = order.expect("a liquidation");
    let of = changes.trades[0].liquidation.expect("the trade says so");
    assert_eq!((of.account, of.mark.0), (world.account(&long), 18_150_000));
    assert_eq!(changes.trades[0].trade.taker_order, order);
    assert!(world.is_reduce_only(order));
    let (step, changes) = world.act(&other, &place(&[buy_perp(ETH, "1700", "1")]));
    resting(&step, 0);
    assert!(changes.trades.iter().all(|row| row.liquidation.is_none()));
}
