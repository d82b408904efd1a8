//! Liquidations as due work: who is looked at, whose turn it is, and how much of it fits into a block.
//!
//! Three parts, in this order, each with a share of [`LIQUIDATION_WORK_MAX`]:
//!
//! 1. *Selection*: markets whose prices have reached bounds of the risk index are gone through, from a cursor on. Whoever
//!    is below its maintenance margin is queued.
//! 2. *Turns*: what is queued has its turn in the order of (due time, account, unit); a turn ends in another one, at once
//!    or a second later, or the unit has its margin again or has nothing left (`liquidate`, `takeover`).
//! 3. *Deleveraging* (`deleverage`): what the insurance fund had to take is closed against those on the other side.
//!
//! What does not fit stays and goes first in the next block. Until its selection, first turns and deleveraging are done, a
//! market takes only cancels and reduce-only orders, from the next block on. Each step runs within a checkpoint; one that
//! fails, which only amounts out of range could cause, is tried again a second later.
//!
//! Invariant: after a block, every unit below its maintenance margin is queued, or its market's selection is not done.

use super::clearing::clearing;
use super::margin::Margin;
use super::position::Position;
use super::risk;
use super::terms::{COOLDOWN_MS, RETRY_MS};
use crate::Rejection;
use crate::session::{DueWork, Session};
use crate::tables::ExchangeTables;
use tandem_coprocessor::{Work, WorkMeter};
use tandem_types::{AccountId, BlockTime, MarketId};

pub use super::pending::{Liquidation, MarginUnit, TurnKey, VaultAddresses, Vaults, Waiting};

/// Most work of liquidations in a block: of the exchange's due work the larger part.
pub const LIQUIDATION_WORK_MAX: Work = Work(3_000_000);

impl Session<'_, '_> {
    pub(crate) fn is_insurance(&mut self, account: AccountId) -> bool {
        self.tables.perp_vaults.get(&()).is_some_and(|vaults| vaults.insurance == account)
    }

    /// Queues a unit that was found below its maintenance margin; `market` waits for its first turn.
    pub(crate) fn enqueue(&mut self, unit: MarginUnit, market: Option<MarketId>) {
        let now = self.block.time;
        let liquidation = Liquidation { due: now, next: MarketId(0), waiting: market };
        self.tables.liquidations.put(unit, liquidation);
        self.tables.liquidation_queue.put(TurnKey { due: now.0, unit }, ());
        if let Some(market) = market {
            let waiting = self.tables.liquidations_waiting.get(&market).copied();
            let waiting = waiting.unwrap_or(Waiting { since: now, count: 0 });
            let count = waiting.count.saturating_add(1);
            self.tables.liquidations_waiting.put(market, Waiting { count, ..waiting });
        }
    }

    /// A unit has a turn: its market no longer waits for it.
    pub(crate) fn begin_turn(&mut self, unit: &MarginUnit) -> Option<Liquidation> {
        let mut liquidation = *self.tables.liquidations.get(unit)?;
        let Some(market) = liquidation.waiting.take() else { return Some(liquidation) };
        self.tables.liquidations.put(*unit, liquidation);
        let waiting = self.tables.liquidations_waiting.get(&market).copied()?;
        match waiting.count.checked_sub(1).filter(|count| *count > 0) {
            Some(count) => self.tables.liquidations_waiting.put(market, Waiting { count, ..waiting }),
            None => {
                self.tables.liquidations_waiting.remove(&market);
            }
        }
        Some(liquidation)
    }

    /// Sets when a unit has its next turn.
    pub(crate) fn set_turn(&mut self, unit: MarginUnit, liquidation: Liquidation, due: BlockTime) {
        self.tables.liquidation_queue.remove(&TurnKey { due: liquidation.due.0, unit });
        self.tables.liquidations.put(unit, Liquidation { due, ..liquidation });
        self.tables.liquidation_queue.put(TurnKey { due: due.0, unit }, ());
    }

    /// A unit is not liquidated any more. That a part of it was sold is remembered as long as it matters.
    pub(crate) fn end_liquidation(&mut self, unit: MarginUnit, liquidation: &Liquidation) {
        let last = self.tables.partial_liquidations.get(&unit).copied();
        let age = last.and_then(|last| self.block.time.ms_since(last));
        if age.is_some_and(|age| age >= COOLDOWN_MS) {
            self.tables.partial_liquidations.remove(&unit);
        }
        self.tables.liquidation_queue.remove(&TurnKey { due: liquidation.due.0, unit });
        self.tables.liquidations.remove(&unit);
    }

    /// What a unit is worth and what it needs to stay.
    pub(crate) fn unit_margin(&mut self, unit: &MarginUnit) -> Result<Margin, Rejection> {
        let mut clearing = clearing!(self.tables, self.meter);
        match unit.isolated {
            None => clearing.cross_margin(unit.account),
            Some(id) => {
                let priced = clearing.priced(id)?;
                let position = clearing.position(unit.account, id, &priced.market);
                Ok(Margin::own(&position, &priced.prices, &priced.market.tiers))
            }
        }
    }
}

