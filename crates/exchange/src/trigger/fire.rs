//! What the mark has passed, and firing it.

use super::record::{Direction, DueTriggers, TriggerKey, TriggerOrder};
use crate::Rejection;
use crate::form::{MAKER_WORK, ORDER_WORK};
use crate::receipt::{CloseReason, Event, ItemStatus};
use crate::session::{DueWork, Session};
use crate::tables::{AccountOrder, ExchangeTables};
use alloc::vec::Vec;
use tandem_coprocessor::Work;
use tandem_types::{AccountId, MarketId, OrderId, PriceTicks, SizeLots};

/// Work of firing an order, beside that of the order that it becomes.
pub const TRIGGER_WORK: Work = Work(4_000);
/// Orders of one market and direction fired before the next has its turn.
pub const TRIGGER_TURN: u32 = 16;
/// The least that must be left for another to be fired: itself, its order, and some makers.
const LEFT_MIN: Work = TRIGGER_WORK.plus(ORDER_WORK).plus(MAKER_WORK.times(4));

/// Notes what a mark price has passed. Part of a price update.
pub(crate) fn pass(tables: &mut ExchangeTables, market: MarketId, mark: PriceTicks) {
    for direction in Direction::ALL {
        let run = DueTriggers { market, direction };
        let (first, last) = (TriggerKey::first(run), TriggerKey::last_passed(run, mark));
        if tables.triggers.first(&first, &last).is_some() {
            note(tables, run, mark);
        }
    }
}

/// Notes that a run is due up to `mark`; if it already is, up to the farther of both.
pub(crate) fn note(tables: &mut ExchangeTables, run: DueTriggers, mark: PriceTicks) {
    let noted = tables.due_triggers.get(&run).copied();
    let mark = noted.map_or(mark, |noted| run.direction.farther(noted, mark));
    if noted != Some(mark) {
        tables.due_triggers.put(run, mark);
    }
}

/// Fires what is due, in turns that go round among the runs.
pub(crate) fn due_work(work: &mut DueWork<'_>) {
    let cursor = work.tables.trigger_cursor.get(&()).copied();
    let mut runs = due_runs(work, cursor.unwrap_or(DueTriggers::FIRST));
    let mut next = None;
    let mut fired = 0u32;
    while !runs.is_empty() && next.is_none() {
        runs.retain(|(run, bound)| {
            if next.is_some() {
                return true;
            }
            let turn = turn(work, *run, *bound, &mut fired);
            if turn == Turn::OutOfWork {
                next = Some(*run);
            }
            turn != Turn::NoneLeft
        });
    }
    // After a block that did all, the next begins anew.
    match next {
        Some(run) if cursor != Some(run) => work.tables.trigger_cursor.put((), run),
        None if cursor.is_some() => drop(work.tables.trigger_cursor.remove(&())),
        Some(_) | None => {}
    }
}

/// The runs that are due, from `from` on and then round, without those of markets whose prices are stale.
fn due_runs(work: &mut DueWork<'_>, from: DueTriggers) -> Vec<(DueTriggers, PriceTicks)> {
    let tables = &mut *work.tables;
    let stale_ms = tables.perp_config.get(&()).copied().unwrap_or_default().price_stale_ms;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut at = Some(DueTriggers::FIRST);
    while let Some(start) = at {
        let Some((run, bound)) = tables.due_triggers.first(&start, &DueTriggers::LAST) else { break };
        let due = (run, *bound);
        at = (run < DueTriggers::LAST).then(|| run.next());
        let prices = tables.perp_prices.get(&run.market);
        if prices.is_none_or(|prices| prices.is_stale(work.block.time, stale_ms)) {
            continue;
        }
        if run < from { before.push(due) } else { after.push(due) }
    }
    after.extend(before);
    after
}

/// How a run's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It has more.
    More,
    /// It has no more.
    NoneLeft,
    /// The block has no more work for it.
    OutOfWork,
}

