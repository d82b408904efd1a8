//! Fills by account.

use crate::block::TradeRow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tandem_types::{AccountId, TradeId};

/// Fills kept in all.
pub const FILLS_KEPT: usize = 500_000;
/// Fills kept of each account.
pub const FILLS_PER_ACCOUNT: usize = 2_000;

/// The last fills; beyond the bounds the oldest are forgotten.
#[derive(Clone, Debug, Default)]
pub struct Fills {
    by_account: HashMap<AccountId, VecDeque<Arc<TradeRow>>>,
    /// In the order of trades.
    all: VecDeque<(AccountId, TradeId)>,
}

impl Fills {
    pub(crate) fn add(&mut self, row: &Arc<TradeRow>) {
        self.add_within(row, FILLS_KEPT);
    }

    fn add_within(&mut self, row: &Arc<TradeRow>, kept: usize) {
        for account in [row.trade.taker, row.trade.maker] {
            let fills = self.by_account.entry(account).or_default();
            fills.push_back(Arc::clone(row));
            if fills.len() > FILLS_PER_ACCOUNT {
                fills.pop_front();
            }
            self.all.push_back((account, row.trade.id));
        }
        while self.all.len() > kept {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((account, trade)) = self.all.pop_front() else { return };
        let Some(fills) = self.by_account.get_mut(&account) else { return };
        if fills.front().is_some_and(|row| row.trade.id == trade) {
            fills.pop_front();
        }
        if fills.is_empty() {
            self.by_account.remove(&account);
        }
    }

    /// The fills of an account, the last first.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = &Arc<TradeRow>> {
        self.by_account.get(&account).into_iter().flat_map(|fills| fills.iter().rev())
    }
}
