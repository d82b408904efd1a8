//! The exchange without a chain: actions without signatures, prices without reports, blocks without roots. For what takes
//! thousands of accounts or hundreds of blocks; what is shown on it of single cases is shown on [`Harness`](crate::Harness)
//! as well, where every block is executed from its witness.

use crate::perps::perp_genesis;
use tandem_coprocessor::{BlockContext, Coprocessor, Handle, Work, WorkMeter};
use tandem_exchange::action::Action;
use tandem_exchange::{Call, Event, Exchange, ExchangeTables, Rejection, Reply, perp};
use tandem_oracle::MedianPrices;
use tandem_state::{Delta, Tables};
use tandem_types::{AccountId, BlockTime, Height, PriceTicks};

/// An exchange, between blocks or within one.
#[derive(Debug)]
pub struct Floor {
    /// Its tables.
    pub tables: ExchangeTables,
    /// The block under way, or the last one.
    pub block: BlockContext,
}

/// What the end of a block did.
#[derive(Debug)]
pub struct Block {
    /// Its prices' and its due work's events.
    pub events: Vec<Event>,
    /// Work of the due-work phase.
    pub work: Work,
    /// What it changed.
    pub delta: Delta,
}

impl Default for Floor {
    fn default() -> Self {
        let genesis = perp_genesis();
        let mut tables = ExchangeTables::default();
        genesis.exchange.write(&mut tables).expect("a good genesis");
        tables.seal();
        Self { tables, block: BlockContext { height: Height(0), time: genesis.time } }
    }
}

impl Floor {
    /// Begins a block, with the oracle prices of markets from 0 on if it brings some.
    pub fn begin(&mut self, step_ms: u64, oracle: &[u64]) -> Vec<Event> {
        let height = Height(self.block.height.0 + 1);
        self.block = BlockContext { height, time: BlockTime(self.block.time.0 + step_ms) };
        let price = |ticks: &u64| Some(PriceTicks(*ticks));
        let medians: Vec<_> = oracle
            .iter()
            .map(|ticks| MedianPrices { oracle: price(ticks), external: price(ticks) })
            .collect();
        let mut events = Vec::new();
        perp::prices::update(&mut self.tables, &medians, self.block.time, &mut events);
        events
    }

    /// An action of an account, signed by its owner.
    ///
    /// # Errors
    /// The action's rejection.
    pub fn act(&mut self, account: AccountId, action: &Action) -> Result<Reply, Rejection> {
        let call = Call { action, by_owner: true, scoped_agent: None, for_vault: false, co_signatures: 0 };
        let ran = tandem_coprocessor::run::<Exchange>(&mut self.tables, self.block, (), account, &call);
        ran.map(|(reply, _)| reply).map_err(|error| error.rejection)
    }

    /// Ends the block: due work within its limit, and every promise kept.
    ///
    /// # Panics
    /// If not.
    pub fn end(&mut self, mut events: Vec<Event>) -> Block {
        let limit = Exchange::DESCRIPTION.limits.due_work_max;
        let mut meter = WorkMeter::new(limit);
        let mut handle: Handle<'_, '_, Exchange> =
            Handle { tables: &mut self.tables, block: self.block, meter: &mut meter, interfaces: () };
        let reply = Exchange::due_work(&mut handle).expect("due work does not fail");
        events.extend(reply.events);
        tandem_exchange::end_block(&mut self.tables);
        let delta = self.tables.seal();
        Exchange::check_invariants(&delta).expect("every promise is kept");
        assert!(meter.used() <= limit);
        Block { events, work: meter.used(), delta }
    }

    /// A block with prices and nothing else.
    pub fn prices(&mut self, step_ms: u64, oracle: &[u64]) -> Block {
        let events = self.begin(step_ms, oracle);
        self.end(events)
    }
}
