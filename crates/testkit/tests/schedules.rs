//! Scheduled cancels among many: what must hold at once, and what may take turns.

use proptest::prelude::*;
use std::collections::BTreeMap;
use tandem_exchange::action::{Action, Order, OrderKind, TimeInForce};
use tandem_exchange::{
    Account, AccountOrder, CANCEL_WORK, CloseReason, Event, ItemStatus, Rejection, SCHEDULE_LEAD_MIN_MS,
    SWEEP_ORDERS, ScheduledCancel,
};
use tandem_state::Tables;
use tandem_testkit::{Harness, PURR, Signer, Step, buy, cancel, genesis, modify, place, sell};
use tandem_types::{AccountId, Address, BlockTime, Cloid, OrderId};

/// Work of due tasks in one block.
const DUE_WORK_MAX: u64 = 5_000_000;
/// Turns that fit into half of it.
const TURNS_PER_BLOCK: usize = 51;

fn chain_of_many_orders() -> Harness {
    let mut genesis = genesis();
    genesis.exchange.config.open_orders_max = 10_000;
    Harness::new(genesis)
}

/// Asks of ten at one dollar.
fn place_many(chain: &mut Harness, trader: &Signer, count: usize) {
    let orders = vec![sell(PURR, "1", "10"); count];
    for batch in orders.chunks(125) {
        chain.act(trader, &place(batch));
    }
}

fn schedule(chain: &mut Harness, trader: &Signer, due: BlockTime) {
    let step = chain.act(trader, &Action::ScheduleCancel(Some(due)));
    assert_eq!(step.items(0), [ItemStatus::Done]);
}

/// Makes the next block that at `time`.
const fn come_to(chain: &mut Harness, time: BlockTime) {
    chain.step_ms = time.0 - chain.parent.time.0;
}

fn open(chain: &Harness, trader: &Signer) -> Vec<(OrderId, BlockTime)> {
    let tables = &chain.chain.tables.exchange;
    let account = chain.account(&trader.address());
    let (mut from, last) = (AccountOrder::first(account), AccountOrder::last(account));
    let mut found = Vec::new();
    while let Some((key, info)) = tables.account_orders.peek_first(&from, &last) {
        found.push((key.id, info.time));
        from.id = key.id.next().unwrap();
    }
    found
}

const fn take(size: &str) -> (&str, TimeInForce) {
    (size, TimeInForce::Ioc)
}

fn taking((size, kind): (&str, TimeInForce)) -> Action {
    place(&[Order { kind: OrderKind::Limit(kind), ..buy(PURR, "1", size) }])
}

fn makers(step: &Step) -> Vec<OrderId> {
    let events = step.receipts().iter().flat_map(|receipt| &receipt.events);
    events
        .filter_map(|event| if let Event::Trade(trade) = event { Some(trade.maker_order) } else { None })
        .collect()
}

#[test]
fn the_many_orders_of_one_account_do_not_delay_another() {
    let mut chain = chain_of_many_orders();
    let (many, few) = (Signer::wallet(1), Signer::wallet(2));
    place_many(&mut chain, &many, 2_500);
    place_many(&mut chain, &few, 20);
    let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS + 100);
    schedule(&mut chain, &many, due);
    schedule(&mut chain, &few, due.plus_ms(1));
    come_to(&mut chain, due.plus_ms(1));
    chain.empty();
    assert_eq!(open(&chain, &few).len(), 0);
    assert!(open(&chain, &many).len() > 500);
    chain.step_ms = 100;
    chain.empty();
    assert_eq!(open(&chain, &many).len(), 0);
    assert!(chain.chain.tables.exchange.sweeps.is_empty());
}

#[test]
fn no_order_trades_from_the_block_on_in_which_its_schedule_comes_due() {
    for (late_ms, trades) in [(0, false), (1, true)] {
        let mut chain = Harness::default();
        let (first, second, taker) = (Signer::wallet(1), Signer::wallet(2), Signer::wallet(3));
        place_many(&mut chain, &first, 2);
        place_many(&mut chain, &second, 2);
        let ids = [open(&chain, &first), open(&chain, &second)].map(|orders| orders[0].0);
        let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS);
        schedule(&mut chain, &first, due.plus_ms(late_ms));
        come_to(&mut chain, due);
        let step = chain.act(&taker, &taking(take("10")));
        assert_eq!(makers(&step), [if trades { ids[0] } else { ids[1] }]);
        let cancelled = step.receipts()[0]
            .events
            .iter()
            .filter(|event| matches!(event, Event::Closed { reason: CloseReason::ScheduledCancel, .. }));
        assert_eq!(cancelled.count(), if trades { 0 } else { 2 }, "a dead maker goes as it is met");
    }
}

