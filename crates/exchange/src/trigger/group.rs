//! Orders that belong together, and orders that follow a position.
//!
//! - `normalTpsl`: the first order opens a position, the others protect it. They wait for its fill, and then for their
//!   prices; when one of them has filled whole, or closed the position, the others end. If the first ends otherwise, they
//!   are for what it filled, or end if it filled nothing or its owner took it back.
//! - `positionTpsl`: each is for the whole position of the moment at which it fires, and ends when the position does.
//!
//! An order of a group that leaves the book, and a position that closes, are noted by whatever did it ([`Ended`],
//! `ended_positions`). Their groups are told in due work of the same block, before triggers fire and again after it.

use super::place::{Role, trigger_of};
use super::record::{Ended, GroupKey, PositionTrigger, Stage};
use crate::Rejection;
use crate::action::{Grouping, Order as OrderRequest};
use crate::receipt::{CloseReason, Event, ItemStatus};
use crate::session::{DueWork, Session};
use crate::tables::{AccountOrder, PositionKey};
use alloc::vec::Vec;
use tandem_coprocessor::Work;
use tandem_types::{AccountId, MarketId, OrderId, SizeLots};

/// Work of telling a group or the orders of a position, beside each of them.
pub const GROUP_WORK: Work = Work(2_000);
/// The least that must be left for another to be told: the largest batch.
const LEFT_MIN: Work = GROUP_WORK.plus(crate::CANCEL_WORK.times(128));

/// Tells groups what became of their orders, and ends what followed positions that are no more.
pub(crate) fn settle(work: &mut DueWork<'_>) {
    let all = (OrderId(0), OrderId(u64::MAX));
    while work.meter.left() >= LEFT_MIN {
        let Some((id, ended)) = work.tables.ended_orders.first(&all.0, &all.1).map(|(id, e)| (id, *e)) else {
            break;
        };
        work.tables.ended_orders.remove(&id);
        // Fails by a fault of these rules only: the group then stays as it is.
        work.step(ended.account, |session| session.tell_group(id, &ended)).ok();
    }
    let (first, last) = (
        PositionKey { account: AccountId(0), market: MarketId(0) },
        PositionKey { account: AccountId(u32::MAX), market: MarketId(u16::MAX) },
    );
    while work.meter.left() >= LEFT_MIN {
        let Some((key, ())) = work.tables.ended_positions.first(&first, &last) else { break };
        if work.step(key.account, |session| session.end_with_position(key)).is_err() {
            work.tables.ended_positions.remove(&key);
        }
    }
}

impl Session<'_, '_> {
    /// Places the orders of a group.
    pub(crate) fn place_group(
        &mut self,
        orders: &[OrderRequest],
        grouping: Grouping,
    ) -> Result<Vec<ItemStatus>, Rejection> {
        match grouping {
            Grouping::PositionTpsl => self.each(orders, |session, order| {
                let trigger = trigger_of(order).filter(|_| order.reduce_only);
                session.place_trigger(order, trigger.ok_or(Rejection::BadGrouping)?, Role::Position)
            }),
            Grouping::NormalTpsl => self.place_bracket(orders),
            Grouping::Na | Grouping::Priority(_) => Err(Rejection::BadGrouping),
        }
    }

    /// Places an order and those that are to protect what it opens.
    fn place_bracket(&mut self, orders: &[OrderRequest]) -> Result<Vec<ItemStatus>, Rejection> {
        let (parent, children) = orders.split_first().ok_or(Rejection::BadGrouping)?;
        let protects = |child: &OrderRequest| {
            let same = child.asset == parent.asset && child.is_buy != parent.is_buy;
            same && child.reduce_only && trigger_of(child).is_some()
        };
        if trigger_of(parent).is_some() || children.is_empty() || !children.iter().all(protects) {
            return Err(Rejection::BadGrouping);
        }
        let mut statuses = self.each(core::slice::from_ref(parent), Self::place)?;
        let role = statuses.first().and_then(|status| self.role_of_children(*status));
        let placed = self.each(children, |session, child| {
            let role = role.ok_or(Rejection::ParentRejected)?;
            session.place_trigger(child, trigger_of(child).ok_or(Rejection::BadGrouping)?, role)
        })?;
        statuses.extend(placed);
        Ok(statuses)
    }

