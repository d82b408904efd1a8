//! Open orders as events tell of them.

use std::collections::HashMap;
use tandem_book::Side;
use tandem_exchange::{AccountOrder, CloseReason};
use tandem_stf::ChainTables;
use tandem_types::{AccountId, BlockTime, Cloid, MarketId, OrderId, PriceRank, SizeLots};

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
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// It rests in the book.
    Open,
    /// It ended, and why.
    Closed(CloseReason),
}

impl OrderStatus {
    /// Hyperliquid's word for it. A modified order is a cancelled one there, with another in its place.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed(reason) => match reason {
                CloseReason::Filled => "filled",
                CloseReason::Cancelled
                | CloseReason::Modified
                | CloseReason::ImmediateOrCancel
                | CloseReason::FillLimit => "canceled",
                CloseReason::SelfTrade => "selfTradeCanceled",
                CloseReason::ScheduledCancel => "scheduledCancel",
                CloseReason::NotAdmitted => "marginCanceled",
            },
        }
    }
}

/// The open orders of the state.
pub(crate) fn open_orders(tables: &ChainTables) -> HashMap<OrderId, OpenOrder> {
    let exchange = &tables.exchange;
    let mut open = HashMap::new();
    for market in (tandem_exchange::SPOT_ASSET_BASE..=u16::MAX).map(MarketId) {
        if exchange.markets.peek(&market).is_none() {
            break;
        }
        for side in [Side::Bid, Side::Ask] {
            for (key, order) in tandem_book::resting(&exchange.orders, market, side) {
                let (id, account) = (key.id, AccountId(order.owner.0));
                let Some(info) = exchange.account_orders.peek(&AccountOrder { account, id }) else {
                    continue;
                };
                let (price, size, remaining) = (info.price, info.size, order.remaining);
                let (time, cloid) = (info.time, info.cloid);
                open.insert(id, OpenOrder { id, account, market, side, price, size, remaining, time, cloid });
            }
        }
    }
    open
}
