//! Bounds on the tables, and what happens to an account that is looked at.
//!
//! Whatever changes an account's positions or collateral ends with [`Session::reindex`]: bounds that still hold stay,
//! others are written anew, and what has too little margin is put into the queue of liquidations. Margin is judged for
//! cross positions together and for each isolated one by itself ([`MarginUnit`]).
//!
//! A trade changes one position. As long as a bound for that one makes all sound again, none of the account's others is
//! read ([`Session::reindex_in`]): those who trade most hold something in every market.

use super::bound::{self, HeldSide, RiskKey, RiskLine};
use crate::Rejection;
use crate::perp::clearing::{Priced, clearing};
use crate::perp::margin::Margin;
use crate::perp::pending::MarginUnit;
use crate::perp::position::{MarginMode, Position};
use crate::perp::sums::{CrossSums, line_of};
use crate::records::Config;
use crate::session::Session;
use crate::tables::ExchangeTables;
use alloc::vec::Vec;
use tandem_coprocessor::{BlockContext, Work, WorkMeter};
use tandem_types::{AccountId, MarketId};

/// Work of looking at an account, beside its positions.
pub(crate) const LOOK_WORK: Work = Work(3_000);
/// Work of writing a bound.
pub(crate) const BOUND_WORK: Work = Work(2_500);

/// Something held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) priced: Priced,
    pub(crate) position: Position,
}

impl Held {
    fn line(&self) -> Option<RiskLine> {
        line_of(&self.position, &self.priced.market, &self.priced.prices)
    }
}

impl Session<'_, '_> {
    /// Looks at an account whose positions or collateral have changed, or whose bound was reached.
    pub(crate) fn reindex(&mut self, account: AccountId) -> Result<(), Rejection> {
        self.meter.charge(LOOK_WORK)?;
        if self.is_insurance(account) {
            return Ok(()); // What it holds is deleveraged, not liquidated.
        }
        let sums = clearing!(self.tables, self.meter).sums(account)?;
        if sums.needs_no_look() && sums.isolated == 0 { Ok(()) } else { self.look_at(account) }
    }

    /// Looks at an account that has traded in a market, with which only its position there has changed, and its collateral.
    pub(crate) fn reindex_in(&mut self, account: AccountId, market: MarketId) -> Result<(), Rejection> {
        self.meter.charge(LOOK_WORK)?;
        if self.is_insurance(account) {
            return Ok(());
        }
        let mut clearing = clearing!(self.tables, self.meter);
        let sums = clearing.sums(account)?;
        let priced = clearing.priced(market)?;
        let position = clearing.position(account, market, &priced.market);
        let held = Held { priced, position };
        let is_isolated = position.mode == MarginMode::Isolated && !position.size.is_zero();
        if is_isolated {
            self.judge_isolated(account, &held)?;
        }
        if sums.needs_no_look() || (!is_isolated && self.bind_alone(account, &sums, &held)?) {
            return Ok(());
        }
        self.look_at(account)
    }

    /// Gives one cross position a bound of its own, if that makes all of the account's sound; whether it does.
    fn bind_alone(&mut self, account: AccountId, sums: &CrossSums, held: &Held) -> Result<bool, Rejection> {
        if self.tables.liquidations.contains(&MarginUnit::cross(account)) {
            return Ok(true); // Whoever is being liquidated has no bounds.
        }
        let alone = held.line().and_then(|line| {
            let leftover = sums.left_beside(&line)?;
            bound::bound_beside(&line, leftover, sums.margin.excess(), sums.weight)
        });
        let Some(bound) = alone else { return Ok(false) };
        self.set_bounds(account, core::slice::from_ref(held), &[bound])?;
        Ok(true)
    }

