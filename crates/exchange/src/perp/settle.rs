//! What a fill on a perpetual market does to positions, collateral and orders.
//!
//! Each side's position pays its funding, then trades, then pays its fee, or as a maker with a rebate receives that in its
//! collateral out of the taker's fee; what isolated positions need moves in or out of
//! the collateral with it. A maker is judged just before it trades: one whose account would not be sound after the fill
//! loses its order, and a reduce-only order trades no more than its owner holds. The taker is judged by its caller, when
//! all is settled.

use super::clearing::{Clearing, Priced};
use super::market::PerpTotals;
use super::position::{FillTerms, Filled, Position, notional_amount};
use super::terms::{LiquidationTerms, improvement};
use crate::Rejection;
use crate::fill::{Paid, Trading};
use crate::ledger::{self, QUOTE, TREASURY};
use crate::receipt::{CloseReason, Event, PositionChange};
use crate::records::BuilderFee;
use alloc::vec::Vec;
use tandem_book::{CancelReason, Fill, Order, OrderKey, Owner, Settlement, Side};
use tandem_types::{AccountId, MarketId, OrderId, PriceRank, QuoteAtoms, SignedLots, SizeLots, TradeId, Usd};

/// The parts of the tables that settlement changes, apart from the book itself.
pub(crate) struct PerpSettlement<'a> {
    pub(crate) trading: Trading<'a>,
    pub(crate) clearing: Clearing<'a>,
    pub(crate) priced: Priced,
    /// The market's totals, written back by the caller.
    pub(crate) totals: PerpTotals,
    /// Accounts whose reduce-only orders are more than their positions, to be cut after the match.
    pub(crate) to_cut: Vec<AccountId>,
    /// Accounts whose positions have changed, one or more times each.
    pub(crate) touched: Vec<AccountId>,
    /// If the taker is liquidated: on what terms.
    pub(crate) liquidation: Option<LiquidationTerms>,
}

/// Takes `size` of an order off what a position counts as open.
pub(crate) const fn uncount(position: Position, side: Side, size: SizeLots, reduce_only: bool) -> Position {
    match (reduce_only, side) {
        (true, _) => Position { reduce_only: position.reduce_only.minus_or_zero(size), ..position },
        (false, Side::Bid) => Position { bids: position.bids.minus_or_zero(size), ..position },
        (false, Side::Ask) => Position { asks: position.asks.minus_or_zero(size), ..position },
    }
}

/// Counts `size` of an order as open.
pub(crate) fn count(
    position: Position,
    side: Side,
    size: SizeLots,
    reduce_only: bool,
) -> Result<Position, Rejection> {
    Ok(match (reduce_only, side) {
        (true, _) => Position { reduce_only: position.reduce_only.plus(size)?, ..position },
        (false, Side::Bid) => Position { bids: position.bids.plus(size)?, ..position },
        (false, Side::Ask) => Position { asks: position.asks.plus(size)?, ..position },
    })
}

/// One side of a fill.
#[derive(Clone, Copy, Debug)]
struct Part {
    account: AccountId,
    terms: FillTerms,
    /// Whether the filled order is open and counted, and then whether it is reduce-only.
    open: Option<bool>,
}

/// What one side of a fill becomes.
#[derive(Clone, Copy, Debug)]
struct Becomes {
    before: Position,
    filled: Filled,
    funding: Usd,
}

