//! What a fill does on every kind of market: its event, its builders' parts, its volume, and how makers end.
//!
//! What changes hands is the kind's own: balances on spot, positions and collateral on perpetuals. The rest is here, so
//! that no kind can tell of a trade, count it or end a maker's order in a way of its own.

use crate::Rejection;
use crate::fees::{FeeRates, Fees, Role};
use crate::ledger::{self, Balances, QUOTE};
use crate::orders::OpenOrders;
use crate::receipt::{BuilderPaid, CloseReason, Event, Trade};
use crate::records::BuilderFee;
use crate::referral::PaidFee;
use crate::tables::AccountOrder;
use crate::trade_group::group_of;
use alloc::vec::Vec;
use tandem_book::{CancelReason, Fill, Order, OrderKey, Owner, Side};
use tandem_coprocessor::BlockContext;
use tandem_types::{AccountId, OrderId, QuoteAtoms, SizeLots, TokenAtoms, TradeId};

/// Millionths in a tenth of a basis point.
const PPM_PER_TENTH: u32 = 10;

/// Who takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taker {
    pub(crate) account: AccountId,
    pub(crate) order: OrderId,
    pub(crate) side: Side,
    pub(crate) builder: Option<BuilderFee>,
}

/// What a builder gets of one side of a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BuilderPart {
    pub(crate) builder: AccountId,
    pub(crate) amount: QuoteAtoms,
}

/// What one side of a fill pays for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paid {
    pub(crate) fee: TokenAtoms,
    /// Beyond the fee.
    pub(crate) part: Option<BuilderPart>,
}

/// What every settlement of a taker has.
pub(crate) struct Trading<'a> {
    pub(crate) balances: &'a mut Balances,
    pub(crate) orders: OpenOrders<'a>,
    pub(crate) next_trade: &'a mut TradeId,
    pub(crate) fees: Fees<'a>,
    pub(crate) taker_rates: FeeRates,
    pub(crate) block: BlockContext,
    pub(crate) taker: Taker,
    /// The trade group that its account is in.
    pub(crate) taker_group: Option<AccountId>,
    /// Notional of the fills so far.
    pub(crate) notional: QuoteAtoms,
    pub(crate) events: &'a mut Vec<Event>,
}

/// Borrows what a settlement on a kind of market has out of all tables.
macro_rules! trading {
    ($kind:ident, $tables:expr, $base:expr, $taker:expr, ($config:expr, $block:expr), $next_trade:expr, $events:expr) => {{
        let orders = $crate::orders::open_orders!($tables);
        let mut fees = $crate::fees::fees!($tables, $kind, $base, $config, $block);
        let taker: $crate::fill::Taker = $taker;
        let taker_rates = fees.rates(orders.accounts, taker.account);
        let taker_group = $crate::trade_group::group_of(orders.accounts, taker.account);
        $crate::fill::Trading {
            balances: &mut $tables.balances,
            orders,
            next_trade: $next_trade,
            fees,
            taker_rates,
            block: $block,
            taker,
            taker_group,
            notional: tandem_types::QuoteAtoms::ZERO,
            events: $events,
        }
    }};
}
pub(crate) use trading;

impl BuilderFee {
    /// The fee of a notional, rounded up.
    pub(crate) fn of(&self, notional: QuoteAtoms) -> Result<BuilderPart, Rejection> {
        let rate_ppm = u32::from(self.tenths_bp).saturating_mul(PPM_PER_TENTH);
        Ok(BuilderPart { builder: self.builder, amount: notional.share_ppm_ceil(rate_ppm)? })
    }
}

impl Paid {
    fn total(&self) -> Result<TokenAtoms, Rejection> {
        Ok(self.fee.plus(self.part.map_or(TokenAtoms::ZERO, |part| part.amount.to_token_atoms()))?)
    }
}

/// The event of an order's end.
pub(crate) const fn closed(
    account: AccountId,
    id: OrderId,
    remaining: SizeLots,
    reason: CloseReason,
) -> Event {
    Event::Closed { account, id, remaining, reason }
}

