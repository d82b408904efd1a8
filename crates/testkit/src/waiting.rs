//! Orders that wait: in few words, and what must hold of their tables between blocks.

use crate::invariants::rows;
use crate::orders::price;
use std::collections::BTreeMap;
use tandem_exchange::action::{Action, Grouping, Order, OrderKind, PlaceOrders, Tpsl, Trigger};
use tandem_exchange::trigger::{GroupKey, PositionTrigger, Stage, TriggerOrder};
use tandem_exchange::{AccountOrder, CloidKey, ExchangeTables, Expiry};
use tandem_types::AccountId;

/// The same order, as a market order waiting for the mark price `at`.
///
/// # Panics
/// If `at` is no decimal.
#[must_use]
pub fn waiting(order: Order, at: &str, tpsl: Tpsl) -> Order {
    Order { kind: OrderKind::Trigger(Trigger { is_market: true, price: price(at), tpsl }), ..order }
}

/// The same order, resting when it has fired.
#[must_use]
pub const fn as_limit(order: Order) -> Order {
    let kind = match order.kind {
        OrderKind::Trigger(trigger) => OrderKind::Trigger(Trigger { is_market: false, ..trigger }),
        limit @ OrderKind::Limit(_) => limit,
    };
    Order { kind, ..order }
}

/// Places orders that belong together.
#[must_use]
pub fn grouped(orders: &[Order], grouping: Grouping) -> Action {
    Action::Order(PlaceOrders { orders: orders.to_vec(), grouping, builder: None })
}

/// What waiting orders add to what is counted of all open ones.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Of each account.
    pub(crate) counts: BTreeMap<AccountId, u32>,
    pub(crate) with_cloid: usize,
    pub(crate) expiring: usize,
}

/// Checks that the lists of waiting orders agree, and that each is in those that it belongs to and no others.
pub(crate) fn assert_waiting(tables: &ExchangeTables) -> Waiting {
    let mut waiting = Waiting::default();
    let (mut priced, mut grouped, mut following) = (0, 0, 0);
    for (key, order) in rows::<AccountOrder, TriggerOrder>(&tables.trigger_orders) {
        let AccountOrder { account, id } = key;
        *waiting.counts.entry(account).or_default() += 1;
        let by_price = match order.stage {
            Stage::Fill => None,
            Stage::Price => Some(tables.triggers.peek(&order.key(id))),
            Stage::Liquidations => Some(tables.held_triggers.peek(&order.key(id))),
        };
        if let Some(listed) = by_price {
            assert_eq!(listed, Some(&account), "{order:?}");
            priced += 1;
        }
        if let Some(group) = order.group {
            assert_eq!(tables.groups.peek(&GroupKey { group, id }), Some(&account), "{order:?}");
            grouped += 1;
        }
        if order.size.is_none() {
            let follows = PositionTrigger { account, market: order.market, id };
            assert!(tables.position_triggers.peek(&follows).is_some(), "{order:?}");
            assert!(order.reduce_only && order.group.is_none(), "{order:?}");
            following += 1;
        }
        if let Some(cloid) = &order.cloid {
            assert_eq!(tables.cloids.peek(&CloidKey::of(account, cloid)), Some(&id));
            waiting.with_cloid += 1;
        }
        if let Some(time) = order.expires {
            assert!(tables.expiries.peek(&Expiry { time: time.0, account, id }).is_some());
            waiting.expiring += 1;
        }
        assert!(tables.account_orders.peek(&key).is_none(), "no order both waits and rests");
    }
    let by_price = tables.triggers.len() + tables.held_triggers.len();
    let listed = (by_price, tables.groups.len(), tables.position_triggers.len());
    assert_eq!(listed, (priced, grouped, following), "nothing else is listed");
    assert_eq!(tables.twaps.len(), tables.twap_due.len(), "each running order has its next part");
    waiting
}
