//! What a block's execution gives: receipts, and all of the header but the state root.

use crate::{CheckedEvmTx, EvmBlockEnv, EvmHeader, EvmReceipt};
use alloc::vec::Vec;
use alloy_consensus::EMPTY_OMMER_ROOT_HASH;
use alloy_consensus::constants::EMPTY_WITHDRAWALS;
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{B64, B256, Bloom, Bytes, U256};
use alloy_trie::root::ordered_trie_root_encoded;

/// The outcome of an EVM block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmOutcome {
    /// One receipt per transaction, in order.
    pub receipts: Vec<EvmReceipt>,
    /// Gas used by all transactions.
    pub gas_used: u64,
    /// Bloom filter over all events.
    pub logs_bloom: Bloom,
    /// Root of the ordered trie of raw transactions.
    pub transactions_root: B256,
    /// Root of the ordered trie of receipts.
    pub receipts_root: B256,
}

impl EvmOutcome {
    /// The outcome of a block without transactions.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(&[], Vec::new())
    }

    pub(crate) fn new(transactions: &[Bytes], receipts: Vec<EvmReceipt>) -> Self {
        let encoded: Vec<Vec<u8>> = receipts.iter().map(EvmReceipt::encoded).collect();
        Self {
            gas_used: receipts.last().map_or(0, |receipt| receipt.cumulative_gas_used),
            logs_bloom: receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.bloom()),
            transactions_root: transactions_root(transactions),
            receipts_root: ordered_trie_root_encoded(&encoded),
            receipts,
        }
    }

    /// The Ethereum header of this block; its RLP's Keccak hash ([`EvmHeader::hash_slow`]) is the EVM block hash.
    #[must_use]
    pub fn header(&self, env: &EvmBlockEnv, state_root: B256) -> EvmHeader {
        EvmHeader {
            parent_hash: env.parent_hash,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: env.beneficiary,
            state_root,
            transactions_root: self.transactions_root,
            receipts_root: self.receipts_root,
            logs_bloom: self.logs_bloom,
            difficulty: U256::ZERO,
            number: env.number,
            gas_limit: env.gas_limit,
            gas_used: self.gas_used,
            timestamp: env.timestamp_s,
            extra_data: Bytes::new(),
            mix_hash: env.prev_randao,
            nonce: B64::ZERO,
            base_fee_per_gas: Some(env.base_fee),
            withdrawals_root: Some(EMPTY_WITHDRAWALS),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(env.parent_beacon_root),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..EvmHeader::default()
        }
    }
}

/// Root of the ordered trie of raw transactions.
fn transactions_root(transactions: &[Bytes]) -> B256 {
    ordered_trie_root_encoded(transactions)
}

impl CheckedEvmTx {
    /// The transactions root of a block of these.
    #[must_use]
    pub fn root_of(transactions: &[Self]) -> B256 {
        let raw: Vec<&[u8]> = transactions.iter().map(|tx| tx.raw().as_ref()).collect();
        ordered_trie_root_encoded(&raw)
    }
}
