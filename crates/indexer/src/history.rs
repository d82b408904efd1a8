//! Orders that ended, by id, by account and by client order id.

use crate::orders::{OpenOrder, OrderStatus};
use std::collections::{HashMap, VecDeque};
use tandem_types::{AccountId, BlockTime, Cloid, OrderId};

/// Ended orders kept in all.
pub const CLOSED_KEPT: usize = 500_000;
/// Ended orders listed of each account.
pub const CLOSED_PER_ACCOUNT: usize = 2_000;

/// An order that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedOrder {
    /// The order as it was last.
    pub order: OpenOrder,
    /// How it ended.
    pub status: OrderStatus,
    /// When.
    pub time: BlockTime,
}

/// The last orders that ended; beyond the bounds the oldest are forgotten.
#[derive(Clone, Debug, Default)]
pub struct OrderHistory {
    orders: HashMap<OrderId, ClosedOrder>,
    /// In the order in which they ended.
    ended: VecDeque<OrderId>,
    by_account: HashMap<AccountId, VecDeque<OrderId>>,
    by_cloid: HashMap<(AccountId, Cloid), OrderId>,
}

impl OrderHistory {
    pub(crate) fn add(&mut self, closed: ClosedOrder) {
        self.add_within(closed, CLOSED_KEPT);
    }

    fn add_within(&mut self, closed: ClosedOrder, kept: usize) {
        let OpenOrder { id, account, cloid, .. } = closed.order;
        if self.orders.insert(id, closed).is_some() {
            return;
        }
        self.ended.push_back(id);
        let of_account = self.by_account.entry(account).or_default();
        of_account.push_back(id);
        if of_account.len() > CLOSED_PER_ACCOUNT {
            of_account.pop_front();
        }
        if let Some(cloid) = cloid {
            self.by_cloid.insert((account, cloid), id);
        }
        while self.ended.len() > kept {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(closed) = self.ended.pop_front().and_then(|id| self.orders.remove(&id)) else { return };
        let OpenOrder { id, account, cloid, .. } = closed.order;
        if let Some(of_account) = self.by_account.get_mut(&account) {
            if of_account.front() == Some(&id) {
                of_account.pop_front();
            }
            if of_account.is_empty() {
                self.by_account.remove(&account);
            }
        }
        if let Some(key) =
            cloid.map(|cloid| (account, cloid)).filter(|key| self.by_cloid.get(key) == Some(&id))
        {
            self.by_cloid.remove(&key);
        }
    }

    /// An order that ended.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&ClosedOrder> {
        self.orders.get(&id)
    }

    /// The last order of an account that ended with this client order id.
    #[must_use]
    pub fn by_cloid(&self, account: AccountId, cloid: Cloid) -> Option<&ClosedOrder> {
        self.orders.get(self.by_cloid.get(&(account, cloid))?)
    }

    /// The orders of an account, the last that ended first.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = &ClosedOrder> {
        let ids = self.by_account.get(&account).into_iter().flat_map(|ids| ids.iter().rev());
        ids.filter_map(|id| self.orders.get(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_book::Side;
    use tandem_exchange::CloseReason;
    use tandem_exchange::action::TimeInForce;
    use tandem_types::{MarketId, PriceRank, SizeLots};

    fn closed(id: u64, account: u32, cloid: u8) -> ClosedOrder {
        let order = OpenOrder {
            id: OrderId(id),
            account: AccountId(account),
            market: MarketId(10_000),
            side: Side::Bid,
            price: PriceRank(1),
            size: SizeLots(1),
            remaining: SizeLots(0),
            time: BlockTime(1),
            cloid: Some(Cloid([cloid; 16])),
            time_in_force: TimeInForce::Gtc,
            reduce_only: false,
            waits: None,
        };
        ClosedOrder { order, status: OrderStatus::Closed(CloseReason::Filled), time: BlockTime(id) }
    }

    #[test]
    fn the_oldest_are_forgotten_everywhere() {
        let mut history = OrderHistory::default();
        for id in 0..10 {
            history.add_within(closed(id, u32::from(id >= 5), 7), 3);
        }
        let kept: Vec<u64> = history.of(AccountId(1)).map(|closed| closed.order.id.0).collect();
        assert_eq!(kept, [9, 8, 7]);
        assert_eq!(history.of(AccountId(0)).count(), 0);
        assert_eq!(history.order(OrderId(6)), None);
        assert_eq!(history.by_cloid(AccountId(0), Cloid([7; 16])), None);
        assert_eq!(history.by_cloid(AccountId(1), Cloid([7; 16])).map(|c| c.order.id), Some(OrderId(9)));
        assert_eq!((history.orders.len(), history.by_account.len(), history.by_cloid.len()), (3, 1, 1));
    }
}
