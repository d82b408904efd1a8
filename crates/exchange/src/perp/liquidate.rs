//! A turn of a unit below its maintenance margin: its orders are cancelled, and its positions sold into the book.
//!
//! One position has one order a turn, immediate-or-cancel, at the *zero price* or better: there, health (value over
//! maintenance margin) stays as it is, so that no fill leaves the unit less healthy. Of a position above
//! [`PARTIAL_NOTIONAL_MIN`] only a fifth is sold; for [`COOLDOWN_MS`] after that, orders are for all of it. When each
//! position has had its order the next round begins a second later. Units far below go to the vaults (`takeover`).
//!
//! Source: Lighter's "zero price"; Hyperliquid, "Liquidations".

use super::clearing::clearing;
use super::margin::Margin;
use super::pending::{Liquidation, MarginUnit};
use super::place::PerpOrder;
use super::position::notional;
use super::risk::Held;
use super::risk::bound::HeldSide;
use super::terms::{COOLDOWN_MS, LiquidationTerms, RETRY_MS, zero_price};
use crate::Rejection;
use crate::action::TimeInForce;
use crate::form::{self, ORDER_WORK};
use crate::receipt::{CloseReason, Event, LiquidationOrder};
use crate::session::Session;
use crate::tables::{AccountOrder, PositionKey};
use alloc::vec::Vec;
use tandem_book::{Book, Incoming, Owner, PlaceOutcome, SelfTrade, Side};
use tandem_coprocessor::Work;
use tandem_types::{MarketId, OrderId, PriceRank, SizeLots};

/// A position worth more than this is liquidated in parts: 100,000 USD.
pub const PARTIAL_NOTIONAL_MIN: u128 = 100_000 * 100_000_000;
/// Such a part is one in so many of the position.
pub const PARTIAL_PARTS: u64 = 5;
/// Orders of a unit that are cancelled in one turn.
pub const CANCELS_PER_TURN: u32 = 64;

/// Work of a turn beside what it does.
const TURN_WORK: Work = Work(2_000);
/// Work of each open order that is looked through.
const ORDER_LOOK_WORK: Work = Work(300);

impl Session<'_, '_> {
    /// One turn.
    pub(crate) fn liquidation_turn(&mut self, unit: MarginUnit) -> Result<(), Rejection> {
        self.meter.charge(TURN_WORK)?;
        let liquidation = self.begin_turn(&unit).ok_or(Rejection::Overflow)?;
        let margin = self.unit_margin(&unit)?;
        if margin.excess() >= 0 {
            self.end_liquidation(unit, &liquidation);
            return self.reindex(unit.account);
        }
        let now = self.block.time;
        let held = self.unit_held(&unit)?;
        let stale_ms = self.tables.perp_config.get(&()).copied().unwrap_or_default().price_stale_ms;
        if held.iter().any(|held| held.priced.prices.is_stale(now, stale_ms)) {
            self.set_turn(unit, liquidation, now.plus_ms(RETRY_MS));
            return Ok(());
        }
        if !self.cancel_unit_orders(&unit)? {
            self.set_turn(unit, liquidation, now);
            return Ok(());
        }
        if self.take_over(unit, &margin)? {
            self.end_liquidation(unit, &liquidation);
            return self.reindex(unit.account);
        }
        let Some(next) = held.into_iter().find(|held| held.priced.id >= liquidation.next) else {
            let again = Liquidation { next: MarketId(0), ..liquidation };
            self.set_turn(unit, again, now.plus_ms(RETRY_MS));
            return Ok(());
        };
        let after = next.priced.id.next().unwrap_or(MarketId(u16::MAX));
        self.set_turn(unit, Liquidation { next: after, ..liquidation }, now);
        self.liquidation_order(&unit, &next, &margin)
    }

    /// What a unit holds, in the order of markets.
    pub(crate) fn unit_held(&mut self, unit: &MarginUnit) -> Result<Vec<Held>, Rejection> {
        let mut held = clearing!(self.tables, self.meter).held(unit.account)?;
        held.retain(|held| unit.has(held.priced.id, held.position.mode));
        Ok(held)
    }

    /// Cancels orders in the unit's markets; says whether none is left.
    fn cancel_unit_orders(&mut self, unit: &MarginUnit) -> Result<bool, Rejection> {
        let markets = self.markets_with_orders(unit)?;
        if markets.is_empty() {
            return Ok(true);
        }
        let (mut from, to) = (AccountOrder::first(self.account), AccountOrder::last(self.account));
        let mut cancelled = 0u32;
        while let Some((key, info)) = self.tables.account_orders.first(&from, &to) {
            self.meter.charge(ORDER_LOOK_WORK)?;
            let (id, info) = (key.id, *info);
            if markets.contains(&info.market) {
                if cancelled >= CANCELS_PER_TURN {
                    return Ok(false);
                }
                self.take_out(id, &info, CloseReason::Liquidation)?;
                cancelled = cancelled.saturating_add(1);
            }
            let Some(id) = id.next() else { break };
            from = AccountOrder { id, ..from };
        }
        Ok(true)
    }

