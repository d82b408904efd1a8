//! What a fill does to balances and orders on a spot market.
//!
//! The buyer pays quote and receives base, the seller the reverse; each pays its fee out of what it receives, rounded
//! up, to the treasury; a maker with a rebate receives it out of the taker's fee instead, rounded down. A maker pays out of what it holds behind its order, a taker out of its free balance. So what
//! stands behind an order is exactly its notional (bid) or its size (ask), and both sides of a fill conserve each token.

use crate::Rejection;
use crate::fees::{FeeRates, Fees, Rates, Role, fees};
use crate::ledger::{self, Balances};
use crate::orders;
use crate::receipt::{BuilderPaid, CloseReason, Event, Trade};
use crate::records::{BuilderFee, Config, Market};
use crate::tables::{AccountOrder, ExchangeTables};
use alloc::vec::Vec;
use tandem_book::{CancelReason, Fill, Order, OrderKey, Settlement, Side};
use tandem_coprocessor::BlockContext;
use tandem_types::{AccountId, OrderId, PriceRank, QuoteAtoms, SizeLots, TokenAtoms, TokenId, TradeId};

/// The quote of every spot market: USD.
pub const QUOTE: TokenId = TokenId(0);
/// The account that receives fees.
pub const TREASURY: AccountId = AccountId(0);

const MILLION: u128 = 1_000_000;

/// The parts of the tables that settlement changes, apart from the book itself.
pub(crate) struct SpotSettlement<'a> {
    pub(crate) balances: &'a mut Balances,
    pub(crate) orders: orders::OpenOrders<'a>,
    pub(crate) next_trade: &'a mut TradeId,
    pub(crate) market: Market,
    pub(crate) fees: Fees<'a>,
    pub(crate) taker_rates: FeeRates,
    pub(crate) block: BlockContext,
    pub(crate) taker: AccountId,
    pub(crate) taker_order: OrderId,
    pub(crate) taker_side: Side,
    pub(crate) taker_builder: Option<BuilderFee>,
    /// Notional of the fills so far.
    pub(crate) notional: QuoteAtoms,
    pub(crate) events: &'a mut Vec<Event>,
}

/// Millionths in a tenth of a basis point.
const PPM_PER_TENTH: u32 = 10;

/// What a builder gets of one side of a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BuilderPart {
    pub(crate) builder: AccountId,
    pub(crate) amount: QuoteAtoms,
}

impl BuilderFee {
    /// The fee of a notional, rounded up.
    pub(crate) fn of(&self, notional: QuoteAtoms) -> Result<BuilderPart, Rejection> {
        let rate_ppm = u32::from(self.tenths_bp).saturating_mul(PPM_PER_TENTH);
        Ok(BuilderPart { builder: self.builder, amount: notional.share_ppm_ceil(rate_ppm)? })
    }
}

impl BuilderPart {
    /// Credits the builder, and says so.
    pub(crate) fn pay(
        &self,
        balances: &mut Balances,
        (trade, order): (TradeId, OrderId),
    ) -> Result<Option<Event>, Rejection> {
        let amount: TokenAtoms = self.amount.to_token_atoms();
        if amount.is_zero() {
            return Ok(None);
        }
        ledger::credit(balances, self.builder, QUOTE, amount)?;
        Ok(Some(Event::BuilderPaid(BuilderPaid { builder: self.builder, trade, order, amount })))
    }
}

/// What stands behind an order of `size` at `price`: the token and how much of it.
pub(crate) fn backing(
    market: &Market,
    side: Side,
    price: PriceRank,
    size: SizeLots,
) -> Result<(TokenId, TokenAtoms), Rejection> {
    Ok(match side {
        Side::Bid => (QUOTE, size.notional(price.to_ticks(market.price_scale()))?.to_token_atoms()),
        Side::Ask => (market.base, size.base_atoms(market.atoms_per_lot)?),
    })
}

/// `amount × rate`, rounded up: a fee rounds against whoever pays it.
pub(crate) fn fee(amount: TokenAtoms, rate_ppm: u32) -> TokenAtoms {
    let product = u128::from(amount.0).saturating_mul(u128::from(rate_ppm));
    TokenAtoms(u64::try_from(product.div_ceil(MILLION)).unwrap_or(u64::MAX).min(amount.0))
}

