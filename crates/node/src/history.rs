//! What of a block is looked up by hash or number later, and how its effects reach the store.

use crate::decided::DecidedBlock;
use alloy_primitives::keccak256;
use tandem_codec::Encode;
use tandem_storage::{Effects, IndexEntry, IndexKind};

/// Transaction id of an action → its place in the block.
pub const TX: IndexKind = IndexKind(1);
/// Hash of an EVM transaction → its place in the EVM block.
pub const EVM_TRANSACTION: IndexKind = IndexKind(2);
/// Number of an EVM block → nothing more than the height.
pub const EVM_BLOCK_BY_NUMBER: IndexKind = IndexKind(3);
/// Hash of an EVM block → nothing more than the height.
pub const EVM_BLOCK_BY_HASH: IndexKind = IndexKind(4);

/// What a decided block does to the checkpoint.
pub(crate) fn effects(block: &DecidedBlock) -> Effects {
    let changes = block.delta.changes().map(|change| (change.key, change.new));
    Effects { changes: changes.collect(), index: index(block), meta: Vec::new() }
}

fn index(block: &DecidedBlock) -> Vec<IndexEntry> {
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX).to_bytes();
    let entry = |kind, key: &[u8], value| IndexEntry { kind, key: key.to_vec(), value };
    let actions = block.receipts.actions.iter().enumerate();
    let mut entries: Vec<IndexEntry> =
        actions.map(|(at, receipt)| entry(TX, &receipt.tx.0, place(at))).collect();
    for (at, raw) in block.block.body.evm_transactions.iter().enumerate() {
        entries.push(entry(EVM_TRANSACTION, keccak256(raw).as_slice(), place(at)));
    }
    if block.receipts.evm_header.is_some() {
        let header = &block.block.header;
        entries.push(entry(EVM_BLOCK_BY_NUMBER, &header.evm_height.to_be_bytes(), Vec::new()));
        entries.push(entry(EVM_BLOCK_BY_HASH, &header.evm_header.0, Vec::new()));
    }
    entries
}
