//! The one writer of the state, as the application that consensus calls.
//!
//! The chain in memory stands either at the last decided block or at one undecided block on top of it; to turn to a
//! sibling, the delta of the one is undone and the other executed, or its stored delta applied. Executed blocks are kept
//! by id until their height is decided, because Tendermint may decide a value from an earlier round. What consensus
//! relies on after a crash is in the store before a method returns.

use crate::clock;
use crate::decided::DecidedBlock;
use crate::error::NodeError;
use crate::follower::Follower;
use crate::handle::Shared;
use crate::history;
use crate::identity::validator_set;
use crate::last_commit::LastCommit;
use crate::parallel::AllCores;
use crate::publisher::Publisher;
use crate::reports::Reporter;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tandem_codec::{Decode, Encode};
use tandem_consensus::{
    Application, ApplicationError, Block as ProposedBlock, Certificate, DecidedBlock as SyncBlock, Evidence,
    ExtensionPolicy, NextHeight, Origin, ReceivedBlock, Tip, UndecidedBlock, ValidatorAddress, Verdict,
    verify_certificate,
};
use tandem_evm::TxError;
use tandem_exchange::action::Network;
use tandem_oracle::report::Scope;
use tandem_oracle::{CheckedReport, Report};
use tandem_prices::PriceSource;
use tandem_state::{Delta, Direction};
use tandem_stf::{
    BlockReceipts, Builder, Chain, ClassShares, Identity, InvalidBlock, Outcome, Refusal, apply_block,
    block_id, check_block,
};
use tandem_storage::Store;
use tandem_types::{Address, Block, BlockId, BlockTime, Header, Height, Round};

/// Most actions of a class tried for one block.
const ACTIONS_PER_BLOCK_MAX: usize = 60_000;
/// Most EVM transactions tried for one block.
const EVM_PER_BLOCK_MAX: usize = 2_000;
/// Bytes of exchange actions in a block: half of what consensus carries.
const ACTION_BYTES_MAX: usize = 2 << 20;
/// Bytes of EVM transactions in a block: what consensus carries, less the actions', headers and certificate.
const EVM_BYTES_MAX: usize = 1 << 20;

/// An undecided block that was executed.
#[derive(Debug)]
struct Executed {
    block: Block,
    bytes: Bytes,
    delta: Arc<Delta>,
    receipts: BlockReceipts,
}

/// See the module.
pub struct Executor {
    /// Boxed, because the executor is moved into futures, and every table makes it larger.
    chain: Box<Chain>,
    tip: Header,
    tip_id: BlockId,
    /// The certificate of the tip.
    last_commit: LastCommit,
    reporter: Reporter,
    /// The undecided block at which the chain stands, if it isn't the tip.
    stands_at: Option<BlockId>,
    executed: BTreeMap<BlockId, Executed>,
    undecided: Vec<UndecidedBlock>,
    /// Bytes of undecided blocks found at start and not executed yet.
    stored: BTreeMap<BlockId, Bytes>,
    proposer: ValidatorAddress,
    domain: tandem_consensus::Domain,
    identity: Identity,
    /// What the blocks built here have taught of the classes' work.
    shares: ClassShares,
    store: Arc<Store>,
    shared: Arc<Shared>,
    publisher: Publisher,
}

impl std::fmt::Debug for Executor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor").field("tip", &self.tip.height).field("stands_at", &self.stands_at).finish()
    }
}

/// What an executor starts from.
pub(crate) struct Start {
    pub(crate) chain: Chain,
    pub(crate) tip: Header,
    pub(crate) last_commit: LastCommit,
    pub(crate) proposer: ValidatorAddress,
    pub(crate) domain: tandem_consensus::Domain,
    pub(crate) identity: Identity,
    pub(crate) store: Arc<Store>,
    pub(crate) shared: Arc<Shared>,
}