impl PerpSettlement<'_> {
    const fn market(&self) -> MarketId {
        self.priced.id
    }

    fn position(&mut self, account: AccountId) -> Position {
        self.clearing.position(account, self.priced.id, &self.priced.market)
    }

    fn is_reduce_only(&mut self, position: &Position, account: AccountId, id: OrderId) -> bool {
        !position.reduce_only.is_zero()
            && self.trading.orders.info(account, id).is_some_and(|info| info.reduce_only)
    }

    fn terms(
        &self,
        side: Side,
        size: SizeLots,
        price: PriceRank,
        rate_ppm: u32,
    ) -> Result<FillTerms, Rejection> {
        let price = price.to_ticks(self.priced.market.price_scale());
        let fee = notional_amount(size, price)?.share_ppm_ceil(rate_ppm)?;
        Ok(FillTerms { side, size, price, fee })
    }

    fn taker_terms(&self, fill: &Fill) -> Result<FillTerms, Rejection> {
        let mut terms =
            self.terms(self.trading.taker.side, fill.size, fill.price, self.trading.taker_rates.taker_ppm)?;
        if let Some(LiquidationTerms { zero, .. }) = self.liquidation {
            let better = improvement(terms.side, zero, terms.price, terms.size);
            terms.fee = terms.fee.min(QuoteAtoms(better));
        }
        Ok(terms)
    }

    /// Adds what a builder gets of a side's fill to what that side pays.
    fn add_builder(terms: &mut FillTerms, builder: Option<BuilderFee>) -> Result<Paid, Rejection> {
        let fee = terms.fee.to_token_atoms();
        let Some(builder) = builder else { return Ok(Paid { fee, part: None }) };
        let part = builder.of(notional_amount(terms.size, terms.price)?)?;
        terms.fee = terms.fee.plus(part.amount)?;
        Ok(Paid { fee, part: Some(part) })
    }

    /// Fees go to the treasury's balance, that of a liquidation to the insurance fund's collateral.
    fn receive_fees(&mut self, taker: QuoteAtoms, maker: QuoteAtoms) -> Result<(), Rejection> {
        let mut fees = maker;
        match self.liquidation {
            Some(LiquidationTerms { insurance, .. }) => {
                self.clearing.add_collateral(insurance, Usd::had(taker)?)?;
            }
            None => fees = fees.plus(taker)?,
        }
        if !fees.is_zero() {
            ledger::credit(self.trading.balances, TREASURY, QUOTE, fees.to_token_atoms())?;
        }
        Ok(())
    }

    /// What a side's position becomes, nothing being written.
    fn becomes(&mut self, part: &Part) -> Result<Becomes, Rejection> {
        let before = self.position(part.account);
        let Priced { market, prices, .. } = &self.priced;
        let (settled, funding) = before.settle_funding(prices.funding_index)?;
        let mut filled = settled.fill(&part.terms, prices.mark, &market.tiers)?;
        if self.liquidation.is_some()
            && part.account == self.trading.taker.account
            && !filled.position.size.is_zero()
        {
            filled.position.quote = filled.position.quote.plus(filled.to_collateral)?;
            filled.to_collateral = Usd::ZERO;
        }
        if let Some(reduce_only) = part.open {
            filled.position = uncount(filled.position, part.terms.side, part.terms.size, reduce_only);
        }
        Ok(Becomes { before, filled, funding })
    }

    fn write(&mut self, part: &Part, trade: TradeId) -> Result<(), Rejection> {
        let Becomes { before, filled, funding } = self.becomes(part)?;
        let (account, market, after) = (part.account, self.market(), filled.position);
        self.clearing.set_position(self.priced.position_of(account), &self.priced.market, &before, after);
        self.clearing.add_collateral(account, filled.to_collateral)?;
        self.totals.funding_pool = self.totals.funding_pool.plus(funding)?;
        self.totals.open_interest =
            self.totals.open_interest.plus(long_lots(after.size))?.minus(long_lots(before.size))?;
        self.touched.push(account);
        if exceeds_position(&before, &after) && !self.to_cut.contains(&account) {
            self.to_cut.push(account);
        }
        if !funding.is_zero() {
            self.trading.events.push(Event::Funding { account, market, size: before.size, paid: funding });
        }
        self.trading.events.push(Event::Position(PositionChange {
            account,
            market,
            trade,
            size_before: before.size,
            size: after.size,
            entry: after.entry,
            closed_profit: filled.closed_profit,
        }));
        Ok(())
    }

    /// Takes `size` of a maker's order off what its owner's position counts as open; whether it is reduce-only.
    fn take_off(&mut self, maker: &OrderKey, owner: AccountId, size: SizeLots) -> bool {
        let position = self.position(owner);
        let reduce_only = self.is_reduce_only(&position, owner, maker.id);
        let after = uncount(position, maker.side(), size, reduce_only);
        self.clearing.set_position(self.priced.position_of(owner), &self.priced.market, &position, after);
        reduce_only
    }
}

/// Whether resting reduce-only orders are more than the position, or on the wrong side of it.
const fn exceeds_position(before: &Position, after: &Position) -> bool {
    let turned = before.size.is_negative() != after.size.is_negative();
    !after.reduce_only.is_zero() && (turned || after.reduce_only.0 > reducible(after).0)
}

/// Lots held long.
pub(super) const fn long_lots(size: SignedLots) -> SizeLots {
    if size.is_negative() { SizeLots::ZERO } else { size.magnitude() }
}

