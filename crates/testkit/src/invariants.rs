//! What must hold of the exchange's tables between blocks, recomputed from scratch.

use crate::referrals::assert_referrals;
use crate::vaults::assert_vaults;
use crate::waiting::assert_waiting;
use std::collections::BTreeMap;
use tandem_book::{OrderKey, Side, resting};
use tandem_codec::Decode;
use tandem_exchange::perp::position::Position;
use tandem_exchange::perp::{PerpMarket, PerpTotals, is_perpetual};
use tandem_exchange::{
    AccountOrder, BalanceKey, CloidKey, ExchangeTables, PositionKey, QUOTE, ReduceOnlyKey, ScheduledCancel,
};
use tandem_state::AnyTable;
use tandem_state::Prefix;
use tandem_types::{AccountId, MarketId, TokenId, Usd};

/// Reads a table whole.
pub(crate) fn rows<K: Decode, V: Decode>(table: &dyn AnyTable) -> Vec<(K, V)> {
    let mut rows = Vec::new();
    table.for_each(Prefix([0, 0]), &mut |key, value| {
        rows.push((K::from_bytes(&key[2..]).expect("a key"), V::from_bytes(&value).expect("a value")));
    });
    rows
}

/// The total of each token over all balances; of USD, with what stands in perpetual markets.
#[must_use]
pub fn totals(tables: &ExchangeTables) -> BTreeMap<TokenId, i128> {
    let mut totals = BTreeMap::from([(QUOTE, perpetual_usd(tables))]);
    for (key, balance) in rows::<BalanceKey, tandem_exchange::Balance>(&tables.balances) {
        *totals.entry(key.token).or_default() += i128::from(balance.total.0);
    }
    totals
}

/// Collaterals, quotes and funding pools.
fn perpetual_usd(tables: &ExchangeTables) -> i128 {
    let collaterals: i128 =
        rows::<AccountId, Usd>(&tables.collaterals).iter().map(|(_, amount)| i128::from(amount.0)).sum();
    let quotes: i128 = rows::<PositionKey, Position>(&tables.positions)
        .iter()
        .map(|(_, position)| i128::from(position.quote.0))
        .sum();
    let pools: i128 = rows::<MarketId, PerpTotals>(&tables.perp_totals)
        .iter()
        .map(|(_, totals)| i128::from(totals.funding_pool.0))
        .sum();
    collaterals + quotes + pools
}

/// Checks that positions count what rests in the books, that sizes balance, and that reduce-only orders stay within
/// the positions that they reduce.
fn assert_positions(tables: &ExchangeTables, open: &BTreeMap<(AccountId, MarketId), [u64; 3]>) {
    let mut open = open.clone();
    let mut held: BTreeMap<MarketId, (i128, u64)> = BTreeMap::new();
    for (key, position) in rows::<PositionKey, Position>(&tables.positions) {
        let counted = [position.bids.0, position.asks.0, position.reduce_only.0];
        assert_eq!(counted, open.remove(&(key.account, key.market)).unwrap_or_default(), "orders of {key:?}");
        assert!(position.reduce_only <= position.size.magnitude(), "{key:?} {position:?}");
        assert!(!position.size.is_zero() || position.quote.is_zero(), "{key:?} {position:?}");
        assert!(!position.size.is_zero() || position.entry.is_zero(), "{key:?} {position:?}");
        let (net, long) = held.entry(key.market).or_default();
        *net += i128::from(position.size.0);
        *long += if position.size.is_negative() { 0 } else { position.size.magnitude().0 };
    }
    assert!(open.is_empty(), "every order on a perpetual market is counted: {open:?}");
    for (market, (net, long)) in held {
        let totals = tables.perp_totals.peek(&market).copied().unwrap_or_default();
        assert_eq!((net, long), (0, totals.open_interest.0), "market {market}");
    }
}

