//! The vaults: who takes the positions of a unit that the book should not, or can't, take.
//!
//! Below two thirds of its maintenance margin a unit goes to the *backstop*: its positions at mark, and all its value.
//! The backstop takes it if it has its initial margin afterwards. A unit that is worth less than nothing is taken so only
//! if the *insurance fund* can pay what is missing out of what it could withdraw. Otherwise the insurance fund takes it
//! whatever comes, and what it then holds is closed against those on the other side (`deleverage`).
//!
//! Both are accounts like any other, named at genesis.

use super::clearing::{Priced, clearing};
use super::margin::Margin;
use super::market::PerpTotals;
use super::pending::{MarginUnit, Vaults};
use super::position::{FillTerms, Filled, MarginMode, Position};
use super::risk::Held;
use super::settle::long_lots;
use crate::Rejection;
use crate::receipt::{Event, Takeover, Vault};
use crate::session::Session;
use tandem_book::Side;
use tandem_coprocessor::Work;
use tandem_state::Tables as _;
use tandem_types::{AccountId, QuoteAtoms, Usd};

/// Work of a position that changes hands.
const TAKE_WORK: Work = Work(6_000);

impl Session<'_, '_> {
    /// Has a vault take the unit if its health demands it. Says whether one did.
    pub(crate) fn take_over(&mut self, unit: MarginUnit, margin: &Margin) -> Result<bool, Rejection> {
        let is_far_below = margin.value.saturating_mul(3) < margin.maintenance.saturating_mul(2);
        let is_bankrupt = margin.value < 0;
        let Some(vaults) = self.tables.perp_vaults.get(&()).copied() else { return Ok(false) };
        if !is_far_below && !is_bankrupt {
            return Ok(false);
        }
        if unit.account != vaults.backstop && self.backstop_takes(unit, margin, &vaults)? {
            return Ok(true);
        }
        if is_bankrupt {
            self.insurance_takes(unit, &vaults)?;
        }
        Ok(is_bankrupt)
    }

    /// The backstop takes the unit, unless that leaves it without its initial margin: then nothing has happened.
    fn backstop_takes(
        &mut self,
        unit: MarginUnit,
        margin: &Margin,
        vaults: &Vaults,
    ) -> Result<bool, Rejection> {
        let told = self.events.len();
        self.tables.checkpoint();
        let taken = self.try_backstop(unit, margin, vaults);
        if taken == Ok(true) {
            self.tables.commit();
            self.reindex(vaults.backstop)?;
            return Ok(true);
        }
        self.tables.rollback();
        self.events.truncate(told);
        match taken {
            Err(Rejection::OutOfWork) => Err(Rejection::OutOfWork),
            Ok(_) | Err(_) => Ok(false),
        }
    }

    fn try_backstop(
        &mut self,
        unit: MarginUnit,
        margin: &Margin,
        vaults: &Vaults,
    ) -> Result<bool, Rejection> {
        let missing = margin.value.min(0).unsigned_abs();
        let mut clearing = clearing!(self.tables, self.meter);
        if u128::from(clearing.cross_margin(vaults.insurance)?.withdrawable().0) < missing {
            return Ok(false);
        }
        let missing = QuoteAtoms(u64::try_from(missing).map_err(|_| Rejection::Overflow)?);
        let paid = Usd::had(missing)?;
        clearing.add_collateral(vaults.insurance, Usd::ZERO.minus(paid)?)?;
        clearing.add_collateral(vaults.backstop, paid)?;
        if !missing.is_zero() {
            let (from, to) = (vaults.insurance, vaults.backstop);
            self.events.push(Event::UsdTransfer { from, to, amount: missing });
        }
        if !self.transfer_unit(unit, vaults.backstop, Vault::Backstop)? {
            return Ok(false);
        }
        Ok(clearing!(self.tables, self.meter).cross_margin(vaults.backstop)?.covers_initial())
    }

