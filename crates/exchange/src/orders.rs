//! Open orders outside of the book: by account, by client order id, and their count.

use crate::Rejection;
use crate::records::{Account, OrderInfo};
use crate::schedule;
use crate::tables::{AccountOrder, CloidKey, ReduceOnlyKey};
use tandem_coprocessor::BlockContext;
use tandem_state::Table;
use tandem_state::index::{Hashed, Ordered};
use tandem_types::{AccountId, OrderId, QuoteAtoms};

/// The tables that list open orders, borrowed together.
pub(crate) struct OpenOrders<'a> {
    pub(crate) accounts: &'a mut Table<AccountId, Account, Hashed<AccountId, Account>>,
    pub(crate) account_orders: &'a mut Table<AccountOrder, OrderInfo, Ordered<AccountOrder, OrderInfo>>,
    pub(crate) cloids: &'a mut Table<CloidKey, OrderId, Ordered<CloidKey, OrderId>>,
    pub(crate) reduce_only: &'a mut Table<ReduceOnlyKey, (), Ordered<ReduceOnlyKey, ()>>,
}

impl OpenOrders<'_> {
    /// Lists an order that came to rest.
    pub(crate) fn open(&mut self, account: AccountId, id: OrderId, info: OrderInfo) {
        if let Some(cloid) = &info.cloid {
            self.cloids.put(CloidKey::of(account, cloid), id);
        }
        if info.reduce_only {
            self.reduce_only.put(ReduceOnlyKey::new(account, info.market, id), ());
        }
        self.account_orders.put(AccountOrder { account, id }, info);
        self.accounts.update(&account, |account| account.open_orders = account.open_orders.saturating_add(1));
    }

    /// Strikes an order that ended off the lists.
    pub(crate) fn close(&mut self, account: AccountId, id: OrderId) -> Option<OrderInfo> {
        let info = self.account_orders.remove(&AccountOrder { account, id })?;
        if let Some(cloid) = &info.cloid {
            self.cloids.remove(&CloidKey::of(account, cloid));
        }
        if info.reduce_only {
            self.reduce_only.remove(&ReduceOnlyKey::new(account, info.market, id));
        }
        self.accounts.update(&account, |account| account.open_orders = account.open_orders.saturating_sub(1));
        Some(info)
    }

    /// Whether a resting order was cancelled by its owner's schedule. Its owner's entry is needed for a fill anyway.
    pub(crate) fn is_cancelled(&mut self, order: AccountOrder, block: BlockContext) -> bool {
        let owner = self.accounts.get(&order.account);
        schedule::is_cancelled(owner, || self.account_orders.get(&order).map(|info| info.time), block)
    }

    /// What is remembered of an open order.
    pub(crate) fn info(&mut self, account: AccountId, id: OrderId) -> Option<&OrderInfo> {
        self.account_orders.get(&AccountOrder { account, id })
    }

    /// Counts what an account has traded.
    pub(crate) fn add_volume(&mut self, account: AccountId, notional: QuoteAtoms) -> Result<(), Rejection> {
        self.accounts
            .update(&account, |account| {
                account.traded = QuoteAtoms(account.traded.0.saturating_add(notional.0));
            })
            .ok_or(Rejection::Overflow)
    }
}
