//! The depth of a book: what rests at each price.

use crate::markets::entry;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use tandem_book::{Order, OrderKey, Side};
use tandem_codec::Decode;
use tandem_exchange::ExchangeTables;
use tandem_state::{Change, Prefix};
use tandem_types::{MarketId, PriceRank, SizeLots};

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

/// Moves depths over one change of the table of orders; returns the market.
pub(crate) fn follow(depths: &mut BTreeMap<MarketId, Depth>, change: &Change<'_>) -> Option<MarketId> {
    let key = OrderKey::from_bytes(change.key.get(2..)?).ok()?;
    let depth = depths.entry(key.market()).or_default();
    if let Some((_, order)) = entry::<OrderKey, Order>(change.key, change.old) {
        depth.remove(key.side(), key.price(), order.remaining);
    }
    if let Some((_, order)) = entry::<OrderKey, Order>(change.key, change.new) {
        depth.add(key.side(), key.price(), order.remaining);
    }
    Some(key.market())
}
