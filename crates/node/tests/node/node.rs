//! A node of one validator whose blocks are decided here, one after the other.

use alloy_primitives::Bytes;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tandem_consensus::{Application, Certificate, PrivateKey, ValidatorAddress};
use tandem_exchange::Transaction;
use tandem_exchange::action::{Action, SignedAction};
use tandem_node::{ActionAnswer, DecidedBlock, Executor, NodeHandle, Opened, PoolLimits, SubmitError};
use tandem_stf::Genesis;
use tandem_storage::simulation::SimulatedFiles;
use tandem_system::Validator;
use tandem_testkit::Signer;
use tandem_types::{Height, Round};
use tokio::task::JoinHandle;

/// See the module.
pub(crate) struct Node {
    pub(crate) handle: NodeHandle,
    executor: Executor,
    nonce: u64,
}

impl Node {
    /// A node at the genesis that `change` makes of the testkit's.
    pub(crate) fn open(limits: PoolLimits, change: impl FnOnce(&mut Genesis)) -> Self {
        let validator = PrivateKey::from_seed([7; 32]).public_key();
        let mut genesis = tandem_testkit::genesis();
        genesis.system.validators = vec![Validator { public_key: *validator.as_bytes(), power: 1 }];
        change(&mut genesis);
        // Nonces must be near the time of blocks, which the executor takes from the clock.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let nonce = u64::try_from(now).unwrap();
        genesis.time.0 = nonce;
        let storage = tandem_storage::Config::new([1; 16]);
        let files = Arc::new(SimulatedFiles::new(1));
        let proposer = ValidatorAddress::of(&validator);
        let Opened { executor, handle, .. } =
            tandem_node::open(files, storage, limits, genesis, proposer).unwrap();
        Self { handle, executor, nonce }
    }

    /// A nonce not given before.
    pub(crate) const fn nonce(&mut self) -> u64 {
        self.nonce += 1;
        self.nonce
    }

    /// Signs an action with a nonce of its own; user-signed ones bring theirs.
    pub(crate) fn sign(&mut self, signer: &Signer, action: &Action) -> SignedAction {
        let nonce = match action.user_signed() {
            Some(user) => user.nonce,
            None => self.nonce(),
        };
        signer.sign(action, nonce, None, &self.handle.identity().network)
    }

    /// Sends an action; its answer comes when a block has it.
    pub(crate) fn send(&self, action: SignedAction) -> JoinHandle<Result<ActionAnswer, SubmitError>> {
        let handle = self.handle.clone();
        tokio::spawn(async move { handle.submit(action).await })
    }

    /// Sends actions and waits until all of them wait in the pool.
    pub(crate) async fn fill(&mut self, actions: Vec<SignedAction>) {
        let expected = self.handle.pool().len().0 + actions.len();
        let sent: Vec<_> = actions.into_iter().map(|action| self.send(action)).collect();
        self.until_waiting(expected).await;
        drop(sent);
    }

    /// Sends one action and waits until it waits too.
    pub(crate) async fn submit(
        &mut self,
        signer: &Signer,
        action: &Action,
    ) -> JoinHandle<Result<ActionAnswer, SubmitError>> {
        let signed = self.sign(signer, action);
        let id = Transaction::from_signed(&signed, &self.handle.identity().network).unwrap().id();
        let answer = self.send(signed);
        while !self.handle.pool().contains(&id) && !answer.is_finished() {
            tokio::task::yield_now().await;
        }
        answer
    }

    async fn until_waiting(&self, count: usize) {
        while self.handle.pool().len().0 < count {
            tokio::task::yield_now().await;
        }
    }

    /// Sends an Ethereum transaction.
    pub(crate) async fn submit_evm(&self, raw: &Bytes) -> Result<(), SubmitError> {
        self.handle.submit_evm(raw.clone()).await.map(|_| ())
    }

    /// Builds the next block and decides it.
    pub(crate) fn block(&mut self) -> DecidedBlock {
        let height = Height(self.executor.tip().height.0 + 1);
        let proposed = self.executor.propose(height, Round(0)).unwrap();
        let certificate = Certificate::new(height, Round(0), proposed.id, Vec::new());
        self.executor.decide(&certificate).unwrap();
        self.executor.wait_until_published().unwrap();
        self.handle.block(height).unwrap().unwrap()
    }
}