    fn markets_with_orders(&mut self, unit: &MarginUnit) -> Result<Vec<MarketId>, Rejection> {
        let mut markets = Vec::new();
        let (mut from, to) = (PositionKey::first(unit.account), PositionKey::last(unit.account));
        while let Some((key, position)) = self.tables.positions.first(&from, &to) {
            self.meter.charge(super::POSITION_WORK)?;
            let open = [position.bids, position.asks, position.reduce_only];
            if unit.has(key.market, position.mode) && open.iter().any(|size| !size.is_zero()) {
                markets.push(key.market);
            }
            let Some(market) = key.market.next() else { break };
            from = PositionKey { market, ..from };
        }
        Ok(markets)
    }

    /// Sends one position's order to the book, if anything there is good enough.
    fn liquidation_order(
        &mut self,
        unit: &MarginUnit,
        held: &Held,
        margin: &Margin,
    ) -> Result<(), Rejection> {
        self.meter.charge(ORDER_WORK)?;
        let Held { priced, position } = held;
        let (Some(side), Some(way)) = (position.reducing_side(), HeldSide::of(position.size)) else {
            return Ok(());
        };
        let (size, is_part) = self.liquidation_size(unit, held);
        let left = notional(position.size.magnitude().minus_or_zero(size), priced.prices.mark);
        let zero = zero_price(way, priced.prices.mark, margin, priced.market.tiers.parts_at(left));
        let scale = priced.market.price_scale();
        let limit = match side {
            Side::Ask => PriceRank::at_least(zero, scale),
            Side::Bid => PriceRank::at_most(zero, scale),
        };
        let Ok(limit) = limit else { return Ok(()) };
        let best = Book::new(priced.id, &mut self.tables.orders).best(side.opposite());
        let crosses = best.is_some_and(|(price, _)| match side {
            Side::Ask => price >= limit,
            Side::Bid => price <= limit,
        });
        if !crosses {
            return Ok(());
        }
        let id = self.next_order_id()?;
        self.tell_of_order(unit, held, (id, limit, size), margin);
        let incoming = Incoming {
            id,
            owner: Owner(self.account.0),
            side,
            limit,
            size,
            time_in_force: tandem_book::TimeInForce::Ioc,
            self_trade: SelfTrade::CancelMaker,
        };
        let insurance = self.tables.perp_vaults.get(&()).map(|vaults| vaults.insurance);
        let order = PerpOrder {
            priced: *priced,
            incoming,
            time_in_force: TimeInForce::Ioc,
            reduce_only: true,
            position: *position,
            margin: *margin,
            liquidation: insurance.map(|insurance| LiquidationTerms { zero, insurance }),
        };
        self.run_liquidation_order(unit, &order, is_part)
    }

    fn run_liquidation_order(
        &mut self,
        unit: &MarginUnit,
        order: &PerpOrder,
        is_part: bool,
    ) -> Result<(), Rejection> {
        let matched = self.match_perp(order)?;
        let (remaining, reason) = match matched.outcome {
            PlaceOutcome::Filled => (SizeLots::ZERO, CloseReason::Filled),
            PlaceOutcome::Cancelled { remaining, why } => (remaining, form::close_reason(why)),
            PlaceOutcome::Resting { remaining } => (remaining, CloseReason::ImmediateOrCancel),
        };
        self.close(order.incoming.id, remaining, reason);
        if is_part && !matched.filled.is_zero() {
            self.tables.partial_liquidations.put(*unit, self.block.time);
        }
        self.settle_touched(order.priced.id, matched)
    }

    /// How much of a position is to be sold, and whether that is a part.
    fn liquidation_size(&mut self, unit: &MarginUnit, held: &Held) -> (SizeLots, bool) {
        let whole = held.position.size.magnitude();
        let last = self.tables.partial_liquidations.get(unit).copied();
        let cools = last
            .is_some_and(|last| self.block.time.ms_since(last).is_some_and(|ms| ms > 0 && ms < COOLDOWN_MS));
        if notional(whole, held.priced.prices.mark) <= PARTIAL_NOTIONAL_MIN || cools {
            return (whole, false);
        }
        (SizeLots(whole.0.div_ceil(PARTIAL_PARTS)), true)
    }

    fn tell_of_order(
        &mut self,
        unit: &MarginUnit,
        held: &Held,
        (order, limit, size): (OrderId, PriceRank, SizeLots),
        margin: &Margin,
    ) {
        let market = held.priced.id;
        let side = held.position.reducing_side().unwrap_or(Side::Ask);
        let clamp = |atoms: i128| tandem_types::Usd(i64::try_from(atoms).unwrap_or(i64::MAX));
        self.events.push(Event::LiquidationOrder(LiquidationOrder {
            account: unit.account,
            isolated: unit.isolated.is_some(),
            market,
            order,
            mark: held.priced.prices.mark,
            value: clamp(margin.value),
            maintenance: clamp(margin.maintenance),
        }));
        self.events.push(Event::Opened {
            account: unit.account,
            id: order,
            market,
            side,
            price: limit,
            size,
            cloid: None,
            time_in_force: TimeInForce::Ioc,
        });
    }
}