impl Executor {
    /// An executor at the last decided block, with the undecided blocks that the store kept.
    ///
    /// # Errors
    /// [`NodeError::Storage`], [`NodeError::Thread`], or [`NodeError::Record`] if a kept block's note does not decode.
    pub(crate) fn new(start: Start) -> Result<Self, NodeError> {
        let next = Height(start.tip.height.0 + 1);
        let (mut undecided, mut stored) = (Vec::new(), BTreeMap::new());
        for kept in start.store.undecided(next)? {
            let note = UndecidedBlock::from_bytes(&kept.note)
                .map_err(|error| NodeError::Record { height: next, error })?;
            undecided.push(note);
            stored.insert(kept.id, Bytes::from(kept.block));
        }
        Ok(Self {
            tip_id: block_id(&start.tip),
            chain: Box::new(start.chain),
            tip: start.tip,
            last_commit: start.last_commit,
            reporter: Reporter::default(),
            stands_at: None,
            executed: BTreeMap::new(),
            undecided,
            stored,
            proposer: start.proposer,
            domain: start.domain,
            identity: start.identity,
            shares: ClassShares::default(),
            store: start.store,
            publisher: Publisher::start(Arc::clone(&start.shared))?,
            shared: start.shared,
        })
    }

    /// Reports prices from this source with its votes. Without, its reports are empty.
    #[must_use]
    pub fn with_prices(mut self, source: Box<dyn PriceSource>) -> Self {
        self.reporter = Reporter::new(source);
        self
    }

    /// Brings the chain back to the last decided block.
    fn stand_at_tip(&mut self) -> Result<(), NodeError> {
        let Some(id) = self.stands_at.take() else { return Ok(()) };
        let Some(executed) = self.executed.get(&id) else { return Err(NodeError::MissingBlock(id)) };
        let height = self.tip.height;
        self.chain
            .follow(&executed.delta, Direction::Backward)
            .map_err(|error| NodeError::Delta { height, error })
    }

    /// Brings the chain to an executed undecided block.
    fn stand_at(&mut self, id: BlockId) -> Result<(), NodeError> {
        if self.stands_at == Some(id) {
            return Ok(());
        }
        self.stand_at_tip()?;
        let Some(executed) = self.executed.get(&id) else { return Err(NodeError::MissingBlock(id)) };
        let height = executed.block.header.height;
        self.chain
            .follow(&executed.delta, Direction::Forward)
            .map_err(|error| NodeError::Delta { height, error })?;
        self.stands_at = Some(id);
        Ok(())
    }

    fn keep(&mut self, block: Block, bytes: Bytes, outcome: Outcome) -> BlockId {
        let id = block_id(&block.header);
        let delta = Arc::new(outcome.delta);
        self.executed.insert(id, Executed { block, bytes, delta, receipts: outcome.receipts });
        self.stands_at = Some(id);
        id
    }

    /// Makes an undecided block durable, once per round.
    fn remember(&mut self, note: UndecidedBlock, bytes: &Bytes) -> Result<(), NodeError> {
        if self.undecided.contains(&note) {
            return Ok(());
        }
        let encoded = note.to_bytes();
        self.store.put_undecided(&tandem_storage::UndecidedBlock {
            height: note.height,
            round: note.round,
            id: note.id,
            block: bytes.as_ref(),
            note: encoded.as_slice(),
        })?;
        self.shared.metrics.stored_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.undecided.push(note);
        Ok(())
    }

