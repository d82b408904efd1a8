//! Whether a fill-or-kill order would trade in full, told before anything is touched.
//!
//! The walk is the one that the order would take, with two differences. Every maker is taken as admitted: admission
//! may depend on the fills before it, so only the real walk can ask. And an own order, or one of an owner with which this
//! one must not trade, ends it unless the order's rule is to cancel makers, because in all other cases (the taker
//! cancelled or decremented) not all of it would trade.
//! If admission then refuses makers and those behind them do not suffice, the real walk ends in
//! [`PlaceError::FillOrKillRefused`](crate::PlaceError::FillOrKillRefused). Own orders that cancel-maker passes by
//! count as visited, as they do in the real walk. Both walks have the same limit, each for itself.

use crate::book::Book;
use crate::order::{Incoming, Limits, SelfTrade};
use crate::outcome::PlaceRejection;
use crate::settlement::Settlement;
use crate::walk::Taker;

/// How many makers it takes to fill the order.
pub(crate) fn judge<S: Settlement>(
    book: &mut Book<'_>,
    incoming: &Incoming,
    limits: &Limits,
    settlement: &mut S,
) -> Result<u32, PlaceRejection> {
    let taker = Taker::new(book.market, incoming, 0);
    let Taker { first, last, mut remaining, mut steps, .. } = taker;
    let mut from = Some(first);
    while !remaining.is_zero() {
        let unfilled = PlaceRejection::FillOrKillUnfilled { steps };
        let (maker, order) = from.and_then(|from| book.first(&from, &last)).ok_or(unfilled)?;
        if steps >= limits.fills_max {
            return Err(unfilled);
        }
        steps = steps.saturating_add(1);
        if !taker.is_same_trader(order.owner, settlement) {
            remaining = remaining.minus_or_zero(order.remaining);
        } else if incoming.self_trade != SelfTrade::CancelMaker {
            return Err(PlaceRejection::FillOrKillUnfilled { steps });
        }
        from = maker.successor();
    }
    Ok(steps)
}