#[test]
fn orders_placed_at_the_time_or_later_stay() {
    let mut chain = chain_of_many_orders();
    let trader = Signer::wallet(1);
    place_many(&mut chain, &trader, 2_000);
    let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS);
    schedule(&mut chain, &trader, due);
    come_to(&mut chain, due);
    place_many(&mut chain, &trader, 1);
    chain.step_ms = 100;
    assert!(open(&chain, &trader).len() > 100, "the first block doesn't suffice");
    place_many(&mut chain, &trader, 1);
    let left = open(&chain, &trader);
    assert_eq!(left.iter().map(|(_, time)| *time).collect::<Vec<_>>(), [due, due.plus_ms(100)]);
}

#[test]
fn what_came_due_is_neither_moved_nor_taken_back() {
    let mut chain = Harness::default();
    let trader = Signer::wallet(1);
    for again in [None, Some(10_000)] {
        place_many(&mut chain, &trader, 3);
        let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS);
        schedule(&mut chain, &trader, due);
        come_to(&mut chain, due);
        let next = again.map(|ms| chain.now().plus_ms(ms));
        let step = chain.act(&trader, &Action::ScheduleCancel(next));
        assert_eq!(step.items(0), [ItemStatus::Done]);
        assert_eq!(open(&chain, &trader), []);
        let account = chain.account(&trader.address());
        let account = *chain.chain.tables.exchange.accounts.peek(&account).unwrap();
        assert_eq!((account.scheduled_cancel, account.sweep), (next, None));
        chain.step_ms = 100;
    }
    let account = chain.account(&trader.address());
    assert_eq!(chain.chain.tables.exchange.accounts.peek(&account).unwrap().schedule_uses, 2);
}

#[test]
fn an_order_that_waits_to_be_taken_out_is_cancelled_for_its_owner() {
    let mut chain = chain_of_many_orders();
    let trader = Signer::wallet(1);
    place_many(&mut chain, &trader, 1_990);
    let named = Order { cloid: Some(Cloid([7; 16])), ..sell(PURR, "2", "10") };
    chain.act(&trader, &place(&[named]));
    let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS);
    schedule(&mut chain, &trader, due);
    come_to(&mut chain, due);
    chain.empty();
    chain.step_ms = 100;
    let waiting = open(&chain, &trader);
    let [.., (by_hand, _), (with_name, _)] = waiting.as_slice() else { panic!("none waits") };
    let step = chain.act_all(&[
        (&trader, modify(*with_name, sell(PURR, "2", "9"))),
        (&trader, cancel(PURR, &[*by_hand])),
    ]);
    // Cancels come first.
    assert_eq!(step.items(0), [ItemStatus::Done]);
    assert_eq!(step.rejection(1), Rejection::ModifyUnknownOrder);
    let mut chain = chain_of_many_orders();
    place_many(&mut chain, &trader, 1_990);
    chain.act(&trader, &place(&[named]));
    let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS);
    schedule(&mut chain, &trader, due);
    come_to(&mut chain, due);
    // Its client order id is free again.
    let step = chain.act(&trader, &place(&[named]));
    assert!(matches!(step.items(0), [ItemStatus::Resting { .. }]));
    chain.step_ms = 100;
    chain.empty();
    assert_eq!(open(&chain, &trader).len(), 1);
}

#[test]
fn a_flood_of_schedules_leaves_blocks_in_time_and_stops_its_orders_at_once() {
    const FLOOD: u32 = 2_000;
    let mut chain = Harness::default();
    let (victim, taker) = (Signer::wallet(1), Signer::wallet(2));
    place_many(&mut chain, &victim, 2);
    let due = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS);
    schedule(&mut chain, &victim, due);
    // More accounts than tests have keys for, all due earlier.
    let earlier = BlockTime(due.0 - 1);
    let exchange = &mut chain.chain.tables.exchange;
    for account in (1_000..1_000 + FLOOD).map(AccountId) {
        let record = Account { scheduled_cancel: Some(earlier), ..Account::new(Address([1; 20])) };
        exchange.accounts.put(account, record);
        exchange.scheduled_cancels.put(ScheduledCancel { time: earlier.0, account }, ());
    }
    chain.chain.tables.seal();
    chain.chain.rebuild_trees().unwrap();
    chain.parent.core_root = chain.chain.core_root();

    come_to(&mut chain, due);
    let step = chain.act(&taker, &taking(take("5")));
    assert_eq!(makers(&step), []);
    let mut left = vec![chain.chain.tables.exchange.scheduled_cancels.len()];
    chain.step_ms = 100;
    while left.last() != Some(&0) {
        chain.empty();
        left.push(chain.chain.tables.exchange.scheduled_cancels.len());
    }
    // Half of the work limit notes 833 of them a block; nobody has orders to take out, so nobody waits.
    assert_eq!(left, [2_000 - 833 + 1, 2_000 - 2 * 833 + 1, 0]);
    assert!(chain.chain.tables.exchange.sweeps.is_empty());
    assert_eq!(open(&chain, &victim), []);
}