/// What reduce-only orders may together take off: the position, whichever side it is on.
pub(crate) const fn reducible(position: &Position) -> SizeLots {
    position.size.magnitude()
}

impl Settlement for PerpSettlement<'_> {
    type Error = Rejection;

    /// Whoever is liquidated trades with friends too.
    fn same_trader(&mut self, maker: Owner) -> bool {
        self.liquidation.is_none() && self.trading.are_friends(maker)
    }

    fn admit(&mut self, maker: &OrderKey, order: &Order, size: SizeLots) -> Result<SizeLots, Rejection> {
        let account = AccountId(order.owner.0);
        if self.trading.why_dead(account, maker.id).is_some() {
            return Ok(SizeLots::ZERO);
        }
        let position = self.position(account);
        let reduce_only = self.is_reduce_only(&position, account, maker.id);
        let size = match (reduce_only, position.reducing_side()) {
            (false, _) => size,
            (true, Some(side)) if side == maker.side() => size.min(reducible(&position)),
            (true, _) => SizeLots::ZERO,
        };
        if size.is_zero() {
            return Ok(size);
        }
        let rates = self.trading.fees.rates(self.trading.orders.accounts, account);
        let mut terms = self.terms(maker.side(), size, maker.price(), rates.maker_ppm)?;
        let builder = self.trading.orders.builder_of(account, maker.id);
        Self::add_builder(&mut terms, builder)?;
        let Becomes { before, filled, .. } =
            self.becomes(&Part { account, terms, open: Some(reduce_only) })?;
        let (after, moved) = (filled.position, filled.to_collateral);
        let sound = self.clearing.may_become(account, &self.priced, &before, &after, moved)?;
        Ok(if sound { size } else { SizeLots::ZERO })
    }

    fn fill(&mut self, fill: &Fill) -> Result<(), Rejection> {
        let (taker, maker) = (self.trading.taker, AccountId(fill.maker_owner.0));
        let mut taker_terms = self.taker_terms(fill)?;
        let maker_rates = self.trading.fees.rates(self.trading.orders.accounts, maker);
        let mut maker_terms = self.terms(fill.maker.side(), fill.size, fill.price, maker_rates.maker_ppm)?;
        let (taker_fee, maker_fee) = (taker_terms.fee, maker_terms.fee);
        let taker_paid = Self::add_builder(&mut taker_terms, taker.builder)?;
        let maker_builder = self.trading.orders.builder_of(maker, fill.maker.id);
        let maker_paid = Self::add_builder(&mut maker_terms, maker_builder)?;
        let notional = notional_amount(fill.size, taker_terms.price)?;
        let maker_rebate = notional.share_ppm_floor(maker_rates.rebate_ppm)?.min(taker_fee);
        let maker_position = self.position(maker);
        let reduce_only = self.is_reduce_only(&maker_position, maker, fill.maker.id);

        let id = self.trading.tell(fill, &taker_paid, &maker_paid, maker_rebate.to_token_atoms())?;
        self.write(&Part { account: taker.account, terms: taker_terms, open: None }, id)?;
        self.write(&Part { account: maker, terms: maker_terms, open: Some(reduce_only) }, id)?;
        self.receive_fees(taker_fee.minus(maker_rebate)?, maker_fee)?;
        self.trading.share(maker, maker_rates, maker_fee, QuoteAtoms::ZERO)?;
        if self.liquidation.is_none() {
            self.trading.share(taker.account, self.trading.taker_rates, taker_fee, maker_rebate)?;
        }
        self.clearing.add_collateral(maker, Usd::had(maker_rebate)?)?;
        self.totals.last = Some(fill.price);
        self.trading.finish(fill, notional)
    }

    fn maker_cancelled(
        &mut self,
        maker: &OrderKey,
        order: &Order,
        reason: CancelReason,
    ) -> Result<(), Rejection> {
        let reduce_only = self.take_off(maker, AccountId(order.owner.0), order.remaining);
        let refused = if reduce_only { CloseReason::ReduceOnly } else { CloseReason::NotAdmitted };
        self.trading.end_maker(maker, order, reason, refused);
        Ok(())
    }

    fn maker_reduced(&mut self, maker: &OrderKey, order: &Order, by: SizeLots) -> Result<(), Rejection> {
        self.take_off(maker, AccountId(order.owner.0), by);
        self.trading.tell_reduced(maker, order);
        Ok(())
    }
}