    fn build(&mut self, height: Height) -> Result<(Block, Outcome), NodeError> {
        self.stand_at_tip()?;
        let actions = self.shared.pool.actions(ACTIONS_PER_BLOCK_MAX, ACTION_BYTES_MAX);
        let evm = self.evm_candidates(height);
        let parameters = self.chain.tables.system.parameters.peek(&()).copied();
        let time = clock::time_to_build(clock::now(), &self.tip, parameters.as_ref());
        let reports = self.price_reports();
        let report_bytes: usize = reports.iter().map(|report| report.raw().len()).sum();
        let builder = Builder {
            parent: &self.tip,
            time,
            proposer: Address(self.proposer.0),
            last_commit: self.last_commit.bytes(),
            price_reports: &reports,
            actions: &actions,
            shares: Some(&self.shares),
            evm_transactions: &evm,
            action_bytes_max: ACTION_BYTES_MAX,
            evm_bytes_max: EVM_BYTES_MAX.saturating_sub(report_bytes),
        };
        let built = builder
            .build(&mut self.chain)
            .map_err(|error| NodeError::Build { height, error: Box::new(error) })?;
        self.shares.learn(&built.taken);
        let refused =
            built.refused_actions.iter().filter_map(|(at, why)| Some((Arc::clone(actions.get(*at)?), *why)));
        self.shared.pool.refuse(&refused.collect::<Vec<(_, Refusal)>>());
        let hopeless = built.refused_transactions.iter().filter(|(_, why)| is_final(why));
        let hashes: Vec<_> = hopeless.filter_map(|(at, _)| evm.get(*at).map(|tx| tx.hash())).collect();
        self.shared.pool.drop_evm(&hashes);
        Ok((built.block, built.outcome))
    }

    /// The reports that came with the votes for the tip, if that was a price height.
    fn price_reports(&self) -> Vec<CheckedReport> {
        let tables = &self.chain.tables;
        if !tables.is_price_height(self.tip.height) {
            return Vec::new();
        }
        let Network { chain_id, genesis_hash, .. } = self.identity.network;
        let scope = Scope { chain_id, genesis_hash, height: self.tip.height, block: self.tip_id };
        self.last_commit.reports(&scope, &tables.system, &AllCores)
    }

    /// What the EVM's lane offers at an EVM height.
    fn evm_candidates(&self, height: Height) -> Vec<Arc<tandem_evm::CheckedEvmTx>> {
        let parameters = self.chain.tables.system.parameters.peek(&());
        if !parameters.is_some_and(|parameters| parameters.is_evm_height(height)) {
            return Vec::new();
        }
        let base_fee = self.chain.tables.head.evm.peek(&()).map_or(0, |head| head.next_base_fee());
        let accounts = &self.chain.tables.evm.accounts;
        let nonce = |sender: alloy_primitives::Address| {
            accounts.peek(&Address(sender.0.0)).map_or(0, |account| account.nonce)
        };
        self.shared.pool.with_evm(|lane| lane.best(base_fee, EVM_PER_BLOCK_MAX, nonce))
    }