fn turn(work: &mut DueWork<'_>, run: DueTriggers, bound: PriceTicks, fired: &mut u32) -> Turn {
    for _ in 0..TRIGGER_TURN {
        if work.meter.left() < LEFT_MIN {
            return Turn::OutOfWork;
        }
        let (first, last) = (TriggerKey::first(run), TriggerKey::last_passed(run, bound));
        let Some((key, account)) = work.tables.triggers.first(&first, &last).map(|(key, who)| (key, *who))
        else {
            work.tables.due_triggers.remove(&run);
            return Turn::NoneLeft;
        };
        let refused = work.step(account, |session| session.fire(key.id)).err();
        match refused {
            None => {}
            // With a whole block's work it may yet succeed; the first of a block had that.
            Some(Rejection::OutOfWork) if *fired > 0 => return Turn::OutOfWork,
            Some(why) => refuse(work, account, key, why),
        }
        *fired = fired.saturating_add(1);
    }
    Turn::More
}

/// Ends an order that could not be fired, and reports it.
fn refuse(work: &mut DueWork<'_>, account: AccountId, key: TriggerKey, why: Rejection) {
    let ended = work.step(account, |session| {
        session.strike(key.id).ok_or(Rejection::UnknownOrder)?;
        session.events.push(Event::TriggerRefused { account, id: key.id, why });
        Ok(())
    });
    if ended.is_err() {
        // Only a fault of these rules leads here.
        work.tables.triggers.remove(&key);
    }
}

impl Session<'_, '_> {
    /// Fires a waiting order: it becomes an ordinary one.
    fn fire(&mut self, id: OrderId) -> Result<(), Rejection> {
        self.meter.charge(TRIGGER_WORK)?;
        let order = self.waiting(id).ok_or(Rejection::UnknownOrder)?;
        if let Some(reason) = self.why_dead_waiting(&order) {
            return self.end_waiting(id, reason);
        }
        let Some(size) = self.size_to_fire(&order)? else {
            return self.end_waiting(id, CloseReason::PositionClosed);
        };
        let market = *self.tables.perp_markets.get(&order.market).ok_or(Rejection::UnknownAsset)?;
        let request = order.request(size, market.price_scale(), market.size_decimals);
        let request = request.ok_or(Rejection::Overflow)?;
        self.strike(id);
        let becomes = self.tables.counters.get(&()).map(|counters| counters.order).unwrap_or_default();
        self.events.push(Event::Triggered { account: self.account, id, becomes });
        let status = self.place_perp(&request, order.market)?;
        self.tell_siblings(&order, size, status)
    }

    /// The size of an order that fires; `None` if the position that it follows is no more.
    fn size_to_fire(&mut self, order: &TriggerOrder) -> Result<Option<SizeLots>, Rejection> {
        if let Some(size) = order.size {
            return Ok(Some(size));
        }
        let key = crate::tables::PositionKey { account: self.account, market: order.market };
        if self.tables.ended_positions.contains(&key) {
            return Ok(None);
        }
        Ok(Some(self.reducible_by(order)).filter(|size| !size.is_zero()))
    }

    /// Ends those that wait with an order that fired, if it has done all; if it rests, they are told when it ends.
    fn tell_siblings(
        &mut self,
        order: &TriggerOrder,
        size: SizeLots,
        status: ItemStatus,
    ) -> Result<(), Rejection> {
        let Some(group) = order.group else { return Ok(()) };
        match status {
            ItemStatus::Filled { size: filled, .. } => {
                let all = filled >= size || self.reducible_by(order).is_zero();
                if all { self.end_group(group, CloseReason::SiblingFilled) } else { Ok(()) }
            }
            ItemStatus::Resting { id, .. } => {
                let key = AccountOrder { account: self.account, id };
                self.tables.account_orders.update(&key, |info| info.group = Some(group));
                Ok(())
            }
            ItemStatus::Done
            | ItemStatus::Rejected(_)
            | ItemStatus::WaitingForFill { .. }
            | ItemStatus::WaitingForTrigger { .. }
            | ItemStatus::TwapRunning { .. }
            | ItemStatus::AccountMade { .. } => Ok(()),
        }
    }
}
