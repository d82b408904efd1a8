//! What readers ask for and the state does not hold: the past, and sums over the present.
//!
//! An [`Indexer`] is fed the decided blocks in order and keeps bounded views in memory: the depth of each book, recent
//! trades, candles, fills by account, orders that ended or were refused, and the addresses of accounts. It does no I/O, locks nothing,
//! reads no clock, and decides nothing: all that it holds follows from the blocks. What is older than its bounds is
//! forgotten, oldest first.
//!
//! [`Indexer::apply`] returns what a block changed, as those who subscribe want to hear it.
#![forbid(unsafe_code)]

mod block;
mod candles;
mod depth;
mod fills;
mod history;
mod indexer;
mod markets;
mod orders;
mod rejected;
#[cfg(test)]
mod tests;

pub use block::{BlockChanges, OrderUpdate, TradeRow, TransferRow};
pub use candles::{CANDLES_KEPT, Candle, DAY_MS, DayStats, Interval};
pub use depth::{Depth, LevelSum};
pub use fills::{FILLS_KEPT, FILLS_PER_ACCOUNT, Fills};
pub use history::{CLOSED_KEPT, CLOSED_PER_ACCOUNT, ClosedOrder, OrderHistory};
pub use indexer::{Indexer, Past, TRADES_KEPT};
pub use markets::Markets;
pub use orders::{OpenOrder, OrderStatus};
pub use rejected::{REJECTED_ID_FIRST, REJECTED_KEPT, REJECTED_PER_ACCOUNT, Rejected, RejectedOrder};
