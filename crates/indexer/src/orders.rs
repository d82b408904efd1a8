//! Open orders as events tell of them.

use crate::markets::{entry, listings};
use crate::rejected::{self, orders_of};
use std::collections::HashMap;
use tandem_book::Side;
use tandem_exchange::action::{TimeInForce, Tpsl};
use tandem_exchange::perp::is_perpetual;
use tandem_exchange::trigger::TriggerOrder;
use tandem_exchange::{
    AccountOrder, CloseReason, Event, ExchangeTables, ItemStatus, OrderInfo, Receipt, Rejection,
};
use tandem_state::{Delta, Prefix};
use tandem_stf::ChainTables;
use tandem_types::{AccountId, BlockTime, Cloid, MarketId, OrderId, PriceRank, PriceTicks, SizeLots};

const TRIGGER_ORDERS: Prefix = Prefix::new(ExchangeTables::ENGINE, 50);

/// An order with what its owner asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// Its id.
    pub id: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// Its side.
    pub side: Side,
    /// Its limit price.
    pub price: PriceRank,
    /// Its size when placed.
    pub size: SizeLots,
    /// What remains of it, or remained when it ended.
    pub remaining: SizeLots,
    /// When it was placed.
    pub time: BlockTime,
    /// The owner's own id for it.
    pub cloid: Option<Cloid>,
    /// How long it was to stay.
    pub time_in_force: TimeInForce,
    /// Whether it may only make a position smaller.
    pub reduce_only: bool,
    /// What it waits for, if it is not in the book yet.
    pub waits: Option<Waits>,
}

/// What a trigger order waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// The mark price.
    pub trigger: PriceTicks,
    /// From which side of it.
    pub tpsl: Tpsl,
    /// Whether it then enters as a market order.
    pub is_market: bool,
    /// Whether it is for the whole of its owner's position.
    pub follows_position: bool,
}

impl OpenOrder {
    /// An order that waits for its price.
    #[must_use]
    pub fn waiting(key: AccountOrder, order: &TriggerOrder) -> Self {
        let size = order.size.unwrap_or(SizeLots::ZERO);
        Self {
            id: key.id,
            account: key.account,
            market: order.market,
            side: order.side,
            price: order.price,
            size,
            remaining: size,
            time: order.time,
            cloid: order.cloid,
            time_in_force: if order.is_market { TimeInForce::FrontendMarket } else { TimeInForce::Gtc },
            reduce_only: order.reduce_only,
            waits: Some(Waits {
                trigger: order.trigger,
                tpsl: order.tpsl,
                is_market: order.is_market,
                follows_position: order.size.is_none(),
            }),
        }
    }

    /// An order of the state.
    #[must_use]
    pub const fn of(key: AccountOrder, info: &OrderInfo, remaining: SizeLots) -> Self {
        Self {
            id: key.id,
            account: key.account,
            market: info.market,
            side: info.side,
            price: info.price,
            size: info.size,
            remaining,
            time: info.time,
            cloid: info.cloid,
            time_in_force: info.time_in_force,
            reduce_only: info.reduce_only,
            waits: None,
        }
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// It rests in the book, or waits for its price.
    Open,
    /// Its price came, and it became another order.
    Triggered,
    /// Its price came, and the order that it was to become was refused.
    Refused(Rejection),
    /// It ended, and why.
    Closed(CloseReason),
}

/// Every word that [`OrderStatus::word`] or [`RejectedOrder::word`](crate::RejectedOrder::word) may say.
pub const ORDER_STATUS_WORDS: [&str; 22] = [
    "open",
    "triggered",
    "filled",
    "canceled",
    "selfTradeCanceled",
    "scheduledCancel",
    "marginCanceled",
    "reduceOnlyCanceled",
    "expiredCanceled",
    "siblingFilledCanceled",
    "liquidatedCanceled",
    "rejected",
    "tickRejected",
    "minTradeNtlRejected",
    "insufficientSpotBalanceRejected",
    "perpMarginRejected",
    "reduceOnlyRejected",
    "oracleRejected",
    "positionIncreaseAtOpenInterestCapRejected",
    "badAloPxRejected",
    "iocCancelRejected",
    "marketOrderNoLiquidityRejected",
];

impl OrderStatus {
    /// Hyperliquid's word for it. A modified order is a cancelled one there, with another in its place.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Triggered => "triggered",
            Self::Refused(why) => rejected::word(why, TimeInForce::Gtc),
            Self::Closed(reason) => match reason {
                CloseReason::Filled => "filled",
                CloseReason::Cancelled
                | CloseReason::Modified
                | CloseReason::ImmediateOrCancel
                | CloseReason::FillLimit
                | CloseReason::ParentEnded => "canceled",
                CloseReason::SelfTrade => "selfTradeCanceled",
                CloseReason::ScheduledCancel => "scheduledCancel",
                CloseReason::NotAdmitted => "marginCanceled",
                CloseReason::ReduceOnly | CloseReason::PositionClosed => "reduceOnlyCanceled",
                CloseReason::Expired => "expiredCanceled",
                CloseReason::SiblingFilled => "siblingFilledCanceled",
                CloseReason::Liquidation => "liquidatedCanceled",
            },
        }
    }
}

