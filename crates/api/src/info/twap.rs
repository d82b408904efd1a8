//! Questions about TWAP orders.

use super::fields::Fields;
use crate::app::App;
use crate::error::ApiError;
use crate::format::Fixed;
use crate::response::wire_text;
use crate::wire::{Coin, WireFill, address_text, side_word};
use serde_json::{Value, json};
use tandem_exchange::twap::{Twap, TwapEnd, TwapKey};
use tandem_indexer::{Indexer, Markets, TradeRow, TwapRow, TwapStatus};
use tandem_types::{AccountId, Address};

pub(super) fn history(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let Some(account) = views.markets().account(&fields.user()?) else { return Ok(json!([])) };
    let rows = views.twaps().of(account).filter_map(|row| twap_row(row, views.markets()));
    Ok(json!(rows.collect::<Vec<_>>()))
}

pub(super) fn slice_fills(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let Some(account) = views.markets().account(&fields.user()?) else { return Ok(json!([])) };
    let rows = views.twaps().fills(account).filter_map(|row| slice_fill(row, views.markets()));
    Ok(json!(rows.collect::<Vec<_>>()))
}

pub(super) fn slice_fills_by_time(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let (from, to) = (fields.number("startTime")?, fields.optional_number("endTime")?.unwrap_or(u64::MAX));
    let Some(account) = views.markets().account(&fields.user()?) else { return Ok(json!([])) };
    let within = views.twaps().fills(account).rev().filter(|row| (from..=to).contains(&row.time.0));
    Ok(json!(within.filter_map(|row| slice_fill(row, views.markets())).collect::<Vec<_>>()))
}

/// A TWAP order as it began or ended.
pub(crate) fn twap_row(row: &TwapRow, markets: &Markets) -> Option<Value> {
    let status = match row.status {
        TwapStatus::Running => json!({ "status": "activated" }),
        TwapStatus::Ended(TwapEnd::Finished) => json!({ "status": "finished" }),
        TwapStatus::Ended(TwapEnd::Cancelled) => json!({ "status": "terminated" }),
        TwapStatus::Ended(TwapEnd::Refused(why)) => {
            json!({ "status": "error", "description": wire_text(why) })
        }
    };
    let user = markets.address(row.key.account)?;
    // Clients expect seconds here, and milliseconds in the state.
    let time = row.time.0 / 1_000;
    Some(json!({
        "time": time, "state": state(&row.twap, user, markets)?, "status": status, "twapId": row.key.id,
    }))
}

/// What a part of a TWAP order traded, as its owner sees it.
pub(crate) fn slice_fill(row: &TradeRow, markets: &Markets) -> Option<Value> {
    Some(json!({ "fill": WireFill::new(row, row.trade.taker, markets)?, "twapId": row.twap? }))
}

fn state(twap: &Twap, user: Address, markets: &Markets) -> Option<Value> {
    let market = markets.market(twap.market)?;
    Some(json!({
        "coin": Coin::new(twap.market, market),
        "user": address_text(&user),
        "side": side_word(twap.side),
        "sz": Fixed::size(twap.size, market),
        "executedSz": Fixed::size(twap.filled, market),
        "executedNtl": Fixed::quote(u128::from(twap.notional.0)),
        "minutes": twap.parts / 2,
        "reduceOnly": twap.reduce_only,
        "randomize": twap.randomize,
        "timestamp": twap.started.0,
        "stopPx": null,
        "trigger": null,
    }))
}

/// The running TWAP orders of an account by number; the rules bound how many there are.
pub(crate) fn running(user: Address, views: &Indexer, app: &App) -> Vec<(u64, Value)> {
    let Some(account) = views.markets().account(&user) else { return Vec::new() };
    let rows = running_of(account, app).into_iter();
    rows.filter_map(|(id, twap)| Some((id, state(&twap, user, views.markets())?))).collect()
}

fn running_of(account: AccountId, app: &App) -> Vec<(u64, Twap)> {
    let state = app.node.state();
    let (mut from, last) = (TwapKey { account, id: 0 }, TwapKey { account, id: u64::MAX });
    let mut found = Vec::new();
    while let Some((key, twap)) = state.tables.exchange.twaps.peek_first(&from, &last) {
        found.push((key.id, *twap));
        let Some(next) = key.id.checked_add(1) else { break };
        from.id = next;
    }
    found
}
