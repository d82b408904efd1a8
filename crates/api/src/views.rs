//! Books as clients want them: the best levels, prices rounded to as many figures as asked, serialised once a block.

use crate::format::Fixed;
use crate::wire::{Coin, Level};
use bytes::Bytes;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tandem_book::Side;
use tandem_indexer::{Depth, Indexer, Listing};
use tandem_types::{Height, MarketId};

/// Levels of a side in a snapshot.
pub(crate) const LEVELS_MAX: usize = 20;

/// How prices are rounded to levels: bids down, asks up, so that nothing seems better than it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rounding {
    /// Significant figures; all if absent.
    figures: Option<u8>,
    /// With five figures, the step of the last.
    mantissa: Option<u8>,
}

impl Rounding {
    /// Every rounding there is.
    pub(crate) const ALL: [Self; 7] = [
        Self { figures: None, mantissa: None },
        Self { figures: Some(2), mantissa: None },
        Self { figures: Some(3), mantissa: None },
        Self { figures: Some(4), mantissa: None },
        Self { figures: Some(5), mantissa: None },
        Self { figures: Some(5), mantissa: Some(2) },
        Self { figures: Some(5), mantissa: Some(5) },
    ];

    /// The rounding of a request's fields; an error names the field.
    pub(crate) fn new(
        figures: Option<u64>,
        mantissa: Option<u64>,
    ) -> Result<Self, (&'static str, &'static str)> {
        let figures = match figures {
            None => None,
            Some(figures @ 2..=5) => u8::try_from(figures).ok(),
            Some(_) => return Err(("nSigFigs", "must be 2, 3, 4, 5 or null")),
        };
        let mantissa = match mantissa {
            None | Some(1) => None,
            Some(step @ (2 | 5)) if figures == Some(5) => u8::try_from(step).ok(),
            Some(_) => return Err(("mantissa", "must be 1, 2 or 5, and only with nSigFigs 5")),
        };
        Ok(Self { figures, mantissa })
    }

    /// Rounds a price in ticks.
    fn round(self, ticks: u64, side: Side) -> u64 {
        let Some(figures) = self.figures else { return ticks };
        let digits = ticks.checked_ilog10().unwrap_or(0) + 1;
        let unit = 10u64.saturating_pow(digits.saturating_sub(u32::from(figures)));
        // A step of the last figure means nothing where all figures are shown and fewer exist.
        let step = if digits >= u32::from(figures) { u64::from(self.mantissa.unwrap_or(1)) } else { 1 };
        let unit = unit.saturating_mul(step);
        match side {
            Side::Bid => ticks - ticks % unit,
            Side::Ask => ticks.div_ceil(unit).saturating_mul(unit),
        }
    }
}

/// A book on the wire.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WireBook {
    coin: Coin,
    time: u64,
    levels: [Vec<Level>; 2],
    /// The block after which the book stood so.
    height: u64,
}

impl WireBook {
    pub(crate) fn new(id: MarketId, rounding: Rounding, indexer: &Indexer) -> Option<Self> {
        let market = indexer.markets().market(id)?;
        let empty = Depth::default();
        let depth = indexer.depth(id).unwrap_or(&empty);
        let side = |side| levels(depth, side, rounding, market);
        let levels = [side(Side::Bid), side(Side::Ask)];
        Some(Self { coin: Coin::new(id, market), time: indexer.time().0, levels, height: indexer.height().0 })
    }
}

fn levels(depth: &Depth, side: Side, rounding: Rounding, market: &Listing) -> Vec<Level> {
    let scale = market.price_scale();
    let mut rows: Vec<(u64, u128, u32)> = Vec::with_capacity(LEVELS_MAX);
    for (price, sum) in depth.levels(side) {
        let ticks = rounding.round(price.to_ticks(scale).0, side);
        let full = rows.len() >= LEVELS_MAX;
        match rows.last_mut().filter(|row| row.0 == ticks) {
            Some(row) => {
                row.1 = row.1.saturating_add(u128::from(sum.size.0));
                row.2 = row.2.saturating_add(sum.orders);
            }
            None if full => break,
            None => rows.push((ticks, u128::from(sum.size.0), sum.orders)),
        }
    }
    let level = |(ticks, lots, n): (u64, u128, u32)| Level {
        px: Fixed::new(u128::from(ticks), scale.decimals()),
        sz: Fixed::new(lots, market.size_decimals()),
        n,
    };
    rows.into_iter().map(level).collect()
}

/// Serialised books, each of one height. As many as there are markets and roundings.
#[derive(Debug, Default)]
pub(crate) struct Books {
    cached: Mutex<HashMap<(MarketId, Rounding), (Height, Bytes)>>,
}

impl Books {
    /// The book at the indexer's height; `None` for an unknown market.
    pub(crate) fn book(&self, id: MarketId, rounding: Rounding, indexer: &Indexer) -> Option<Bytes> {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let height = indexer.height();
        if let Some((_, bytes)) = cached.get(&(id, rounding)).filter(|(at, _)| *at == height) {
            return Some(bytes.clone());
        }
        let bytes = Bytes::from(serde_json::to_vec(&WireBook::new(id, rounding, indexer)?).ok()?);
        cached.insert((id, rounding), (height, bytes.clone()));
        Some(bytes)
    }
}

/// The middle of a market: between the best prices, else the only best one, else the last trade's.
pub(crate) fn mid(id: MarketId, indexer: &Indexer) -> Option<Fixed> {
    let market = indexer.markets().market(id)?;
    let best = |side| indexer.depth(id).and_then(|depth| depth.best(side)).map(|(price, _)| price);
    match (best(Side::Bid), best(Side::Ask)) {
        (Some(bid), Some(ask)) => Some(Fixed::mid(bid, ask, market)),
        (Some(price), None) | (None, Some(price)) => Some(Fixed::price(price, market)),
        (None, None) => indexer.trades(id).next().map(|row| Fixed::price(row.trade.price, market)),
    }
}

/// The middles of all markets that have one.
pub(crate) fn mids(indexer: &Indexer) -> serde_json::Map<String, serde_json::Value> {
    let markets = indexer.markets().markets();
    let found = markets.filter_map(|(id, market)| {
        Some((Coin::new(id, market).to_string(), mid(id, indexer)?.to_string().into()))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_against_the_reader() {
        let rows = [
            (None, None, 123_456, 123_456, 123_456),
            (Some(5), None, 123_456, 123_450, 123_460),
            (Some(5), Some(2), 123_456, 123_440, 123_460),
            (Some(5), Some(5), 123_456, 123_450, 123_500),
            (Some(2), None, 123_456, 120_000, 130_000),
            (Some(2), None, 99_999, 99_000, 100_000),
            (Some(2), None, 7, 7, 7),
            (Some(5), None, 100, 100, 100),
        ];
        for (figures, mantissa, ticks, bid, ask) in rows {
            let rounding = Rounding::new(figures, mantissa).unwrap();
            assert_eq!((rounding.round(ticks, Side::Bid), rounding.round(ticks, Side::Ask)), (bid, ask));
            assert!(Rounding::ALL.contains(&rounding));
        }
        assert_eq!(Rounding::new(Some(6), None).unwrap_err().0, "nSigFigs");
        assert_eq!(Rounding::new(Some(4), Some(5)).unwrap_err().0, "mantissa");
    }
}
