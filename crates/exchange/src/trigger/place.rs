//! A trigger order that comes: checked as far as it can be before its price does, then listed.
//!
//! Margin, the price band and the position are judged when it fires, by what they are then; nothing is held for it before.

use super::record::{Direction, DueTriggers, POSITION_TRIGGERS_MAX, PositionTrigger, Stage, TriggerOrder};
use crate::Rejection;
use crate::action::{Order as OrderRequest, OrderKind, Trigger};
use crate::form::{self, ORDER_WORK};
use crate::perp::{clearing, position::notional_amount};
use crate::receipt::{CloseReason, Event, ItemStatus};
use crate::session::Session;
use crate::tables::PositionKey;
use tandem_book::Side;
use tandem_types::{MarketId, OrderId, PriceTicks, SizeLots};

/// How a trigger order belongs to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Not at all.
    Alone,
    /// To a group, waiting for this, for at most this size.
    Child { group: OrderId, stage: Stage, most: SizeLots },
    /// To a position.
    Position,
}

impl Session<'_, '_> {
    /// Takes in a trigger order on a perpetual market.
    pub(crate) fn place_trigger(
        &mut self,
        request: &OrderRequest,
        trigger: &Trigger,
        role: Role,
    ) -> Result<ItemStatus, Rejection> {
        self.meter.charge(ORDER_WORK)?;
        let id = MarketId(u16::try_from(request.asset.0).map_err(|_| Rejection::UnknownAsset)?);
        let (order, mark) = self.validate_trigger(request, trigger, id, role)?;
        self.check_cloid(request)?;
        self.check_open_orders(true)?;
        if role == Role::Position {
            self.check_position_triggers(&order)?;
        }
        if order.stage == Stage::Price && order.group.is_none() && self.has_passed(&order, mark) {
            return Err(Rejection::BadTriggerPrice);
        }
        let account = self.account;
        let id = self.next_order_id()?;
        self.list(id, order);
        self.events.push(Event::Waiting { account, id, order });
        if order.stage == Stage::Price && order.group.is_some() {
            self.note_if_passed(&order, mark);
        }
        Ok(match role {
            Role::Alone => ItemStatus::Resting { id, filled: SizeLots::ZERO },
            Role::Child { stage: Stage::Fill, .. } => ItemStatus::WaitingForFill { id },
            Role::Child { .. } | Role::Position => ItemStatus::WaitingForTrigger { id },
        })
    }

    /// Replaces a waiting order. Another trigger order takes its place in its group or at its position.
    pub(crate) fn modify_waiting(
        &mut self,
        id: OrderId,
        request: &OrderRequest,
    ) -> Result<ItemStatus, Rejection> {
        let order = self.waiting(id).ok_or(Rejection::ModifyUnknownOrder)?;
        if self.why_dead_waiting(&order).is_some() {
            return Err(Rejection::ModifyUnknownOrder);
        }
        self.end_waiting(id, CloseReason::Modified)?;
        let most = SizeLots(u64::MAX);
        match (trigger_of(request), order.group, order.size) {
            (Some(trigger), Some(group), _) => {
                let role = Role::Child { group, stage: order.stage, most };
                self.place_trigger(request, trigger, role)
            }
            (Some(trigger), None, None) => self.place_trigger(request, trigger, Role::Position),
            (_, _, _) => self.place(request),
        }
    }

    fn validate_trigger(
        &mut self,
        request: &OrderRequest,
        trigger: &Trigger,
        id: MarketId,
        role: Role,
    ) -> Result<(TriggerOrder, PriceTicks), Rejection> {
        let priced = clearing!(self.tables, self.meter).priced(id)?;
        self.check_expiry(request)?;
        let scale = priced.market.price_scale();
        let price = form::parse_price(&request.price, scale)?;
        let trigger_price = form::parse_price(&trigger.price, scale)?.to_ticks(scale);
        let (group, stage, size) = match role {
            Role::Position => (None, Stage::Price, None),
            Role::Alone | Role::Child { .. } => {
                let size = form::parse_size(&request.size, priced.market.size_decimals)?;
                let value = notional_amount(size, price.to_ticks(scale));
                let value = value.map_err(|_| Rejection::SizeTooLarge)?;
                if value < self.config.notional_min && !request.reduce_only {
                    return Err(Rejection::NotionalTooSmall);
                }
                if value > priced.market.order_notional_max(!trigger.is_market) {
                    return Err(Rejection::OrderTooLarge);
                }
                match role {
                    Role::Child { group, stage, most } => (Some(group), stage, Some(size.min(most))),
                    Role::Alone | Role::Position => (None, Stage::Price, Some(size)),
                }
            }
        };
        let order = TriggerOrder {
            market: id,
            side: if request.is_buy { Side::Bid } else { Side::Ask },
            price,
            size,
            tpsl: trigger.tpsl,
            trigger: trigger_price,
            is_market: trigger.is_market,
            reduce_only: request.reduce_only,
            cloid: request.cloid,
            self_trade_prevention: request.self_trade_prevention,
            expires: request.expires,
            time: self.block.time,
            group,
            stage,
        };
        Ok((order, priced.prices.mark))
    }

    /// There is a position that the order would reduce, and room among those that follow it.
    fn check_position_triggers(&mut self, order: &TriggerOrder) -> Result<(), Rejection> {
        let key = PositionKey { account: self.account, market: order.market };
        self.end_with_position(key)?;
        if self.reducible_by(order) == SizeLots::ZERO {
            return Err(Rejection::ReduceOnlyWouldIncrease);
        }
        let (mut from, to) = PositionTrigger::range(key);
        for _ in 0..POSITION_TRIGGERS_MAX {
            let Some((found, ())) = self.tables.position_triggers.first(&from, &to) else { return Ok(()) };
            let Some(next) = found.id.next() else { break };
            from = PositionTrigger { id: next, ..found };
        }
        Err(Rejection::TooManyPositionTriggers)
    }

    /// What an order may take off its owner's position.
    pub(crate) fn reducible_by(&mut self, order: &TriggerOrder) -> SizeLots {
        let key = PositionKey { account: self.account, market: order.market };
        let position = self.tables.positions.get(&key).copied();
        let position = position.filter(|position| position.reducing_side() == Some(order.side));
        position.map_or(SizeLots::ZERO, |position| position.size.magnitude())
    }

    /// Whether the mark has passed an order's price, or prices up to there are being fired.
    fn has_passed(&mut self, order: &TriggerOrder, mark: PriceTicks) -> bool {
        let DueTriggers { direction, .. } = order.run();
        let noted = self.tables.due_triggers.get(&order.run()).copied();
        let mark = noted.map_or(mark, |noted| direction.farther(noted, mark));
        direction.has_passed(order.trigger, mark)
    }

    /// Makes an order due that came to wait behind the mark.
    pub(crate) fn note_if_passed(&mut self, order: &TriggerOrder, mark: PriceTicks) {
        let run = order.run();
        if Direction::of(order.side, order.tpsl).has_passed(order.trigger, mark) {
            super::fire::note(self.tables, run, mark);
        }
    }
}

/// The trigger of an order that is one.
pub(crate) const fn trigger_of(request: &OrderRequest) -> Option<&Trigger> {
    match &request.kind {
        OrderKind::Trigger(trigger) => Some(trigger),
        OrderKind::Limit(_) => None,
    }
}
