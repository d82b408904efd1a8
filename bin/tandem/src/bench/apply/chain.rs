//! Who proposes blocks, and who judges them.

use super::stream::{MIDDLE_CENTS, Mix, Said, Stream};
use super::world::{SIZE_DECIMALS, World};
use eyre::{Result, WrapErr, ensure, eyre};
use std::hint::black_box;
use std::time::{Duration, Instant};
use tandem_codec::{Decode, Encode};
use tandem_crypto::ed25519::SigningKey;
use tandem_exchange::action::{Action, SignedAction};
use tandem_exchange::perp::PERP_PRICE_DECIMALS;
use tandem_exchange::{Event, ItemStatus, Transaction};
use tandem_oracle::report::{Scope, signed_bytes};
use tandem_oracle::{CheckedReport, Quote, Report, SignedReport};
use tandem_state::Tables as _;
use tandem_stf::{
    Builder, Chain, CheckedEvmTx, Identity, NothingKnown, Outcome, Sequential, apply_block, block_id,
    check_block,
};
use tandem_system::validator_address;
use tandem_types::{AccountId, Block, BlockTime, Header, MarketId, PriceTicks, Round, Usd};

/// What each account has as collateral, in quote atoms: a hundred million USD, so that margin is computed and suffices.
const COLLATERAL: Usd = Usd(10_000_000_000_000_000);
const BLOCK_MS: u64 = 100;

/// Makes blocks, and stands at the last.
#[derive(Debug)]
pub(super) struct Proposer<'w> {
    world: &'w World,
    chain: Chain,
    head: Header,
    markets: u16,
    /// Orders in books.
    open: u64,
}

impl<'w> Proposer<'w> {
    /// At genesis, every account with its collateral, and with prices.
    pub(super) fn new(world: &'w World) -> Result<Self> {
        let (mut chain, head) = world.genesis.chain().map_err(|error| eyre!("genesis: {error}"))?;
        let exchange = &mut chain.tables.exchange;
        let accounts = u32::try_from(exchange.accounts.len()).wrap_err("accounts")?;
        for account in 0..accounts {
            exchange.collaterals.put(AccountId(account), COLLATERAL);
        }
        exchange.seal();
        chain.rebuild_trees().map_err(|error| eyre!("state trees: {error}"))?;
        let markets = u16::try_from(world.genesis.exchange.perps.markets.len()).wrap_err("markets")?;
        let mut proposer = Self { world, chain, head, markets, open: 0 };
        while proposer.chain.tables.exchange.perp_prices.is_empty() {
            proposer.propose(&[])?;
        }
        Ok(proposer)
    }

    pub(super) const fn open_orders(&self) -> u64 {
        self.open
    }

    pub(super) const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Makes the next block of a stream.
    pub(super) fn step(&mut self, stream: &mut Stream, mix: Mix) -> Result<Block> {
        let said = stream.block(mix);
        let sign = |said: &Said| {
            let signed = self.world.sign(said.account, &said.action, said.nonce);
            Transaction::from_signed(&signed, &self.world.identity.network).wrap_err("a signed action")
        };
        let transactions = said.iter().map(sign).collect::<Result<Vec<_>>>()?;
        let (block, outcome) = self.propose(&transactions)?;
        self.remember(&said, &outcome, stream)?;
        Ok(block)
    }

    fn propose(&mut self, actions: &[Transaction]) -> Result<(Block, Outcome)> {
        let none: &[CheckedEvmTx] = &[];
        let reports = self.reports()?;
        let builder = Builder {
            parent: &self.head,
            time: BlockTime(self.head.time.0 + BLOCK_MS),
            proposer: validator_address(&self.world.validator.public_key().0),
            last_commit: &[],
            price_reports: &reports,
            actions,
            shares: None,
            evm_transactions: none,
            action_bytes_max: usize::MAX,
            evm_bytes_max: usize::MAX,
        };
        let built = builder.build(&mut self.chain).wrap_err("building a block")?;
        let refused = built.refused_actions.first();
        ensure!(refused.is_none(), "an action was not admitted: {refused:?}");
        self.head = built.outcome.header.clone();
        Ok((built.block, built.outcome))
    }

    /// The validator's prices: each market's oracle walks a little about the middle, so that marks move.
    fn reports(&self) -> Result<Vec<CheckedReport>> {
        if !self.chain.tables.is_price_height(self.head.height) {
            return Ok(Vec::new());
        }
        let cent = 10u64.pow(u32::from(PERP_PRICE_DECIMALS - SIZE_DECIMALS - 2));
        let step = self.head.height.0 / 10 % 20;
        let away = if step < 10 { step } else { 20 - step };
        let oracle = PriceTicks((MIDDLE_CENTS - 5 + away) * cent);
        let quote = |market| Quote { market: MarketId(market), oracle, external: Some(oracle) };
        let report = Report::new(&(0..self.markets).map(quote).collect::<Vec<_>>());
        let scope = self.world.identity.report_scope(&Header {
            height: tandem_types::Height(self.head.height.0 + 1),
            parent: block_id(&self.head),
            ..self.head.clone()
        });
        checked(&self.world.validator, &report, &scope).map(|report| vec![report])
    }

