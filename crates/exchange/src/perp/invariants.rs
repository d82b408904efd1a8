//! Promises about perpetual markets, checked on what a block changed.
//!
//! Sums of changes, so the cost is that of the changes: USD in collaterals, quotes and funding pools for the conservation
//! of USD as a whole, and per market sizes (which sum to nothing) and long sizes (which are the open interest).

use super::market::PerpTotals;
use super::position::Position;
use crate::promise::{BrokenPromise, difference, key};
use crate::tables::{ExchangeTables, PositionKey};
use alloc::collections::BTreeMap;
use tandem_state::{Delta, Prefix};
use tandem_types::{MarketId, Usd};

const TOTALS: Prefix = Prefix::new(ExchangeTables::ENGINE, 36);
const COLLATERALS: Prefix = Prefix::new(ExchangeTables::ENGINE, 37);
const POSITIONS: Prefix = Prefix::new(ExchangeTables::ENGINE, 38);

/// Changes of one market's sizes.
#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    net: i128,
    long: i128,
    open_interest: i128,
}

/// The change of all USD that stands in collaterals, positions and funding pools, if the sizes are in order.
pub(crate) fn usd_difference(delta: &Delta) -> Result<i128, BrokenPromise> {
    let mut usd = 0i128;
    let mut sizes: BTreeMap<MarketId, Sizes> = BTreeMap::new();
    for change in delta.changes_under(&COLLATERALS.0) {
        usd = usd.saturating_add(difference(&change, |amount: &Usd| amount.0.into())?);
    }
    for change in delta.changes_under(&POSITIONS.0) {
        let key: PositionKey = key(&change)?;
        usd = usd.saturating_add(difference(&change, |position: &Position| position.quote.0.into())?);
        let of_market = sizes.entry(key.market).or_default();
        let net = difference(&change, |position: &Position| position.size.0.into())?;
        let long = difference(&change, |position: &Position| position.size.0.max(0).into())?;
        of_market.net = of_market.net.saturating_add(net);
        of_market.long = of_market.long.saturating_add(long);
    }
    for change in delta.changes_under(&TOTALS.0) {
        usd = usd.saturating_add(difference(&change, |totals: &PerpTotals| totals.funding_pool.0.into())?);
        let lots = difference(&change, |totals: &PerpTotals| totals.open_interest.0.into())?;
        sizes.entry(key(&change)?).or_default().open_interest = lots;
    }
    let broken = sizes.iter().find(|(_, sizes)| sizes.net != 0 || sizes.long != sizes.open_interest);
    match broken {
        Some((market, _)) => Err(BrokenPromise::OpenInterest { market: *market }),
        None => Ok(usd),
    }
}
