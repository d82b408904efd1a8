//! Books as those see them who look on: the API, snapshots, tests. Rules read with [`Book`](crate::Book) instead.

use crate::key::{OrderKey, Side};
use crate::order::{Order, Orders};
use alloc::vec::Vec;
use tandem_types::{MarketId, PriceRank, SizeLots};

/// All that rests at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The price.
    pub price: PriceRank,
    /// What remains of its orders together, at most [`u64::MAX`].
    pub size: SizeLots,
    /// How many orders there are.
    pub orders: u32,
}

/// The orders of one side of a book in order of priority; see [`resting`].
#[derive(Clone, Debug)]
pub struct Resting<'a> {
    orders: &'a Orders,
    from: Option<OrderKey>,
    to: OrderKey,
}

/// The orders of one side of a market's book in order of priority, best first. Each takes one search.
#[must_use]
pub const fn resting(orders: &Orders, market: MarketId, side: Side) -> Resting<'_> {
    let from = Some(OrderKey::best_of(market, side));
    Resting { orders, from, to: OrderKey::worst_of(market, side) }
}

impl<'a> Iterator for Resting<'a> {
    type Item = (&'a OrderKey, &'a Order);

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.orders.peek_first(&self.from?, &self.to);
        self.from = found.and_then(|(key, _)| key.successor());
        found
    }
}

/// The best `max` levels of one side of a market's book. Its work is the number of orders on them.
#[must_use]
pub fn levels(orders: &Orders, market: MarketId, side: Side, max: usize) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::new();
    for (key, order) in resting(orders, market, side) {
        let price = key.price();
        let full = levels.len() >= max;
        match levels.last_mut().filter(|level| level.price == price) {
            Some(level) => {
                level.size = SizeLots(level.size.0.saturating_add(order.remaining.0));
                level.orders = level.orders.saturating_add(1);
            }
            None if full => break,
            None => levels.push(Level { price, size: order.remaining, orders: 1 }),
        }
    }
    levels
}
