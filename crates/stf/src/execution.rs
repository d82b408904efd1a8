//! The phases of a block, each a function, called in order by [`execute`].

use crate::chain::{Chain, ChainTables, StateTree};
use crate::close;
use crate::header::{EvmHead, block_id};
use crate::invalid::InvalidBlock;
use crate::outcome::{BlockReceipts, Outcome};
use crate::supply::{Offer, Refusal, Supply};
use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};
use tandem_coprocessor::{BlockContext, Coprocessor, Handle, Work, WorkMeter};
use tandem_evm::{BlockExecutor, EvmBlockEnv, EvmError, EvmOutcome, HardFork, TxError};
use tandem_exchange::action::Class;
use tandem_exchange::{Call, Capacity, Exchange, Receipt, claim_of, perp};
use tandem_oracle::{CheckedReport, report};
use tandem_state::Tables;
use tandem_system::{NetworkKind, Parameters, ValidatorSet, require_enshrined};
use tandem_types::{Address, BlockTime, Hash, Header, ValidatorSetHash};

/// What a block is given besides its transactions.
#[derive(Clone, Debug)]
pub(crate) struct Given<'a> {
    pub(crate) parent: &'a Header,
    pub(crate) time: BlockTime,
    pub(crate) proposer: Address,
    pub(crate) last_commit: &'a [u8],
    pub(crate) price_reports: &'a [CheckedReport],
}

/// Executes a block: the phases of DESIGN §5, in order. On success the chain stands after the block.
///
/// # Errors
/// [`InvalidBlock`]; the chain then stands before the block. Partial chains whose witness is short are to be dropped.
pub(crate) fn execute(
    chain: &mut Chain<impl StateTree>,
    given: &Given<'_>,
    supply: &mut impl Supply,
) -> Result<Outcome, InvalidBlock> {
    let phases = run_phases(&mut chain.tables, given, supply);
    let missing = chain.tables.misses();
    if !missing.is_empty() {
        return Err(InvalidBlock::MissingWitness(missing));
    }
    match phases {
        Ok(phases) => close::close(chain, given, phases),
        Err(error) => {
            chain.tables.revert_block();
            Err(error)
        }
    }
}

/// Everything up to the roots.
fn run_phases(
    tables: &mut ChainTables,
    given: &Given<'_>,
    supply: &mut impl Supply,
) -> Result<Phases, InvalidBlock> {
    let mut phases = Phases::begin(tables, given)?;
    phases.prices(tables, given)?;
    phases.actions(tables, supply)?;
    phases.due_work(tables)?;
    phases.evm(tables, given, supply)?;
    tandem_exchange::end_block(&mut tables.exchange);
    phases.validators = ValidatorSet::current(&mut tables.system).hash();
    Ok(phases)
}

/// What the phases have done so far.
#[derive(Debug)]
pub(crate) struct Phases {
    pub(crate) parameters: Parameters,
    pub(crate) block: BlockContext,
    meter: WorkMeter,
    class: Class,
    pub(crate) receipts: BlockReceipts,
    pub(crate) action_leaves: Vec<Hash>,
    pub(crate) evm: Option<(EvmBlockEnv, EvmOutcome)>,
    pub(crate) validators: ValidatorSetHash,
}

impl Phases {
    /// Begin: the schedule, the time, which moves forward and by no more than a step, and the proposer, who is a
    /// validator: whose turn it was and whether the time is true is for those who vote to judge (ADR-0005).
    fn begin(tables: &mut ChainTables, given: &Given<'_>) -> Result<Self, InvalidBlock> {
        let parameters = *tables.system.parameters.get(&()).ok_or(InvalidBlock::State)?;
        require_enshrined(&mut tables.system, &Exchange::DESCRIPTION).map_err(|_| InvalidBlock::State)?;
        let parent = given.parent;
        let latest = parameters.latest_time_after(parent.height, parent.time);
        if given.time <= parent.time || given.time > latest {
            return Err(InvalidBlock::Header("time"));
        }
        if !tables.system.validators.contains(&given.proposer) {
            return Err(InvalidBlock::Header("proposer"));
        }
        let height = parent.height.next().ok_or(InvalidBlock::Header("height"))?;
        Ok(Self {
            parameters,
            block: BlockContext { height, time: given.time },
            meter: WorkMeter::new(Work(parameters.block_work_max)),
            class: Class::Neutral,
            receipts: BlockReceipts::default(),
            action_leaves: Vec::new(),
            evm: None,
            validators: ValidatorSetHash::default(),
        })
    }

    /// Prices: what the validators reported with their votes for the parent, if that was a price height.
    fn prices(&mut self, tables: &mut ChainTables, given: &Given<'_>) -> Result<(), InvalidBlock> {
        let markets = if self.parameters.is_price_height(given.parent.height) {
            perp::prices::market_count(&mut tables.exchange)
        } else {
            0
        };
        if markets == 0 {
            let none = given.price_reports.is_empty();
            return if none { Ok(()) } else { Err(InvalidBlock::NotPriceHeight) };
        }
        let (validators, now) = (ValidatorSet::current(&mut tables.system), self.block.time);
        report::judge(given.price_reports, &validators).map_err(InvalidBlock::PriceReports)?;
        tables.oracle.record_reports(given.price_reports, now);
        let stale_ms = tables.exchange.perp_config.get(&()).copied().unwrap_or_default().price_stale_ms;
        let medians = tables.oracle.median_prices(&validators, now, stale_ms, markets);
        perp::prices::update(&mut tables.exchange, &medians, now, &mut self.receipts.due);
        Ok(())
    }

