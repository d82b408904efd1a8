//! A book order by order: who subscribes is given every order that rests, in the order of its priority, and then what
//! each block did to them. The book that follows from both is the state's, block by block.
//!
//! The shapes are those of Hyperliquid's own order book server.

use crate::format::Fixed;
use crate::wire::{Coin, WireOrderDetails, address_text};
use serde_json::{Map, Value, json};
use tandem_book::Side;
use tandem_indexer::{BlockChanges, Indexer, Listing, OpenOrder, OrderDiff};
use tandem_types::MarketId;

/// Everything that rests.
pub(crate) fn snapshot(market: MarketId, views: &Indexer) -> Option<String> {
    let listing = views.markets().market(market)?;
    let side =
        |side| -> Vec<Value> { views.resting(market, side).filter_map(|order| row(order, views)).collect() };
    let snapshot = json!({
        "coin": Coin::new(market, listing),
        "time": views.time().0,
        "height": views.height().0,
        "levels": [side(Side::Bid), side(Side::Ask)],
    });
    Some(json!({ "Snapshot": snapshot }).to_string())
}

/// The markets of which a block has something to say.
pub(crate) fn changed(changes: &BlockChanges) -> Vec<MarketId> {
    let updates = changes.updates.iter().map(|update| update.order.market);
    let mut markets: Vec<MarketId> = changes.books.iter().copied().chain(updates).collect();
    markets.sort_unstable();
    markets.dedup();
    markets
}

/// What a block did.
pub(crate) fn updates(market: MarketId, changes: &BlockChanges, views: &Indexer) -> Option<String> {
    let listing = views.markets().market(market)?;
    let of_market = changes.diffs.iter().filter(|diff| diff.key.market() == market);
    let diffs: Vec<Value> = of_market.filter_map(|diff| book_diff(diff, listing, views)).collect();
    let updates = changes.updates.iter().filter(|update| update.order.market == market);
    let statuses = updates.filter_map(|update| {
        let order = row(&update.order, views)?;
        Some(json!({
            "time": update.time.0,
            "user": order.get("user"),
            "status": update.status.word(),
            "order": order,
        }))
    });
    let updates = json!({
        "coin": Coin::new(market, listing),
        "time": changes.time.0,
        "height": changes.height.0,
        "order_statuses": statuses.collect::<Vec<_>>(),
        "book_diffs": diffs,
    });
    Some(json!({ "Updates": updates }).to_string())
}

/// An order with whose it is.
fn row(order: &OpenOrder, views: &Indexer) -> Option<Value> {
    let user = views.markets().address(order.account)?;
    let details = serde_json::to_value(WireOrderDetails::new(order, views.markets())?).ok()?;
    let Value::Object(details) = details else { return None };
    let mut row = Map::new();
    row.insert("user".into(), address_text(&user).into());
    row.extend(details);
    Some(Value::Object(row))
}

fn book_diff(diff: &OrderDiff, market: &Listing, views: &Indexer) -> Option<Value> {
    let size = |size| Fixed::size(size, market);
    let raw = match (diff.before, diff.after) {
        (None, Some(after)) => json!({ "new": { "sz": size(after) } }),
        (Some(before), Some(after)) => {
            json!({ "update": { "origSz": size(before), "newSz": size(after) } })
        }
        (Some(_) | None, None) => json!("remove"),
    };
    Some(json!({
        "user": address_text(&views.markets().address(diff.owner)?),
        "oid": diff.key.id.0,
        "px": Fixed::price(diff.key.price(), market),
        "side": crate::wire::side_word(diff.key.side()),
        "coin": Coin::new(diff.key.market(), market),
        "raw_book_diff": raw,
    }))
}
