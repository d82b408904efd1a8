//! Taking orders back: by id, by client order id, and by modification.

use crate::Rejection;
use crate::action::{AssetId, Modify, Order as OrderRequest, OrderKind, OrderRef};
use crate::fill;
use crate::form;
use crate::ledger;
use crate::perp;
use crate::receipt::{CloseReason, Event, ItemStatus};
use crate::records::OrderInfo;
use crate::session::Session;
use crate::settle;
use crate::tables::{AccountOrder, CloidKey};
use tandem_book::{Book, OrderKey, Side};
use tandem_coprocessor::Work;
use tandem_types::{Cloid, MarketId, OrderId, PriceScale, SizeLots};

/// Work of taking one order out of the book.
pub const CANCEL_WORK: Work = Work(3_000);
/// Work of looking for an order, found or not.
pub const LOOKUP_WORK: Work = Work(1_000);

impl Session<'_, '_> {
    /// Cancels an order of the account by its id.
    pub(crate) fn cancel(&mut self, asset: AssetId, id: OrderId) -> Result<ItemStatus, Rejection> {
        self.meter.charge(LOOKUP_WORK)?;
        let of_asset = |market: MarketId| u32::from(market.0) == asset.0;
        if let Some(info) = self.find(id).filter(|info| of_asset(info.market)) {
            self.take_out(id, &info, CloseReason::Cancelled)?;
            return Ok(ItemStatus::Done);
        }
        self.waiting(id).filter(|order| of_asset(order.market)).ok_or(Rejection::UnknownOrder)?;
        self.end_waiting(id, CloseReason::Cancelled)?;
        Ok(ItemStatus::Done)
    }

    /// Cancels all orders of the account, or all of a market, those that wait included.
    pub(crate) fn cancel_all(&mut self, asset: Option<AssetId>) -> Result<ItemStatus, Rejection> {
        let of_asset = |market: MarketId| asset.is_none_or(|asset| u32::from(market.0) == asset.0);
        let (mut from, last) = (AccountOrder::first(self.account), AccountOrder::last(self.account));
        while let Some((key, info)) = self.tables.account_orders.first(&from, &last).map(|(k, i)| (k, *i)) {
            self.meter.charge(LOOKUP_WORK)?;
            if of_asset(info.market) {
                self.take_out(key.id, &info, CloseReason::Cancelled)?;
            }
            let Some(id) = key.id.next() else { break };
            from.id = id;
        }
        from = AccountOrder::first(self.account);
        while let Some((key, market)) =
            self.tables.trigger_orders.first(&from, &last).map(|(k, o)| (k, o.market))
        {
            self.meter.charge(LOOKUP_WORK)?;
            if of_asset(market) {
                self.end_waiting(key.id, CloseReason::Cancelled)?;
            }
            let Some(id) = key.id.next() else { break };
            from.id = id;
        }
        Ok(ItemStatus::Done)
    }

    /// Cancels an order of the account by its client order id. Without a match, an order that comes with this id later
    /// in the block is refused: a cancel can't be outrun by the order that it was sent after.
    pub(crate) fn cancel_by_cloid(&mut self, asset: AssetId, cloid: &Cloid) -> Result<ItemStatus, Rejection> {
        self.meter.charge(CANCEL_WORK)?;
        let key = CloidKey::of(self.account, cloid);
        let Some(id) = self.tables.cloids.get(&key).copied() else {
            self.tables.cancelled_cloids.put(key, ());
            return Ok(ItemStatus::Rejected(Rejection::UnknownOrder));
        };
        self.cancel(asset, id)
    }

    /// Changes an order. Less size at the same price, time in force and expiry keeps the order's place and id; anything else
    /// replaces it.
    pub(crate) fn modify(&mut self, request: &Modify) -> Result<ItemStatus, Rejection> {
        self.meter.charge(LOOKUP_WORK)?;
        let id = self.resolve(&request.target).ok_or(Rejection::ModifyUnknownOrder)?;
        let Some(info) = self.find(id) else { return self.modify_waiting(id, &request.order) };
        if self.why_dead(&info).is_some() {
            return Err(Rejection::ModifyUnknownOrder);
        }
        self.check_expiry(&request.order)?;
        if let Some(size) = self.shrinks_in_place(&info, id, &request.order)? {
            return self.shrink(id, &info, size);
        }
        self.take_out(id, &info, CloseReason::Modified)?;
        self.place(&request.order)
    }

