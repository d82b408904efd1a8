//! TWAP orders: when each began, how it ended, and what its parts traded.
//!
//! What a TWAP order is, an event says as it begins; when it ends, the state of before its last block still has it.

use crate::block::TradeRow;
use crate::kept::Kept;
use crate::markets::entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tandem_exchange::twap::{Twap, TwapEnd, TwapKey};
use tandem_exchange::{Event, ExchangeTables};
use tandem_node::DecidedBlock;
use tandem_state::Prefix;
use tandem_types::{AccountId, BlockTime, OrderId};

/// Beginnings and ends kept of each account.
pub const TWAPS_PER_ACCOUNT: usize = 500;
/// Beginnings and ends kept in all.
pub const TWAPS_KEPT: usize = 100_000;
/// Fills of parts kept of each account.
pub const SLICE_FILLS_PER_ACCOUNT: usize = 2_000;
/// Fills of parts kept in all.
pub const SLICE_FILLS_KEPT: usize = 200_000;

const TWAPS: Prefix = Prefix::new(ExchangeTables::ENGINE, 57);

/// Where a TWAP order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwapStatus {
    /// It began.
    Running,
    /// It ended, and how.
    Ended(TwapEnd),
}

/// A TWAP order as it began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwapRow {
    /// Whose, and its number.
    pub key: TwapKey,
    /// As it was then.
    pub twap: Twap,
    /// Where it stands.
    pub status: TwapStatus,
    /// When.
    pub time: BlockTime,
}

/// What a block did to TWAP orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TwapChanges {
    /// Those that began or ended, in order.
    pub rows: Vec<TwapRow>,
    /// Accounts of which one began, traded, ended or had its turn, in the order of their ids.
    pub accounts: Vec<AccountId>,
}

/// The TWAP orders that a block tells of.
#[derive(Debug, Default)]
pub(crate) struct OfBlock {
    known: BTreeMap<TwapKey, Twap>,
    /// The orders of parts that traded.
    parts: HashMap<OrderId, TwapKey>,
    pub(crate) changes: TwapChanges,
}

impl OfBlock {
    pub(crate) fn new(block: &DecidedBlock) -> Self {
        let mut of_block = Self::default();
        for change in block.delta.changes_under(&TWAPS.0) {
            let found = |value| entry::<TwapKey, Twap>(change.key, value);
            let found = found(change.old).or_else(|| found(change.new));
            of_block.known.extend(found);
        }
        let actions = block.receipts.actions.iter().flat_map(|receipt| &receipt.events);
        for event in actions.chain(&block.receipts.due) {
            of_block.hear(event, block.block.header.time);
        }
        let told = of_block.changes.rows.iter().map(|row| row.key.account);
        let accounts: BTreeSet<_> = of_block.known.keys().map(|key| key.account).chain(told).collect();
        of_block.changes.accounts = accounts.into_iter().collect();
        of_block
    }

    fn hear(&mut self, event: &Event, time: BlockTime) {
        let (key, ended) = match *event {
            Event::TwapStarted { account, id, twap } => {
                let key = TwapKey { account, id };
                self.known.insert(key, twap);
                (key, None)
            }
            Event::TwapPart { account, id, order, .. } => {
                self.parts.insert(order, TwapKey { account, id });
                return;
            }
            Event::TwapEnded { account, id, filled, notional, why } => {
                (TwapKey { account, id }, Some((filled, notional, why)))
            }
            _ => return,
        };
        let Some(mut twap) = self.known.get(&key).copied() else { return };
        let mut status = TwapStatus::Running;
        if let Some((filled, notional, why)) = ended {
            (twap.filled, twap.notional, status) = (filled, notional, TwapStatus::Ended(why));
        }
        self.changes.rows.push(TwapRow { key, twap, status, time });
    }

    /// The TWAP order that an order is a part of.
    pub(crate) fn of_part(&self, order: OrderId) -> Option<(TwapKey, &Twap)> {
        let key = self.parts.get(&order)?;
        Some((*key, self.known.get(key)?))
    }

    /// Says of trades by which TWAP order they are.
    pub(crate) fn mark(&self, rows: &mut [Arc<TradeRow>]) {
        for row in rows.iter_mut().filter_map(Arc::get_mut) {
            row.twap = self.parts.get(&row.trade.taker_order).map(|key| key.id);
        }
    }
}

/// The last TWAP orders that began or ended; beyond the bounds the oldest are forgotten.
#[derive(Clone, Debug)]
pub struct TwapHistory {
    rows: Kept<TwapRow>,
    fills: Kept<Arc<TradeRow>>,
}

impl Default for TwapHistory {
    fn default() -> Self {
        Self {
            rows: Kept::new(TWAPS_PER_ACCOUNT, TWAPS_KEPT),
            fills: Kept::new(SLICE_FILLS_PER_ACCOUNT, SLICE_FILLS_KEPT),
        }
    }
}

impl TwapHistory {
    pub(crate) fn add(&mut self, changes: &TwapChanges, trades: &[Arc<TradeRow>]) {
        for row in &changes.rows {
            self.rows.add(row.key.account, *row);
        }
        for row in trades.iter().filter(|row| row.twap.is_some()) {
            self.fills.add(row.trade.taker, Arc::clone(row));
        }
    }

    /// Beginnings and ends of an account's TWAP orders, the last first.
    pub fn of(&self, account: AccountId) -> impl DoubleEndedIterator<Item = &TwapRow> {
        self.rows.of(account)
    }

    /// What the parts of an account's TWAP orders traded, the last first.
    pub fn fills(&self, account: AccountId) -> impl DoubleEndedIterator<Item = &Arc<TradeRow>> {
        self.fills.of(account)
    }
}
