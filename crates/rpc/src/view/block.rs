//! Blocks and headers.

use super::TransactionView;
use crate::blocks::EvmBlock;
use crate::fault::Fault;
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U64, U256};
use alloy_rlp::Encodable;
use serde::Serialize;
use tandem_evm::EvmHeader;

/// A header, as `newHeads` sends it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeaderView {
    hash: B256,
    parent_hash: B256,
    sha3_uncles: B256,
    miner: Address,
    state_root: B256,
    transactions_root: B256,
    receipts_root: B256,
    logs_bloom: Bloom,
    difficulty: U256,
    number: U64,
    gas_limit: U64,
    gas_used: U64,
    timestamp: U64,
    extra_data: Bytes,
    mix_hash: B256,
    nonce: B64,
    base_fee_per_gas: U64,
    withdrawals_root: Option<B256>,
    blob_gas_used: U64,
    excess_blob_gas: U64,
    parent_beacon_block_root: Option<B256>,
    requests_hash: Option<B256>,
}

/// A block.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlockView {
    #[serde(flatten)]
    header: HeaderView,
    size: U64,
    transactions: Transactions,
    uncles: [B256; 0],
    withdrawals: [B256; 0],
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Transactions {
    Full(Vec<TransactionView>),
    Hashes(Vec<B256>),
}

impl HeaderView {
    pub(crate) fn of(block: &EvmBlock) -> Self {
        let header = &block.header;
        Self {
            hash: block.hash,
            parent_hash: header.parent_hash,
            sha3_uncles: header.ommers_hash,
            miner: header.beneficiary,
            state_root: header.state_root,
            transactions_root: header.transactions_root,
            receipts_root: header.receipts_root,
            logs_bloom: header.logs_bloom,
            difficulty: header.difficulty,
            number: U64::from(header.number),
            gas_limit: U64::from(header.gas_limit),
            gas_used: U64::from(header.gas_used),
            timestamp: U64::from(header.timestamp),
            extra_data: header.extra_data.clone(),
            mix_hash: header.mix_hash,
            nonce: header.nonce,
            base_fee_per_gas: U64::from(header.base_fee_per_gas.unwrap_or_default()),
            withdrawals_root: header.withdrawals_root,
            blob_gas_used: U64::from(header.blob_gas_used.unwrap_or_default()),
            excess_blob_gas: U64::from(header.excess_blob_gas.unwrap_or_default()),
            parent_beacon_block_root: header.parent_beacon_block_root,
            requests_hash: header.requests_hash,
        }
    }
}

impl BlockView {
    /// The block with its transactions, or with their hashes.
    pub(crate) fn of(block: &EvmBlock, is_full: bool) -> Result<Self, Fault> {
        let transactions = if is_full {
            let checked = block.transactions()?.iter().enumerate();
            Transactions::Full(checked.map(|(index, tx)| TransactionView::mined(tx, block, index)).collect())
        } else {
            Transactions::Hashes(block.receipts.iter().map(|receipt| receipt.tx_hash).collect())
        };
        Ok(Self {
            header: HeaderView::of(block),
            size: size(&block.header, block.raw()),
            transactions,
            uncles: [],
            withdrawals: [],
        })
    }
}

/// Bytes of the block's RLP: header, transactions, no uncles, no withdrawals.
fn size(header: &EvmHeader, raw: &[Bytes]) -> U64 {
    // Typed transactions stand in the list as strings, legacy ones as the lists that they are (EIP-2718).
    let is_legacy = |raw: &Bytes| raw.first().is_some_and(|first| *first >= 0xc0);
    let lengths = raw.iter().map(|raw| if is_legacy(raw) { raw.len() } else { raw.length() });
    let transactions: usize = lengths.sum();
    let list = |payload: usize| payload + alloy_rlp::length_of_length(payload);
    U64::from(list(header.length() + list(transactions) + list(0) + list(0)) as u64)
}