/// Checks that no book is crossed, that holds are exactly what stands behind open orders, and that the lists of open
/// orders agree with the books.
///
/// # Panics
/// If one of these is not so.
pub fn assert_invariants(tables: &ExchangeTables) {
    assert_vaults(tables);
    assert_referrals(tables);
    let orders = rows::<OrderKey, tandem_book::Order>(&tables.orders);
    let infos: BTreeMap<AccountOrder, tandem_exchange::OrderInfo> =
        rows(&tables.account_orders).into_iter().map(|(key, info): (AccountOrder, _)| (key, info)).collect();
    let mut holds: BTreeMap<(AccountId, TokenId), u64> = BTreeMap::new();
    let waiting = assert_waiting(tables);
    let mut counts = waiting.counts;
    let mut perps: BTreeMap<(AccountId, MarketId), [u64; 3]> = BTreeMap::new();
    for (key, order) in &orders {
        let account = AccountId(order.owner.0);
        let info = infos.get(&AccountOrder { account, id: key.id }).expect("an open order is listed");
        assert_eq!((info.market, info.side, info.price), (key.market(), key.side(), key.price()));
        assert!(order.remaining.0 > 0 && order.remaining <= info.size);
        *counts.entry(account).or_default() += 1;
        if let Some(cloid) = &info.cloid {
            assert_eq!(tables.cloids.peek(&CloidKey::of(account, cloid)), Some(&key.id));
        }
        if is_perpetual(key.market()) {
            let place = match (info.reduce_only, key.side()) {
                (true, _) => 2,
                (false, Side::Bid) => 0,
                (false, Side::Ask) => 1,
            };
            perps.entry((account, key.market())).or_default()[place] += order.remaining.0;
            if info.reduce_only {
                let position = tables.positions.peek(&PositionKey { account, market: key.market() });
                assert_eq!(position.and_then(Position::reducing_side), Some(key.side()), "order {}", key.id);
                let listed = ReduceOnlyKey::new(account, key.market(), key.id);
                assert!(tables.reduce_only_orders.peek(&listed).is_some());
            }
            continue;
        }
        let market = tables.markets.peek(&key.market()).expect("a market");
        let (token, amount) = match key.side() {
            Side::Bid => (QUOTE, order.remaining.0 * key.price().to_ticks(market.price_scale()).0),
            Side::Ask => (market.base, order.remaining.0 * market.atoms_per_lot),
        };
        *holds.entry((account, token)).or_default() += amount;
    }
    assert_positions(tables, &perps);
    crate::risk::assert_risk(tables);
    let reduce_only = infos.values().filter(|info| info.reduce_only).count();
    assert_eq!(tables.reduce_only_orders.len(), reduce_only, "every reduce-only order is open");
    assert_eq!(infos.len(), orders.len(), "every listed order is in a book");
    let expiring = waiting.expiring + infos.values().filter(|info| info.expires.is_some()).count();
    assert_eq!(tables.expiries.len(), expiring, "every expiry is an open order's");
    let with_cloid = waiting.with_cloid + infos.values().filter(|info| info.cloid.is_some()).count();
    assert_eq!(tables.cloids.len(), with_cloid, "every client order id is an open order's");
    assert!(tables.cancelled_cloids.is_empty(), "markers last for one block");
    for (key, balance) in rows::<BalanceKey, tandem_exchange::Balance>(&tables.balances) {
        let backing = holds.remove(&(key.account, key.token)).unwrap_or(0);
        assert_eq!(balance.hold.0, backing, "what {key:?} holds stands behind its orders");
        assert!(balance.hold <= balance.total && balance.total.0 > 0);
    }
    assert!(holds.is_empty(), "no order is without backing");
    for (id, account) in rows::<AccountId, tandem_exchange::Account>(&tables.accounts) {
        assert_eq!(account.open_orders, counts.get(&id).copied().unwrap_or(0));
    }
    assert_schedules(tables);
    crate::sub_accounts::assert_sub_accounts(tables);
    crate::trade_groups::assert_trade_groups(tables);
    let spot = rows::<MarketId, tandem_exchange::Market>(&tables.markets).into_iter().map(|(id, _)| id);
    let perps = rows::<MarketId, PerpMarket>(&tables.perp_markets).into_iter().map(|(id, _)| id);
    for id in spot.chain(perps) {
        let best = |side| resting(&tables.orders, id, side).next().map(|(key, _)| key.price());
        if let (Some(bid), Some(ask)) = (best(Side::Bid), best(Side::Ask)) {
            assert!(bid < ask, "market {id} is crossed");
        }
    }
}

/// Each schedule stands in its account and in its list, and so does what waits to be taken out.
fn assert_schedules(tables: &ExchangeTables) {
    let (mut scheduled, mut waiting) = (0, 0);
    for (id, account) in rows::<AccountId, tandem_exchange::Account>(&tables.accounts) {
        if let Some(time) = account.scheduled_cancel {
            let key = ScheduledCancel { time: time.0, account: id };
            assert!(tables.scheduled_cancels.peek(&key).is_some());
            scheduled += 1;
        }
        assert_eq!(account.sweep.is_some(), tables.sweeps.peek(&id).is_some());
        waiting += usize::from(account.sweep.is_some());
    }
    assert_eq!((tables.scheduled_cancels.len(), tables.sweeps.len()), (scheduled, waiting));
    assert!(waiting > 0 || tables.sweep_cursor.is_empty(), "nobody's turn is next");
}
