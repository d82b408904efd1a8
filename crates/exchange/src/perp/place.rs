//! Placing an order on a perpetual market.
//!
//! As on spot: guard clauses in the order of their codes, then the match, then what remains rests. Margin is checked with
//! the whole order resting before the match, and, if anything traded, at the prices that it got after it; the caller's
//! checkpoint undoes everything if that fails.

use super::clearing::{Priced, clearing, own_is_sound};
use super::margin::Margin;
use super::market::PerpTotals;
use super::phase::is_reduce_only;
use super::position::{Position, notional, notional_amount};
use super::settle::{PerpSettlement, count, reducible};
use super::terms::{LIQUIDATION_FILLS_MAX, LiquidationTerms};
use crate::Rejection;
use crate::action::{Order as OrderRequest, TimeInForce};
use crate::fees::Rates;
use crate::fill::{Taker, trading};
use crate::form::{self, FILLS_MAX, ORDER_WORK};
use crate::receipt::{CloseReason, Event, ItemStatus};
use crate::records::OrderInfo;
use crate::session::Session;
use alloc::vec::Vec;
use tandem_book::{Book, Incoming, Limits, Owner, PlaceOutcome, Side};
use tandem_types::{AccountId, MarketId, OrderId, PriceTicks, QuoteAtoms, SizeLots};

/// An order that passed every check of its form.
#[derive(Clone, Copy, Debug)]
pub(super) struct PerpOrder {
    pub(super) priced: Priced,
    pub(super) incoming: Incoming,
    /// As its trader said.
    pub(super) time_in_force: TimeInForce,
    pub(super) reduce_only: bool,
    /// What the account has in the market before.
    pub(super) position: Position,
    /// The account's cross margin before.
    pub(super) margin: Margin,
    /// If it liquidates: on what terms.
    pub(super) liquidation: Option<LiquidationTerms>,
}

/// What a match came to.
pub(super) struct Matched {
    pub(super) outcome: PlaceOutcome,
    pub(super) filled: SizeLots,
    notional: QuoteAtoms,
    to_cut: Vec<AccountId>,
    /// Accounts whose positions have changed.
    touched: Vec<AccountId>,
}

impl Session<'_, '_> {
    /// Places an order on a perpetual market.
    pub(crate) fn place_perp(
        &mut self,
        request: &OrderRequest,
        id: MarketId,
    ) -> Result<ItemStatus, Rejection> {
        self.meter.charge(ORDER_WORK)?;
        let mut order = self.validate_perp(request, id)?;
        self.check_cloid(request)?;
        self.check_open_orders(form::may_rest(order.time_in_force))?;
        order.margin = clearing!(self.tables, self.meter).cross_margin(self.account)?;
        order.check_margin()?;
        order.incoming.id = self.next_order_id()?;
        let incoming = &order.incoming;
        self.events.push(Event::Opened {
            account: self.account,
            id: incoming.id,
            market: id,
            side: incoming.side,
            price: incoming.limit,
            size: incoming.size,
            cloid: request.cloid,
            time_in_force: order.time_in_force,
        });
        let matched = self.match_perp(&order)?;
        let status = self.end_perp(&order, request, &matched)?;
        if !matched.filled.is_zero() {
            self.judge_taker(&order)?;
        }
        self.settle_touched(id, matched)?;
        Ok(status)
    }

    /// After a match: cuts reduce-only orders, and looks at whoever traded.
    pub(super) fn settle_touched(&mut self, id: MarketId, mut matched: Matched) -> Result<(), Rejection> {
        for account in matched.to_cut {
            self.cut_reduce_only(account, id)?;
        }
        matched.touched.sort_unstable();
        matched.touched.dedup();
        matched.touched.into_iter().try_for_each(|account| self.reindex_in(account, id))
    }

