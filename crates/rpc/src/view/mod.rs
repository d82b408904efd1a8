//! What answers look like: Ethereum's objects in JSON, quantities in hex without leading zeros.

mod block;
mod log;
mod proof;
mod receipt;
mod transaction;

pub(crate) use block::{BlockView, HeaderView};
pub(crate) use log::{LogView, block_logs};
pub(crate) use proof::ProofView;
pub(crate) use receipt::ReceiptView;
pub(crate) use transaction::TransactionView;

use alloy_primitives::U64;

/// A place in a list, as a quantity.
pub(crate) fn place(index: usize) -> U64 {
    U64::from(index as u64)
}