/// `amount × rate`, rounded down: a rebate rounds against whoever receives it.
fn rebate(amount: TokenAtoms, rate_ppm: u32) -> TokenAtoms {
    let product = u128::from(amount.0).saturating_mul(u128::from(rate_ppm));
    let rebate = product.checked_div(MILLION).unwrap_or(0);
    TokenAtoms(u64::try_from(rebate).unwrap_or(u64::MAX))
}

/// All that a side pays: the fee, and its builder's part.
fn with_part(fee: TokenAtoms, part: Option<BuilderPart>) -> Result<TokenAtoms, Rejection> {
    Ok(fee.plus(part.map_or(TokenAtoms::ZERO, |part| part.amount.to_token_atoms()))?)
}

impl SpotSettlement<'_> {
    /// Credits an amount less the fee and the builder's part, which its caller pays.
    fn receive(
        &mut self,
        account: AccountId,
        (token, amount): (TokenId, TokenAtoms),
        fee: TokenAtoms,
        builder: Option<BuilderFee>,
    ) -> Result<Option<BuilderPart>, Rejection> {
        let left = QuoteAtoms(amount.minus(fee)?.0);
        let part = builder.filter(|_| token == QUOTE).map(|builder| builder.of(QuoteAtoms(amount.0)));
        let part = part.transpose()?.map(|part| BuilderPart { amount: part.amount.min(left), ..part });
        let credited = left.minus(part.map_or(QuoteAtoms::ZERO, |part| part.amount))?;
        ledger::credit(self.balances, account, token, credited.to_token_atoms())?;
        Ok(part)
    }

    /// Credits a fee or rebate, if there is one.
    fn pay(&mut self, account: AccountId, token: TokenId, amount: TokenAtoms) -> Result<(), Rejection> {
        if amount.is_zero() { Ok(()) } else { ledger::credit(self.balances, account, token, amount) }
    }

    /// Pays a builder's part of a side's fee.
    fn pay_builder(&mut self, part: Option<BuilderPart>, of: (TradeId, OrderId)) -> Result<(), Rejection> {
        if let Some(part) = part {
            self.events.extend(part.pay(self.balances, of)?);
        }
        Ok(())
    }

    /// Ends or shortens a maker's order that the book took out or reduced without a trade.
    fn free(&mut self, maker: &OrderKey, owner: AccountId, size: SizeLots) -> Result<(), Rejection> {
        let (token, amount) = backing(&self.market, maker.side(), maker.price(), size)?;
        ledger::release(self.balances, owner, token, amount)
    }
}

