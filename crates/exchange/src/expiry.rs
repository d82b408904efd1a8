//! Orders with an expiry: good until a time.
//!
//! What must not wait does not: from the first block at or after its time on, an order doesn't trade, for makers are asked
//! as they are met. The lists of what is due are empty but for a flood, so that asking costs one search. Taking expired
//! orders out of the books, and freeing what stood behind them, has a limit per block: [`EXPIRIES_PER_BLOCK`], the
//! earliest first. Their table is its own cursor, since each that is taken out leaves it. Until then such an order can be
//! cancelled by its owner, but not modified; it counts as open, books show it, and a post-only order that would meet it is
//! refused.
//!
//! Any order may have an expiry; of one that can't rest it says no more than until when it may arrive.

use crate::Rejection;
use crate::receipt::CloseReason;
use crate::records::OrderInfo;
use crate::session::{DueWork, Session};
use crate::tables::{AccountOrder, Expiry};
use tandem_coprocessor::Work;
use tandem_types::BlockTime;

/// Work of finding an expired order, beside taking it out.
pub const EXPIRY_WORK: Work = Work(1_000);
/// Expired orders taken out in one block.
pub const EXPIRIES_PER_BLOCK: u32 = 1_000;

impl OrderInfo {
    /// Whether its time is up.
    #[must_use]
    pub fn is_expired(&self, now: BlockTime) -> bool {
        self.expires.is_some_and(|time| time <= now)
    }
}

/// Takes out orders whose time is up.
pub(crate) fn due_work(work: &mut DueWork<'_>) {
    let until = Expiry::due_until(work.block.time);
    for _ in 0..EXPIRIES_PER_BLOCK {
        let Some((due, ())) = work.tables.expiries.first(&Expiry::START, &until) else { return };
        if work.step(due.account, |session| session.expire(due)).is_err() {
            // Only a fault of these rules leads here. The order stays expired, though it can't be taken out.
            work.tables.expiries.remove(&due);
        }
    }
}

impl Session<'_, '_> {
    fn expire(&mut self, due: Expiry) -> Result<(), Rejection> {
        self.meter.charge(EXPIRY_WORK)?;
        let key = AccountOrder { account: due.account, id: due.id };
        match self.tables.account_orders.get(&key).copied() {
            Some(info) => self.take_out(due.id, &info, CloseReason::Expired),
            None => self.end_waiting(due.id, CloseReason::Expired),
        }
    }
}
