//! What the faces hold: the readers' copy, the pool, the events, and the past.

use crate::decided::DecidedBlock;
use crate::error::{NodeError, SubmitError};
use crate::executor::FollowerLock;
use crate::follower::Follower;
use crate::pool::{Answer, Pool};
use crate::verifier::Verifier;
use crate::workers::Workers;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use tandem_codec::{Decode, Encode};
use tandem_evm::TxRejection;
use tandem_exchange::action::SignedAction;
use tandem_exchange::{ExchangeTables, Receipt, claim_of, early_claim_of, transaction_hash};
use tandem_mempool::PoolError;
use tandem_stf::Identity;
use tandem_storage::{IndexHit, IndexKind, Store};
use tandem_system::NetworkKind;
use tandem_types::{Hash, Header, Height};
use tokio::sync::{broadcast, oneshot};

/// Blocks that a slow subscriber may lag behind before it loses some and must begin anew.
const EVENTS_KEPT: usize = 256;
/// How long a client waits for its action to be decided, in milliseconds.
const ANSWER_WAIT_MS: u64 = 10_000;

/// Counters since the start of the process.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Decided blocks.
    pub blocks: AtomicU64,
    /// Decided exchange actions.
    pub actions: AtomicU64,
    /// Items of those actions: orders, cancels.
    pub items: AtomicU64,
    /// Trades.
    pub trades: AtomicU64,
    /// Gas used by EVM blocks.
    pub evm_gas: AtomicU64,
    /// Submissions refused at admission.
    pub refused: AtomicU64,
    /// Height of the last decided block.
    pub height: AtomicU64,
    /// Entries of the exchange's state that decided blocks changed, each once a block.
    pub leaves: AtomicU64,
    /// Bytes written for blocks: each once before it is voted for, and once more with its results when decided.
    pub stored_bytes: AtomicU64,
    /// Prices missing from this validator's reports because its source had none.
    pub price_failures: AtomicU64,
    /// Price reports in decided blocks.
    pub price_reports: AtomicU64,
}

/// What the executor and the faces share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) pool: Pool,
    pub(crate) follower: FollowerLock,
    pub(crate) events: broadcast::Sender<Arc<DecidedBlock>>,
    pub(crate) metrics: Metrics,
}

impl Shared {
    pub(crate) fn new(pool: Pool, follower: Follower) -> Self {
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        Self { pool, follower: FollowerLock::new(follower), events, metrics: Metrics::default() }
    }

    pub(crate) fn read_follower(&self) -> RwLockReadGuard<'_, Follower> {
        self.follower.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write_follower(&self) -> RwLockWriteGuard<'_, Follower> {
        self.follower.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells subscribers, then waiting clients.
    pub(crate) fn announce(&self, decided: &Arc<DecidedBlock>) {
        self.count(decided);
        // Without subscribers nobody needs the event.
        drop(self.events.send(Arc::clone(decided)));
        self.pool.answer(&Arc::new(decided.block.header.clone()), &decided.receipts.actions);
        if !decided.block.body.evm_transactions.is_empty() {
            let follower = self.read_follower();
            let accounts =
                decided.delta.changes_under(&[tandem_evm::EvmTables::ENGINE.0, 1]).filter_map(|change| {
                    let address = tandem_types::Address::from_bytes(change.key.get(2..)?).ok()?;
                    let nonce = follower.tables.evm.accounts.peek(&address)?.nonce;
                    Some((alloy_primitives::Address(address.0.into()), nonce))
                });
            self.pool.advance_evm(accounts);
        }
    }

    fn count(&self, decided: &DecidedBlock) {
        let add = |counter: &AtomicU64, by: usize| counter.fetch_add(by as u64, Ordering::Relaxed);
        let actions = &decided.receipts.actions;
        add(&self.metrics.blocks, 1);
        add(&self.metrics.actions, actions.len());
        add(&self.metrics.items, actions.iter().map(|r| r.result.as_ref().map_or(1, Vec::len)).sum());
        let trades = |receipt: &Receipt| {
            receipt.events.iter().filter(|event| matches!(event, tandem_exchange::Event::Trade(_))).count()
        };
        add(&self.metrics.price_reports, decided.block.body.price_reports.len());
        add(&self.metrics.trades, actions.iter().map(trades).sum());
        let gas = decided.receipts.evm_header.as_ref().map_or(0, |header| header.gas_used);
        self.metrics.evm_gas.fetch_add(gas, Ordering::Relaxed);
        add(&self.metrics.leaves, decided.delta.changes_under(&[ExchangeTables::ENGINE.0]).count());
        self.metrics.height.store(decided.height().0, Ordering::Relaxed);
    }
}

/// What became of an action that a block decided.
#[derive(Clone, Debug)]
pub struct ActionAnswer {
    /// Its receipt.
    pub receipt: Receipt,
    /// The header of its block.
    pub header: Arc<Header>,
}

/// A node, as the faces see it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NodeHandle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: Arc<Store>,
    pub(crate) identity: Identity,
    pub(crate) genesis: Arc<tandem_stf::Genesis>,
    pub(crate) verifier: Verifier,
    pub(crate) evm_workers: Workers,
}

