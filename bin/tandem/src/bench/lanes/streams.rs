//! The exchange actions of probes and floods.

use super::super::ASSET;
use super::super::prepare::{Requests, Signers};
use crate::client::Health;
use eyre::Result;
use std::ops::Range;
use tandem_exchange::action::{
    Action, CancelByCloid, Class, Decimal, Grouping, MAX_BATCH_ORDERS, Order, OrderKind, PlaceOrders,
    TimeInForce,
};
use tandem_types::Cloid;

/// Actions of each class that the probes send each second.
pub(super) const PROBE_RATE: u32 = 10;
/// The accounts that flood. Each sends some three actions a second: no nonce is far behind another.
const FLOODERS: Range<u32> = 100..500;
/// The node takes a hundred unanswered requests on each.
const FLOOD_CONNECTIONS: u32 = 64;
/// A developer's chain: work of a block, and blocks a second.
const BLOCK_WORK: u64 = 60_000_000;
const BLOCKS_PER_SECOND: u64 = 10;
/// Prices in cents; a share for 500 USD is far from any other, one for a USD is less than an order may be.
const PRICE_CENTS: u64 = 50_000;
const TOO_LITTLE_CENTS: u64 = 100;

/// Single items of a class, for so many seconds.
pub(super) fn probe(class: Class, seconds: u32, health: &Health) -> Result<Requests> {
    let first = match class {
        Class::Neutral => 0,
        Class::Cancels => 10,
        Class::MayTake => 20,
    };
    let count = u64::from(PROBE_RATE) * u64::from(seconds);
    let action = |_| action(class, 1, PRICE_CENTS);
    Signers::accounts(first..first + 10)?.requests_of(count, 1, action, health, 2)
}

/// The largest batches of a class, of items that are refused but cost the same.
pub(super) fn flood(class: Class, count: u64, health: &Health) -> Result<Requests> {
    let action = |_| action(class, MAX_BATCH_ORDERS, TOO_LITTLE_CENTS);
    Signers::accounts(FLOODERS)?.requests_of(count, MAX_BATCH_ORDERS, action, health, FLOOD_CONNECTIONS)
}

/// How many batches of a class a chain can take in a second, if nothing else is in its blocks.
pub(super) fn flood_rate(class: Class) -> u32 {
    let item = match class {
        Class::Neutral | Class::MayTake => tandem_exchange::ORDER_WORK,
        Class::Cancels => tandem_exchange::CANCEL_WORK,
    };
    let batch = 1_000 + item.0 * u64::from(MAX_BATCH_ORDERS);
    u32::try_from(BLOCK_WORK / batch * BLOCKS_PER_SECOND).unwrap_or(u32::MAX)
}

/// Orders that rest or meet nobody, or cancels of what is not there; `None` for prices beyond what an action can say.
fn action(class: Class, items: u32, cents: u64) -> Option<Action> {
    let time_in_force = match class {
        Class::Neutral => TimeInForce::Alo,
        Class::MayTake => TimeInForce::Ioc,
        Class::Cancels => {
            let cancel =
                |number: u32| CancelByCloid { asset: ASSET, cloid: Cloid(u128::from(number).to_be_bytes()) };
            return Some(Action::CancelByCloid((0..items).map(cancel).collect()));
        }
    };
    let order = Order {
        asset: ASSET,
        is_buy: true,
        price: Decimal::new(cents, 2)?,
        size: Decimal::new(1, 0)?,
        reduce_only: false,
        kind: OrderKind::Limit(time_in_force),
        cloid: None,
        self_trade_prevention: None,
        expires: None,
    };
    let orders = vec![order; usize::try_from(items).ok()?];
    Some(Action::Order(PlaceOrders { orders, grouping: Grouping::Na, builder: None }))
}
