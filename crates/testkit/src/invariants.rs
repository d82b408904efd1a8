//! What must hold of the exchange's tables between blocks, recomputed from scratch.

use std::collections::BTreeMap;
use tandem_book::{OrderKey, Side, resting};
use tandem_codec::Decode;
use tandem_exchange::{AccountOrder, BalanceKey, CloidKey, ExchangeTables, QUOTE, ScheduledCancel};
use tandem_state::AnyTable;
use tandem_state::Prefix;
use tandem_types::{AccountId, MarketId, TokenId};

/// Reads a table whole.
fn rows<K: Decode, V: Decode>(table: &dyn AnyTable) -> Vec<(K, V)> {
    let mut rows = Vec::new();
    table.for_each(Prefix([0, 0]), &mut |key, value| {
        rows.push((K::from_bytes(&key[2..]).expect("a key"), V::from_bytes(&value).expect("a value")));
    });
    rows
}

/// The total of each token over all balances.
#[must_use]
pub fn totals(tables: &ExchangeTables) -> BTreeMap<TokenId, u128> {
    let mut totals = BTreeMap::new();
    for (key, balance) in rows::<BalanceKey, tandem_exchange::Balance>(&tables.balances) {
        *totals.entry(key.token).or_default() += u128::from(balance.total.0);
    }
    totals
}

/// Checks that no book is crossed, that holds are exactly what stands behind open orders, and that the lists of open
/// orders agree with the books.
///
/// # Panics
/// If one of these is not so.
pub fn assert_invariants(tables: &ExchangeTables) {
    let orders = rows::<OrderKey, tandem_book::Order>(&tables.orders);
    let infos: BTreeMap<AccountOrder, tandem_exchange::OrderInfo> =
        rows(&tables.account_orders).into_iter().map(|(key, info): (AccountOrder, _)| (key, info)).collect();
    let mut holds: BTreeMap<(AccountId, TokenId), u64> = BTreeMap::new();
    let mut counts: BTreeMap<AccountId, u32> = BTreeMap::new();
    for (key, order) in &orders {
        let account = AccountId(order.owner.0);
        let info = infos.get(&AccountOrder { account, id: key.id }).expect("an open order is listed");
        assert_eq!((info.market, info.side, info.price), (key.market(), key.side(), key.price()));
        assert!(order.remaining.0 > 0 && order.remaining <= info.size);
        let market = tables.markets.peek(&key.market()).expect("a market");
        let (token, amount) = match key.side() {
            Side::Bid => (QUOTE, order.remaining.0 * key.price().to_ticks(market.price_scale()).0),
            Side::Ask => (market.base, order.remaining.0 * market.atoms_per_lot),
        };
        *holds.entry((account, token)).or_default() += amount;
        *counts.entry(account).or_default() += 1;
        if let Some(cloid) = &info.cloid {
            assert_eq!(tables.cloids.peek(&CloidKey::of(account, cloid)), Some(&key.id));
        }
    }
    assert_eq!(infos.len(), orders.len(), "every listed order is in a book");
    let with_cloid = infos.values().filter(|info| info.cloid.is_some()).count();
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
    for (id, _) in rows::<MarketId, tandem_exchange::Market>(&tables.markets) {
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
