//! Many liquidations: a market that falls by 40 % in ten minutes, and ten thousand accounts at one instant.

use std::collections::BTreeMap;
use tandem_coprocessor::Coprocessor;
use tandem_exchange::action::{
    Action, Cancel, CancelOrders, Order, OrderKind, TimeInForce,
    Tpsl::{StopLoss, TakeProfit},
};
use tandem_exchange::perp::liquidation::LIQUIDATION_WORK_MAX;
use tandem_exchange::perp::position::{MarginMode, Position};
use tandem_exchange::perp::risk;
use tandem_exchange::perp::{PerpTotals, is_reduce_only};
use tandem_exchange::{
    AccountOrder, Event, Exchange, ExchangeTables, ItemStatus, PositionKey, Rejection, Takeover, Vault,
};
use tandem_testkit::{
    Block, DOGE, ETH, Floor, Random, as_limit, assert_invariants, buy_perp, leverage, perp_asset, place,
    sell_perp, totals, unit_margins, waiting,
};
use tandem_types::{AccountId, MarketId, QuoteAtoms, SignedLots, SizeLots, Usd};

const ATOMS: i64 = 100_000_000;

/// What happened in a run of blocks.
#[derive(Debug, Default)]
struct Tally {
    blocks: u64,
    book: u64,
    backstop: u64,
    insurance: u64,
    deleveraged: u64,
    paid_atoms: u64,
    work_max: u64,
    /// Lots that the insurance fund took, and lots that were closed against it, by market.
    taken: BTreeMap<MarketId, u64>,
    closed: BTreeMap<MarketId, u64>,
}

impl Tally {
    fn note(&mut self, block: &Block) {
        self.blocks += 1;
        self.work_max = self.work_max.max(block.work.0);
        for event in &block.events {
            match event {
                Event::LiquidationOrder(_) => self.book += 1,
                Event::Takeover(Takeover { vault: Vault::Backstop, .. }) => self.backstop += 1,
                Event::Takeover(Takeover { vault: Vault::Insurance, market, size, .. }) => {
                    self.insurance += 1;
                    *self.taken.entry(*market).or_default() += size.magnitude().0;
                }
                Event::Deleveraged(closed) => {
                    self.deleveraged += 1;
                    self.paid_atoms += closed.paid.0;
                    let lots = closed.size_before.magnitude().0 - closed.size.magnitude().0;
                    *self.closed.entry(closed.market).or_default() += lots;
                }
                _ => {}
            }
        }
    }
}

const fn reduce(order: Order) -> Order {
    Order { reduce_only: true, ..order }
}

const fn ioc(order: Order) -> Order {
    Order { kind: OrderKind::Limit(TimeInForce::Ioc), ..order }
}

/// Writes accounts that only hold something, with `usd` of collateral each: `(mode, leverage, size)` in ETH at 2000.
fn hold(floor: &mut Floor, first: u32, holders: &[(MarginMode, u8, i64, i64)]) {
    let tables = &mut floor.tables;
    let accounts = (first..).map(AccountId);
    for (account, (mode, leverage, size, usd)) in accounts.clone().zip(holders) {
        let entry = size.unsigned_abs() * 2_000 * 1_000_000;
        let cost = size * 2_000 * 1_000_000;
        let isolated = *mode == MarginMode::Isolated;
        let inside = if isolated { usd * ATOMS } else { 0 };
        let position = Position {
            size: SignedLots(*size),
            quote: Usd(inside - cost),
            entry: QuoteAtoms(entry),
            ..Position::new(*leverage, *mode)
        };
        tables.positions.put(PositionKey { account, market: ETH }, position);
        if !isolated {
            tables.collaterals.put(account, Usd(usd * ATOMS));
        }
        let address = tandem_types::Address([(account.0 % 251) as u8; 20]);
        tables.accounts.put(account, tandem_exchange::Account::new(address));
        let totals = tables.perp_totals.peek(&ETH).copied().unwrap_or_default();
        let open_interest = SizeLots(totals.open_interest.0 + u64::try_from((*size).max(0)).unwrap());
        tables.perp_totals.put(ETH, PerpTotals { open_interest, ..totals });
    }
    let count = holders.len();
    risk::rebuild(tables, floor.block, accounts.take(count)).expect("sums in range");
    tandem_state::Tables::seal(tables);
}

fn positions(tables: &ExchangeTables) -> usize {
    tables.holders.len()
}

