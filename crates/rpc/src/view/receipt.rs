//! Receipts.

use super::{LogView, place};
use crate::blocks::EvmBlock;
use crate::fault::Fault;
use alloy_primitives::{Address, B256, Bloom, U64, U256};
use serde::Serialize;
use tandem_evm::CheckedEvmTx;

/// What a transaction did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceiptView {
    transaction_hash: B256,
    transaction_index: U64,
    block_hash: B256,
    block_number: U64,
    from: Address,
    to: Option<Address>,
    cumulative_gas_used: U64,
    gas_used: U64,
    contract_address: Option<Address>,
    logs: Vec<LogView>,
    logs_bloom: Bloom,
    #[serde(rename = "type")]
    tx_type: U64,
    status: U64,
    effective_gas_price: U256,
}

impl ReceiptView {
    /// The receipt at `index` of a block; `None` if it has not so many.
    pub(crate) fn of(block: &EvmBlock, index: usize) -> Result<Option<Self>, Fault> {
        let before = block.receipts.iter().take(index);
        let log_index = before.map(|receipt| receipt.logs.len()).sum();
        Ok(block.transaction(index)?.and_then(|tx| Self::with(block, index, log_index, &tx)))
    }

    /// All receipts of a block.
    pub(crate) fn all(block: &EvmBlock) -> Result<Vec<Self>, Fault> {
        let mut log_index = 0;
        let mut receipts = Vec::new();
        for (index, tx) in block.transactions()?.iter().enumerate() {
            let receipt = Self::with(block, index, log_index, tx);
            log_index += receipt.as_ref().map_or(0, |receipt| receipt.logs.len());
            receipts.extend(receipt);
        }
        Ok(receipts)
    }

    /// The receipt at `index`, whose first event is the one at `log_index` in the block.
    fn with(block: &EvmBlock, index: usize, log_index: usize, tx: &CheckedEvmTx) -> Option<Self> {
        let receipt = block.receipts.get(index)?;
        let logs = (log_index..).zip(&receipt.logs);
        Some(Self {
            transaction_hash: receipt.tx_hash,
            transaction_index: place(index),
            block_hash: block.hash,
            block_number: U64::from(block.number()),
            from: tx.sender(),
            to: tx.to(),
            cumulative_gas_used: U64::from(receipt.cumulative_gas_used),
            gas_used: U64::from(receipt.gas_used),
            contract_address: receipt.contract,
            logs: logs.map(|(at, log)| LogView::of(block, (index, at, log))).collect(),
            logs_bloom: receipt.bloom(),
            tx_type: U64::from(receipt.tx_type),
            status: U64::from(u64::from(receipt.success)),
            effective_gas_price: U256::from(receipt.gas_price),
        })
    }
}
