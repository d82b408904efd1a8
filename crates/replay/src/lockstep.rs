//! A replay without clock or network: a block every so many messages, time, nonces and prices from the file.

use crate::flow::{Flow, Skipped};
use crate::lobster::Message;
use crate::perpetual::{self, Perpetual};
use crate::traders::Traders;
use std::collections::BTreeMap;
use tandem_exchange::action::{Network, SignedAction};
use tandem_exchange::{Event, ItemStatus, Rejection, Transaction, TransactionError};
use tandem_oracle::CheckedReport;
use tandem_oracle::report::Scope;
use tandem_stf::{Builder, Chain, Genesis, Identity, InvalidBlock, Outcome, block_id};
use tandem_system::{Parameters, validator_address};
use tandem_types::{Address, BlockTime, Header, MarketId};

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
    /// The chain has not this perpetual market, or no trader can prepare for it.
    #[error("the chain has no perpetual market {0}, or more collateral is wanted than can be said")]
    Perpetual(MarketId),
    /// The exchange does not let the traders prepare.
    #[error("bringing collateral and setting leverage: {0}")]
    Unprepared(Rejection),
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
    perpetual: Option<Perpetual>,
    /// The last price of the file, in its unit.
    price: Option<u64>,
    /// The nonce of the first message.
    nonce: u64,
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
            | ItemStatus::TwapRunning { .. }
            | ItemStatus::AccountMade { .. } => self.accepted += 1,
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
        let tally = Tally::default();
        let nonce = start.0;
        Ok(Self {
            chain,
            head,
            identity,
            start,
            parameters,
            proposer,
            perpetual: None,
            price: None,
            nonce,
            tally,
        })
    }

    /// A replay on a perpetual market: the traders bring their collateral and set their leverage, and blocks pass until
    /// the market has a price, which is that of the first message.
    ///
    /// # Errors
    /// [`LockstepError`].
    pub fn on_perpetual(
        mut self,
        perpetual: Perpetual,
        traders: &Traders,
        messages: &[Message],
    ) -> Result<Self, LockstepError> {
        let market = perpetual.market;
        self.price = messages.first().map(|message| message.price);
        let mut transactions = Vec::new();
        let nonces = [self.nonce, self.nonce + 1];
        let actions = perpetual.preparation(&self.identity.network, nonces);
        for (action, nonce) in actions.ok_or(LockstepError::Perpetual(market))? {
            for sender in 0..traders.count() {
                let signed = traders.sign_action(sender, &action, nonce, &self.identity.network);
                transactions.push(self.checked(0, signed)?);
            }
        }
        transactions.sort_by_key(Transaction::class);
        (self.perpetual, self.nonce) = (Some(perpetual), self.nonce + 2);
        self.block(0, &transactions)?;
        // What follows counts messages alone.
        let prepared = std::mem::take(&mut self.tally);
        if let Some(rejection) = prepared.rejected.into_keys().next() {
            return Err(LockstepError::Unprepared(rejection));
        }
        while !self.has_price(market) {
            if self.head.height.0 > 2 * self.parameters.price_interval {
                return Err(LockstepError::Perpetual(market));
            }
            self.block(0, &[])?;
        }
        Ok(self)
    }

    fn has_price(&self, market: MarketId) -> bool {
        self.chain.tables.exchange.perp_prices.peek(&market).is_some()
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
            self.price = perpetual::last_price(chunk).or(self.price);
            progress(Progress { messages: at, outcome: &outcome, transactions: &transactions });
        }
        Ok(flow.skipped)
    }

    /// A command as a transaction. Nonces count messages.
    fn transaction(
        &self,
        at: usize,
        traders: &Traders,
        command: &crate::Command,
    ) -> Result<Transaction, LockstepError> {
        let nonce = self.nonce + at as u64;
        self.checked(at, traders.sign(command, nonce, &self.identity.network))
    }

    fn checked(&self, at: usize, signed: Option<SignedAction>) -> Result<Transaction, LockstepError> {
        let signed = signed.ok_or(LockstepError::Unsayable(at))?;
        Transaction::from_signed(&signed, &self.identity.network)
            .map_err(|error| LockstepError::Transaction { at, error: TransactionError::Check(error) })
    }

    /// The validator's report, if the last block was at a price height.
    fn reports(&self) -> Vec<CheckedReport> {
        let tables = &self.chain.tables;
        let Some(perpetual) = self.perpetual.as_ref().filter(|_| tables.is_price_height(self.head.height))
        else {
            return Vec::new();
        };
        let market = tables.exchange.perp_markets.peek(&perpetual.market);
        let Network { chain_id, genesis_hash, .. } = self.identity.network;
        let scope = Scope { chain_id, genesis_hash, height: self.head.height, block: block_id(&self.head) };
        market.and_then(|market| perpetual.report(self.price, market, &scope)).into_iter().collect()
    }

    fn block(&mut self, elapsed_ms: u64, transactions: &[Transaction]) -> Result<Outcome, LockstepError> {
        let height = self.head.height.0 + 1;
        let due = BlockTime((self.start.0 + elapsed_ms).max(self.head.time.0 + 1));
        let time = due.min(self.parameters.latest_time_after(self.head.height, self.head.time));
        let none: &[tandem_stf::CheckedEvmTx] = &[];
        let reports = self.reports();
        let builder = Builder {
            parent: &self.head,
            time,
            proposer: self.proposer,
            last_commit: &[],
            price_reports: &reports,
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
