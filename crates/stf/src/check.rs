//! What can be checked of a block without any state: its encoding and its signatures, each transaction for itself.

use crate::header::block_id;
use crate::invalid::InvalidBlock;
use alloc::vec::Vec;
use alloy_primitives::Bytes;
use tandem_codec::Decode;
use tandem_evm::{Admission, CheckedEvmTx};
use tandem_exchange::action::Network;
use tandem_exchange::{Transaction, TransactionError};
use tandem_oracle::report::{CheckedReport, Scope};
use tandem_types::{BLOCK_BYTES_MAX, Block, BlockId, Header, Height};

/// What signatures are checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The exchange's network.
    pub network: Network,
    /// The EVM's chain.
    pub evm: Admission,
}

impl Identity {
    /// What the price reports in a block with this header are signed for: they came with the votes for its parent.
    #[must_use]
    pub const fn report_scope(&self, header: &Header) -> Scope {
        Scope {
            chain_id: self.network.chain_id,
            genesis_hash: self.network.genesis_hash,
            height: Height(header.height.0.saturating_sub(1)),
            block: header.parent,
        }
    }
}

/// How independent work is done: one after the other in the guest, on all cores in a node.
pub trait Join {
    /// `each` of `items`, in their order.
    fn map<T: Sync, U: Send>(&self, items: &[T], each: impl Fn(&T) -> U + Sync + Send) -> Vec<U>;
}

/// One after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequential;

impl Join for Sequential {
    fn map<T: Sync, U: Send>(&self, items: &[T], each: impl Fn(&T) -> U + Sync + Send) -> Vec<U> {
        items.iter().map(each).collect()
    }
}

/// Transactions that were checked before, at admission.
pub trait KnownActions: Sync {
    /// The checked form of an action's bytes, signature included.
    fn action(&self, raw: &[u8]) -> Option<Transaction>;
    /// The checked form of an EVM transaction's bytes.
    fn evm_transaction(&self, raw: &[u8]) -> Option<CheckedEvmTx>;
}

/// Nothing was checked before.
#[derive(Clone, Copy, Debug, Default)]
pub struct NothingKnown;

impl KnownActions for NothingKnown {
    fn action(&self, _: &[u8]) -> Option<Transaction> {
        None
    }

    fn evm_transaction(&self, _: &[u8]) -> Option<CheckedEvmTx> {
        None
    }
}

/// A block whose transactions decode and are signed.
#[derive(Clone, Debug)]
pub struct CheckedBlock {
    header: Header,
    id: BlockId,
    actions: Vec<Transaction>,
    evm_transactions: Vec<CheckedEvmTx>,
    last_commit: Vec<u8>,
    price_reports: Vec<CheckedReport>,
}

impl CheckedBlock {
    /// The header, as claimed.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The block's id.
    #[must_use]
    pub const fn id(&self) -> BlockId {
        self.id
    }

    /// The exchange actions.
    #[must_use]
    pub fn actions(&self) -> &[Transaction] {
        &self.actions
    }

    /// The EVM transactions.
    #[must_use]
    pub fn evm_transactions(&self) -> &[CheckedEvmTx] {
        &self.evm_transactions
    }

    /// The parent's certificate, as claimed.
    #[must_use]
    pub fn last_commit(&self) -> &[u8] {
        &self.last_commit
    }

    /// The price reports.
    #[must_use]
    pub fn price_reports(&self) -> &[CheckedReport] {
        &self.price_reports
    }
}

/// Checks everything about a block that needs no state.
///
/// # Errors
/// [`InvalidBlock::Encoding`], [`InvalidBlock::Action`], [`InvalidBlock::EvmTransaction`] or
/// [`InvalidBlock::PriceReport`]: the first by place.
pub fn check_block(
    bytes: &[u8],
    identity: &Identity,
    join: &impl Join,
    known: &impl KnownActions,
) -> Result<CheckedBlock, InvalidBlock> {
    if u32::try_from(bytes.len()).map_or(true, |len| len > BLOCK_BYTES_MAX) {
        return Err(InvalidBlock::Header("length"));
    }
    let block = Block::from_bytes(bytes).map_err(InvalidBlock::Encoding)?;
    let actions = join.map(&block.body.actions, |raw| check_action(raw, identity, known));
    let actions = in_order(actions, |index, error| InvalidBlock::Action { index, error })?;
    let transactions = join.map(&block.body.evm_transactions, |raw| {
        known.evm_transaction(raw).map_or_else(|| identity.evm.check(Bytes::copy_from_slice(raw)), Ok)
    });
    let evm_transactions =
        in_order(transactions, |index, reason| InvalidBlock::EvmTransaction { index, reason })?;
    let scope = identity.report_scope(&block.header);
    let reports = join.map(&block.body.price_reports, |raw| CheckedReport::from_raw(raw, &scope));
    let price_reports = in_order(reports, |index, error| InvalidBlock::PriceReport { index, error })?;
    let id = block_id(&block.header);
    Ok(CheckedBlock {
        header: block.header,
        id,
        actions,
        evm_transactions,
        last_commit: block.body.last_commit,
        price_reports,
    })
}

fn check_action(
    raw: &[u8],
    identity: &Identity,
    known: &impl KnownActions,
) -> Result<Transaction, TransactionError> {
    if let Some(checked) = known.action(raw) {
        return Ok(checked);
    }
    Transaction::from_raw(raw, &identity.network)
}

fn in_order<T, E>(
    results: Vec<Result<T, E>>,
    error: impl Fn(usize, E) -> InvalidBlock,
) -> Result<Vec<T>, InvalidBlock> {
    let numbered = results.into_iter().enumerate();
    numbered.map(|(index, result)| result.map_err(|reason| error(index, reason))).collect()
}