/// Does what prices have made due.
pub(crate) fn due_work(work: &mut DueWork<'_>) {
    select(work);
    turns(work);
    deleverage(work);
}

/// Whether the meter has used more than so many quarters of its limit.
const fn is_beyond(meter: &WorkMeter, quarters: u64) -> bool {
    let (used, left) = (meter.used().0, meter.left().0);
    used.saturating_mul(4) > used.saturating_add(left).saturating_mul(quarters)
}

/// Runs a step for an account; one that fails leaves no trace.
fn step_of<T>(
    work: &mut DueWork<'_>,
    account: AccountId,
    run: impl FnOnce(&mut Session<'_, '_>) -> Result<T, Rejection>,
) -> Step<T> {
    let is_first = work.meter.used() == Work(0);
    match work.step(account, run) {
        Ok(done) => Step::Done(done),
        Err(Rejection::OutOfWork) if !is_first => Step::NoRoom,
        Err(_) => Step::Failed,
    }
}

/// How a step ended.
enum Step<T> {
    Done(T),
    /// It needs more work than is left in this block.
    NoRoom,
    /// It can't be done.
    Failed,
}

/// Looks at whomever prices have reached.
fn select(work: &mut DueWork<'_>) {
    if next_market(work.tables, MarketId(0)).is_none() {
        return;
    }
    let mut from = work.tables.risk_cursor.get(&()).copied().unwrap_or_default();
    while let Some(market) = next_market(work.tables, from) {
        if !select_in(work, market) {
            work.tables.risk_cursor.put((), market);
            return;
        }
        work.tables.risk_due.remove(&market);
        from = market.next().unwrap_or_default();
    }
    work.tables.risk_cursor.remove(&());
}

/// The market whose turn it is: the first from `from` on, and after the last the first of all.
fn next_market(tables: &mut ExchangeTables, from: MarketId) -> Option<MarketId> {
    let last = MarketId(u16::MAX);
    let after = tables.risk_due.first(&from, &last).map(|(market, _)| market);
    after.or_else(|| tables.risk_due.first(&MarketId(0), &last).map(|(market, _)| market))
}

/// Goes through one market. Says whether it came to the end.
fn select_in(work: &mut DueWork<'_>, market: MarketId) -> bool {
    while let Some(account) = risk::first_due(work.tables, market) {
        if is_beyond(work.meter, 2) {
            return false;
        }
        match step_of(work, account, |session| session.reindex(account)) {
            Step::Done(()) => {}
            Step::NoRoom => return false,
            // It can't be margined: it is passed over until it is touched.
            Step::Failed => drop_bound(work, market, account),
        }
    }
    true
}

/// Takes an account's entry out of the risk index.
fn drop_bound(work: &mut DueWork<'_>, id: MarketId, account: AccountId) {
    let key = crate::PositionKey { account, market: id };
    let Some(position) = work.tables.positions.get(&key).copied() else { return };
    let Some(market) = work.tables.perp_markets.get(&id).copied() else { return };
    let unbound = Position { bound: None, ..position };
    clearing!(work.tables, work.meter).set_position(key, &market, &position, unbound);
}

/// Turns of what is queued.
fn turns(work: &mut DueWork<'_>) {
    let now = work.block.time;
    let first = TurnKey { due: 0, unit: MarginUnit::cross(AccountId(0)) };
    let last = TurnKey {
        due: now.0,
        unit: MarginUnit::isolated(AccountId(u32::MAX), MarketId(u16::MAX.saturating_sub(1))),
    };
    while !is_beyond(work.meter, 3) {
        let Some((TurnKey { unit, .. }, ())) = work.tables.liquidation_queue.first(&first, &last) else {
            break;
        };
        match step_of(work, unit.account, |session| session.liquidation_turn(unit)) {
            Step::Done(()) => {}
            Step::NoRoom => break,
            Step::Failed => {
                let put_off = step_of(work, unit.account, |session| {
                    let liquidation = session.begin_turn(&unit).ok_or(Rejection::Overflow)?;
                    session.set_turn(unit, liquidation, now.plus_ms(RETRY_MS));
                    Ok(())
                });
                if !matches!(put_off, Step::Done(())) {
                    break;
                }
            }
        }
    }
}

/// Closes what the insurance fund holds against those on the other side.
fn deleverage(work: &mut DueWork<'_>) {
    let Some(vaults) = work.tables.perp_vaults.get(&()).copied() else { return };
    let (mut from, last) = (MarketId(0), MarketId(u16::MAX));
    while let Some((market, _)) = work.tables.deleverages.first(&from, &last) {
        match step_of(work, vaults.insurance, |session| session.deleverage_step(market)) {
            Step::Done(true) => {}
            Step::NoRoom => return,
            Step::Done(false) | Step::Failed => {
                let Some(next) = market.next() else { return };
                from = next;
            }
        }
    }
}
