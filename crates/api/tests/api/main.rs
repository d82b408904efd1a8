//! The API over real sockets, on a real chain of one validator.
#![expect(clippy::large_futures, reason = "a test has the stack for the buffers of its clients")]

mod accounts;
mod chain;
mod client;
mod driven;
mod due;
mod exchange;
mod feeds;
mod hostile;
mod limits;
mod openapi;
mod orders;
mod perps;
mod portfolio;
mod questions;
mod referrals;
mod schema;
mod socket;

use serde_json::{Value, json};
use tandem_exchange::action::{Action, Order, OrderKind};
use tandem_testkit::place;

/// A limit order as clients write it, and as it is signed.
fn order_action(order: &Order) -> (Value, Action) {
    let OrderKind::Limit(time_in_force) = order.kind else { panic!("not a limit order") };
    let mut item = json!({
        "a": order.asset.0, "b": order.is_buy, "p": order.price.to_text(), "s": order.size.to_text(), "r": false,
        "t": { "limit": { "tif": time_in_force.as_str() } },
    });
    if let Some(cloid) = order.cloid {
        item["c"] = json!(cloid.to_string());
    }
    (json!({ "type": "order", "orders": [item], "grouping": "na" }), place(&[*order]))
}
