//! Events with their place in the chain.

use super::place;
use crate::blocks::EvmBlock;
use alloy_primitives::{Address, B256, Bytes, Log, U64};
use serde::Serialize;

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogView {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    block_hash: B256,
    block_number: U64,
    block_timestamp: U64,
    transaction_hash: B256,
    transaction_index: U64,
    log_index: U64,
    removed: bool,
}

/// All events of a block: with each the index of its transaction, and its own index in the block.
pub(crate) fn block_logs(block: &EvmBlock) -> impl Iterator<Item = (usize, usize, &Log)> {
    let logs = block.receipts.iter().enumerate();
    let logs = logs.flat_map(|(transaction, receipt)| receipt.logs.iter().map(move |log| (transaction, log)));
    logs.enumerate().map(|(index, (transaction, log))| (transaction, index, log))
}

impl LogView {
    /// The event `log` at `index` in the block, of its transaction at `transaction`.
    pub(crate) fn of(block: &EvmBlock, (transaction, index, log): (usize, usize, &Log)) -> Self {
        let hash = block.receipts.get(transaction).map(|receipt| receipt.tx_hash).unwrap_or_default();
        Self {
            address: log.address,
            topics: log.data.topics().to_vec(),
            data: log.data.data.clone(),
            block_hash: block.hash,
            block_number: U64::from(block.number()),
            block_timestamp: U64::from(block.header.timestamp),
            transaction_hash: hash,
            transaction_index: place(transaction),
            log_index: place(index),
            removed: false,
        }
    }
}
