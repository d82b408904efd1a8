//! The matching loop, and the steps it is made of.
//!
//! One loop suffices where others nest three: the first entry of the crossing run *is* the next maker, whichever
//! level it is on, and it leaves the run when it is used up.

use crate::book::Book;
use crate::key::OrderKey;
use crate::order::{Incoming, Limits, Order, Owner, SelfTrade};
use crate::outcome::TakerCancelReason;
use crate::settlement::{CancelReason, Fill, Settlement};
use core::ops::ControlFlow;
use tandem_types::{MarketId, SizeLots};

/// An incoming order on its way through the book.
#[derive(Debug)]
pub(crate) struct Taker {
    owner: Owner,
    self_trade: SelfTrade,
    size: SizeLots,
    /// The run of the other side that crosses the order: `first..=last`.
    pub(crate) first: OrderKey,
    pub(crate) last: OrderKey,
    /// What has neither traded nor been decremented.
    pub(crate) remaining: SizeLots,
    pub(crate) decremented: SizeLots,
    /// Makers visited so far.
    pub(crate) steps: u32,
}

impl Taker {
    /// An order at the start of its walk, after `steps` of work were done for it.
    pub(crate) const fn new(market: MarketId, incoming: &Incoming, steps: u32) -> Self {
        let side = incoming.side.opposite();
        Self {
            owner: incoming.owner,
            self_trade: incoming.self_trade,
            size: incoming.size,
            first: OrderKey::best_of(market, side),
            last: OrderKey::last_at(market, side, incoming.limit),
            remaining: incoming.size,
            decremented: SizeLots::ZERO,
            steps,
        }
    }

    /// Whether the orders of an owner must not trade with this one.
    pub(crate) fn is_same_trader<S: Settlement>(&self, maker: Owner, settlement: &mut S) -> bool {
        maker == self.owner || settlement.same_trader(maker)
    }

    /// How much has traded.
    pub(crate) const fn filled(&self) -> SizeLots {
        self.size.minus_or_zero(self.remaining).minus_or_zero(self.decremented)
    }
}

/// Lets `taker` meet what crosses it, one maker at a time in order of priority, and returns why it stopped before it
/// was used up or nothing crossed it any more, if it did. Visits at most `limits.fills_max` makers.
pub(crate) fn walk<S: Settlement>(
    book: &mut Book<'_>,
    taker: &mut Taker,
    limits: &Limits,
    settlement: &mut S,
) -> Result<Option<TakerCancelReason>, S::Error> {
    let steps_max = taker.steps.saturating_add(limits.fills_max);
    while !taker.remaining.is_zero() {
        let Some((maker, order)) = book.first(&taker.first, &taker.last) else { break };
        if taker.steps >= steps_max {
            return Ok(Some(TakerCancelReason::FillLimit));
        }
        taker.steps = taker.steps.saturating_add(1);
        if taker.is_same_trader(order.owner, settlement) {
            if prevent_self_trade(book, taker, &maker, &order, settlement)?.is_break() {
                return Ok(Some(TakerCancelReason::SelfTrade));
            }
        } else {
            trade(book, taker, &maker, &order, settlement)?;
        }
    }
    Ok(None)
}

/// Trades as much as both have left and the maker may; a maker that may not trade all of that ends here.
fn trade<S: Settlement>(
    book: &mut Book<'_>,
    taker: &mut Taker,
    maker: &OrderKey,
    order: &Order,
    settlement: &mut S,
) -> Result<(), S::Error> {
    let size = taker.remaining.min(order.remaining);
    let admitted = settlement.admit(maker, order, size)?.min(size);
    if !admitted.is_zero() {
        fill(book, taker, maker, order, admitted, settlement)?;
    }
    if admitted == size {
        return Ok(());
    }
    let rest = Order { remaining: order.remaining.minus_or_zero(admitted), ..*order };
    cancel(book, maker, &rest, CancelReason::NotAdmitted, settlement)
}

/// Trades `size`. The only place where a trade is made.
fn fill<S: Settlement>(
    book: &mut Book<'_>,
    taker: &mut Taker,
    maker: &OrderKey,
    order: &Order,
    size: SizeLots,
    settlement: &mut S,
) -> Result<(), S::Error> {
    let maker_remaining = order.remaining.minus_or_zero(size);
    taker.remaining = taker.remaining.minus_or_zero(size);
    set_remaining(book, maker, maker_remaining);
    let price = maker.price();
    settlement.fill(&Fill { maker: *maker, maker_owner: order.owner, price, size, maker_remaining })
}

/// Does as the taker chose about a maker that it must not trade with; breaks if the taker ends here.
fn prevent_self_trade<S: Settlement>(
    book: &mut Book<'_>,
    taker: &mut Taker,
    maker: &OrderKey,
    order: &Order,
    settlement: &mut S,
) -> Result<ControlFlow<()>, S::Error> {
    match taker.self_trade {
        SelfTrade::CancelMaker => {
            cancel(book, maker, order, CancelReason::SelfTrade, settlement)?;
            Ok(ControlFlow::Continue(()))
        }
        SelfTrade::CancelTaker => Ok(ControlFlow::Break(())),
        SelfTrade::CancelBoth => {
            cancel(book, maker, order, CancelReason::SelfTrade, settlement)?;
            Ok(ControlFlow::Break(()))
        }
        SelfTrade::Decrement => {
            decrement(book, taker, maker, order, settlement)?;
            Ok(ControlFlow::Continue(()))
        }
    }
}

/// Takes the smaller of the two sizes off both, without a trade.
fn decrement<S: Settlement>(
    book: &mut Book<'_>,
    taker: &mut Taker,
    maker: &OrderKey,
    order: &Order,
    settlement: &mut S,
) -> Result<(), S::Error> {
    let by = taker.remaining.min(order.remaining);
    let remaining = order.remaining.minus_or_zero(by);
    taker.remaining = taker.remaining.minus_or_zero(by);
    // At most the taker's size.
    taker.decremented = SizeLots(taker.decremented.0.saturating_add(by.0));
    if remaining.is_zero() {
        return cancel(book, maker, order, CancelReason::SelfTrade, settlement);
    }
    set_remaining(book, maker, remaining);
    settlement.maker_reduced(maker, &Order { remaining, ..*order }, by)
}

/// Takes a maker out of the book without a trade.
fn cancel<S: Settlement>(
    book: &mut Book<'_>,
    maker: &OrderKey,
    order: &Order,
    reason: CancelReason,
    settlement: &mut S,
) -> Result<(), S::Error> {
    set_remaining(book, maker, SizeLots::ZERO);
    settlement.maker_cancelled(maker, order, reason)
}

/// Writes what is left of a maker; with nothing left it leaves the book.
fn set_remaining(book: &mut Book<'_>, maker: &OrderKey, remaining: SizeLots) {
    if remaining.is_zero() {
        book.orders.remove(maker);
    } else {
        book.orders.update(maker, |order| order.remaining = remaining);
    }
}
