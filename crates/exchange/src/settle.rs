//! What a fill does to balances and orders on a spot market.
//!
//! The buyer pays quote and receives base, the seller the reverse; each pays its fee out of what it receives, rounded
//! up, to the treasury; a maker with a rebate receives it out of the taker's fee instead, rounded down. A maker pays
//! out of what it holds behind its order, a taker out of its free balance. So what stands behind an order is exactly its
//! notional (bid) or its size (ask), and both sides of a fill conserve each token.

use crate::Rejection;
use crate::fees::Rates;
use crate::fill::{BuilderPart, Paid, Taker, Trading, trading};
use crate::ledger::{self, QUOTE, TREASURY};
use crate::receipt::{CloseReason, Event};
use crate::records::{BuilderFee, Config, Market};
use crate::tables::ExchangeTables;
use alloc::vec::Vec;
use tandem_book::{CancelReason, Fill, Order, OrderKey, Owner, Settlement, Side};
use tandem_coprocessor::BlockContext;
use tandem_types::{AccountId, PriceRank, QuoteAtoms, SizeLots, TokenAtoms, TokenId, TradeId};

const MILLION: u128 = 1_000_000;

/// The parts of the tables that settlement changes, apart from the book itself.
pub(crate) struct SpotSettlement<'a> {
    pub(crate) trading: Trading<'a>,
    market: Market,
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

impl SpotSettlement<'_> {
    /// Credits an amount less the fee and the builder's part, which its caller pays.
    fn receive(
        &mut self,
        account: AccountId,
        (token, amount): (TokenId, TokenAtoms),
        fee: TokenAtoms,
        builder: Option<BuilderFee>,
    ) -> Result<Paid, Rejection> {
        let left = QuoteAtoms(amount.minus(fee)?.0);
        let part = builder.filter(|_| token == QUOTE).map(|builder| builder.of(QuoteAtoms(amount.0)));
        let part = part.transpose()?.map(|part| BuilderPart { amount: part.amount.min(left), ..part });
        let credited = left.minus(part.map_or(QuoteAtoms::ZERO, |part| part.amount))?;
        ledger::credit(self.trading.balances, account, token, credited.to_token_atoms())?;
        Ok(Paid { fee, part })
    }

    /// Credits a fee or rebate, if there is one.
    fn pay(&mut self, account: AccountId, token: TokenId, amount: TokenAtoms) -> Result<(), Rejection> {
        if amount.is_zero() { Ok(()) } else { ledger::credit(self.trading.balances, account, token, amount) }
    }

    /// Frees what stood behind a part of a maker's order.
    fn free(&mut self, maker: &OrderKey, order: &Order, size: SizeLots) -> Result<(), Rejection> {
        let (token, amount) = backing(&self.market, maker.side(), maker.price(), size)?;
        ledger::release(self.trading.balances, AccountId(order.owner.0), token, amount)
    }
}

impl Settlement for SpotSettlement<'_> {
    type Error = Rejection;

    fn same_trader(&mut self, maker: Owner) -> bool {
        self.trading.are_friends(maker)
    }

    /// A spot maker's balance stands behind its order, so that only its owner's schedule or its own time keeps it
    /// from trading.
    fn admit(&mut self, maker: &OrderKey, order: &Order, size: SizeLots) -> Result<SizeLots, Rejection> {
        let dead = self.trading.why_dead(AccountId(order.owner.0), maker.id);
        Ok(if dead.is_some() { SizeLots::ZERO } else { size })
    }

    fn fill(&mut self, fill: &Fill) -> Result<(), Rejection> {
        let (taker, maker) = (self.trading.taker, AccountId(fill.maker_owner.0));
        let notional = fill.size.notional(fill.price.to_ticks(self.market.price_scale()))?;
        let quote = notional.to_token_atoms();
        let base = fill.size.base_atoms(self.market.atoms_per_lot)?;
        let (taker_pays, taker_gets) = match taker.side {
            Side::Bid => ((QUOTE, quote), (self.market.base, base)),
            Side::Ask => ((self.market.base, base), (QUOTE, quote)),
        };
        ledger::debit(self.trading.balances, taker.account, taker_pays.0, taker_pays.1)?;
        ledger::spend_held(self.trading.balances, maker, taker_gets.0, taker_gets.1)?;
        let maker_rates = self.trading.fees.rates(self.trading.orders.accounts, maker);
        let taker_fee = fee(taker_gets.1, self.trading.taker_rates.taker_ppm);
        let maker_fee = fee(taker_pays.1, maker_rates.maker_ppm);
        let maker_rebate = rebate(taker_gets.1, maker_rates.rebate_ppm).min(taker_fee);
        let maker_builder = self.trading.orders.builder_of(maker, fill.maker.id);
        let taker_paid = self.receive(taker.account, taker_gets, taker_fee, taker.builder)?;
        let maker_paid = self.receive(maker, taker_pays, maker_fee, maker_builder)?;
        for (account, amount) in [(TREASURY, taker_fee.minus(maker_rebate)?), (maker, maker_rebate)] {
            self.pay(account, taker_gets.0, amount)?;
        }
        self.pay(TREASURY, taker_pays.0, maker_fee)?;
        let (seller, rates, paid) = match taker.side {
            Side::Bid => (maker, maker_rates, (maker_fee, TokenAtoms::ZERO)),
            Side::Ask => (taker.account, self.trading.taker_rates, (taker_fee, maker_rebate)),
        };
        self.trading.share(seller, rates, QuoteAtoms(paid.0.0), QuoteAtoms(paid.1.0))?;
        self.trading.tell(fill, &taker_paid, &maker_paid, maker_rebate)?;
        self.trading.finish(fill, notional)
    }

    fn maker_cancelled(
        &mut self,
        maker: &OrderKey,
        order: &Order,
        reason: CancelReason,
    ) -> Result<(), Rejection> {
        self.free(maker, order, order.remaining)?;
        self.trading.end_maker(maker, order, reason, CloseReason::NotAdmitted);
        Ok(())
    }

    fn maker_reduced(&mut self, maker: &OrderKey, order: &Order, by: SizeLots) -> Result<(), Rejection> {
        self.free(maker, order, by)?;
        self.trading.tell_reduced(maker, order);
        Ok(())
    }
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
    let base = Rates { taker_ppm: config.taker_fee_ppm, maker_ppm: config.maker_fee_ppm };
    let trading = trading!(Spot, tables, base, taker, (config, block), next_trade, events);
    (&mut tables.orders, SpotSettlement { trading, market })
}