    /// The insurance fund takes the unit, and what it holds is to be deleveraged.
    fn insurance_takes(&mut self, unit: MarginUnit, vaults: &Vaults) -> Result<(), Rejection> {
        if !self.transfer_unit(unit, vaults.insurance, Vault::Insurance)? {
            return Err(Rejection::Overflow);
        }
        for held in clearing!(self.tables, self.meter).held(vaults.insurance)? {
            self.begin_deleverage(held.priced.id, &held.position);
        }
        Ok(())
    }

    /// Moves a unit's positions at mark, and then its value. Says no if the receiver has an isolated position in one of
    /// the markets.
    fn transfer_unit(&mut self, unit: MarginUnit, to: AccountId, vault: Vault) -> Result<bool, Rejection> {
        let from = unit.account;
        let mut released = Usd::ZERO;
        for held in self.unit_held(&unit)? {
            self.meter.charge(TAKE_WORK)?;
            if !self.make_cross(to, &held.priced)? {
                return Ok(false);
            }
            let closed = self.hand_over(&held, from, to)?;
            released = released.plus(closed.to_collateral)?;
            self.events.push(Event::Takeover(Takeover {
                account: from,
                vault,
                by: to,
                market: held.priced.id,
                size: held.position.size,
                mark: held.priced.prices.mark,
                closed_profit: closed.closed_profit,
            }));
            self.cut_reduce_only(to, held.priced.id)?;
        }
        let mut clearing = clearing!(self.tables, self.meter);
        let value = if unit.isolated.is_some() { released } else { clearing.collateral(from) };
        clearing.add_collateral(from, Usd::ZERO.minus(value)?)?;
        clearing.add_collateral(to, value)?;
        self.events.push(Event::TakenCollateral { account: from, by: to, amount: value });
        Ok(true)
    }

    /// A vault holds what it takes as cross; one with an isolated position there can't take it.
    fn make_cross(&mut self, vault: AccountId, priced: &Priced) -> Result<bool, Rejection> {
        let mut clearing = clearing!(self.tables, self.meter);
        let position = clearing.position(vault, priced.id, &priced.market);
        if position.mode == MarginMode::Cross {
            return Ok(true);
        }
        if !position.is_idle() {
            return Ok(false);
        }
        let cross = Position { mode: MarginMode::Cross, ..position };
        clearing.set_position(priced.position_of(vault), &priced.market, &position, cross);
        Ok(true)
    }

    /// `from` closes all that it holds, and `to` trades the other side, at mark and without fees.
    fn hand_over(&mut self, held: &Held, from: AccountId, to: AccountId) -> Result<Filled, Rejection> {
        let side = held.position.reducing_side().ok_or(Rejection::Overflow)?;
        let size = held.position.size.magnitude();
        let price = held.priced.prices.mark;
        let terms = |side: Side| FillTerms { side, size, price, fee: QuoteAtoms::ZERO };
        let closed = self.trade_at_mark(&held.priced, from, &terms(side))?;
        self.trade_at_mark(&held.priced, to, &terms(side.opposite()))?;
        Ok(closed)
    }

    /// One side of a trade outside of the book: funding is settled, then the position trades.
    pub(crate) fn trade_at_mark(
        &mut self,
        priced: &Priced,
        account: AccountId,
        terms: &FillTerms,
    ) -> Result<Filled, Rejection> {
        let Priced { id, market, prices } = priced;
        let mut clearing = clearing!(self.tables, self.meter);
        let before = clearing.position(account, *id, market);
        let (settled, funding) = before.settle_funding(prices.funding_index)?;
        let filled = settled.fill(terms, prices.mark, &market.tiers)?;
        clearing.set_position(priced.position_of(account), market, &before, filled.position);
        clearing.add_collateral(account, filled.to_collateral)?;
        let totals: PerpTotals = self.tables.perp_totals.get(id).copied().unwrap_or_default();
        let open_interest = totals.open_interest.plus(long_lots(filled.position.size))?;
        self.tables.perp_totals.put(
            *id,
            PerpTotals {
                funding_pool: totals.funding_pool.plus(funding)?,
                open_interest: open_interest.minus(long_lots(before.size))?,
                ..totals
            },
        );
        if !funding.is_zero() {
            self.events.push(Event::Funding { account, market: *id, size: before.size, paid: funding });
        }
        Ok(filled)
    }
}
