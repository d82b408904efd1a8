//! Fills by account: its sides of trades, and positions of it that were closed without one.

use crate::block::{Settled, SettledRow, TradeRow};
use crate::rejected;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tandem_exchange::Event;
use tandem_types::{AccountId, BlockTime, Height, SignedLots, TradeId};

/// Fills kept in all.
pub const FILLS_KEPT: usize = 500_000;
/// Fills kept of each account.
pub const FILLS_PER_ACCOUNT: usize = 2_000;

/// What happened to an account's holding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fill {
    /// A trade, of which it is one side.
    Trade(Arc<TradeRow>),
    /// A position was closed without one.
    Settled(SettledRow),
}

impl Fill {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> TradeId {
        match self {
            Self::Trade(row) => row.trade.id,
            Self::Settled(row) => row.id,
        }
    }

    /// When.
    #[must_use]
    pub fn time(&self) -> BlockTime {
        match self {
            Self::Trade(row) => row.time,
            Self::Settled(row) => row.time,
        }
    }

    /// The trade that it is a side of.
    #[must_use]
    pub const fn trade(&self) -> Option<&Arc<TradeRow>> {
        match self {
            Self::Trade(row) => Some(row),
            Self::Settled(_) => None,
        }
    }
}

/// The position that an event says was closed without a trade; it has no number yet. What a vault takes is only told of
/// who lost it.
pub(crate) fn settled(event: &Event, time: BlockTime) -> Option<SettledRow> {
    Some(match event {
        Event::Takeover(taken) => SettledRow {
            id: TradeId(0),
            time,
            account: taken.account,
            market: taken.market,
            mark: taken.mark,
            size_before: taken.size,
            size: SignedLots::ZERO,
            closed_profit: i128::from(taken.closed_profit.0),
            why: Settled::TakenOver,
        },
        Event::Deleveraged(closed) => SettledRow {
            id: TradeId(0),
            time,
            account: closed.account,
            market: closed.market,
            mark: closed.mark,
            size_before: closed.size_before,
            size: closed.size,
            closed_profit: i128::from(closed.closed_profit.0) - i128::from(closed.paid.0),
            why: Settled::Deleveraged,
        },
        _ => return None,
    })
}

/// The last fills; beyond the bounds the oldest are forgotten.
#[derive(Clone, Debug, Default)]
pub struct Fills {
    by_account: HashMap<AccountId, VecDeque<Fill>>,
    /// In the order in which they came.
    all: VecDeque<(AccountId, TradeId)>,
}

impl Fills {
    pub(crate) fn add(&mut self, row: &Arc<TradeRow>) {
        for account in [row.trade.taker, row.trade.maker] {
            self.add_within(account, Fill::Trade(Arc::clone(row)), FILLS_KEPT);
        }
    }

    /// Keeps the positions that a block closed without trades, numbering them.
    pub(crate) fn add_settled(&mut self, height: Height, rows: &mut [SettledRow]) {
        for (place, row) in (0u64..).zip(rows) {
            if let Some(number) = rejected::number(height, place) {
                row.id = TradeId(number.0);
                self.add_within(row.account, Fill::Settled(*row), FILLS_KEPT);
            }
        }
    }

    fn add_within(&mut self, account: AccountId, fill: Fill, kept: usize) {
        let id = fill.id();
        let fills = self.by_account.entry(account).or_default();
        fills.push_back(fill);
        if fills.len() > FILLS_PER_ACCOUNT {
            fills.pop_front();
        }
        self.all.push_back((account, id));
        while self.all.len() > kept {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((account, id)) = self.all.pop_front() else { return };
        let Some(fills) = self.by_account.get_mut(&account) else { return };
        if fills.front().is_some_and(|fill| fill.id() == id) {
            fills.pop_front();
        }
        if fills.is_empty() {
            self.by_account.remove(&account);
        }
    }

    /// The fills of an account, the last first.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = &Fill> {
        self.by_account.get(&account).into_iter().flat_map(|fills| fills.iter().rev())
    }
}
