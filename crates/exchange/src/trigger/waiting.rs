//! Waiting orders that go unfired: taken back, replaced, dead, or ended with their group or position.

use super::record::{GroupKey, PositionTrigger, Stage, TriggerOrder, of_account};
use crate::Rejection;
use crate::cancel::CANCEL_WORK;
use crate::receipt::CloseReason;
use crate::schedule;
use crate::session::Session;
use crate::tables::{AccountOrder, CloidKey, Expiry};
use tandem_types::{OrderId, SizeLots};

impl Session<'_, '_> {
    /// A waiting order of the account.
    pub(crate) fn waiting(&mut self, id: OrderId) -> Option<TriggerOrder> {
        self.tables.trigger_orders.get(&AccountOrder { account: self.account, id }).copied()
    }

    /// The account's waiting order of the lowest id.
    pub(crate) fn oldest_waiting(&mut self) -> Option<(OrderId, TriggerOrder)> {
        let (first, last) = of_account(self.account);
        self.tables.trigger_orders.first(&first, &last).map(|(key, order)| (key.id, *order))
    }

    /// Ends a waiting order unfired.
    pub(crate) fn end_waiting(&mut self, id: OrderId, reason: CloseReason) -> Result<(), Rejection> {
        self.meter.charge(CANCEL_WORK)?;
        let order = self.strike(id).ok_or(Rejection::UnknownOrder)?;
        self.close(id, order.size.unwrap_or(SizeLots::ZERO), reason);
        Ok(())
    }

    /// Takes a waiting order off all lists.
    pub(crate) fn strike(&mut self, id: OrderId) -> Option<TriggerOrder> {
        let account = self.account;
        let order = self.tables.trigger_orders.remove(&AccountOrder { account, id })?;
        match order.stage {
            Stage::Fill => {}
            Stage::Price => drop(self.tables.triggers.remove(&order.key(id))),
            Stage::Liquidations => drop(self.tables.held_triggers.remove(&order.key(id))),
        }
        if let Some(cloid) = &order.cloid {
            self.tables.cloids.remove(&CloidKey::of(account, cloid));
        }
        if let Some(time) = order.expires {
            self.tables.expiries.remove(&Expiry { time: time.0, account, id });
        }
        if let Some(group) = order.group {
            self.tables.groups.remove(&GroupKey { group, id });
        }
        if order.size.is_none() {
            self.tables.position_triggers.remove(&PositionTrigger { account, market: order.market, id });
        }
        self.tables.order_builders.remove(&id);
        self.tables.accounts.update(&account, |account| {
            account.open_orders = account.open_orders.saturating_sub(1);
        });
        Some(order)
    }

    /// An order whose price has come waits on, for the end of its market's liquidations.
    pub(crate) fn hold(&mut self, id: OrderId, order: &TriggerOrder) {
        let account = self.account;
        self.tables.triggers.remove(&order.key(id));
        self.tables.held_triggers.put(order.key(id), account);
        let key = AccountOrder { account, id };
        self.tables.trigger_orders.update(&key, |order| order.stage = Stage::Liquidations);
    }

    /// Lists an order that waits.
    pub(crate) fn list(&mut self, id: OrderId, order: TriggerOrder) {
        let account = self.account;
        if order.stage == Stage::Price {
            self.tables.triggers.put(order.key(id), account);
        }
        if let Some(cloid) = &order.cloid {
            self.tables.cloids.put(CloidKey::of(account, cloid), id);
        }
        if let Some(time) = order.expires {
            self.tables.expiries.put(Expiry { time: time.0, account, id }, ());
        }
        if let Some(group) = order.group {
            self.tables.groups.put(GroupKey { group, id }, account);
        }
        if order.size.is_none() {
            self.tables.position_triggers.put(PositionTrigger { account, market: order.market, id }, ());
        }
        if let Some(builder) = self.builder {
            self.tables.order_builders.put(id, builder);
        }
        self.tables.trigger_orders.put(AccountOrder { account, id }, order);
        self.tables.accounts.update(&account, |account| {
            account.open_orders = account.open_orders.saturating_add(1);
        });
    }

    /// Why a waiting order fires no more, though it is listed, if so.
    pub(crate) fn why_dead_waiting(&mut self, order: &TriggerOrder) -> Option<CloseReason> {
        let account = self.tables.accounts.get(&self.account);
        if schedule::is_cancelled(account, || Some(order.time), self.block) {
            return Some(CloseReason::ScheduledCancel);
        }
        order.expires.filter(|time| *time <= self.block.time).map(|_| CloseReason::Expired)
    }
}