/// One account's part: orders before its schedule, when that is due (in blocks), orders in the blocks after.
#[derive(Clone, Copy, Debug)]
struct Part {
    before: usize,
    due_in: u64,
    after: usize,
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let count = prop_oneof![0..40usize, 500..900usize];
    let part = (count, 0..3u64, 0..5usize).prop_map(|(before, due_in, after)| Part { before, due_in, after });
    proptest::collection::vec(part, 1..=4)
}

/// What is known of an account without asking the chain.
#[derive(Clone, Debug, Default)]
struct Known {
    orders: BTreeMap<OrderId, BlockTime>,
    due: BlockTime,
    /// How many were cancelled when it came due.
    cancelled: usize,
}

impl Known {
    fn is_dead(&self, order: OrderId, now: BlockTime) -> bool {
        self.due <= now && self.orders.get(&order).is_some_and(|placed| *placed < self.due)
    }

    fn follow(&mut self, step: &Step, account: AccountId) {
        let receipts = step.receipts().iter().flat_map(|receipt| &receipt.events);
        for event in receipts.chain(&step.outcome.receipts.due) {
            match event {
                Event::Opened { account: of, id, .. } if *of == account => {
                    self.orders.insert(*id, step.block.header.time);
                }
                Event::Closed { account: of, id, .. } if *of == account => {
                    self.orders.remove(id);
                }
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn schedules_end_in_turns_and_no_cancelled_order_trades(parts in parts()) {
        let mut chain = chain_of_many_orders();
        let taker = Signer::wallet(5);
        let traders: Vec<_> = (1..=parts.len()).map(|n| Signer::wallet(u8::try_from(n).unwrap())).collect();
        let mut known = vec![Known::default(); parts.len()];
        for (trader, part) in traders.iter().zip(&parts) {
            place_many(&mut chain, trader, part.before);
        }
        let begin = chain.now().plus_ms(SCHEDULE_LEAD_MIN_MS + 1_000);
        for ((trader, part), known) in traders.iter().zip(&parts).zip(&mut known) {
            known.orders = open(&chain, trader).into_iter().collect();
            known.due = begin.plus_ms(1_000 * part.due_in);
            schedule(&mut chain, trader, known.due);
        }
        come_to(&mut chain, begin);
        for block in 0..8usize {
            let now = chain.now();
            for known in known.iter_mut().filter(|known| known.due == now) {
                known.cancelled = known.orders.values().filter(|placed| **placed < now).count();
            }
            let mut actions = vec![(&taker, taking(take("30")))];
            for (trader, part) in traders.iter().zip(&parts).filter(|(_, part)| block < part.after) {
                actions.push((trader, place(&[sell(PURR, "1", &format!("{}", 10 + part.after))])));
            }
            let before = known.clone();
            let step = chain.act_all(&actions);
            for (trader, known) in traders.iter().zip(&mut known) {
                known.follow(&step, chain.account(&trader.address()));
            }
            for maker in makers(&step) {
                prop_assert!(!before.iter().any(|known| known.is_dead(maker, now)), "{maker} was cancelled");
            }
            prop_assert!(step.outcome.receipts.due.len() as u64 * CANCEL_WORK.0 <= DUE_WORK_MAX);
            let waiting = parts.len();
            for ((trader, known), part) in traders.iter().zip(&known).zip(&parts) {
                let left = open(&chain, trader);
                prop_assert!(left.iter().map(|(id, _)| id).eq(known.orders.keys()));
                let dead = left.iter().filter(|(id, _)| known.is_dead(*id, now)).count();
                let since = (block + 1).saturating_sub(usize::try_from(part.due_in).unwrap());
                let turns = since * TURNS_PER_BLOCK / waiting;
                prop_assert!(dead <= known.cancelled.saturating_sub(turns * SWEEP_ORDERS as usize));
            }
            chain.step_ms = 1_000;
        }
        prop_assert!(chain.chain.tables.exchange.sweeps.is_empty());
    }
}

/// Each case makes thousands of orders.
fn cases() -> u32 {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    wanted.unwrap_or(64) / 8
}
