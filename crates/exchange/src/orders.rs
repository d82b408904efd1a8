//! Open orders outside of the book: by account, by client order id, and their count.

use crate::receipt::CloseReason;
use crate::records::{Account, BuilderFee, OrderInfo};
use crate::schedule;
use crate::tables::{AccountOrder, CloidKey, Expiry, ReduceOnlyKey};
use crate::trigger::Ended;
use tandem_coprocessor::BlockContext;
use tandem_state::Table;
use tandem_state::index::{Hashed, Ordered};
use tandem_types::{AccountId, OrderId, SizeLots};

/// The tables that list open orders, borrowed together.
pub(crate) struct OpenOrders<'a> {
    pub(crate) accounts: &'a mut Table<AccountId, Account, Hashed<AccountId, Account>>,
    pub(crate) account_orders: &'a mut Table<AccountOrder, OrderInfo, Ordered<AccountOrder, OrderInfo>>,
    pub(crate) cloids: &'a mut Table<CloidKey, OrderId, Ordered<CloidKey, OrderId>>,
    pub(crate) reduce_only: &'a mut Table<ReduceOnlyKey, (), Ordered<ReduceOnlyKey, ()>>,
    pub(crate) expiries: &'a mut Table<Expiry, (), Ordered<Expiry, ()>>,
    pub(crate) ended: &'a mut Table<OrderId, Ended, Ordered<OrderId, Ended>>,
    pub(crate) builders: &'a mut Table<OrderId, BuilderFee, Ordered<OrderId, BuilderFee>>,
}

/// Borrows the lists of open orders out of all tables.
macro_rules! open_orders {
    ($tables:expr) => {
        $crate::orders::OpenOrders {
            accounts: &mut $tables.accounts,
            account_orders: &mut $tables.account_orders,
            cloids: &mut $tables.cloids,
            reduce_only: &mut $tables.reduce_only_orders,
            expiries: &mut $tables.expiries,
            ended: &mut $tables.ended_orders,
            builders: &mut $tables.order_builders,
        }
    };
}
pub(crate) use open_orders;

impl OpenOrders<'_> {
    /// Lists an order that came to rest, and what its builder gets.
    pub(crate) fn open(
        &mut self,
        account: AccountId,
        id: OrderId,
        mut info: OrderInfo,
        builder: Option<BuilderFee>,
    ) {
        info.built = builder.is_some();
        if let Some(builder) = builder {
            self.builders.put(id, builder);
        }
        if let Some(cloid) = &info.cloid {
            self.cloids.put(CloidKey::of(account, cloid), id);
        }
        if info.reduce_only {
            self.reduce_only.put(ReduceOnlyKey::new(account, info.market, id), ());
        }
        if let Some(time) = info.expires {
            self.expiries.put(Expiry { time: time.0, account, id }, ());
        }
        self.account_orders.put(AccountOrder { account, id }, info);
        self.accounts.update(&account, |account| account.open_orders = account.open_orders.saturating_add(1));
    }

    /// Strikes an order that filled off the lists.
    pub(crate) fn close(&mut self, account: AccountId, id: OrderId) -> Option<OrderInfo> {
        let info = self.strike(account, id)?;
        if let Some(group) = info.group {
            let ended = Ended { account, group, filled: info.size, whole: true, by_owner: false };
            self.ended.put(id, ended);
        }
        Some(info)
    }

    /// Strikes an order that ended with `remaining` off the lists.
    pub(crate) fn end(&mut self, account: AccountId, id: OrderId, remaining: SizeLots, reason: CloseReason) {
        let Some(info) = self.strike(account, id) else { return };
        if let Some(group) = info.group {
            let filled = info.size.minus_or_zero(remaining);
            let by_owner = reason.is_by_owner();
            self.ended.put(id, Ended { account, group, filled, whole: false, by_owner });
        }
    }

    fn strike(&mut self, account: AccountId, id: OrderId) -> Option<OrderInfo> {
        let info = self.account_orders.remove(&AccountOrder { account, id })?;
        if let Some(cloid) = &info.cloid {
            self.cloids.remove(&CloidKey::of(account, cloid));
        }
        if info.reduce_only {
            self.reduce_only.remove(&ReduceOnlyKey::new(account, info.market, id));
        }
        if let Some(time) = info.expires {
            self.expiries.remove(&Expiry { time: time.0, account, id });
        }
        if info.built {
            self.builders.remove(&id);
        }
        self.accounts.update(&account, |account| account.open_orders = account.open_orders.saturating_sub(1));
        Some(info)
    }

    /// Why a resting order may trade no more, if so: its owner's schedule came due, or its time is up. The owner's entry
    /// is needed for a fill anyway; the order's is read only if orders of that kind wait to be taken out.
    pub(crate) fn why_dead(&mut self, order: AccountOrder, block: BlockContext) -> Option<CloseReason> {
        let owner = self.accounts.get(&order.account);
        if schedule::is_cancelled(owner, || self.account_orders.get(&order).map(|info| info.time), block) {
            return Some(CloseReason::ScheduledCancel);
        }
        self.expiries.first(&Expiry::START, &Expiry::due_until(block.time))?;
        let info = self.account_orders.get(&order)?;
        info.is_expired(block.time).then_some(CloseReason::Expired)
    }

    /// What is remembered of an open order.
    pub(crate) fn info(&mut self, account: AccountId, id: OrderId) -> Option<&OrderInfo> {
        self.account_orders.get(&AccountOrder { account, id })
    }

    /// Who gets a fee of an open order's fills.
    pub(crate) fn builder_of(&mut self, account: AccountId, id: OrderId) -> Option<BuilderFee> {
        let built = self.info(account, id).is_some_and(|info| info.built);
        if built { self.builders.get(&id).copied() } else { None }
    }
}