impl NodeHandle {
    /// What signatures are checked against.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The genesis.
    #[must_use]
    pub fn genesis(&self) -> &tandem_stf::Genesis {
        &self.genesis
    }

    /// The state after the last decided block. Hold it briefly: the next block waits for it.
    pub fn state(&self) -> RwLockReadGuard<'_, Follower> {
        self.shared.read_follower()
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.shared.pool
    }

    /// Counters.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Decided blocks from now on. A receiver that lags loses the oldest, and is told.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<DecidedBlock>> {
        self.shared.events.subscribe()
    }

    /// A decided block; `None` if it was pruned or is to come.
    ///
    /// # Errors
    /// [`NodeError`] of the store.
    pub fn block(&self, height: Height) -> Result<Option<DecidedBlock>, NodeError> {
        self.store.block(height)?.as_ref().map(DecidedBlock::from_record).transpose()
    }

    /// Looks something up that a block was indexed by.
    ///
    /// # Errors
    /// [`NodeError`] of the store.
    pub fn lookup(&self, kind: IndexKind, key: &[u8]) -> Result<Option<IndexHit>, NodeError> {
        Ok(self.store.lookup(kind, key)?)
    }

    /// The heights whose blocks are kept.
    #[must_use]
    pub fn heights(&self) -> Option<std::ops::RangeInclusive<Height>> {
        self.store.heights()
    }

    /// Admits an action and waits until a block has decided it.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn submit(&self, action: SignedAction) -> Result<ActionAnswer, SubmitError> {
        let receiver = self.admit(action).await.inspect_err(|_| self.count_refused())?;
        let wait = Duration::from_millis(ANSWER_WAIT_MS);
        match tokio::time::timeout(wait, receiver).await {
            Err(_) => Err(SubmitError::Timeout(ANSWER_WAIT_MS)),
            Ok(Err(_)) => Err(SubmitError::Closed),
            Ok(Ok(answer)) => answer.map(|(receipt, header)| ActionAnswer { receipt, header }),
        }
    }

    /// Checks the signature on the worker threads, then the rest; before, whatever needs no signature to be refused.
    async fn admit(&self, action: SignedAction) -> Result<oneshot::Receiver<Answer>, SubmitError> {
        self.refuse_early(&action)?;
        let verdict = self.verifier.check(action).await.ok_or(SubmitError::Closed)?;
        let checked = verdict.map_err(SubmitError::Check)?;
        let signer = checked.signer();
        let account = {
            let state = self.state();
            let production =
                state.tables.system.parameters.peek(&()).map(|p| p.network) == Some(NetworkKind::Production);
            let claim = claim_of(checked.checked(), production);
            let standing = state.tables.exchange.peek_standing(&claim);
            let principal = claim
                .judge(&standing, state.head().time)
                .map_err(|reason| SubmitError::Inadmissible { reason, signer })?;
            principal.account
        };
        self.shared.pool.insert_action(Arc::new(checked), account)
    }

    /// Refuses, for less than a signature costs, copies of what waits, and whoever could not act with the key that the
    /// signature names: somebody without an account is turned away for two look-ups.
    fn refuse_early(&self, action: &SignedAction) -> Result<(), SubmitError> {
        if self.shared.pool.knows(&transaction_hash(&action.to_bytes())) {
            return Err(SubmitError::Pool(PoolError::AlreadyWaiting));
        }
        let Some((signer, claim)) = early_claim_of(action) else { return Ok(()) };
        let state = self.state();
        let standing = state.tables.exchange.peek_standing(&claim);
        let verdict = claim.judge_early(&standing, state.head().time);
        verdict.map_err(|reason| SubmitError::Inadmissible { reason, signer })
    }

    /// Admits an Ethereum transaction; returns its hash.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn submit_evm(&self, raw: alloy_primitives::Bytes) -> Result<Hash, SubmitError> {
        self.admit_evm(raw).await.inspect_err(|_| self.count_refused())
    }

    async fn admit_evm(&self, raw: alloy_primitives::Bytes) -> Result<Hash, SubmitError> {
        let admission = self.identity.evm;
        let checked = self.evm_workers.run(move || admission.check(raw)).await.ok_or(SubmitError::Closed)?;
        let checked = checked.map_err(SubmitError::Evm)?;
        let (nonce, balance, gas_limit) = {
            let state = self.state();
            let key = tandem_types::Address(checked.sender().0.0);
            let account = state.tables.evm.accounts.peek(&key);
            let (nonce, balance) =
                account.map_or_else(Default::default, |account| (account.nonce, account.balance));
            let gas_limit = state.tables.system.parameters.peek(&()).map_or(0, |p| p.evm_gas_limit);
            (nonce, balance, gas_limit)
        };
        if checked.gas_limit() > gas_limit {
            return Err(SubmitError::Evm(TxRejection::BlockGas { left: gas_limit }));
        }
        if checked.cost_max().is_none_or(|cost| cost > balance) {
            return Err(SubmitError::InsufficientFunds);
        }
        let hash = Hash(checked.hash().0);
        self.shared.pool.insert_evm(Arc::new(checked), nonce)?;
        Ok(hash)
    }

    fn count_refused(&self) {
        self.shared.metrics.refused.fetch_add(1, Ordering::Relaxed);
    }
}