/// A thousand accounts, half of them long and half short, cross and isolated, with 2x to 40x; a maker that bids below the
/// mark for a while. ETH falls from 2000 to 1200 in ten minutes, a price a second.
#[test]
fn a_market_that_falls_by_forty_percent_in_ten_minutes_ends_solvent() {
    let mut floor = Floor::default();
    floor.prices(1_000, &[20_000_000, 100_000]);
    let mut random = Random::seeded(7);
    let mut holders = Vec::new();
    let mut net = 0i64;
    for number in 0..1_000u32 {
        let leverage = [2u8, 3, 5, 10, 20, 25, 40][usize::try_from(random.below(7)).unwrap()];
        let lots = 100 + i64::try_from(random.below(400)).unwrap();
        let size = if number % 2 == 0 { lots } else { -lots };
        net += size;
        let margin = lots * 20 / i64::from(leverage) + 2;
        let mode = if random.below(3) == 0 { MarginMode::Isolated } else { MarginMode::Cross };
        holders.push((mode, leverage, size, margin));
    }
    holders.push((MarginMode::Cross, 5, -net, 200_000));
    hold(&mut floor, 100, &holders);
    let vaults = *floor.tables.perp_vaults.peek(&()).unwrap();
    floor.tables.collaterals.put(vaults.backstop, Usd(50_000 * ATOMS));
    let maker = AccountId(1);
    floor.tables.collaterals.put(maker, Usd(100_000 * ATOMS));
    tandem_state::Tables::seal(&mut floor.tables);
    let money = totals(&floor.tables);

    let mut tally = Tally::default();
    for second in 1..=600u64 {
        // First it slides, then it jumps by 2 % at a time.
        let seen = if second < 350 { second } else { second / 25 * 25 };
        let price = 20_000_000 - 8_000_000 * seen / 600;
        let events = floor.begin(1_000, &[price, 100_000]);
        if second % 5 == 0 && second < 400 {
            cancel_all(&mut floor, maker);
            let bid = format!("{}", price / 10_000 * 998 / 1_000);
            let answer = floor.act(maker, &place(&[buy_perp(ETH, &bid, "8")]));
            assert!(answer.is_ok());
        }
        tally.note(&floor.end(events));
    }
    for _ in 0..50 {
        tally.note(&floor.prices(1_000, &[12_000_000, 100_000]));
    }

    assert_eq!(totals(&floor.tables), money, "to the atom");
    assert_invariants(&floor.tables);
    let overshoot = overshoot(&tally);
    println!("{tally:?}");
    println!("overshoot {overshoot} lots, {} positions left", positions(&floor.tables));
    assert!(overshoot <= 1);
    for (unit, margin) in unit_margins(&floor.tables) {
        assert!(margin.value >= 0, "{unit:?} is insolvent: {margin:?}");
    }
    assert!(
        tally.book > 50 && tally.backstop > 10 && tally.insurance > 10 && tally.deleveraged > 10,
        "{tally:?}"
    );
}

/// Lots closed beyond what the insurance fund held.
fn overshoot(tally: &Tally) -> u64 {
    let over = |(market, closed): (&MarketId, &u64)| {
        closed.saturating_sub(tally.taken.get(market).copied().unwrap_or(0))
    };
    tally.closed.iter().map(over).max().unwrap_or(0)
}

fn cancel_all(floor: &mut Floor, account: AccountId) {
    let mut cancels = Vec::new();
    let mut from = AccountOrder::first(account);
    while let Some((key, _)) = floor.tables.account_orders.peek_first(&from, &AccountOrder::last(account)) {
        cancels.push(Cancel { asset: perp_asset(ETH), order: key.id });
        from = AccountOrder { id: key.id.next().unwrap(), ..*key };
    }
    if !cancels.is_empty() {
        floor
            .act(account, &Action::Cancel(CancelOrders { cancels, fast: None }))
            .expect("orders that are open");
    }
}

/// Ten thousand longs of one ETH with 30x against one short: at one price all are to be liquidated.
fn crowd(usd: i64) -> Floor {
    let mut floor = Floor::default();
    floor.prices(1_000, &[20_000_000, 100_000]);
    let mut holders = vec![(MarginMode::Cross, 30, 100, usd); 10_000];
    holders.push((MarginMode::Cross, 5, -1_000_000, 30_000_000));
    hold(&mut floor, 100, &holders);
    floor
}