    /// Exchange actions, in class order.
    fn actions(&mut self, tables: &mut ChainTables, supply: &mut impl Supply) -> Result<(), InvalidBlock> {
        while let Some(offer) = supply.action() {
            let end = self.action(tables, &offer);
            supply.action_ended(end)?;
        }
        Ok(())
    }

    /// One action: admitted, its nonce used, executed. A rejection by the rules is a receipt, not a refusal. Returns the
    /// work.
    fn action(&mut self, tables: &mut ChainTables, offer: &Offer<'_>) -> Result<Work, Refusal> {
        let (transaction, action) = (offer.action, offer.action.checked());
        if action.class() < self.class {
            return Err(Refusal::ClassOrder);
        }
        let production = self.parameters.network == NetworkKind::Production;
        let claim = claim_of(action, production);
        let standing = tables.exchange.standing(&claim);
        let principal = claim.judge(&standing, self.block.time).map_err(Refusal::Inadmissible)?;
        let account = principal.account;

        tables.exchange.checkpoint();
        tables.exchange.use_claim(&claim, &principal, self.block.time);
        let by_owner = principal.capacity == Capacity::Owner;
        let scoped = matches!(principal.capacity, Capacity::Agent { scoped: true });
        let scoped_agent = scoped.then_some(claim.signer);
        let co_signatures = action.co_signers().map_or(0, |co_signers| co_signers.signers.len());
        let call = Call {
            action: action.action(),
            by_owner,
            scoped_agent,
            for_vault: principal.for_vault,
            co_signatures: u8::try_from(co_signatures).unwrap_or(u8::MAX),
        };
        let ran = tandem_coprocessor::run::<Exchange>(&mut tables.exchange, self.block, (), account, &call);
        let (result, events, work) = match ran {
            Ok((reply, work)) => (Ok(reply.items), reply.events, work),
            Err(error) => (Err(error.rejection), Vec::new(), error.work),
        };
        if work.plus(offer.work_kept) > self.meter.left() {
            tables.exchange.rollback();
            return Err(Refusal::TooMuchWork(work));
        }
        tables.exchange.commit();
        self.meter.charge(work).map_err(|_| Refusal::TooMuchWork(work))?;
        self.class = action.class();
        self.action_leaves.push(transaction.hash());
        self.receipts.actions.push(Receipt { tx: action.tx_id(), account, result, events });
        Ok(work)
    }

    /// Work that is due by time, within its own budget.
    fn due_work(&mut self, tables: &mut ChainTables) -> Result<(), InvalidBlock> {
        let mut meter = WorkMeter::new(Exchange::DESCRIPTION.limits.due_work_max);
        let mut handle =
            Handle { tables: &mut tables.exchange, block: self.block, meter: &mut meter, interfaces: () };
        let reply = Exchange::due_work(&mut handle).map_err(|_| InvalidBlock::State)?;
        self.receipts.due.extend(reply.events);
        Ok(())
    }

    /// The EVM block, on EVM heights.
    fn evm(
        &mut self,
        tables: &mut ChainTables,
        given: &Given<'_>,
        supply: &mut impl Supply,
    ) -> Result<(), InvalidBlock> {
        if !self.parameters.is_evm_height(self.block.height) {
            return Ok(());
        }
        let head = *tables.head.evm.get(&()).ok_or(InvalidBlock::State)?;
        let env = evm_env(&self.parameters, given, &head);
        let mut executor = BlockExecutor::begin(&mut tables.evm, env).map_err(InvalidBlock::Evm)?;
        let mut index = 0usize;
        while let Some(transaction) = supply.evm_transaction(index) {
            let end = executor.transact(transaction).map(|_| ());
            if end == Err(TxError::MissingCode) {
                return Err(InvalidBlock::Evm(EvmError::MissingCode));
            }
            supply.evm_ended(index, end)?;
            index = index.saturating_add(1);
        }
        self.evm = Some((env, executor.finish()));
        Ok(())
    }
}

/// The environment of the EVM block that follows `head`.
pub(crate) fn evm_env(parameters: &Parameters, given: &Given<'_>, head: &EvmHead) -> EvmBlockEnv {
    let parent_id = block_id(given.parent);
    EvmBlockEnv {
        chain_id: parameters.chain_id.0,
        hard_fork: HardFork::Osaka,
        number: head.number.saturating_add(1),
        timestamp_s: given.time.0.checked_div(1_000).unwrap_or(0),
        base_fee: head.next_base_fee(),
        gas_limit: parameters.evm_gas_limit,
        beneficiary: alloy_primitives::Address(given.proposer.0.into()),
        prev_randao: keccak256(parent_id.0),
        parent_hash: B256::from(head.hash.0),
        parent_beacon_root: B256::from(parent_id.0),
    }
}
