//! Whose money and which prices a block changed, read off its delta.

use crate::funding;
use crate::holdings::BALANCES;
use std::collections::BTreeSet;
use tandem_codec::Decode;
use tandem_exchange::{BalanceKey, ExchangeTables};
use tandem_state::{Delta, Prefix};
use tandem_types::{AccountId, MarketId};

const PERP_PRICES: Prefix = Prefix::new(ExchangeTables::ENGINE, 34);
const PERP_TOTALS: Prefix = Prefix::new(ExchangeTables::ENGINE, 36);
const COLLATERALS: Prefix = Prefix::new(ExchangeTables::ENGINE, 37);
/// What makes a market take reduce-only orders only.
const PENDING: [Prefix; 3] = [
    Prefix::new(ExchangeTables::ENGINE, 66),
    Prefix::new(ExchangeTables::ENGINE, 70),
    Prefix::new(ExchangeTables::ENGINE, 73),
];

/// Accounts whose spot balances changed.
pub(crate) fn balances(delta: &Delta) -> Vec<AccountId> {
    let mut accounts: Vec<AccountId> = keys(delta, &BALANCES).map(|key: BalanceKey| key.account).collect();
    accounts.dedup();
    accounts
}

/// Accounts whose collateral, positions or open orders on perpetuals changed.
pub(crate) fn margins(delta: &Delta) -> Vec<AccountId> {
    let accounts: BTreeSet<AccountId> = keys(delta, &COLLATERALS).chain(funding::touched(delta)).collect();
    accounts.into_iter().collect()
}

/// Perpetual markets whose prices, open interest or phase changed.
pub(crate) fn perpetuals(delta: &Delta) -> Vec<MarketId> {
    let markets: BTreeSet<MarketId> = [&PERP_PRICES, &PERP_TOTALS]
        .into_iter()
        .chain(&PENDING)
        .flat_map(|table| keys(delta, table))
        .collect();
    markets.into_iter().collect()
}

/// The keys of a table that a block changed, in order.
fn keys<'d, K: Decode>(delta: &'d Delta, table: &'static Prefix) -> impl Iterator<Item = K> + use<'d, K> {
    delta.changes_under(&table.0).filter_map(|change| K::from_bytes(change.key.get(2..)?).ok())
}
