//! The dead man's switch: all orders of an account are cancelled at a time, unless it is set anew before.
//!
//! What must not wait does not: from the first block at or after its time on, no order placed before that time trades,
//! whatever else is due. Makers are asked for it as they are met ([`Account::cancelled_before`]), which takes no work
//! beforehand. Taking the orders out of the books, and freeing what stood behind them, is work, and so has a limit per
//! block and is shared in turns: each account that waits has up to [`SWEEP_ORDERS`] of its orders taken out, then the
//! next has its turn, and in the next block it goes on where it stopped.
//!
//! Of what liquidations leave of the limit, noting what comes due takes at most half: of all of it, 833 schedules; 51
//! turns fit into the other half. So an account with `n` orders, of `d` that wait, and whose schedule `s` others precede,
//! is done within `⌈s/833⌉ + ⌈n/16⌉ · ⌈d/51⌉` blocks without liquidations. How many orders the others have doesn't matter.
//! Until then the account's orders can be cancelled one by one, but not modified; they count as open, books show them,
//! and a post-only order that would meet one is refused.
//!
//! Due work can't fail: an account whose orders can't be taken out, which only a fault of these rules could cause, is
//! left as it is, and the block goes on.

use crate::Rejection;
use crate::receipt::{CloseReason, ItemStatus};
use crate::records::{Account, OrderInfo};
use crate::session::{DueWork, Session};
use crate::tables::{AccountOrder, ExchangeTables, ScheduledCancel};
use tandem_coprocessor::{BlockContext, Work};
use tandem_types::{AccountId, BlockTime, OrderId};

/// A scheduled cancel lies at least this many milliseconds ahead.
pub const SCHEDULE_LEAD_MIN_MS: u64 = 5_000;
/// Scheduled cancels that may come due on one day (UTC).
pub const SCHEDULE_USES_MAX: u8 = 10;
/// Orders of one account taken out before the next has its turn.
pub const SWEEP_ORDERS: u32 = 16;
/// Work of noting that a schedule came due.
pub const DUE_WORK: Work = Work(3_000);
/// Work of a turn beside its orders.
pub const TURN_WORK: Work = Work(1_000);

const DAY_MS: u64 = 24 * 3_600_000;

impl Account {
    /// The time before which its orders must have been placed to be cancelled, if any is: by a schedule that came due.
    #[must_use]
    pub fn cancelled_before(&self, now: BlockTime) -> Option<BlockTime> {
        self.sweep.max(self.scheduled_cancel.filter(|due| *due <= now))
    }
}

