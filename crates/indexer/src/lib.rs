//! What readers ask for and the state does not hold: the past, and sums over the present.
//!
//! An [`Indexer`] is fed the decided blocks in order and keeps bounded views in memory: the depth of each book, recent
//! trades, candles, fills by account, orders that ended or were refused, funding rates and what positions paid of them,
//! transfers, TWAP orders, what accounts were worth, and the addresses of accounts. It does no I/O, locks nothing, reads no clock, and decides nothing: all that
//! it holds follows from the blocks. What is older than its bounds is forgotten, oldest first.
//!
//! [`Indexer::apply`] returns what a block changed, as those who subscribe want to hear it.
#![forbid(unsafe_code)]

mod block;
mod candles;
mod changed;
mod depth;
mod events;
mod fills;
mod funding;
mod history;
mod holdings;
mod indexer;
mod kept;
mod ledger;
mod live;
mod markets;
mod orders;
mod portfolio;
mod rejected;
mod tape;
#[cfg(test)]
mod tests;
mod twaps;

pub use block::{Before, BlockChanges, Liquidated, OrderUpdate, Settled, SettledRow, TradeRow};
pub use candles::{CANDLES_KEPT, Candle, DAY_MS, DayStats, Interval};
pub use depth::{Depth, LevelSum, OrderDiff};
pub use fills::{FILLS_KEPT, FILLS_PER_ACCOUNT, Fill, Fills};
pub use funding::{
    FundingHistory, FundingPayment, FundingRate, PAYMENTS_KEPT, PAYMENTS_PER_ACCOUNT, RATES_KEPT, Since,
};
pub use history::{CLOSED_KEPT, CLOSED_PER_ACCOUNT, ClosedOrder, OrderHistory};
pub use indexer::{Indexer, Past};
pub use ledger::{LEDGER_KEPT, LEDGER_PER_ACCOUNT, Ledger, LedgerEntry, LedgerRow};
pub use markets::{Listing, Markets};
pub use orders::{ORDER_STATUS_WORDS, OpenOrder, OrderStatus, Waits};
pub use portfolio::{Money, PORTFOLIOS_KEPT, Portfolios, SAMPLE_MS, Sample};
pub use rejected::{REJECTED_ID_FIRST, REJECTED_KEPT, REJECTED_PER_ACCOUNT, Rejected, RejectedOrder};
pub use tape::TRADES_KEPT;
pub use twaps::{
    SLICE_FILLS_KEPT, SLICE_FILLS_PER_ACCOUNT, TWAPS_KEPT, TWAPS_PER_ACCOUNT, TwapChanges, TwapHistory,
    TwapRow, TwapStatus,
};