    /// Checks and executes a block on the tip; the chain then stands at it.
    fn execute(&mut self, bytes: &Bytes) -> Result<Result<BlockId, InvalidBlock>, NodeError> {
        let checked = match check_block(bytes, &self.identity, &AllCores, &self.shared.pool) {
            Ok(checked) => checked,
            Err(error) => return Ok(Err(error)),
        };
        if let Err(field) = self.check_last_commit(checked.last_commit()) {
            return Ok(Err(InvalidBlock::Header(field)));
        }
        self.stand_at_tip()?;
        match apply_block(&mut self.chain, &self.tip, &checked) {
            Ok(outcome) => {
                let block = Block::from_bytes(bytes)
                    .map_err(|error| NodeError::Record { height: checked.header().height, error })?;
                Ok(Ok(self.keep(block, bytes.clone(), outcome)))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// The certificate in a block must be one of its parent.
    fn check_last_commit(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        if self.tip.height == Height(0) {
            return if bytes.is_empty() { Ok(()) } else { Err("commit_root") };
        }
        if bytes == self.last_commit.bytes() {
            return Ok(());
        }
        let certificate = Certificate::from_bytes(bytes).map_err(|_| "commit_root")?;
        let of_parent = certificate.height() == self.tip.height && certificate.block() == self.tip_id;
        let validators = validator_set(&mut self.chain.tables.system).ok_or("validators")?;
        let verified = verify_certificate(&certificate, &validators, &self.domain).is_ok();
        if of_parent && verified { Ok(()) } else { Err("commit_root") }
    }

    fn finalise(&mut self, certificate: &Certificate) -> Result<(), NodeError> {
        let id = certificate.block();
        if !self.executed.contains_key(&id) {
            let bytes = self.stored.get(&id).cloned().ok_or(NodeError::MissingBlock(id))?;
            let height = certificate.height();
            self.execute(&bytes)?.map_err(|error| NodeError::Divergence {
                height,
                id,
                error: Box::new(error),
            })?;
        }
        self.stand_at(id)?;
        let Some(executed) = self.executed.remove(&id) else { return Err(NodeError::MissingBlock(id)) };
        let decided = DecidedBlock {
            id,
            block: executed.block,
            receipts: executed.receipts,
            delta: executed.delta,
            certificate: Bytes::from(certificate.to_bytes()),
        };
        let record = decided.record(&executed.bytes);
        self.store.append(&record)?;
        self.shared.metrics.stored_bytes.fetch_add(record.bytes(), Ordering::Relaxed);
        // From here the block is final.
        self.tip = decided.block.header.clone();
        self.tip_id = id;
        self.last_commit = LastCommit::new(certificate.clone());
        self.stands_at = None;
        self.executed.clear();
        self.undecided.clear();
        self.stored.clear();
        // The next block is not offered what this one has.
        self.shared.pool.take_out(&decided.receipts.actions);
        // Readers look blocks up by the index as soon as they hear of them.
        self.store.stage(decided.height(), history::effects(&decided))?;
        self.publisher.publish(Arc::new(decided))
    }

    /// Waits until readers know all decided blocks, and whoever waited for them is told.
    ///
    /// # Errors
    /// [`NodeError`] of an earlier block.
    pub fn wait_until_published(&mut self) -> Result<(), NodeError> {
        self.publisher.wait()
    }
}

/// Whether a transaction refused so will never do.
const fn is_final(error: &TxError) -> bool {
    match error {
        TxError::Rejected(reason) => !reason.may_pass_later(),
        TxError::MissingCode => false,
    }
}

fn stop(error: NodeError) -> ApplicationError {
    tracing::error!(%error, "node stops");
    ApplicationError::new(error)
}

impl Application for Executor {
    fn tip(&self) -> Tip {
        let mut tables = self.chain.tables.system.clone();
        let validators =
            validator_set(&mut tables).expect("genesis and the rules admit only valid validator keys");
        let block_time_ms = tables.parameters.peek(&()).map_or(100, |parameters| parameters.block_time_ms);
        let reports = self.chain.tables.is_price_height(Height(self.tip.height.0 + 1));
        let extensions = if reports { ExtensionPolicy::Required } else { ExtensionPolicy::Disabled };
        let next = NextHeight { validators, block_time_ms, extensions };
        Tip { height: self.tip.height, time: self.tip.time, next }
    }

    fn history_min(&self) -> Height {
        self.store.heights().map_or(Height(1), |heights| *heights.start())
    }

    fn propose(&mut self, height: Height, round: Round) -> Result<ProposedBlock, ApplicationError> {
        let own =
            self.undecided.iter().find(|b| (b.height, b.round, b.proposer) == (height, round, self.proposer));
        if let Some(own) = own
            && let Some(bytes) = self.block_bytes(own.id)
        {
            return Ok(ProposedBlock { id: own.id, bytes });
        }
        let (block, outcome) = self.build(height).map_err(stop)?;
        let bytes = Bytes::from(block.to_bytes());
        let id = self.keep(block, bytes.clone(), outcome);
        let note = UndecidedBlock { height, round, valid_round: None, proposer: self.proposer, id };
        self.remember(note, &bytes).map_err(stop)?;
        Ok(ProposedBlock { id, bytes })
    }

    fn identify(&self, bytes: &[u8]) -> Option<BlockId> {
        Block::from_bytes(bytes).ok().map(|block| block_id(&block.header))
    }

    fn validate(&mut self, received: &ReceivedBlock) -> Result<Verdict, ApplicationError> {
        if !self.executed.contains_key(&received.id) {
            if let Some(reason) = self.out_of_place(received) {
                return Ok(Verdict::Invalid { reason });
            }
            if let Err(error) = self.execute(&received.bytes).map_err(stop)? {
                return Ok(Verdict::Invalid { reason: error.to_string() });
            }
        }
        let valid_round = match received.origin {
            Origin::Reproposal(round) => Some(round),
            Origin::FirstProposal | Origin::Synced => None,
        };
        let note = UndecidedBlock {
            height: received.height,
            round: received.round,
            valid_round,
            proposer: received.proposer,
            id: received.id,
        };
        self.remember(note, &received.bytes).map_err(stop)?;
        Ok(Verdict::Valid)
    }

    fn undecided(&self, height: Height, round: Round) -> Vec<UndecidedBlock> {
        self.undecided
            .iter()
            .filter(|block| (block.height, block.round) == (height, round))
            .copied()
            .collect()
    }

    fn block_bytes(&self, id: BlockId) -> Option<Bytes> {
        let executed = self.executed.get(&id).map(|executed| &executed.bytes);
        executed.or_else(|| self.stored.get(&id)).cloned()
    }

    fn decide(&mut self, certificate: &Certificate) -> Result<Tip, ApplicationError> {
        self.finalise(certificate).map_err(stop)?;
        Ok(self.tip())
    }

    fn finalize(&mut self, certificate: &Certificate, evidence: &[Evidence]) -> Result<(), ApplicationError> {
        for seen in evidence {
            tracing::warn!(height = %certificate.height(), evidence = ?seen, "a validator signed two different things");
        }
        if certificate.block() == self.tip_id {
            self.last_commit = LastCommit::new(certificate.clone());
        }
        Ok(())
    }

    fn decided(&self, height: Height) -> Option<SyncBlock> {
        let record = self.store.block(height).ok().flatten()?;
        let certificate = Certificate::from_bytes(&record.certificate).ok()?;
        Some(SyncBlock { bytes: Bytes::from(record.block), certificate })
    }

    fn extend_vote(&mut self, _: Height, _: Round, block: BlockId) -> Vec<u8> {
        let time = self.time_of(block);
        let (report, failed) = self.reporter.report(&self.chain.tables.exchange, time);
        self.shared.metrics.price_failures.fetch_add(failed, Ordering::Relaxed);
        report.to_bytes()
    }

    fn verify_extension(&self, _: Height, _: ValidatorAddress, extension: &[u8]) -> bool {
        Report::from_bytes(extension).is_ok()
    }
}

impl Executor {
    /// The time of an undecided block.
    fn time_of(&self, id: BlockId) -> BlockTime {
        let executed = self.executed.get(&id).map(|executed| executed.block.header.time);
        let stored = || Block::from_bytes(self.stored.get(&id)?).ok().map(|block| block.header.time);
        executed.or_else(stored).unwrap_or(self.tip.time)
    }

    /// What is wrong with where and when a block was proposed, before it is executed.
    fn out_of_place(&self, received: &ReceivedBlock) -> Option<String> {
        let block = Block::from_bytes(&received.bytes).ok()?;
        if block.header.height != received.height {
            return Some(format!(
                "header has height {}, proposed at {}",
                block.header.height, received.height
            ));
        }
        if received.origin == Origin::FirstProposal && block.header.proposer.0 != received.proposer.0 {
            return Some("header names another proposer".to_owned());
        }
        let time = block.header.time;
        let ahead = received.origin != Origin::Synced && clock::is_ahead(time, clock::now());
        ahead.then(|| format!("time {time} is ahead of the clock"))
    }
}

/// The follower's lock, taken for writing by the executor alone.
pub(crate) type FollowerLock = std::sync::RwLock<Follower>;
