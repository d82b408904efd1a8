//! What the mark has passed, and firing it.

use super::record::{Direction, DueTriggers, TriggerKey, TriggerOrder};
use crate::Rejection;
use crate::form::{MAKER_WORK, ORDER_WORK};
use crate::perp::is_reduce_only;
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

/// Orders that have their turn together: of a run, what the mark has passed, or what was held back by liquidations.
#[derive(Clone, Copy, Debug)]
struct Due {
    run: DueTriggers,
    /// How far the mark has come; `None` for those held back.
    bound: Option<PriceTicks>,
}

/// Fires what is due, in turns that go round among the runs.
pub(crate) fn due_work(work: &mut DueWork<'_>) {
    let cursor = work.tables.trigger_cursor.get(&()).copied();
    let mut runs = due_runs(work, cursor.unwrap_or(DueTriggers::FIRST));
    let mut next = None;
    let mut fired = 0u32;
    while !runs.is_empty() && next.is_none() {
        runs.retain(|due| {
            if next.is_some() {
                return true;
            }
            let turn = turn(work, due, &mut fired);
            if turn == Turn::OutOfWork {
                next = Some(due.run);
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

/// What is due, from the run `from` on and then round, without that of markets whose prices are stale. Of a run those
/// held back come first: they were met first.
fn due_runs(work: &mut DueWork<'_>, from: DueTriggers) -> Vec<Due> {
    let mut all = held_runs(work);
    let mut at = Some(DueTriggers::FIRST);
    while let Some(start) = at {
        let Some((run, bound)) = work.tables.due_triggers.first(&start, &DueTriggers::LAST) else { break };
        all.push(Due { run, bound: Some(*bound) });
        at = (run < DueTriggers::LAST).then(|| run.next());
    }
    all.retain(|due| is_fresh(work, due.run.market));
    all.sort_by_key(|due| (due.run < from, due.run, due.bound.is_some()));
    all
}

/// The runs of those held back whose markets have no pending liquidations any more.
fn held_runs(work: &mut DueWork<'_>) -> Vec<Due> {
    let mut found = Vec::new();
    let mut at = Some(DueTriggers::FIRST);
    while let Some(start) = at {
        let (first, last) = (TriggerKey::first(start), TriggerKey::last(DueTriggers::LAST));
        let Some(run) = work.tables.held_triggers.first(&first, &last).map(|(key, _)| key.run()) else {
            break;
        };
        if !is_reduce_only(work.tables, run.market, work.block.time) {
            found.push(Due { run, bound: None });
        }
        at = (run < DueTriggers::LAST).then(|| run.next());
    }
    found
}

fn is_fresh(work: &mut DueWork<'_>, market: MarketId) -> bool {
    let stale_ms = work.tables.perp_config.get(&()).copied().unwrap_or_default().price_stale_ms;
    let prices = work.tables.perp_prices.get(&market);
    prices.is_some_and(|prices| !prices.is_stale(work.block.time, stale_ms))
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

fn turn(work: &mut DueWork<'_>, due: &Due, fired: &mut u32) -> Turn {
    for _ in 0..TRIGGER_TURN {
        if work.meter.left() < LEFT_MIN {
            return Turn::OutOfWork;
        }
        let Some((key, account)) = first_of(work.tables, due) else {
            if due.bound.is_some() {
                work.tables.due_triggers.remove(&due.run);
            }
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

/// The first order that is due, and whose it is.
fn first_of(tables: &mut ExchangeTables, due: &Due) -> Option<(TriggerKey, AccountId)> {
    let first = TriggerKey::first(due.run);
    let found = match due.bound {
        Some(bound) => tables.triggers.first(&first, &TriggerKey::last_passed(due.run, bound)),
        None => tables.held_triggers.first(&first, &TriggerKey::last(due.run)),
    };
    found.map(|(key, who)| (key, *who))
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
        work.tables.held_triggers.remove(&key);
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
        if !order.reduce_only && is_reduce_only(self.tables, order.market, self.block.time) {
            self.hold(id, &order);
            return Ok(());
        }
        let Some(size) = self.size_to_fire(&order)? else {
            return self.end_waiting(id, CloseReason::PositionClosed);
        };
        let market = *self.tables.perp_markets.get(&order.market).ok_or(Rejection::UnknownAsset)?;
        let request = order.request(size, market.price_scale(), market.size_decimals);
        let request = request.ok_or(Rejection::Overflow)?;
        self.builder = self.tables.order_builders.get(&id).copied();
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
