//! The depth of a book: what rests at each price.

use crate::markets::entry;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use tandem_book::{Order, OrderKey, Side};
use tandem_codec::Decode;
use tandem_exchange::ExchangeTables;
use tandem_state::{Change, Prefix};
use tandem_types::{AccountId, PriceRank, SizeLots};

/// Where the books stand in a delta.
pub(crate) const ORDERS: Prefix = Prefix::new(ExchangeTables::ENGINE, 10);

/// What rests at one price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelSum {
    /// Sum of the remaining sizes.
    pub size: SizeLots,
    /// How many orders.
    pub orders: u32,
}

/// What rests in one market, by price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    bids: BTreeMap<PriceRank, LevelSum>,
    asks: BTreeMap<PriceRank, LevelSum>,
}

impl Depth {
    /// Levels of a side, best first.
    pub fn levels(&self, side: Side) -> Box<dyn Iterator<Item = (PriceRank, LevelSum)> + '_> {
        match side {
            Side::Bid => Box::new(self.bids.iter().rev().map(|(price, level)| (*price, *level))),
            Side::Ask => Box::new(self.asks.iter().map(|(price, level)| (*price, *level))),
        }
    }

    /// The best price of a side and what rests there.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<(PriceRank, LevelSum)> {
        self.levels(side).next()
    }

    pub(crate) fn add(&mut self, side: Side, price: PriceRank, size: SizeLots) {
        let level = self.side(side).entry(price).or_default();
        level.size = SizeLots(level.size.0.saturating_add(size.0));
        level.orders = level.orders.saturating_add(1);
    }

    fn remove(&mut self, side: Side, price: PriceRank, size: SizeLots) {
        if let Entry::Occupied(mut entry) = self.side(side).entry(price) {
            let level = entry.get_mut();
            level.size = level.size.minus_or_zero(size);
            level.orders = level.orders.saturating_sub(1);
            if level.orders == 0 {
                entry.remove();
            }
        }
    }

    const fn side(&mut self, side: Side) -> &mut BTreeMap<PriceRank, LevelSum> {
        match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        }
    }
}

/// What a block did to one order of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderDiff {
    /// Where it rests, or rested.
    pub key: OrderKey,
    /// Whose.
    pub owner: AccountId,
    /// What remained of it before the block; `None` if it was not there.
    pub before: Option<SizeLots>,
    /// What remains of it after the block; `None` if it is gone.
    pub after: Option<SizeLots>,
}

impl OrderDiff {
    /// Reads a change of the table of orders.
    pub(crate) fn of(change: &Change<'_>) -> Option<Self> {
        let key = OrderKey::from_bytes(change.key.get(2..)?).ok()?;
        let order = |value| entry::<OrderKey, Order>(change.key, value).map(|(_, order)| order);
        let (before, after) = (order(change.old), order(change.new));
        let owner = AccountId(after.or(before)?.owner.0);
        let remaining = |order: Option<Order>| order.map(|order| order.remaining);
        Some(Self { key, owner, before: remaining(before), after: remaining(after) })
    }
}

impl Depth {
    /// Moves on over a change.
    pub(crate) fn follow(&mut self, diff: &OrderDiff) {
        let (side, price) = (diff.key.side(), diff.key.price());
        if let Some(size) = diff.before {
            self.remove(side, price, size);
        }
        if let Some(size) = diff.after {
            self.add(side, price, size);
        }
    }
}
