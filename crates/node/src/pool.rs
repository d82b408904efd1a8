//! Admission: from bytes that a client sent to an answer that a block gave.

use crate::error::SubmitError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tandem_evm::CheckedEvmTx;
use tandem_exchange::{Receipt, Transaction, transaction_hash};
use tandem_mempool::{ActionLane, ActionLimits, EvmLane, EvmLimits, PoolError};
use tandem_stf::{KnownActions, Refusal};
use tandem_types::{AccountId, Hash, Header, TxId};
use tokio::sync::oneshot;

/// Bounds of the pool's lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolLimits {
    /// Of the exchange's lane.
    pub actions: ActionLimits,
    /// Of the EVM's.
    pub evm: EvmLimits,
}

/// What a client is told of its action: the receipt and the block, or why none has it.
pub(crate) type Answer = Result<(Receipt, Arc<Header>), SubmitError>;

/// What waits, and who waits for it.
#[derive(Debug, Default)]
pub struct Pool {
    lanes: Mutex<Lanes>,
}

#[derive(Debug, Default)]
struct Lanes {
    actions: ActionLane,
    evm: EvmLane,
    /// Checked actions that wait, by the hash of their bytes: proposals that carry them need not be checked again.
    known: HashMap<Hash, Arc<Transaction>>,
    waiting: HashMap<TxId, oneshot::Sender<Answer>>,
}

impl Pool {
    /// An empty pool.
    #[must_use]
    pub fn new(limits: PoolLimits) -> Self {
        let (actions, evm) = (ActionLane::new(limits.actions), EvmLane::new(limits.evm));
        Self { lanes: Mutex::new(Lanes { actions, evm, ..Lanes::default() }) }
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an action that was admitted for `account`. The receiver hears of its end.
    ///
    /// # Errors
    /// [`SubmitError::Pool`].
    pub(crate) fn insert_action(
        &self,
        action: Arc<Transaction>,
        account: AccountId,
    ) -> Result<oneshot::Receiver<Answer>, SubmitError> {
        let mut lanes = self.lanes();
        let (id, hash) = (action.id(), action.hash());
        if lanes.waiting.contains_key(&id) {
            // Decided, and the answer is under way.
            return Err(SubmitError::Pool(PoolError::AlreadyWaiting));
        }
        let evicted = lanes.actions.insert(Arc::clone(&action), account).map_err(SubmitError::Pool)?;
        for evicted in evicted {
            lanes.known.remove(&evicted.hash());
            lanes.answer(&evicted.id(), Err(SubmitError::Evicted));
        }
        lanes.known.insert(hash, action);
        let (sender, receiver) = oneshot::channel();
        lanes.waiting.insert(id, sender);
        Ok(receiver)
    }

    /// Takes an admitted Ethereum transaction in.
    ///
    /// # Errors
    /// [`SubmitError::Pool`].
    pub(crate) fn insert_evm(
        &self,
        transaction: Arc<CheckedEvmTx>,
        next_nonce: u64,
    ) -> Result<(), SubmitError> {
        self.lanes().evm.insert(transaction, next_nonce).map_err(SubmitError::Pool)
    }

    /// Whether the action with this id waits.
    #[must_use]
    pub fn contains(&self, id: &TxId) -> bool {
        self.lanes().actions.contains(id)
    }

    /// Whether the action with this hash of its bytes waits.
    pub(crate) fn knows(&self, hash: &Hash) -> bool {
        self.lanes().known.contains_key(hash)
    }

    /// What a block of `count` actions and `bytes` should try, in block order.
    pub(crate) fn actions(&self, count: usize, bytes: usize) -> Vec<Arc<Transaction>> {
        self.lanes().actions.offer(count, bytes)
    }

    /// Reads the EVM's lane.
    pub fn with_evm<R>(&self, read: impl FnOnce(&EvmLane) -> R) -> R {
        read(&self.lanes().evm)
    }

    /// Actions and Ethereum transactions waiting.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        let lanes = self.lanes();
        (lanes.actions.len(), lanes.evm.len())
    }

    /// Drops actions that the builder was refused, and tells who waits.
    pub(crate) fn refuse(&self, refused: &[(Arc<Transaction>, Refusal)]) {
        let mut lanes = self.lanes();
        for (action, why) in refused {
            let Refusal::Inadmissible(reason) = why else { continue };
            lanes.forget(&action.id());
            let error = SubmitError::Inadmissible { reason: *reason, signer: action.signer() };
            lanes.answer(&action.id(), Err(error));
        }
    }

    /// Drops Ethereum transactions that can't come into any block.
    pub(crate) fn drop_evm(&self, hashes: &[alloy_primitives::B256]) {
        let mut lanes = self.lanes();
        hashes.iter().for_each(|hash| {
            lanes.evm.remove(hash);
        });
    }

    /// Drops what a decided block has.
    pub(crate) fn take_out(&self, receipts: &[Receipt]) {
        let mut lanes = self.lanes();
        for receipt in receipts {
            if let Some(action) = lanes.actions.served(&receipt.tx) {
                lanes.known.remove(&action.hash());
            }
        }
    }

    /// Tells who waits for what a decided block has.
    pub(crate) fn answer(&self, header: &Arc<Header>, receipts: &[Receipt]) {
        let waiting: Vec<_> = {
            let mut lanes = self.lanes();
            let waits = |receipt: &Receipt| lanes.waiting.remove(&receipt.tx);
            receipts.iter().map(waits).collect()
        };
        for (receipt, sender) in receipts.iter().zip(waiting) {
            // The client may have gone; then nobody needs the answer.
            if let Some(sender) = sender {
                drop(sender.send(Ok((receipt.clone(), Arc::clone(header)))));
            }
        }
    }

    /// Drops Ethereum transactions whose nonce was used.
    pub(crate) fn advance_evm(&self, nonces: impl Iterator<Item = (alloy_primitives::Address, u64)>) {
        let mut lanes = self.lanes();
        nonces.for_each(|(sender, next)| lanes.evm.advance(sender, next));
    }
}

impl Lanes {
    fn forget(&mut self, id: &TxId) {
        if let Some(action) = self.actions.remove(id) {
            self.known.remove(&action.hash());
        }
    }

    fn answer(&mut self, id: &TxId, answer: Answer) {
        if let Some(sender) = self.waiting.remove(id) {
            // The client may have gone; then nobody needs the answer.
            drop(sender.send(answer));
        }
    }
}

impl KnownActions for Pool {
    fn action(&self, raw: &[u8]) -> Option<Transaction> {
        let hash = transaction_hash(raw);
        self.lanes().known.get(&hash).map(|action| Transaction::clone(action))
    }

    fn evm_transaction(&self, raw: &[u8]) -> Option<CheckedEvmTx> {
        let hash = alloy_primitives::keccak256(raw);
        self.lanes().evm.find(&hash).map(|transaction| CheckedEvmTx::clone(transaction))
    }
}