    fn validate_perp(&mut self, request: &OrderRequest, id: MarketId) -> Result<PerpOrder, Rejection> {
        let mut clearing = clearing!(self.tables, self.meter);
        let priced = clearing.priced(id)?;
        let position = clearing.position(self.account, id, &priced.market);
        if !request.reduce_only && is_reduce_only(self.tables, id, self.block.time) {
            return Err(Rejection::LiquidationsPending);
        }
        let time_in_force = form::limit_time_in_force(request)?;
        self.check_expiry(request)?;
        let market = &priced.market;
        let limit = form::parse_price(&request.price, market.price_scale())?;
        let size = form::parse_size(&request.size, market.size_decimals)?;
        let side = if request.is_buy { Side::Bid } else { Side::Ask };
        let price = limit.to_ticks(market.price_scale());
        let value = notional_amount(size, price).map_err(|_| Rejection::SizeTooLarge)?;
        if value < self.config.notional_min && !request.reduce_only {
            return Err(Rejection::NotionalTooSmall);
        }
        check_band(price, priced.prices.mark)?;
        if value > market.order_notional_max(form::may_rest(time_in_force)) {
            return Err(Rejection::OrderTooLarge);
        }
        let size = if request.reduce_only { reducing_size(&position, side, size)? } else { size };
        let incoming = Incoming {
            id: OrderId(0),
            owner: Owner(self.account.0),
            side,
            limit,
            size,
            time_in_force: form::book_time_in_force(time_in_force),
            self_trade: form::book_self_trade(request.self_trade_prevention),
        };
        let reduce_only = request.reduce_only;
        let (margin, liquidation) = (Margin::default(), None);
        Ok(PerpOrder { priced, incoming, time_in_force, reduce_only, position, margin, liquidation })
    }

    pub(super) fn match_perp(&mut self, order: &PerpOrder) -> Result<Matched, Rejection> {
        let id = order.priced.id;
        let config = self.tables.perp_config.get(&()).copied().unwrap_or_default();
        let mut counters = self.tables.counters.get(&()).copied().unwrap_or_default();
        let totals = self.tables.perp_totals.get(&id).copied().unwrap_or_default();
        let base = Rates { taker_ppm: config.taker_fee_ppm, maker_ppm: config.maker_fee_ppm };
        let taker = Taker {
            account: self.account,
            order: order.incoming.id,
            side: order.incoming.side,
            builder: self.builder,
        };
        let mut settlement = PerpSettlement {
            trading: trading!(
                Perpetual,
                self.tables,
                base,
                taker,
                (self.config, self.block),
                &mut counters.trade,
                self.events
            ),
            clearing: clearing!(self.tables, self.meter),
            priced: order.priced,
            totals,
            to_cut: Vec::new(),
            touched: Vec::new(),
            liquidation: order.liquidation,
        };
        let fills_max = if order.liquidation.is_some() { LIQUIDATION_FILLS_MAX } else { FILLS_MAX };
        let limits = Limits { fills_max };
        let placed = Book::new(id, &mut self.tables.orders).place(&order.incoming, &limits, &mut settlement);
        let traded = settlement.trading.fees.traded();
        let PerpSettlement { trading, totals: totals_after, to_cut, touched, .. } = settlement;
        let notional = trading.notional;
        let placed = self.count_match(placed, counters, traded)?;
        if totals_after != totals {
            check_open_interest(order, &totals, &totals_after)?;
            self.tables.perp_totals.put(id, totals_after);
        }
        Ok(Matched { outcome: placed.outcome, filled: placed.filled, notional, to_cut, touched })
    }

    /// Rests what remains, or ends the order.
    fn end_perp(
        &mut self,
        order: &PerpOrder,
        request: &OrderRequest,
        matched: &Matched,
    ) -> Result<ItemStatus, Rejection> {
        let (id, filled) = (order.incoming.id, matched.filled);
        let done = ItemStatus::Filled { id, size: filled, notional: matched.notional };
        match matched.outcome {
            PlaceOutcome::Filled => {
                self.close(id, SizeLots::ZERO, CloseReason::Filled);
                Ok(done)
            }
            PlaceOutcome::Cancelled { remaining, why } => {
                self.close(id, remaining, form::close_reason(why));
                Ok(done)
            }
            PlaceOutcome::Resting { remaining } => {
                let rests = self.rest_perp(order, request, remaining)?;
                match (rests, filled.is_zero()) {
                    (true, _) => Ok(ItemStatus::Resting { id, filled }),
                    (false, true) => Err(Rejection::ReduceOnlyWouldIncrease),
                    (false, false) => Ok(done),
                }
            }
        }
    }