impl Trading<'_> {
    /// Numbers a fill, tells of it, and pays the builders their parts of it.
    pub(crate) fn tell(
        &mut self,
        fill: &Fill,
        taker: &Paid,
        maker: &Paid,
        maker_rebate: TokenAtoms,
    ) -> Result<TradeId, Rejection> {
        let id = *self.next_trade;
        *self.next_trade = id.next().ok_or(Rejection::Overflow)?;
        self.events.push(Event::Trade(Trade {
            id,
            market: fill.maker.market(),
            price: fill.price,
            size: fill.size,
            taker_side: self.taker.side,
            taker: self.taker.account,
            taker_order: self.taker.order,
            taker_fee: taker.total()?,
            maker: AccountId(fill.maker_owner.0),
            maker_order: fill.maker.id,
            maker_fee: maker.total()?,
            maker_rebate,
            maker_remaining: fill.maker_remaining,
        }));
        self.pay_builder(taker.part, id, self.taker.order)?;
        self.pay_builder(maker.part, id, fill.maker.id)?;
        Ok(id)
    }

    fn pay_builder(
        &mut self,
        part: Option<BuilderPart>,
        trade: TradeId,
        order: OrderId,
    ) -> Result<(), Rejection> {
        let Some(BuilderPart { builder, amount }) = part.filter(|part| !part.amount.is_zero()) else {
            return Ok(());
        };
        let amount = amount.to_token_atoms();
        ledger::credit(self.balances, builder, QUOTE, amount)?;
        self.events.push(Event::BuilderPaid(BuilderPaid { builder, trade, order, amount }));
        Ok(())
    }

    /// Sets aside what is due to the referrer of whoever paid a fee in USD at these rates, of which a maker received a
    /// rebate.
    pub(crate) fn share(
        &mut self,
        account: AccountId,
        rates: FeeRates,
        fee: QuoteAtoms,
        rebate: QuoteAtoms,
    ) -> Result<(), Rejection> {
        let paid = PaidFee { fee, kept: fee.minus(rebate)? };
        self.fees.share(rates, account, &paid).ok_or(Rejection::Overflow)
    }

    /// Counts a fill's notional for both sides, and ends its maker if nothing remains of it.
    pub(crate) fn finish(&mut self, fill: &Fill, notional: QuoteAtoms) -> Result<(), Rejection> {
        let maker = AccountId(fill.maker_owner.0);
        self.notional = self.notional.plus(notional)?;
        for (account, role) in [(self.taker.account, Role::Taker), (maker, Role::Maker)] {
            self.fees.add(self.orders.accounts, account, notional, role).ok_or(Rejection::Overflow)?;
        }
        if fill.maker_remaining.is_zero() {
            self.orders.close(maker, fill.maker.id);
            self.events.push(closed(maker, fill.maker.id, SizeLots::ZERO, CloseReason::Filled));
        }
        Ok(())
    }

    /// Whether a maker is in the taker's trade group. Whoever is in none costs nothing here.
    pub(crate) fn are_friends(&mut self, maker: Owner) -> bool {
        self.taker_group.is_some() && group_of(self.orders.accounts, AccountId(maker.0)) == self.taker_group
    }

    /// Why a resting order may trade no more, if so.
    pub(crate) fn why_dead(&mut self, owner: AccountId, id: OrderId) -> Option<CloseReason> {
        self.orders.why_dead(AccountOrder { account: owner, id }, self.block)
    }

    /// Ends a maker's order that the book took out; `refused` is why, if it was not admitted though it lived.
    pub(crate) fn end_maker(
        &mut self,
        maker: &OrderKey,
        order: &Order,
        reason: CancelReason,
        refused: CloseReason,
    ) {
        let (owner, remaining) = (AccountId(order.owner.0), order.remaining);
        let reason = match reason {
            CancelReason::SelfTrade => CloseReason::SelfTrade,
            CancelReason::NotAdmitted => self.why_dead(owner, maker.id).unwrap_or(refused),
        };
        self.orders.end(owner, maker.id, remaining, reason);
        self.events.push(closed(owner, maker.id, remaining, reason));
    }

    /// Tells of a maker's order that the book made smaller without a trade.
    pub(crate) fn tell_reduced(&mut self, maker: &OrderKey, order: &Order) {
        let account = AccountId(order.owner.0);
        self.events.push(Event::Reduced { account, id: maker.id, remaining: order.remaining });
    }
}