impl Settlement for SpotSettlement<'_> {
    type Error = Rejection;

    /// A spot maker's balance stands behind its order, so that only its owner's schedule or its own time keeps it
    /// from trading.
    fn admit(&mut self, maker: &OrderKey, order: &Order, size: SizeLots) -> Result<SizeLots, Rejection> {
        let account = AccountId(order.owner.0);
        let dead = self.orders.why_dead(AccountOrder { account, id: maker.id }, self.block);
        Ok(if dead.is_some() { SizeLots::ZERO } else { size })
    }

    fn fill(&mut self, fill: &Fill) -> Result<(), Rejection> {
        let maker = AccountId(fill.maker_owner.0);
        let notional = fill.size.notional(fill.price.to_ticks(self.market.price_scale()))?;
        let quote = notional.to_token_atoms();
        let base = fill.size.base_atoms(self.market.atoms_per_lot)?;
        let (taker_pays, taker_gets) = match self.taker_side {
            Side::Bid => ((QUOTE, quote), (self.market.base, base)),
            Side::Ask => ((self.market.base, base), (QUOTE, quote)),
        };
        ledger::debit(self.balances, self.taker, taker_pays.0, taker_pays.1)?;
        ledger::spend_held(self.balances, maker, taker_gets.0, taker_gets.1)?;
        let maker_rates = self.fees.rates(self.orders.accounts, maker);
        let taker_fee = fee(taker_gets.1, self.taker_rates.taker_ppm);
        let maker_fee = fee(taker_pays.1, maker_rates.maker_ppm);
        let maker_rebate = rebate(taker_gets.1, maker_rates.rebate_ppm).min(taker_fee);
        let maker_builder = self.orders.builder_of(maker, fill.maker.id);
        let taker_part = self.receive(self.taker, taker_gets, taker_fee, self.taker_builder)?;
        let maker_part = self.receive(maker, taker_pays, maker_fee, maker_builder)?;
        for (account, amount) in [(TREASURY, taker_fee.minus(maker_rebate)?), (maker, maker_rebate)] {
            self.pay(account, taker_gets.0, amount)?;
        }
        self.pay(TREASURY, taker_pays.0, maker_fee)?;
        let taker_fee = with_part(taker_fee, taker_part)?;
        let maker_fee = with_part(maker_fee, maker_part)?;

        self.notional = self.notional.plus(notional)?;
        for (account, role) in [(self.taker, Role::Taker), (maker, Role::Maker)] {
            self.fees.add(self.orders.accounts, account, notional, role).ok_or(Rejection::Overflow)?;
        }
        let id = *self.next_trade;
        *self.next_trade = id.next().ok_or(Rejection::Overflow)?;
        self.events.push(Event::Trade(Trade {
            id,
            market: fill.maker.market(),
            price: fill.price,
            size: fill.size,
            taker_side: self.taker_side,
            taker: self.taker,
            taker_order: self.taker_order,
            taker_fee,
            maker,
            maker_order: fill.maker.id,
            maker_fee,
            maker_rebate,
            maker_remaining: fill.maker_remaining,
        }));
        self.pay_builder(taker_part, (id, self.taker_order))?;
        self.pay_builder(maker_part, (id, fill.maker.id))?;
        if fill.maker_remaining.is_zero() {
            self.orders.close(maker, fill.maker.id);
            self.events.push(closed(maker, fill.maker.id, SizeLots::ZERO, CloseReason::Filled));
        }
        Ok(())
    }

    fn maker_cancelled(
        &mut self,
        maker: &OrderKey,
        order: &Order,
        reason: CancelReason,
    ) -> Result<(), Rejection> {
        let owner = AccountId(order.owner.0);
        let dead = self.orders.why_dead(AccountOrder { account: owner, id: maker.id }, self.block);
        self.free(maker, owner, order.remaining)?;
        let reason = match reason {
            CancelReason::SelfTrade => CloseReason::SelfTrade,
            CancelReason::NotAdmitted => dead.unwrap_or(CloseReason::NotAdmitted),
        };
        self.orders.end(owner, maker.id, order.remaining, reason);
        self.events.push(closed(owner, maker.id, order.remaining, reason));
        Ok(())
    }

    fn maker_reduced(&mut self, maker: &OrderKey, order: &Order, by: SizeLots) -> Result<(), Rejection> {
        let owner = AccountId(order.owner.0);
        self.free(maker, owner, by)?;
        self.events.push(Event::Reduced { account: owner, id: maker.id, remaining: order.remaining });
        Ok(())
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

/// The settlement of one taker over the tables; the book's own table is handed out beside it.
pub(crate) fn split<'a>(
    tables: &'a mut ExchangeTables,
    taker: Taker,
    market: Market,
    (config, block): (Config, BlockContext),
    next_trade: &'a mut TradeId,
    events: &'a mut Vec<Event>,
) -> (&'a mut tandem_book::Orders, SpotSettlement<'a>) {
    let orders = orders::open_orders!(tables);
    let base = Rates { taker_ppm: config.taker_fee_ppm, maker_ppm: config.maker_fee_ppm };
    let mut fees = fees!(tables, Spot, base, config, block);
    let taker_rates = fees.rates(orders.accounts, taker.account);
    let settlement = SpotSettlement {
        balances: &mut tables.balances,
        orders,
        next_trade,
        market,
        fees,
        taker_rates,
        block,
        taker: taker.account,
        taker_order: taker.order,
        taker_side: taker.side,
        taker_builder: taker.builder,
        notional: QuoteAtoms::ZERO,
        events,
    };
    (&mut tables.orders, settlement)
}

/// Who takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taker {
    pub(crate) account: AccountId,
    pub(crate) order: OrderId,
    pub(crate) side: Side,
    pub(crate) builder: Option<BuilderFee>,
}
