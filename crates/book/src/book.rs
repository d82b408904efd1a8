//! The book of one market, as the rules change it.
//!
//! It decides what trades with what, at which price and in which order. It leaves to its caller who may trade, what a
//! price means, what is owed afterwards, and the numbering of orders.
//!
//! Invariants, after each call that returns `Ok` and after each rejection: the best bid is below the best ask; no
//! order has zero remaining; what traded, what was decremented and what is left make the incoming size.
//! Spec: DESIGN.md §7.

use crate::fill_or_kill;
use crate::key::{OrderKey, Side};
use crate::order::{Incoming, Limits, Order, Orders, TimeInForce};
use crate::outcome::{PlaceError, PlaceOutcome, PlaceRejection, Placed, ReduceRejection, TakerCancelReason};
use crate::settlement::Settlement;
use crate::walk::{Taker, walk};
use tandem_types::{MarketId, PriceRank, SizeLots};

/// The book of one market: its run of the table of orders.
#[derive(Debug)]
pub struct Book<'a> {
    pub(crate) market: MarketId,
    pub(crate) orders: &'a mut Orders,
}

impl<'a> Book<'a> {
    /// The book of `market`.
    #[must_use]
    pub const fn new(market: MarketId, orders: &'a mut Orders) -> Self {
        Self { market, orders }
    }

    /// Places an order: it trades with what crosses it, best price first and oldest first within a price, each at the
    /// resting order's price; what is left rests or is cancelled as its time in force says.
    ///
    /// # Errors
    /// [`PlaceError::Rejected`] before anything is changed. After any other error both the book and what `settlement`
    /// did are half done: the caller rolls them back to its checkpoint together.
    pub fn place<S: Settlement>(
        &mut self,
        incoming: &Incoming,
        limits: &Limits,
        settlement: &mut S,
    ) -> Result<Placed, PlaceError<S::Error>> {
        let steps = self.judge(incoming, limits, settlement).map_err(PlaceError::Rejected)?;
        let mut taker = Taker::new(self.market, incoming, steps);
        let stop = walk(self, &mut taker, limits, settlement).map_err(PlaceError::Settlement)?;
        let filled = taker.filled();
        let outcome = match (incoming.time_in_force, stop) {
            (TimeInForce::Fok, _) if filled != incoming.size => {
                return Err(PlaceError::FillOrKillRefused { steps: taker.steps });
            }
            // A walk that met nothing has changed nothing: this is still a rejection.
            (TimeInForce::Ioc, None) if taker.steps == 0 => {
                return Err(PlaceError::Rejected(PlaceRejection::NoMatch));
            }
            (_, stop) => self.rest_or_cancel(incoming, &taker, stop),
        };
        Ok(Placed { filled, decremented: taker.decremented, outcome, steps: taker.steps })
    }

    /// Takes an order out of the book; `None` if it does not rest in this market.
    pub fn cancel(&mut self, key: &OrderKey) -> Option<Order> {
        if key.market() != self.market {
            return None;
        }
        self.orders.remove(key)
    }

    /// Lowers what remains of an order to `to`; it keeps its place in the queue. Returns the size taken off.
    ///
    /// # Errors
    /// [`ReduceRejection`]; nothing is changed.
    pub fn reduce(&mut self, key: &OrderKey, to: SizeLots) -> Result<SizeLots, ReduceRejection> {
        if to.is_zero() {
            return Err(ReduceRejection::ZeroSize);
        }
        if key.market() != self.market {
            return Err(ReduceRejection::NotResting);
        }
        let remaining = self.orders.get(key).ok_or(ReduceRejection::NotResting)?.remaining;
        if to >= remaining {
            return Err(ReduceRejection::NotSmaller);
        }
        // From here it succeeds.
        self.orders.update(key, |order| order.remaining = to);
        Ok(remaining.minus_or_zero(to))
    }

    /// The order that trades next on `side`, with its price.
    pub fn best(&mut self, side: Side) -> Option<(PriceRank, Order)> {
        self.first_after(side, None).map(|(key, order)| (key.price(), order))
    }

    /// The order of highest priority on `side`, or the one that follows `after`: how rules read further down the
    /// book. The caller bounds how often.
    pub fn first_after(&mut self, side: Side, after: Option<OrderKey>) -> Option<(OrderKey, Order)> {
        let from = match after {
            None => OrderKey::best_of(self.market, side),
            Some(key) => key.successor()?,
        };
        self.first(&from, &OrderKey::worst_of(self.market, side))
    }

    /// The first order with a key in `from..=to`.
    pub(crate) fn first(&mut self, from: &OrderKey, to: &OrderKey) -> Option<(OrderKey, Order)> {
        self.orders.first(from, to).map(|(key, order)| (key, *order))
    }

    /// Whether the order may be placed at all, and how many makers were visited to tell.
    fn judge<S: Settlement>(
        &mut self,
        incoming: &Incoming,
        limits: &Limits,
        settlement: &mut S,
    ) -> Result<u32, PlaceRejection> {
        if incoming.size.is_zero() {
            return Err(PlaceRejection::ZeroSize);
        }
        match incoming.time_in_force {
            TimeInForce::Gtc | TimeInForce::Ioc => Ok(0),
            TimeInForce::Alo => self.judge_post_only(incoming),
            TimeInForce::Fok => fill_or_kill::judge(self, incoming, limits, settlement),
        }
    }

    fn judge_post_only(&mut self, incoming: &Incoming) -> Result<u32, PlaceRejection> {
        let taker = Taker::new(self.market, incoming, 0);
        match self.first(&taker.first, &taker.last) {
            None => Ok(0),
            Some((best, _)) => Err(PlaceRejection::PostOnlyWouldCross { best: best.price() }),
        }
    }

    /// What becomes of the rest of an order after its walk; `stop` is why the walk ended early, if it did.
    fn rest_or_cancel(
        &mut self,
        incoming: &Incoming,
        taker: &Taker,
        stop: Option<TakerCancelReason>,
    ) -> PlaceOutcome {
        let remaining = taker.remaining;
        let ioc = (incoming.time_in_force == TimeInForce::Ioc).then_some(TakerCancelReason::IocRemainder);
        if remaining.is_zero() && taker.decremented.is_zero() {
            PlaceOutcome::Filled
        } else if remaining.is_zero() {
            PlaceOutcome::Cancelled { remaining, why: TakerCancelReason::SelfTrade }
        } else if let Some(why) = stop.or(ioc) {
            PlaceOutcome::Cancelled { remaining, why }
        } else {
            let key = OrderKey::new(self.market, incoming.side, incoming.limit, incoming.id);
            self.orders.put(key, Order { owner: incoming.owner, remaining });
            PlaceOutcome::Resting { remaining }
        }
    }
}
