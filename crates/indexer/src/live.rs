//! Orders while they live, and what became of them: moved by the events that tell of orders.

use crate::block::OrderUpdate;
use crate::depth::OrderDiff;
use crate::history::{ClosedOrder, OrderHistory};
use crate::orders::{self, OpenOrder, OrderStatus};
use crate::twaps;
use std::collections::{BTreeSet, HashMap};
use tandem_book::{OrderKey, Side};
use tandem_exchange::{AccountOrder, Event, Trade};
use tandem_node::DecidedBlock;
use tandem_stf::ChainTables;
use tandem_types::{BlockTime, MarketId, OrderId};

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveOrders {
    open: HashMap<OrderId, OpenOrder>,
    /// Those in the books, by market, side and priority.
    books: BTreeSet<OrderKey>,
    pub(crate) history: OrderHistory,
}

impl LiveOrders {
    /// The open orders of the state.
    pub(crate) fn of(tables: &ChainTables) -> Self {
        let mut open = orders::open_orders(tables);
        let key = |order: &OpenOrder| OrderKey::new(order.market, order.side, order.price, order.id);
        let books = open.values().map(key).collect();
        open.extend(orders::waiting_orders(tables).into_iter().map(|order| (order.id, order)));
        Self { open, books, history: OrderHistory::default() }
    }

    /// Follows what a block did to the books.
    pub(crate) fn follow_book(&mut self, diff: &OrderDiff) {
        match diff.after {
            Some(_) => self.books.insert(diff.key),
            None => self.books.remove(&diff.key),
        };
    }

    /// The orders of a block's due work that may only make positions smaller: those of liquidations, parts of TWAP orders
    /// that say so, and what trigger orders that say so became.
    pub(crate) fn reduce_only_due(&self, block: &DecidedBlock, twaps: &twaps::OfBlock) -> Vec<OrderId> {
        let ids = block.receipts.due.iter().filter_map(|event| match *event {
            Event::LiquidationOrder(liquidation) => Some(liquidation.order),
            Event::TwapPart { order, .. } => {
                twaps.of_part(order).filter(|(_, twap)| twap.reduce_only).map(|_| order)
            }
            Event::Triggered { account, id, becomes } => {
                let waited = self.open(id).map(|order| order.reduce_only);
                let before = || orders::waited(&block.delta, AccountOrder { account, id });
                waited.or_else(before).filter(|reduce_only| *reduce_only).map(|_| becomes)
            }
            _ => None,
        });
        ids.collect()
    }

    /// Follows an event that tells of an order, and returns which. `reduce_only` are those orders of the action that
    /// are; the events leave it out.
    pub(crate) fn follow(
        &mut self,
        event: &Event,
        time: BlockTime,
        reduce_only: &[OrderId],
    ) -> Option<OrderId> {
        let id = match event {
            Event::Opened { id, .. } => {
                let opened = orders::opened(event, time, reduce_only.contains(id));
                self.open.extend(opened.map(|order| (*id, order)));
                id
            }
            Event::Waiting { account, id, order } => {
                let key = AccountOrder { account: *account, id: *id };
                self.open.insert(*id, OpenOrder::waiting(key, order));
                id
            }
            Event::Reduced { id, remaining, .. } => {
                self.change(*id, |order| order.remaining = *remaining);
                id
            }
            Event::Armed { id, size, .. } => {
                self.change(*id, |order| (order.size, order.remaining) = (*size, *size));
                id
            }
            Event::Closed { id, remaining, reason, .. } => {
                self.change(*id, |order| order.remaining = *remaining);
                self.end(*id, OrderStatus::Closed(*reason), time);
                id
            }
            Event::Triggered { id, .. } => {
                self.end(*id, OrderStatus::Triggered, time);
                id
            }
            Event::TriggerRefused { id, why, .. } => {
                self.end(*id, OrderStatus::Refused(*why), time);
                id
            }
            _ => return None,
        };
        Some(*id)
    }

    /// Follows a trade.
    pub(crate) fn follow_trade(&mut self, trade: &Trade) {
        self.change(trade.maker_order, |maker| maker.remaining = trade.maker_remaining);
        self.change(trade.taker_order, |taker| taker.remaining = taker.remaining.minus_or_zero(trade.size));
    }

    fn change(&mut self, id: OrderId, change: impl FnOnce(&mut OpenOrder)) {
        if let Some(order) = self.open.get_mut(&id) {
            change(order);
        }
    }

    /// An order is open no more.
    fn end(&mut self, id: OrderId, status: OrderStatus, time: BlockTime) {
        if let Some(order) = self.open.remove(&id) {
            self.history.add(ClosedOrder { order, status, time });
        }
    }

    /// An open order.
    pub(crate) fn open(&self, id: OrderId) -> Option<&OpenOrder> {
        self.open.get(&id)
    }

    /// Every open order, waiting ones included, in no order.
    pub(crate) fn all_open(&self) -> impl Iterator<Item = &OpenOrder> {
        self.open.values()
    }

    /// Where an order stands.
    pub(crate) fn update(&self, id: OrderId, time: BlockTime) -> Option<OrderUpdate> {
        let open = self.open(id).map(|order| (*order, OrderStatus::Open));
        let ended = || self.history.order(id).map(|closed| (closed.order, closed.status));
        let (order, status) = open.or_else(ended)?;
        Some(OrderUpdate { order, status, time })
    }

    /// The orders of one side of a market's book, best first.
    pub(crate) fn resting(&self, market: MarketId, side: Side) -> impl Iterator<Item = &OpenOrder> {
        let keys = self.books.range(OrderKey::best_of(market, side)..=OrderKey::worst_of(market, side));
        keys.filter_map(|key| self.open(key.id))
    }
}

/// The orders that an action touched, each to be reported once, as the action left it.
#[derive(Debug, Default)]
pub(crate) struct Touched(Vec<OrderId>);

/// An action touches few orders, or each of many once and in order: the last places are enough to look at.
const LAST_PLACES: usize = 4;

impl Touched {
    pub(crate) fn add(&mut self, id: OrderId) {
        if !self.0.iter().rev().take(LAST_PLACES).any(|known| *known == id) {
            self.0.push(id);
        }
    }

    /// Each once, in the order of their numbers.
    pub(crate) fn sorted(mut self) -> Vec<OrderId> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_types::SizeLots;

    #[test]
    fn an_order_that_is_touched_often_is_reported_once() {
        let mut touched = Touched::default();
        [7, 7, 3, 9, 1, 2, 4, 7, 3].map(OrderId).into_iter().for_each(|id| touched.add(id));
        assert_eq!(touched.sorted(), [1, 2, 3, 4, 7, 9].map(OrderId));
    }

    #[test]
    fn what_is_unknown_changes_nothing() {
        let mut live = LiveOrders::default();
        live.change(OrderId(1), |order| order.remaining = SizeLots(1));
        live.end(OrderId(1), OrderStatus::Triggered, BlockTime(1));
        assert_eq!(live.update(OrderId(1), BlockTime(1)), None);
    }
}