    /// Takes an order out of the book and off the lists, and frees what stood behind it.
    pub(crate) fn take_out(
        &mut self,
        id: OrderId,
        info: &OrderInfo,
        reason: CloseReason,
    ) -> Result<(), Rejection> {
        self.meter.charge(CANCEL_WORK)?;
        let key = OrderKey::new(info.market, info.side, info.price, id);
        let order =
            Book::new(info.market, &mut self.tables.orders).cancel(&key).ok_or(Rejection::UnknownOrder)?;
        self.free(info, order.remaining)?;
        let account = self.account;
        self.open_orders().end(account, id, order.remaining, reason);
        self.events.push(fill::closed(account, id, order.remaining, reason));
        Ok(())
    }

    /// Frees what stood behind `size` of an order of the account.
    pub(crate) fn free(&mut self, info: &OrderInfo, size: SizeLots) -> Result<(), Rejection> {
        if perp::is_perpetual(info.market) {
            return self.uncount(info, size);
        }
        let market = *self.tables.markets.get(&info.market).ok_or(Rejection::UnknownAsset)?;
        let (token, amount) = settle::backing(&market, info.side, info.price, size)?;
        ledger::release(&mut self.tables.balances, self.account, token, amount)
    }

    pub(crate) fn find(&mut self, id: OrderId) -> Option<OrderInfo> {
        self.tables.account_orders.get(&AccountOrder { account: self.account, id }).copied()
    }

    fn resolve(&mut self, order: &OrderRef) -> Option<OrderId> {
        match order {
            OrderRef::Id(id) => Some(*id),
            OrderRef::Cloid(cloid) => self.tables.cloids.get(&CloidKey::of(self.account, cloid)).copied(),
        }
    }

    /// The smaller size, if `new` asks for nothing but that.
    fn shrinks_in_place(
        &mut self,
        info: &OrderInfo,
        id: OrderId,
        new: &OrderRequest,
    ) -> Result<Option<SizeLots>, Rejection> {
        let stays = matches!(new.kind, OrderKind::Limit(stay) if stay == info.time_in_force);
        let side = if new.is_buy { Side::Bid } else { Side::Ask };
        let same = u32::from(info.market.0) == new.asset.0 && info.side == side && info.cloid == new.cloid;
        let alike = new.reduce_only == info.reduce_only && new.expires == info.expires;
        if !stays || !same || !alike {
            return Ok(None);
        }
        let (scale, decimals) = self.decimals_of(info.market)?;
        let (price, size) = (form::parse_price(&new.price, scale)?, form::parse_size(&new.size, decimals)?);
        let notional = perp::order_notional(info.market, size, price.to_ticks(scale))?;
        if notional < self.config.notional_min && !info.reduce_only {
            return Err(Rejection::NotionalTooSmall);
        }
        let key = OrderKey::new(info.market, info.side, info.price, id);
        let remaining = self.tables.orders.get(&key).map(|order| order.remaining).unwrap_or_default();
        Ok((price == info.price && size < remaining).then_some(size))
    }

    /// The scale of a market's prices, and the decimals of its sizes.
    fn decimals_of(&mut self, market: MarketId) -> Result<(PriceScale, u8), Rejection> {
        let found = if perp::is_perpetual(market) {
            let found = self.tables.perp_markets.get(&market);
            found.map(|market| (market.price_scale(), market.size_decimals))
        } else {
            let found = self.tables.markets.get(&market);
            found.map(|market| (market.price_scale(), market.size_decimals))
        };
        found.ok_or(Rejection::UnknownAsset)
    }

    fn shrink(&mut self, id: OrderId, info: &OrderInfo, size: SizeLots) -> Result<ItemStatus, Rejection> {
        self.meter.charge(CANCEL_WORK)?;
        let key = OrderKey::new(info.market, info.side, info.price, id);
        let freed = Book::new(info.market, &mut self.tables.orders)
            .reduce(&key, size)
            .map_err(|_| Rejection::ModifyUnknownOrder)?;
        self.free(info, freed)?;
        self.events.push(Event::Reduced { account: self.account, id, remaining: size });
        Ok(ItemStatus::Resting { id, filled: SizeLots::ZERO })
    }
}
