//! Blocks: a header that commits to everything, and a body of opaque transactions.

use crate::{
    ActionsRoot, Address, BlockId, BlockTime, ChainId, CommitRoot, CoreRoot, CrossRoot, DecisionsRoot,
    DeltaHash, EvidenceRoot, EvmRoot, EvmTransactionsRoot, Hash, Height, ParametersHash, PriceReportsRoot,
    ReceiptsRoot, RegistryRoot, SystemRoot, ValidatorSetHash,
};
use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};

/// The version of header and body that this code writes and reads.
pub const BLOCK_VERSION: u16 = 1;
/// Most exchange actions in a block: three times what fits in 100 ms at 200,000 a second.
pub const BLOCK_ACTIONS_MAX: u32 = 60_000;
/// Most EVM transactions in a block: what 21,000 gas each leaves of the greatest gas limit considered.
pub const BLOCK_EVM_TRANSACTIONS_MAX: u32 = 10_000;
/// Longest single transaction of either lane, in bytes.
pub const TRANSACTION_BYTES_MAX: u32 = 128 * 1024;
/// Longest encoded block, in bytes.
pub const BLOCK_BYTES_MAX: u32 = 16 * 1024 * 1024;
/// Longest commit certificate, in bytes: two hundred validators of about 120 bytes each, with room.
pub const COMMIT_BYTES_MAX: u32 = 64 * 1024;

/// Most signed price reports in a block: one of each validator.
pub const BLOCK_PRICE_REPORTS_MAX: u32 = 200;
/// Longest signed price report, in bytes: a thousand markets of 19 bytes, with room.
pub const PRICE_REPORT_BYTES_MAX: u32 = 20 * 1024;

/// What a block claims, and what its id is the hash of.
///
/// | field | type | bytes |
/// |---|---|---|
/// | version | u16 | 2 |
/// | chain id, height, EVM height, time (ms) | u64 each | 32 |
/// | parent id | hash | 32 |
/// | proposer | address | 20 |
/// | roots of actions, EVM transactions, last commit, price reports, evidence, decisions, registry, receipts | hash each | 256 |
/// | roots of EVM, Core, cross-domain and system state | hash each | 128 |
/// | delta hash, validator set, next validator set, parameters | hash each | 128 |
/// | EVM header's hash (zero unless an EVM block) | hash | 32 |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Format version, [`BLOCK_VERSION`].
    pub version: u16,
    /// The chain.
    pub chain_id: ChainId,
    /// Height of this exchange block.
    pub height: Height,
    /// Number of the last EVM block up to and including this height.
    pub evm_height: u64,
    /// Time of the block, strictly later than its parent's.
    pub time: BlockTime,
    /// The parent.
    pub parent: BlockId,
    /// Who built the block first; re-proposers don't change it.
    pub proposer: Address,
    /// Root of the exchange actions.
    pub actions_root: ActionsRoot,
    /// Root of the EVM transactions.
    pub evm_transactions_root: EvmTransactionsRoot,
    /// Root of the parent's commit certificate.
    pub commit_root: CommitRoot,
    /// Root of the signed price reports.
    pub price_reports_root: PriceReportsRoot,
    /// Root of the evidence.
    pub evidence_root: EvidenceRoot,
    /// Root of governance decisions in effect from here.
    pub decisions_root: DecisionsRoot,
    /// Root of co-processor registry updates.
    pub registry_root: RegistryRoot,
    /// Root of the receipts.
    pub receipts_root: ReceiptsRoot,
    /// Root of the EVM state after this block.
    pub evm_root: EvmRoot,
    /// Root of the Core state after the last height at which it is computed, this one included.
    pub core_root: CoreRoot,
    /// Root of the cross-domain messages after this block.
    pub cross_root: CrossRoot,
    /// Root of the `system` state after this block.
    pub system_root: SystemRoot,
    /// Hash of the changes this block makes.
    pub delta_hash: DeltaHash,
    /// The validators that decide this height.
    pub validators: ValidatorSetHash,
    /// The validators that decide the next height.
    pub next_validators: ValidatorSetHash,
    /// The parameters and program ids in force.
    pub parameters: ParametersHash,
    /// The EVM header's hash, on EVM heights.
    pub evm_header: Hash,
}

tandem_codec::record!(Header {
    version,
    chain_id,
    height,
    evm_height,
    time,
    parent,
    proposer,
    actions_root,
    evm_transactions_root,
    commit_root,
    price_reports_root,
    evidence_root,
    decisions_root,
    registry_root,
    receipts_root,
    evm_root,
    core_root,
    cross_root,
    system_root,
    delta_hash,
    validators,
    next_validators,
    parameters,
    evm_header,
});

/// What a block carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Signed exchange actions in class order, each in its own encoding.
    pub actions: Vec<Vec<u8>>,
    /// Raw EVM transactions; empty unless an EVM block.
    pub evm_transactions: Vec<Vec<u8>>,
    /// The parent's commit certificate; empty in the first block.
    pub last_commit: Vec<u8>,
    /// Signed price reports in the order of their validators' addresses; empty unless the parent is a price height.
    pub price_reports: Vec<Vec<u8>>,
}

/// A header and its body, not yet checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Body,
}

tandem_codec::record!(Block { header, body });

impl Encode for Body {
    fn encode(&self, out: &mut Vec<u8>) {
        let transactions = self.actions.iter().chain(&self.evm_transactions);
        let lengths = transactions.map(|raw| raw.len().saturating_add(4));
        out.reserve(lengths.fold(self.last_commit.len().saturating_add(12), usize::saturating_add));
        self.actions.encode(out);
        self.evm_transactions.encode(out);
        self.last_commit.encode(out);
        self.price_reports.encode(out);
    }
}

impl Decode for Body {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            actions: items(input, BLOCK_ACTIONS_MAX, TRANSACTION_BYTES_MAX)?,
            evm_transactions: items(input, BLOCK_EVM_TRANSACTIONS_MAX, TRANSACTION_BYTES_MAX)?,
            last_commit: input.bytes(COMMIT_BYTES_MAX)?.to_vec(),
            price_reports: items(input, BLOCK_PRICE_REPORTS_MAX, PRICE_REPORT_BYTES_MAX)?,
        })
    }
}

fn items(input: &mut Reader<'_>, count_max: u32, bytes_max: u32) -> Result<Vec<Vec<u8>>, DecodeError> {
    let count = input.length(count_max)?;
    let mut list = Vec::new();
    for _ in 0..count {
        list.push(input.bytes(bytes_max)?.to_vec());
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_block_comes_back_from_its_bytes_and_from_no_others() {
        let body = Body {
            actions: vec![vec![1, 2], vec![]],
            evm_transactions: vec![vec![3]],
            last_commit: vec![4],
            price_reports: vec![vec![5]],
        };
        let block = Block { header: Header { version: BLOCK_VERSION, ..Header::default() }, body };
        let bytes = block.to_bytes();
        assert_eq!(Block::from_bytes(&bytes), Ok(block));
        assert!(Block::from_bytes(bytes.get(..bytes.len() - 1).unwrap()).is_err());
    }
}