/// The open orders of the state.
pub(crate) fn open_orders(tables: &ChainTables) -> HashMap<OrderId, OpenOrder> {
    let exchange = &tables.exchange;
    let mut open = HashMap::new();
    for (market, _) in listings(exchange) {
        for side in [Side::Bid, Side::Ask] {
            for (key, order) in tandem_book::resting(&exchange.orders, market, side) {
                let of_account = AccountOrder { account: AccountId(order.owner.0), id: key.id };
                if let Some(info) = exchange.account_orders.peek(&of_account) {
                    open.insert(key.id, OpenOrder::of(of_account, info, order.remaining));
                }
            }
        }
    }
    open
}

/// The order that an event tells of, if it tells that one was accepted. Whether it is reduce-only the event leaves out.
pub(crate) const fn opened(event: &Event, time: BlockTime, reduce_only: bool) -> Option<OpenOrder> {
    let Event::Opened { account, id, market, side, price, size, cloid, time_in_force } = *event else {
        return None;
    };
    let remaining = size;
    Some(OpenOrder {
        id,
        account,
        market,
        side,
        price,
        size,
        remaining,
        time,
        cloid,
        time_in_force,
        reduce_only,
        waits: None,
    })
}

/// The orders of the state that wait for their prices.
pub(crate) fn waiting_orders(tables: &ChainTables) -> Vec<OpenOrder> {
    let (mut from, last) = (AccountOrder::first(AccountId(0)), AccountOrder::last(AccountId(u32::MAX)));
    let mut found = Vec::new();
    while let Some((key, order)) = tables.exchange.trigger_orders.peek_first(&from, &last) {
        found.push(OpenOrder::waiting(*key, order));
        let Some(id) = key.id.next() else { break };
        from = AccountOrder { id, ..*key };
    }
    found
}

/// Whether an order that waited before a block, and not after it, was reduce-only.
pub(crate) fn waited(delta: &Delta, key: AccountOrder) -> Option<bool> {
    let full = TRIGGER_ORDERS.key(&key);
    let change = delta.changes_under(&full).next()?;
    entry::<AccountOrder, TriggerOrder>(change.key, change.old).map(|(_, order)| order.reduce_only)
}

/// The reduce-only orders that an action placed. `raw` is what stands in the block; it is read only if the action placed
/// orders on perpetual markets.
pub(crate) fn reduce_only(raw: &[u8], receipt: &Receipt) -> Vec<OrderId> {
    let on_perpetual = |event: &Event| matches!(event, Event::Opened { market, .. } if is_perpetual(*market));
    let Some(items) = receipt.result.as_ref().ok().filter(|_| receipt.events.iter().any(on_perpetual)) else {
        return Vec::new();
    };
    let placed = orders_of(raw).into_iter().zip(items).filter(|(order, _)| order.reduce_only);
    let ids = placed.filter_map(|(_, item)| match item {
        ItemStatus::Resting { id, .. } | ItemStatus::Filled { id, .. } => Some(*id),
        ItemStatus::Done
        | ItemStatus::WaitingForFill { .. }
        | ItemStatus::WaitingForTrigger { .. }
        | ItemStatus::TwapRunning { .. }
        | ItemStatus::AccountMade { .. }
        | ItemStatus::Rejected(_) => None,
    });
    ids.collect()
}
