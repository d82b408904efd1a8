//! Orders as answers show them.

use crate::docs::words::{
    coin, decimal, integer, list, null, object, one_of, reference, side, text, word, words,
};
use serde_json::{Value, json};

/// What an order may be called.
const ORDER_TYPES: &[&str] =
    &["Limit", "Market", "Stop Market", "Stop Limit", "Take Profit Market", "Take Profit Limit"];

pub(super) fn orders() -> [(&'static str, Value); 3] {
    let order: [(&str, Value); 7] = [
        ("coin", coin()),
        ("side", side()),
        ("limitPx", decimal()),
        ("sz", decimal()),
        ("oid", integer()),
        ("timestamp", integer()),
        ("origSz", decimal()),
    ];
    let mut short = object(&order);
    // Only orders that have one say so.
    short["properties"]["cloid"] = reference("Cloid");
    let more = [
        ("triggerCondition", text()),
        ("isTrigger", json!({ "type": "boolean" })),
        ("triggerPx", decimal()),
        ("children", list(json!(false))),
        ("isPositionTpsl", json!({ "type": "boolean" })),
        ("reduceOnly", json!({ "type": "boolean" })),
        ("orderType", words(ORDER_TYPES)),
        ("tif", words(&["Gtc", "Ioc", "Alo", "Fok", "FrontendMarket"])),
        ("cloid", one_of(&[reference("Cloid"), null()])),
    ];
    let detailed: Vec<(&str, Value)> = order.into_iter().chain(more).collect();
    let status = [
        ("order", reference("OrderDetails")),
        ("status", words(&tandem_indexer::ORDER_STATUS_WORDS)),
        ("statusTimestamp", integer()),
    ];
    [("Order", short), ("OrderDetails", object(&detailed)), ("OrderStatus", object(&status))]
}

pub(super) fn twap_status() -> Value {
    one_of(&[
        object(&[("status", words(&["activated", "finished", "terminated"]))]),
        object(&[("status", word("error")), ("description", text())]),
    ])
}