/// Runs blocks of 100 ms, prices in every tenth, until nothing is queued.
fn run_down(floor: &mut Floor, oracle: &[u64]) -> Tally {
    let mut tally = Tally::default();
    for number in 0..3_000u32 {
        let prices = if number % 10 == 0 { oracle } else { &[] };
        let block = floor.prices(100, prices);
        tally.note(&block);
        let tables = &floor.tables;
        if tables.liquidations.is_empty() && tables.risk_due.is_empty() && tables.deleverages.is_empty() {
            return tally;
        }
    }
    panic!("not done: {tally:?}");
}

#[test]
fn ten_thousand_liquidations_at_one_instant_are_done_within_each_blocks_limit() {
    assert!(Exchange::DESCRIPTION.limits.due_work_max >= LIQUIDATION_WORK_MAX);
    // A twentieth is gone: everyone is worth less than nothing, and the backstop has nothing.
    let mut floor = crowd(70);
    let money = totals(&floor.tables);
    let tally = run_down(&mut floor, &[19_000_000, 100_000]);
    println!("{tally:?}");
    assert!(tally.work_max <= LIQUIDATION_WORK_MAX.0);
    assert_eq!((tally.insurance, overshoot(&tally)), (10_000, 0));
    assert_eq!((positions(&floor.tables), totals(&floor.tables)), (0, money));
    assert_invariants(&floor.tables);
}

#[test]
fn ten_thousand_sales_into_the_book_go_on_where_the_block_before_stopped() {
    let mut floor = crowd(70);
    let maker = AccountId(1);
    floor.tables.collaterals.put(maker, Usd(30_000_000 * ATOMS));
    let bids: Vec<Order> = (0..20).map(|_| buy_perp(ETH, "1949", "600")).collect();
    floor.act(maker, &place(&bids)).expect("bids");
    tandem_state::Tables::seal(&mut floor.tables);
    let money = totals(&floor.tables);
    // 70 - 50.5 are left of 19.495: just below; the zero price is far below the bids.
    let block = floor.prices(100, &[19_494_000, 100_000]);
    let price = floor.tables.perp_prices.peek(&ETH).unwrap().mark;
    assert!(block.events.iter().any(|event| matches!(event, Event::LiquidationOrder(_))), "{price:?}");
    assert!(!floor.tables.liquidations.is_empty() || !floor.tables.risk_due.is_empty());

    // Until it is done, the market takes only cancels and reduce-only orders; others go on.
    floor.begin(100, &[]);
    let now = floor.block.time;
    assert!(is_reduce_only(&mut floor.tables, ETH, now));
    assert!(!is_reduce_only(&mut floor.tables, DOGE, now));
    let short = AccountId(10_100);
    let one = |floor: &mut Floor, who, order| floor.act(who, &place(&[order])).unwrap().items[0];
    let refused = ItemStatus::Rejected(Rejection::LiquidationsPending);
    assert_eq!(one(&mut floor, short, sell_perp(ETH, "1960", "1")), refused);
    assert!(matches!(one(&mut floor, short, reduce(buy_perp(ETH, "1940", "1"))), ItemStatus::Resting { .. }));
    assert!(matches!(one(&mut floor, maker, buy_perp(DOGE, "0.1", "1000")), ItemStatus::Resting { .. }));
    cancel_all(&mut floor, short);
    assert_eq!(floor.act(short, &leverage(ETH, 6, true)).unwrap().items[0], ItemStatus::Done);
    let events = Vec::new();
    floor.end(events);

    let tally = run_down(&mut floor, &[19_494_000, 100_000]);
    println!("{tally:?}");
    assert!(tally.work_max <= LIQUIDATION_WORK_MAX.0 && tally.blocks > 10);
    assert_eq!(totals(&floor.tables), money);
    assert_invariants(&floor.tables);
    floor.begin(100, &[]);
    let answer = one(&mut floor, short, ioc(sell_perp(ETH, "1949", "1")));
    assert!(matches!(answer, ItemStatus::Filled { .. }), "{answer:?}");
}

