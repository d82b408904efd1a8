//! EVM blocks: found through the node's indexes in the exchange blocks that carry them, and the most recent kept.

use crate::argument::BlockId;
use crate::config::RECENT_BLOCKS_MAX;
use crate::fault::Fault;
use alloy_primitives::{B256, Bytes};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tandem_evm::{Admission, CheckedEvmTx, EvmHeader, EvmReceipt};
use tandem_node::{DecidedBlock, EVM_BLOCK_BY_HASH, EVM_BLOCK_BY_NUMBER, EVM_TRANSACTION, NodeHandle};
use tandem_storage::IndexKind;
use tandem_types::Height;

/// An EVM block with what its transactions did.
#[derive(Debug)]
pub(crate) struct EvmBlock {
    /// Hash of the header.
    pub(crate) hash: B256,
    /// The header.
    pub(crate) header: EvmHeader,
    /// Height of the exchange block that carries it.
    pub(crate) height: Height,
    /// One for each transaction.
    pub(crate) receipts: Vec<EvmReceipt>,
    raw: Vec<Bytes>,
    checked: OnceLock<Option<Vec<CheckedEvmTx>>>,
    admission: Admission,
}

impl EvmBlock {
    fn new(header: EvmHeader, height: Height, admission: Admission) -> Self {
        let hash = header.hash_slow();
        let (receipts, raw, checked) = (Vec::new(), Vec::new(), OnceLock::new());
        Self { hash, header, height, receipts, raw, checked, admission }
    }

    fn of(block: DecidedBlock, admission: Admission) -> Option<Self> {
        let header = block.receipts.evm_header?;
        let raw = block.block.body.evm_transactions.into_iter().map(Bytes::from).collect();
        let height = block.block.header.height;
        Some(Self { raw, receipts: block.receipts.evm, ..Self::new(header, height, admission) })
    }

    /// The number.
    pub(crate) const fn number(&self) -> u64 {
        self.header.number
    }

    /// The raw transactions.
    pub(crate) fn raw(&self) -> &[Bytes] {
        &self.raw
    }

    /// The transactions with their senders, recovered at the first use.
    pub(crate) fn transactions(&self) -> Result<&[CheckedEvmTx], Fault> {
        let check = || self.raw.iter().map(|raw| self.admission.check(raw.clone()).ok()).collect();
        let checked = self.checked.get_or_init(check);
        checked.as_deref().ok_or_else(|| Fault::internal(&"a decided transaction does not check"))
    }

    /// One of the transactions, without recovering the senders of the others.
    pub(crate) fn transaction(&self, index: usize) -> Result<Option<CheckedEvmTx>, Fault> {
        if let Some(Some(checked)) = self.checked.get() {
            return Ok(checked.get(index).cloned());
        }
        let check = |raw: &Bytes| self.admission.check(raw.clone());
        self.raw.get(index).map(check).transpose().map_err(|error| Fault::internal(&error))
    }
}

/// The chain of EVM blocks.
#[derive(Debug)]
pub(crate) struct Blocks {
    node: NodeHandle,
    genesis: Arc<EvmBlock>,
    recent: Mutex<BTreeMap<u64, Arc<EvmBlock>>>,
}

impl Blocks {
    pub(crate) fn new(node: NodeHandle) -> Result<Self, tandem_stf::GenesisError> {
        let admission = node.identity().evm;
        let (_, header) = node.genesis().chain()?;
        let genesis = EvmBlock::new(node.genesis().evm_header(header.evm_root), Height(0), admission);
        Ok(Self { node, genesis: Arc::new(genesis), recent: Mutex::default() })
    }

    /// The number of the last EVM block.
    pub(crate) fn latest_number(&self) -> u64 {
        self.node.state().head().evm_height
    }

    /// The last EVM block.
    pub(crate) fn latest(&self) -> Result<Arc<EvmBlock>, Fault> {
        self.by_number(self.latest_number())?.ok_or_else(Fault::no_block)
    }

    /// A block; `None` if there is none.
    pub(crate) fn find(&self, id: BlockId) -> Result<Option<Arc<EvmBlock>>, Fault> {
        match id {
            BlockId::Latest | BlockId::Pending => self.latest().map(Some),
            BlockId::Number(number) => self.by_number(number),
            BlockId::Hash(hash) => self.by_hash(hash),
        }
    }

    /// The block with a number; `None` if it is to come.
    pub(crate) fn by_number(&self, number: u64) -> Result<Option<Arc<EvmBlock>>, Fault> {
        if number == 0 {
            return Ok(Some(Arc::clone(&self.genesis)));
        }
        if let Some(block) = self.recent().get(&number) {
            return Ok(Some(Arc::clone(block)));
        }
        self.indexed(EVM_BLOCK_BY_NUMBER, &number.to_be_bytes())
    }

    /// The block with a hash.
    pub(crate) fn by_hash(&self, hash: B256) -> Result<Option<Arc<EvmBlock>>, Fault> {
        if hash == self.genesis.hash {
            return Ok(Some(Arc::clone(&self.genesis)));
        }
        self.indexed(EVM_BLOCK_BY_HASH, hash.as_slice())
    }

    /// The block that has a transaction, and its place there.
    pub(crate) fn of_transaction(&self, hash: B256) -> Result<Option<(Arc<EvmBlock>, usize)>, Fault> {
        let Some(block) = self.indexed(EVM_TRANSACTION, hash.as_slice())? else { return Ok(None) };
        let index = block.receipts.iter().position(|receipt| receipt.tx_hash == hash);
        Ok(index.map(|index| (block, index)))
    }

    /// What the index leads to. The index is written before readers see the block: what is above their head is yet to
    /// come for them, so that whoever sees a receipt sees its effects.
    fn indexed(&self, kind: IndexKind, key: &[u8]) -> Result<Option<Arc<EvmBlock>>, Fault> {
        let Some(hit) = self.node.lookup(kind, key)? else { return Ok(None) };
        let (head, latest) = {
            let state = self.node.state();
            (state.head().height, state.head().evm_height)
        };
        if hit.height > head {
            return Ok(None);
        }
        if let Some(block) = self.recent().values().find(|block| block.height == hit.height) {
            return Ok(Some(Arc::clone(block)));
        }
        let block = self.node.block(hit.height)?.ok_or_else(Fault::pruned)?;
        let block = EvmBlock::of(block, self.node.identity().evm);
        let block = Arc::new(block.ok_or_else(|| Fault::internal(&"an indexed block has no EVM block"))?);
        if latest.saturating_sub(block.number()) < RECENT_BLOCKS_MAX as u64 {
            self.remember(&block);
        }
        Ok(Some(block))
    }

    fn remember(&self, block: &Arc<EvmBlock>) {
        let mut recent = self.recent();
        recent.insert(block.number(), Arc::clone(block));
        while recent.len() > RECENT_BLOCKS_MAX {
            recent.pop_first();
        }
    }

    fn recent(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<EvmBlock>>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