    /// Lists what rests; of a reduce-only order no more than others of its kind leave of the position. Whether any rests.
    fn rest_perp(
        &mut self,
        order: &PerpOrder,
        request: &OrderRequest,
        remaining: SizeLots,
    ) -> Result<bool, Rejection> {
        let Priced { id: market_id, market, .. } = &order.priced;
        let incoming = &order.incoming;
        let info = OrderInfo {
            market: *market_id,
            side: incoming.side,
            price: incoming.limit,
            size: incoming.size,
            time: self.block.time,
            cloid: request.cloid,
            time_in_force: order.time_in_force,
            reduce_only: order.reduce_only,
            expires: request.expires,
            group: None,
            built: false,
        };
        let account = self.account;
        let mut clearing = clearing!(self.tables, self.meter);
        let position = clearing.position(account, *market_id, market);
        let counted = count(position, incoming.side, remaining, order.reduce_only)?;
        clearing.set_position(order.priced.position_of(account), market, &position, counted);
        let builder = self.builder;
        self.open_orders().open(account, incoming.id, info, builder);
        if order.reduce_only && counted.reduce_only > reducible(&position) {
            return Ok(!self.cut_order(incoming.id, &info, remaining, &counted)?.is_zero());
        }
        Ok(true)
    }

    /// Whether the account may stand as the match has left it.
    fn judge_taker(&mut self, order: &PerpOrder) -> Result<(), Rejection> {
        let mut clearing = clearing!(self.tables, self.meter);
        let after = clearing.cross_margin(self.account)?;
        let position = clearing.position(self.account, order.priced.id, &order.priced.market);
        let sound =
            after.is_sound_after(&order.margin) && own_is_sound(&order.priced, &order.position, &position);
        if sound { Ok(()) } else { Err(Rejection::InsufficientMarginAfterFill) }
    }
}

impl PerpOrder {
    /// The account has its initial margin with the whole order resting, or needs no more than before.
    fn check_margin(&self) -> Result<(), Rejection> {
        if self.reduce_only {
            return Ok(());
        }
        let (prices, tiers) = (&self.priced.prices, &self.priced.market.tiers);
        let counted = count(self.position, self.incoming.side, self.incoming.size, false)?;
        let with_order = self
            .margin
            .minus(&Margin::cross_part(&self.position, prices, tiers))
            .plus(&Margin::cross_part(&counted, prices, tiers));
        if with_order.initial <= self.margin.initial || with_order.covers_initial() {
            Ok(())
        } else {
            Err(Rejection::InsufficientMargin)
        }
    }
}

/// Within a fifth and nine fifths of mark.
const fn check_band(price: PriceTicks, mark: PriceTicks) -> Result<(), Rejection> {
    let five = price.0.saturating_mul(5);
    if five < mark.0 || five > mark.0.saturating_mul(9) {
        return Err(Rejection::PriceTooFar);
    }
    Ok(())
}

/// The part of `size` by which the position can shrink.
fn reducing_size(position: &Position, side: Side, size: SizeLots) -> Result<SizeLots, Rejection> {
    if position.reducing_side() != Some(side) {
        return Err(Rejection::ReduceOnlyWouldIncrease);
    }
    Ok(size.min(reducible(position)))
}

/// Open interest that rose is within the market's caps.
fn check_open_interest(order: &PerpOrder, before: &PerpTotals, after: &PerpTotals) -> Result<(), Rejection> {
    let Priced { market, prices, .. } = &order.priced;
    let rose = after.open_interest > before.open_interest;
    let value = notional(after.open_interest, prices.mark);
    let over = after.open_interest > market.open_interest_max
        || value > u128::from(market.open_interest_notional_max.0);
    if rose && over { Err(Rejection::OpenInterestCap) } else { Ok(()) }
}
