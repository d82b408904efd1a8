//! The API over real sockets, on a real chain of one validator.
#![expect(clippy::large_futures, reason = "a test has the stack for the buffers of its clients")]

mod chain;
mod client;
mod exchange;
mod limits;
mod questions;
mod socket;

use serde_json::{Value, json};
use tandem_exchange::action::{Action, Order};
use tandem_testkit::place;

/// An order as clients write it, and as it is signed.
fn order_action(order: &Order) -> (Value, Action) {
    let wire = json!({ "type": "order", "orders": [{
        "a": order.asset.0, "b": order.is_buy, "p": order.price.to_text(), "s": order.size.to_text(), "r": false,
        "t": { "limit": { "tif": "Gtc" } },
    }], "grouping": "na" });
    (wire, place(&[*order]))
}
