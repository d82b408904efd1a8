//! Taking orders back: by id, by client order id, by modification, and at a scheduled time.

use crate::Rejection;
use crate::action::{AssetId, Modify, Order as OrderRequest, OrderKind, OrderRef};
use crate::ledger;
use crate::place::{self, Session};
use crate::receipt::{CloseReason, Event, ItemStatus};
use crate::records::{Account, OrderInfo};
use crate::settle;
use crate::tables::{AccountOrder, CloidKey, ScheduledCancel};
use tandem_book::{Book, OrderKey, Side};
use tandem_coprocessor::Work;
use tandem_types::{BlockTime, Cloid, OrderId, SizeLots};

/// Work of taking one order out of the book.
pub const CANCEL_WORK: Work = Work(3_000);
/// Work of looking for an order, found or not.
pub const LOOKUP_WORK: Work = Work(1_000);
/// A scheduled cancel lies at least this many milliseconds ahead.
pub const SCHEDULE_LEAD_MIN_MS: u64 = 5_000;
/// Scheduled cancels that may come due on one day (UTC).
pub const SCHEDULE_USES_MAX: u8 = 10;

const DAY_MS: u64 = 24 * 3_600_000;

impl Session<'_, '_> {
    /// Cancels an order of the account by its id.
    pub(crate) fn cancel(&mut self, asset: AssetId, id: OrderId) -> Result<ItemStatus, Rejection> {
        self.meter.charge(LOOKUP_WORK)?;
        let info = self
            .find(id)
            .filter(|info| u32::from(info.market.0) == asset.0)
            .ok_or(Rejection::UnknownOrder)?;
        self.take_out(id, &info, CloseReason::Cancelled)?;
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

    /// Changes an order. Less size at the same price and time in force keeps the order's place and id; anything else
    /// replaces it.
    pub(crate) fn modify(&mut self, request: &Modify) -> Result<ItemStatus, Rejection> {
        self.meter.charge(LOOKUP_WORK)?;
        let id = self.resolve(&request.target).ok_or(Rejection::ModifyUnknownOrder)?;
        let info = self.find(id).ok_or(Rejection::ModifyUnknownOrder)?;
        if let Some(size) = self.shrinks_in_place(&info, id, &request.order)? {
            return self.shrink(id, &info, size);
        }
        self.take_out(id, &info, CloseReason::Modified)?;
        self.place(&request.order)
    }

    /// Sets, moves or clears the time at which all orders of the account are cancelled.
    pub(crate) fn schedule_cancel(&mut self, time: Option<BlockTime>) -> Result<ItemStatus, Rejection> {
        let now = self.block.time;
        let account = *self.tables.accounts.get(&self.account).ok_or(Rejection::Overflow)?;
        if time.is_some_and(|time| time < now.plus_ms(SCHEDULE_LEAD_MIN_MS)) {
            return Err(Rejection::ScheduleTooSoon);
        }
        if time.is_some() && uses_on(&account, day(now)) >= SCHEDULE_USES_MAX {
            return Err(Rejection::ScheduleUsedUp);
        }
        self.set_schedule(&account, time);
        Ok(ItemStatus::Done)
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
        self.open_orders().close(account, id);
        self.events.push(settle::closed(account, id, order.remaining, reason));
        Ok(())
    }

    fn free(&mut self, info: &OrderInfo, size: SizeLots) -> Result<(), Rejection> {
        let market = *self.tables.markets.get(&info.market).ok_or(Rejection::UnknownAsset)?;
        let (token, amount) = settle::backing(&market, info.side, info.price, size)?;
        ledger::release(&mut self.tables.balances, self.account, token, amount)
    }

    fn find(&mut self, id: OrderId) -> Option<OrderInfo> {
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
        if !stays || !same || new.reduce_only {
            return Ok(None);
        }
        let market = *self.tables.markets.get(&info.market).ok_or(Rejection::UnknownAsset)?;
        let (price, size) =
            (place::parse_price(&new.price, &market)?, place::parse_size(&new.size, &market)?);
        let notional = size.notional(price.to_ticks(market.price_scale()))?;
        if notional < self.config.notional_min {
            return Err(Rejection::NotionalTooSmall);
        }
        let key = OrderKey::new(info.market, info.side, info.price, id);
        let remaining = self.tables.orders.get(&key).map(|order| order.remaining).unwrap_or_default();
        Ok((price == info.price && size < remaining).then_some(size))
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

    fn set_schedule(&mut self, account: &Account, time: Option<BlockTime>) {
        if let Some(old) = account.scheduled_cancel {
            self.tables.scheduled_cancels.remove(&ScheduledCancel { time: old.0, account: self.account });
        }
        if let Some(new) = time {
            self.tables.scheduled_cancels.put(ScheduledCancel { time: new.0, account: self.account }, ());
        }
        self.tables.accounts.update(&self.account, |account| account.scheduled_cancel = time);
    }

    /// Cancels one order of an account whose schedule came due, or, if none is left, strikes the schedule.
    pub(crate) fn run_schedule_step(&mut self, due: ScheduledCancel) -> Result<(), Rejection> {
        let range = (AccountOrder::first(due.account), AccountOrder::last(due.account));
        let next = self.tables.account_orders.first(&range.0, &range.1).map(|(key, info)| (key.id, *info));
        if let Some((id, info)) = next {
            return self.take_out(id, &info, CloseReason::ScheduledCancel);
        }
        self.meter.charge(CANCEL_WORK)?;
        self.tables.scheduled_cancels.remove(&due);
        let today = day(self.block.time);
        self.tables.accounts.update(&due.account, |account| {
            account.schedule_uses = uses_on(account, today).saturating_add(1);
            account.schedule_day = today;
            account.scheduled_cancel = None;
        });
        Ok(())
    }
}

const fn uses_on(account: &Account, day: u32) -> u8 {
    if account.schedule_day == day { account.schedule_uses } else { 0 }
}

fn day(time: BlockTime) -> u32 {
    u32::try_from(time.0.checked_div(DAY_MS).unwrap_or(0)).unwrap_or(u32::MAX)
}
