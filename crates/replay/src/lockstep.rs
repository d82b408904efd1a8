//! A replay without clock or network: a block every so many messages, time and nonces from the file.

use crate::flow::{Flow, Skipped};
use crate::lobster::Message;
use crate::traders::Traders;
use std::collections::BTreeMap;
use tandem_exchange::{Event, ItemStatus, Rejection, Transaction, TransactionError};
use tandem_stf::{Builder, Chain, Genesis, Identity, InvalidBlock, Outcome};
use tandem_system::{Parameters, validator_address};
use tandem_types::{Address, BlockTime, Header};

/// Why a replay stopped.
#[derive(Debug, thiserror::Error)]
pub enum LockstepError {
    /// A message can't be said as an action.
    #[error("message {0} cannot be said as an action")]
    Unsayable(usize),
    /// The chain does not take the traders' signatures.
    #[error("message {at}: {error}")]
    Transaction {
        /// Counted from 0.
        at: usize,
        /// Why.
        error: TransactionError,
    },
    /// A block can't be built.
    #[error("block {height}: {error}")]
    Block {
        /// Its height.
        height: u64,
        /// Why.
        error: Box<InvalidBlock>,
    },
    /// The chain admits not every action: it is not one for replays.
    #[error("block {height}: {count} actions were not admitted")]
    NotAdmitted {
        /// Its height.
        height: u64,
        /// How many.
        count: usize,
    },
}

/// What became of the actions so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Items accepted.
    pub accepted: u64,
    /// Of those, orders that traded at once.
    pub filled: u64,
    /// Trades.
    pub trades: u64,
    /// Items rejected, by reason.
    pub rejected: BTreeMap<Rejection, u64>,
}

/// How far a replay is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Messages read.
    pub messages: usize,
    /// The block just made.
    pub outcome: &'a Outcome,
    /// The block's transactions, in order.
    pub transactions: &'a [Transaction],
}

/// A chain that a file drives.
#[derive(Debug)]
pub struct Lockstep {
    chain: Chain,
    head: Header,
    identity: Identity,
    start: BlockTime,
    parameters: Parameters,
    proposer: Address,
    /// What became of the actions so far.
    pub tally: Tally,
}

impl Tally {
    /// Counts one receipt's items and trades.
    pub fn add(&mut self, receipt: &tandem_exchange::Receipt) {
        self.trades += receipt.events.iter().filter(|event| matches!(event, Event::Trade(_))).count() as u64;
        match &receipt.result {
            Ok(items) => items.iter().for_each(|item| self.add_item(item)),
            Err(rejection) => *self.rejected.entry(*rejection).or_default() += 1,
        }
    }

    fn add_item(&mut self, item: &ItemStatus) {
        match item {
            ItemStatus::Rejected(rejection) => *self.rejected.entry(*rejection).or_default() += 1,
            ItemStatus::Filled { .. } => {
                self.accepted += 1;
                self.filled += 1;
            }
            ItemStatus::Done
            | ItemStatus::Resting { .. }
            | ItemStatus::WaitingForFill { .. }
            | ItemStatus::WaitingForTrigger { .. }
            | ItemStatus::TwapRunning { .. } => self.accepted += 1,
        }
    }
}

impl Lockstep {
    /// A replay on a fresh chain, which begins at the genesis' time.
    ///
    /// # Errors
    /// [`tandem_stf::GenesisError`].
    pub fn new(genesis: &Genesis, identity: Identity) -> Result<Self, tandem_stf::GenesisError> {
        let (chain, head) = genesis.chain()?;
        let validator = genesis.system.validators.first();
        let proposer =
            validator.map(|validator| validator_address(&validator.public_key)).unwrap_or_default();
        let (start, parameters) = (genesis.time, genesis.system.parameters);
        Ok(Self { chain, head, identity, start, parameters, proposer, tally: Tally::default() })
    }

    /// The last block's header.
    #[must_use]
    pub const fn head(&self) -> &Header {
        &self.head
    }

    /// The chain after the last block.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Replays all messages, `per_block` to a block; returns what was skipped.
    ///
    /// # Errors
    /// [`LockstepError`]; the chain then stands at the last good block.
    pub fn run(
        &mut self,
        messages: &[Message],
        traders: &Traders,
        per_block: usize,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<Skipped, LockstepError> {
        let mut flow = Flow::default();
        let first = messages.first().map_or(0, |message| message.time_ms);
        let mut at = 0;
        for chunk in messages.chunks(per_block.max(1)) {
            let time = chunk.last().map_or(0, |message| message.time_ms - first);
            let mut transactions = Vec::new();
            for message in chunk {
                if let Some(command) = flow.command(message) {
                    transactions.push(self.transaction(at, traders, &command)?);
                }
                at += 1;
            }
            transactions.sort_by_key(Transaction::class);
            let outcome = self.block(time, &transactions)?;
            progress(Progress { messages: at, outcome: &outcome, transactions: &transactions });
        }
        Ok(flow.skipped)
    }

    /// A command as a transaction. Nonces count messages from the genesis' time on.
    fn transaction(
        &self,
        at: usize,
        traders: &Traders,
        command: &crate::Command,
    ) -> Result<Transaction, LockstepError> {
        let nonce = self.start.0 + at as u64;
        let signed =
            traders.sign(command, nonce, &self.identity.network).ok_or(LockstepError::Unsayable(at))?;
        Transaction::from_signed(&signed, &self.identity.network)
            .map_err(|error| LockstepError::Transaction { at, error: TransactionError::Check(error) })
    }

    fn block(&mut self, elapsed_ms: u64, transactions: &[Transaction]) -> Result<Outcome, LockstepError> {
        let height = self.head.height.0 + 1;
        let due = BlockTime((self.start.0 + elapsed_ms).max(self.head.time.0 + 1));
        let time = due.min(self.parameters.latest_time_after(self.head.height, self.head.time));
        let none: &[tandem_stf::CheckedEvmTx] = &[];
        let builder = Builder {
            parent: &self.head,
            time,
            proposer: self.proposer,
            last_commit: &[],
            price_reports: &[],
            actions: transactions,
            shares: None,
            evm_transactions: none,
            action_bytes_max: usize::MAX,
            evm_bytes_max: usize::MAX,
        };
        let built = builder
            .build(&mut self.chain)
            .map_err(|error| LockstepError::Block { height, error: Box::new(error) })?;
        let left_out = transactions.len() - built.block.body.actions.len();
        if left_out > 0 {
            return Err(LockstepError::NotAdmitted { height, count: left_out });
        }
        built.outcome.receipts.actions.iter().for_each(|receipt| self.tally.add(receipt));
        self.head = built.outcome.header.clone();
        Ok(built.outcome)
    }
}
