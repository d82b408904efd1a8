//! Which orders a market takes while liquidations of it are pending.

use crate::tables::ExchangeTables;
use tandem_types::{BlockTime, MarketId};

/// Whether a market takes only cancels and reduce-only orders at `now`: liquidations of an earlier block are not done.
#[must_use]
pub fn is_reduce_only(tables: &mut ExchangeTables, market: MarketId, now: BlockTime) -> bool {
    let due = tables.risk_due.get(&market).copied();
    let waiting = tables.liquidations_waiting.get(&market).map(|waiting| waiting.since);
    let deleverage = tables.deleverages.get(&market).map(|deleverage| deleverage.since);
    [due, waiting, deleverage].into_iter().flatten().any(|since| since < now)
}

/// Whether a market will take only cancels and reduce-only orders in the next block, for readers of the state.
#[must_use]
pub fn has_pending_liquidations(tables: &ExchangeTables, market: MarketId) -> bool {
    tables.risk_due.peek(&market).is_some()
        || tables.liquidations_waiting.peek(&market).is_some()
        || tables.deleverages.peek(&market).is_some()
}