#[test]
fn an_order_that_opens_waits_while_liquidations_are_pending_and_one_that_reduces_does_not() {
    let mut floor = crowd(70);
    let (opener, short) = (AccountId(1), AccountId(10_100));
    floor.tables.collaterals.put(opener, Usd(30_000_000 * ATOMS));
    tandem_state::Tables::seal(&mut floor.tables);
    let wait = |floor: &mut Floor, who, order| {
        let stop = as_limit(waiting(order, "1949.3", if order.is_buy { TakeProfit } else { StopLoss }));
        match floor.act(who, &place(&[stop])).unwrap().items[..] {
            [ItemStatus::Resting { id, .. }] => id,
            ref other => panic!("it does not wait: {other:?}"),
        }
    };
    let held = wait(&mut floor, opener, sell_perp(ETH, "2100", "1"));
    let taken_back = wait(&mut floor, opener, sell_perp(ETH, "2101", "1"));
    let reducing = wait(&mut floor, short, reduce(buy_perp(ETH, "1900", "1")));
    let fired = |block: &Block, of| {
        block.events.iter().any(|event| matches!(event, Event::Triggered { id, .. } if *id == of))
    };
    floor.prices(100, &[19_494_000, 100_000]);
    // The mark passes their price while ten thousand wait to be liquidated.
    let block = floor.prices(100, &[19_492_000, 100_000]);
    assert!(fired(&block, reducing) && !fired(&block, held) && !fired(&block, taken_back));
    assert_eq!(floor.tables.held_triggers.len(), 2);
    assert_invariants(&floor.tables);
    floor.begin(100, &[]);
    let cancels = vec![Cancel { asset: perp_asset(ETH), order: taken_back }];
    let cancelled = floor.act(opener, &Action::Cancel(CancelOrders { cancels, fast: None })).unwrap();
    assert_eq!((cancelled.items, floor.tables.held_triggers.len()), (vec![ItemStatus::Done], 1));
    floor.end(Vec::new());
    for number in 0..3_000u32 {
        let oracle: &[u64] = if number % 10 == 0 { &[19_600_000, 100_000] } else { &[] };
        let events = floor.begin(100, oracle);
        let now = floor.block.time;
        let pending = is_reduce_only(&mut floor.tables, ETH, now);
        let block = floor.end(events);
        assert_eq!(fired(&block, held), !pending, "in block {number}, as soon as it may");
        if !pending {
            assert!(floor.tables.held_triggers.is_empty());
            assert_invariants(&floor.tables);
            return;
        }
    }
    panic!("liquidations do not end");
}

/// One long against ten thousand shorts of the same size and leverage, in one bucket: it takes many blocks to come by all.
#[test]
fn deleveraging_goes_on_from_its_cursor_and_closes_exactly_what_is_to_be_closed() {
    let mut floor = Floor::default();
    floor.prices(1_000, &[20_000_000, 100_000]);
    let mut holders = vec![(MarginMode::Cross, 5, -100, 500); 10_000];
    holders.push((MarginMode::Cross, 40, 400_000, 250_000));
    holders.push((MarginMode::Cross, 5, 600_000, 9_000_000));
    hold(&mut floor, 100, &holders);
    let money = totals(&floor.tables);
    // 4,000 ETH fall by 100 USD: 150,000 are missing.
    let mut tally = Tally::default();
    tally.note(&floor.prices(100, &[19_000_000, 100_000]));
    let is_pending = |floor: &mut Floor| {
        floor.begin(100, &[]);
        let now = floor.block.time;
        is_reduce_only(&mut floor.tables, ETH, now)
    };
    assert!(is_pending(&mut floor), "not even all are counted");
    let rest = run_down(&mut floor, &[19_000_000, 100_000]);
    println!("{tally:?} {rest:?}");
    assert!(rest.blocks > 10 && rest.work_max <= LIQUIDATION_WORK_MAX.0);
    let closed: u64 = tally.closed.values().chain(rest.closed.values()).sum();
    assert_eq!((tally.taken[&ETH], closed), (400_000, 400_000));
    assert_eq!(i64::try_from(tally.paid_atoms + rest.paid_atoms).unwrap(), 150_000 * ATOMS);
    // Each short is closed by its part, 40 lots of 100, and pays its part, 15 USD, but for what rounding up took before.
    for account in (100..10_100).map(AccountId) {
        let position = floor.tables.positions.peek(&PositionKey { account, market: ETH }).unwrap();
        assert_eq!(position.size, SignedLots(-60), "{account}");
    }
    assert_eq!(totals(&floor.tables), money);
    assert_invariants(&floor.tables);
    assert!(!is_pending(&mut floor));
}