impl Session<'_, '_> {
    /// Sets, moves or clears the time at which all orders of the account are cancelled. One that has come due is past
    /// being moved.
    pub(crate) fn schedule_cancel(&mut self, time: Option<BlockTime>) -> Result<ItemStatus, Rejection> {
        let now = self.block.time;
        let scheduled = self.tables.accounts.get(&self.account).and_then(|account| account.scheduled_cancel);
        if let Some(due) = scheduled.filter(|due| *due <= now) {
            self.meter.charge(DUE_WORK)?;
            come_due(self.tables, self.account, due, now);
        }
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

    fn set_schedule(&mut self, account: &Account, time: Option<BlockTime>) {
        if let Some(old) = account.scheduled_cancel {
            self.tables.scheduled_cancels.remove(&ScheduledCancel { time: old.0, account: self.account });
        }
        if let Some(new) = time {
            self.tables.scheduled_cancels.put(ScheduledCancel { time: new.0, account: self.account }, ());
        }
        self.tables.accounts.update(&self.account, |account| account.scheduled_cancel = time);
    }

    /// Why an order of the account trades no more, though it is in the book, if so: it was cancelled by its schedule, or
    /// its time is up.
    pub(crate) fn why_dead(&mut self, info: &OrderInfo) -> Option<CloseReason> {
        let account = self.tables.accounts.get(&self.account);
        if is_cancelled(account, || Some(info.time), self.block) {
            return Some(CloseReason::ScheduledCancel);
        }
        info.is_expired(self.block.time).then_some(CloseReason::Expired)
    }

    /// Takes out some of the account's cancelled orders. Says whether none is left.
    fn sweep_turn(&mut self) -> Result<bool, Rejection> {
        let sweep = self.tables.accounts.get(&self.account).and_then(|account| account.sweep);
        let before = sweep.unwrap_or_default();
        for _ in 0..SWEEP_ORDERS {
            if let Some((id, info)) = self.oldest_order().filter(|(_, info)| info.time < before) {
                self.take_out(id, &info, CloseReason::ScheduledCancel)?;
            } else if let Some((id, _)) = self.oldest_waiting().filter(|(_, order)| order.time < before) {
                self.end_waiting(id, CloseReason::ScheduledCancel)?;
            } else {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The account's open order of the lowest id: no order placed before another has a higher one.
    fn oldest_order(&mut self) -> Option<(OrderId, OrderInfo)> {
        let range = (AccountOrder::first(self.account), AccountOrder::last(self.account));
        self.tables.account_orders.first(&range.0, &range.1).map(|(key, info)| (key.id, *info))
    }
}

/// Does what schedules have made due: first notes which came due, with at most half of the meter, then takes orders
/// out.
pub(crate) fn due_work(work: &mut DueWork<'_>) {
    let half = Work(work.meter.left().0.checked_div(2).unwrap_or(0));
    let until = ScheduledCancel::due_until(work.block.time);
    while work.meter.left() >= half.plus(DUE_WORK) {
        let Some((due, ())) = work.tables.scheduled_cancels.first(&ScheduledCancel::START, &until) else {
            break;
        };
        if work.meter.charge(DUE_WORK).is_err() {
            break;
        }
        come_due(work.tables, due.account, BlockTime(due.time), work.block.time);
    }
    sweep(work);
}

/// A schedule came due: it is used, and the account's older orders wait to be taken out.
fn come_due(tables: &mut ExchangeTables, id: AccountId, due: BlockTime, now: BlockTime) {
    tables.scheduled_cancels.remove(&ScheduledCancel { time: due.0, account: id });
    let today = day(now);
    tables.accounts.update(&id, |account| {
        account.schedule_uses = uses_on(account, today).saturating_add(1);
        account.schedule_day = today;
        account.scheduled_cancel = None;
        account.sweep = Some(due);
    });
    tables.sweeps.put(id, ());
}

/// Takes orders out, in turns that go round among the accounts that wait.
fn sweep(work: &mut DueWork<'_>) {
    if next_to_sweep(work.tables, AccountId(0)).is_none() {
        return;
    }
    let cursor = work.tables.sweep_cursor.get(&()).copied();
    let mut from = cursor.unwrap_or_default();
    while work.meter.left() >= TURN_WORK.plus(crate::CANCEL_WORK.times(u64::from(SWEEP_ORDERS))) {
        let Some(account) = next_to_sweep(work.tables, from) else { break };
        let done = turn(work, account);
        if done {
            work.tables.sweeps.remove(&account);
        }
        from = account.next().unwrap_or_default();
    }
    if next_to_sweep(work.tables, from).is_none() {
        work.tables.sweep_cursor.remove(&());
    } else if cursor != Some(from) {
        work.tables.sweep_cursor.put((), from);
    }
}

/// The account whose turn it is: the first that waits from `from` on, and after the last the first of all.
fn next_to_sweep(tables: &mut ExchangeTables, from: AccountId) -> Option<AccountId> {
    let last = AccountId(u32::MAX);
    let after = tables.sweeps.first(&from, &last).map(|(account, ())| account);
    after.or_else(|| tables.sweeps.first(&AccountId(0), &last).map(|(account, ())| account))
}

/// One account's turn. Says whether it waits no longer.
fn turn(work: &mut DueWork<'_>, account: AccountId) -> bool {
    let swept = work.step(account, |session| {
        session.meter.charge(TURN_WORK)?;
        session.sweep_turn()
    });
    // If it fails, its orders stay cancelled: they don't trade, though they can't be taken out.
    let Ok(done) = swept else { return true };
    if done {
        work.tables.accounts.update(&account, |account| account.sweep = None);
    }
    done
}

/// Whether a maker was cancelled by its owner's schedule, though it is in the book.
pub(crate) fn is_cancelled(
    account: Option<&Account>,
    placed: impl FnOnce() -> Option<BlockTime>,
    block: BlockContext,
) -> bool {
    let before = account.and_then(|account| account.cancelled_before(block.time));
    before.is_some_and(|before| placed().is_some_and(|placed| placed < before))
}

const fn uses_on(account: &Account, day: u32) -> u8 {
    if account.schedule_day == day { account.schedule_uses } else { 0 }
}

fn day(time: BlockTime) -> u32 {
    u32::try_from(time.0.checked_div(DAY_MS).unwrap_or(0)).unwrap_or(u32::MAX)
}