    /// Looks at all that an account holds.
    fn look_at(&mut self, account: AccountId) -> Result<(), Rejection> {
        let mut clearing = clearing!(self.tables, self.meter);
        let (cross, isolated): (Vec<Held>, Vec<Held>) =
            clearing.held(account)?.into_iter().partition(|held| held.position.mode == MarginMode::Cross);
        let mut margin = Margin::of_collateral(clearing.collateral(account));
        for Held { priced, position } in &cross {
            margin = margin.plus(&Margin::own(position, &priced.prices, &priced.market.tiers));
        }
        self.judge(MarginUnit::cross(account), &margin, &cross)?;
        isolated.iter().try_for_each(|held| self.judge_isolated(account, held))
    }

    fn judge_isolated(&mut self, account: AccountId, held: &Held) -> Result<(), Rejection> {
        let Held { priced, position } = held;
        let margin = Margin::own(position, &priced.prices, &priced.market.tiers);
        self.judge(MarginUnit::isolated(account, priced.id), &margin, core::slice::from_ref(held))
    }

    /// Keeps bounds, writes them anew, or has the unit liquidated.
    fn judge(&mut self, unit: MarginUnit, margin: &Margin, held: &[Held]) -> Result<(), Rejection> {
        if held.is_empty() && margin.value >= 0 {
            return Ok(());
        }
        if self.tables.liquidations.contains(&unit) {
            return Ok(());
        }
        let excess = margin.excess();
        if excess < 0 {
            self.set_bounds(unit.account, held, &[])?;
            self.enqueue(unit, held.first().map(|held| held.priced.id));
            return Ok(());
        }
        let lines: Vec<RiskLine> = held.iter().filter_map(Held::line).collect();
        if bound::are_sound(&lines, excess) {
            return Ok(());
        }
        self.set_bounds(unit.account, held, &bound::bounds(&lines, excess))
    }

    /// Writes a bound for each of `held`, or takes it away where there is none.
    fn set_bounds(
        &mut self,
        account: AccountId,
        held: &[Held],
        bounds: &[bound::RiskBound],
    ) -> Result<(), Rejection> {
        let mut bounds = bounds.iter().copied();
        for Held { priced, position } in held {
            self.meter.charge(BOUND_WORK)?;
            let bound = Position { bound: bounds.next(), ..*position };
            let mut clearing = clearing!(self.tables, self.meter);
            clearing.set_position(priced.position_of(account), &priced.market, position, bound);
        }
        Ok(())
    }
}

/// The account that the prices of a market have reached first, if they have reached any.
pub(crate) fn first_due(tables: &mut ExchangeTables, market: MarketId) -> Option<AccountId> {
    let prices = *tables.perp_prices.get(&market)?;
    let mut first = |side| {
        let last = RiskKey::last_due(market, side, prices.drift.risk_price(side, prices.mark));
        tables.risk_index.first(&RiskKey::first(market, side), &last).map(|(key, ())| key.account)
    };
    first(HeldSide::Long).or_else(|| first(HeldSide::Short))
}

/// Indexes positions that were written beside the rules: tables that are filled for a test or a benchmark.
///
/// # Errors
/// Only if a sum leaves its range.
pub fn rebuild(
    tables: &mut ExchangeTables,
    block: BlockContext,
    accounts: impl Iterator<Item = AccountId>,
) -> Result<(), Rejection> {
    let mut meter = WorkMeter::new(Work(u64::MAX));
    let config = tables.config.get(&()).copied();
    let config: Config = config.ok_or(Rejection::Inactive)?;
    let mut events = Vec::new();
    tables.cross_sums.clear();
    for account in accounts {
        let mut session =
            Session { tables, block, meter: &mut meter, config, account, builder: None, events: &mut events };
        session.write_again()?;
        session.reindex(account)?;
    }
    Ok(())
}

impl Session<'_, '_> {
    /// Writes the account's positions through the one function that keeps the lists beside them.
    fn write_again(&mut self) -> Result<(), Rejection> {
        let account = self.account;
        for Held { priced, position } in clearing!(self.tables, self.meter).held(account)? {
            let key = priced.position_of(account);
            self.tables.positions.remove(&key);
            let none = Position::new(position.leverage, position.mode);
            let position = Position { bound: None, ..position };
            clearing!(self.tables, self.meter).set_position(key, &priced.market, &none, position);
        }
        Ok(())
    }
}