    /// Tells the stream which orders rest, and counts.
    fn remember(&mut self, said: &[Said], outcome: &Outcome, stream: &mut Stream) -> Result<()> {
        let receipts = &outcome.receipts.actions;
        ensure!(receipts.len() == said.len(), "a receipt for each action");
        for (said, receipt) in said.iter().zip(receipts) {
            let items =
                receipt.result.as_ref().map_err(|rejection| eyre!("an action was refused: {rejection}"))?;
            if let Action::Order(place) = &said.action {
                for (order, item) in place.orders.iter().zip(items) {
                    if let ItemStatus::Resting { id, .. } = item {
                        let market = MarketId(u16::try_from(order.asset.0).unwrap_or(0));
                        stream.rests(said.account, market, *id);
                    }
                }
            }
        }
        self.open = u64::try_from(self.chain.tables.exchange.orders.len())?;
        Ok(())
    }
}

fn checked(validator: &SigningKey, report: &Report, scope: &Scope) -> Result<CheckedReport> {
    let (public_key, round, report) = (validator.public_key(), Round(0), report.to_bytes());
    let message = signed_bytes(scope, round, &validator_address(&public_key.0), &report);
    let signed = SignedReport { public_key, round, signature: validator.sign(&message), report };
    CheckedReport::from_raw(&signed.to_bytes(), scope).wrap_err("a price report")
}

/// Judges blocks, on a state of its own.
#[derive(Debug)]
pub(super) struct Judge {
    chain: Chain,
    head: Header,
}

/// What one block took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    /// Orders, cancels and modifications.
    pub(super) items: u64,
    /// Of those, refused.
    pub(super) refused: u64,
    /// Orders that traded at once.
    pub(super) takers: u64,
    pub(super) fills: u64,
    pub(super) events: u64,
    /// Entries of the state that changed.
    pub(super) leaves: u64,
    /// Bytes of its actions.
    pub(super) bytes: u64,
    pub(super) decode: Duration,
    pub(super) check: Duration,
    pub(super) apply: Duration,
}

impl Judge {
    pub(super) fn of(proposer: &Proposer<'_>) -> Self {
        Self { chain: proposer.chain.clone(), head: proposer.head.clone() }
    }

    /// Judges a block from its bytes.
    pub(super) fn step(&mut self, world: &World, block: &Block) -> Result<Step> {
        let decode = decode(block)?;
        let (bytes, start) = (block.to_bytes(), Instant::now());
        let checked = check(&bytes, &world.identity)?;
        let check = start.elapsed();
        let start = Instant::now();
        let outcome = apply_block(&mut self.chain, &self.head, &checked).wrap_err("a block was refused")?;
        let apply = start.elapsed();
        self.head = outcome.header.clone();
        let bytes = block.body.actions.iter().map(|action| u64::try_from(action.len()).unwrap_or(0)).sum();
        Ok(Step { bytes, decode, check, apply, ..count(&outcome) })
    }

    pub(super) fn is_at(&self, proposer: &Proposer<'_>) -> bool {
        self.head == proposer.head && self.chain.core_root() == proposer.chain.core_root()
    }
}

fn check(bytes: &[u8], identity: &Identity) -> Result<tandem_stf::CheckedBlock> {
    check_block(bytes, identity, &Sequential, &NothingKnown).wrap_err("a block's form")
}

/// Decodes a block's actions and does nothing with them.
fn decode(block: &Block) -> Result<Duration> {
    let start = Instant::now();
    for raw in &block.body.actions {
        let signed = SignedAction::from_bytes(raw).wrap_err("a signed action")?;
        black_box(Action::decode(&signed.action).wrap_err("an action")?);
    }
    Ok(start.elapsed())
}

fn count(outcome: &Outcome) -> Step {
    let mut step = Step { leaves: u64::try_from(outcome.delta.len()).unwrap_or(0), ..Step::default() };
    for receipt in &outcome.receipts.actions {
        step.events += u64::try_from(receipt.events.len()).unwrap_or(0);
        step.fills += receipt.events.iter().filter(|event| matches!(event, Event::Trade(_))).count() as u64;
        for item in receipt.result.iter().flatten() {
            step.items += 1;
            step.refused += u64::from(matches!(item, ItemStatus::Rejected(_)));
            step.takers += u64::from(matches!(item, ItemStatus::Filled { .. }));
        }
    }
    step
}
