//! Reduce-only orders at rest: together no more than the position that they are to reduce.
//!
//! A position shrinks by its reduce-only orders without breaking this. When it shrinks or turns otherwise, they are cut at
//! the end of the order that did it, the newest first, so that the book never shows what could not trade.

use super::clearing::clearing;
use super::position::Position;
use super::settle::{reducible, uncount};
use crate::Rejection;
use crate::receipt::{CloseReason, Event};
use crate::records::OrderInfo;
use crate::session::Session;
use crate::tables::{AccountOrder, PositionKey, ReduceOnlyKey};
use tandem_book::{Book, OrderKey, Side};
use tandem_types::{AccountId, MarketId, OrderId, SizeLots};

impl Session<'_, '_> {
    /// Cuts an account's reduce-only orders in a market to its position. At most as many as it may have open.
    pub(crate) fn cut_reduce_only(&mut self, account: AccountId, market: MarketId) -> Result<(), Rejection> {
        let actor = core::mem::replace(&mut self.account, account);
        let cut = self.cut_own_reduce_only(market);
        self.account = actor;
        cut
    }

    fn cut_own_reduce_only(&mut self, id: MarketId) -> Result<(), Rejection> {
        let account = self.account;
        let market = *self.tables.perp_markets.get(&id).ok_or(Rejection::UnknownAsset)?;
        let (first, last) = (ReduceOnlyKey::first(account, id), ReduceOnlyKey::last(account, id));
        loop {
            let position = clearing!(self.tables, self.meter).position(account, id, &market);
            let newest = self.tables.reduce_only_orders.first(&first, &last).map(|(key, ())| key.order());
            let Some(order) = newest else { return Ok(()) };
            let key = AccountOrder { account, id: order };
            let info = *self.tables.account_orders.get(&key).ok_or(Rejection::UnknownOrder)?;
            let allowed = allowed(&position, info.side);
            if position.reduce_only <= allowed {
                return Ok(());
            }
            let book_key = OrderKey::new(id, info.side, info.price, order);
            let remaining = self.tables.orders.get(&book_key).map(|order| order.remaining);
            let remaining = remaining.ok_or(Rejection::UnknownOrder)?;
            if !self.cut_order(order, &info, remaining, &position)?.is_zero() {
                return Ok(());
            }
        }
    }

    /// Cuts one order by what its position counts beyond what may be reduced; returns what is left of it.
    pub(crate) fn cut_order(
        &mut self,
        id: OrderId,
        info: &OrderInfo,
        remaining: SizeLots,
        position: &Position,
    ) -> Result<SizeLots, Rejection> {
        let excess = position.reduce_only.minus_or_zero(allowed(position, info.side));
        let left = remaining.minus_or_zero(excess);
        if left.is_zero() {
            self.take_out(id, info, CloseReason::ReduceOnly)?;
            return Ok(left);
        }
        let key = OrderKey::new(info.market, info.side, info.price, id);
        let freed = Book::new(info.market, &mut self.tables.orders)
            .reduce(&key, left)
            .map_err(|_| Rejection::UnknownOrder)?;
        self.free(info, freed)?;
        self.events.push(Event::Reduced { account: self.account, id, remaining: left });
        Ok(left)
    }
}

impl Session<'_, '_> {
    /// Counts `size` of an open order of the account no longer.
    pub(crate) fn uncount(&mut self, info: &OrderInfo, size: SizeLots) -> Result<(), Rejection> {
        let market = *self.tables.perp_markets.get(&info.market).ok_or(Rejection::UnknownAsset)?;
        let account = self.account;
        let mut clearing = clearing!(self.tables, self.meter);
        let position = clearing.position(account, info.market, &market);
        let after = uncount(position, info.side, size, info.reduce_only);
        clearing.set_position(PositionKey { account, market: info.market }, &market, &position, after);
        Ok(())
    }
}

/// What orders of `side` may take off a position.
fn allowed(position: &Position, side: Side) -> SizeLots {
    if position.reducing_side() == Some(side) { reducible(position) } else { SizeLots::ZERO }
}