    /// What the orders behind a first one wait for, by what became of that; `None` if there is nothing to protect.
    fn role_of_children(&mut self, parent: ItemStatus) -> Option<Role> {
        match parent {
            ItemStatus::Resting { id, .. } => {
                let key = AccountOrder { account: self.account, id };
                self.tables.account_orders.update(&key, |info| info.group = Some(id))?;
                Some(Role::Child { group: id, stage: Stage::Fill, most: SizeLots(u64::MAX) })
            }
            ItemStatus::Filled { id, size, .. } if !size.is_zero() => {
                Some(Role::Child { group: id, stage: Stage::Price, most: size })
            }
            ItemStatus::Filled { .. }
            | ItemStatus::Done
            | ItemStatus::Rejected(_)
            | ItemStatus::WaitingForFill { .. }
            | ItemStatus::WaitingForTrigger { .. }
            | ItemStatus::TwapRunning { .. }
            | ItemStatus::AccountMade { .. } => None,
        }
    }

    /// Tells a group that one of its orders has left the book.
    fn tell_group(&mut self, id: OrderId, ended: &Ended) -> Result<(), Rejection> {
        self.meter.charge(GROUP_WORK)?;
        let opens = id == ended.group;
        match (opens, ended.whole) {
            (true, true) => self.arm_group(ended.group, SizeLots(u64::MAX)),
            (true, false) if ended.by_owner || ended.filled.is_zero() => {
                self.end_group(ended.group, CloseReason::ParentEnded)
            }
            (true, false) => self.arm_group(ended.group, ended.filled),
            (false, true) => self.end_group(ended.group, CloseReason::SiblingFilled),
            (false, false) => Ok(()),
        }
    }

    /// Ends all that wait in a group.
    pub(crate) fn end_group(&mut self, group: OrderId, reason: CloseReason) -> Result<(), Rejection> {
        let (first, last) = group_range(group);
        while let Some((key, _)) = self.tables.groups.first(&first, &last) {
            self.end_waiting(key.id, reason)?;
        }
        Ok(())
    }

    /// From now on the orders of a group wait for their prices, each for at most `most`.
    fn arm_group(&mut self, group: OrderId, most: SizeLots) -> Result<(), Rejection> {
        let (mut from, last) = group_range(group);
        while let Some((key, _)) = self.tables.groups.first(&from, &last) {
            self.arm(key.id, most)?;
            let Some(next) = key.id.next() else { break };
            from = GroupKey { id: next, ..key };
        }
        Ok(())
    }

    fn arm(&mut self, id: OrderId, most: SizeLots) -> Result<(), Rejection> {
        self.meter.charge(crate::CANCEL_WORK)?;
        let account = self.account;
        let mut order = self.waiting(id).ok_or(Rejection::UnknownOrder)?;
        if order.stage != Stage::Fill {
            return Ok(());
        }
        order.stage = Stage::Price;
        order.size = order.size.map(|size| size.min(most));
        self.tables.trigger_orders.put(AccountOrder { account, id }, order);
        self.tables.triggers.put(order.key(id), account);
        if let Some(mark) = self.tables.perp_prices.get(&order.market).map(|prices| prices.mark) {
            self.note_if_passed(&order, mark);
        }
        self.events.push(Event::Armed { account, id, size: order.size.unwrap_or_default() });
        Ok(())
    }

    /// Ends what followed a position, if it is noted that the position is no more. At most
    /// [`POSITION_TRIGGERS_MAX`](super::POSITION_TRIGGERS_MAX).
    pub(crate) fn end_with_position(&mut self, key: PositionKey) -> Result<(), Rejection> {
        self.meter.charge(GROUP_WORK)?;
        if self.tables.ended_positions.remove(&key).is_none() {
            return Ok(());
        }
        let (first, last) = PositionTrigger::range(key);
        while let Some((found, ())) = self.tables.position_triggers.first(&first, &last) {
            self.end_waiting(found.id, CloseReason::PositionClosed)?;
        }
        Ok(())
    }
}

const fn group_range(group: OrderId) -> (GroupKey, GroupKey) {
    (GroupKey { group, id: OrderId(0) }, GroupKey { group, id: OrderId(u64::MAX) })
}
