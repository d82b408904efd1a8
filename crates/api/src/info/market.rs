//! Questions about markets.

use super::fields::Fields;
use crate::app::App;
use crate::error::ApiError;
use crate::format::Fixed;
use crate::views;
use crate::wire::{Coin, WireCandle, WireTrade, token_id};
use bytes::Bytes;
use serde_json::{Value, json};
use tandem_exchange::{Market, QUOTE, SPOT_ASSET_BASE, Token};
use tandem_indexer::{CANDLES_KEPT, Indexer};
use tandem_types::{MarketId, PriceScale, TokenId};

/// Trades in an answer.
const TRADES_MAX: usize = 100;
/// Significant figures of a price that is not a whole number.
pub(super) const FIGURES: u8 = 5;

pub(super) fn l2_book(app: &App, fields: &Fields<'_>) -> Result<Bytes, ApiError> {
    let views = app.views();
    let (market, rounding) = (fields.coin(views.markets())?, fields.rounding()?);
    let book = app.books.book(market, rounding, &views);
    book.ok_or_else(|| ApiError::field("unknown_coin", "coin", "is not a market"))
}

pub(super) fn all_mids(app: &App) -> Value {
    Value::Object(views::mids(&app.views()))
}

pub(super) fn status(app: &App) -> Value {
    let views = app.views();
    json!({ "time": views.time().0, "height": views.height().0, "specialStatuses": null })
}

pub(super) fn trades(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let rows = views.trades(fields.coin(views.markets())?).take(TRADES_MAX);
    Ok(json!(rows.filter_map(|row| WireTrade::new(row, views.markets())).collect::<Vec<_>>()))
}

pub(super) fn candles(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let request = fields.object("req")?;
    let (id, interval) = (request.coin(views.markets())?, request.interval()?);
    let (from, to) = (request.number("startTime")?, request.optional_number("endTime")?.unwrap_or(u64::MAX));
    let Some(market) = views.markets().market(id) else { return Ok(json!([])) };
    // A candle that began earlier may reach into the time asked for.
    let from = interval.start(from);
    let rows = views.candles(id, interval, from, to).take(CANDLES_KEPT);
    Ok(json!(rows.map(|candle| WireCandle::new(candle, interval, id, market)).collect::<Vec<_>>()))
}

pub(super) fn spot_meta(views: &Indexer) -> Value {
    let markets = views.markets();
    let universe: Vec<Value> = markets.spots().map(|(id, market)| universe_entry(id, market)).collect();
    let tokens: Vec<Value> = markets.tokens().map(|(id, token)| token_entry(id, token)).collect();
    json!({ "universe": universe, "tokens": tokens })
}

fn universe_entry(id: MarketId, market: &Market) -> Value {
    let coin = Coin::spot(id);
    json!({
        "tokens": [market.base.0, QUOTE.0],
        "name": coin,
        "index": id.0.saturating_sub(SPOT_ASSET_BASE),
        "isCanonical": true,
        "lotSize": Fixed::new(1, market.size_decimals),
        "priceDecimals": market.price_scale().decimals(),
        "priceSignificantFigures": FIGURES,
        "priceBands": price_bands(market.price_scale()),
    })
}

/// From which price on which step holds, so that no client has to derive it.
pub(super) fn price_bands(scale: PriceScale) -> Vec<Value> {
    let decimals = scale.decimals();
    let band = |from: Fixed, tick: Fixed| json!({ "from": from, "tick": tick });
    let mut bands = vec![band(Fixed::new(0, 0), Fixed::new(1, decimals))];
    for step in 1..=decimals {
        let from = Fixed::new(10u128.pow(u32::from(FIGURES - 1 + step)), decimals);
        bands.push(band(from, Fixed::new(10u128.pow(u32::from(step)), decimals)));
    }
    bands
}

fn token_entry(id: TokenId, token: &Token) -> Value {
    json!({
        "name": token.name.as_str(),
        "szDecimals": token.size_decimals,
        "weiDecimals": token.wei_decimals,
        "index": id.0,
        "tokenId": token_id(id),
        "isCanonical": true,
        "evmContract": null,
        "fullName": null,
        "deployerTradingFeeShare": "0.0",
    })
}

pub(super) fn spot_meta_and_contexts(app: &App) -> Value {
    let views = app.views();
    json!([spot_meta(&views), spot_contexts(&views, app)])
}

/// What stands beside the metadata of spot markets.
pub(crate) fn spot_contexts(views: &Indexer, app: &App) -> Vec<Value> {
    views.markets().spots().filter_map(|(id, _)| spot_context(id, views, app)).collect()
}

/// Prices and volumes of a spot market.
pub(crate) fn spot_context(id: MarketId, views: &Indexer, app: &App) -> Option<Value> {
    let market = views.markets().market(id)?;
    let day = views.day(id);
    let price = |rank| Fixed::price(rank, market);
    let mid = views::mid(id, views);
    let zero = Fixed::new(0, 0);
    let mark = day.price_last.map(price).or(mid).unwrap_or(zero);
    let token = market.spot()?.base;
    let base = views.markets().token(token)?;
    let supply = app.supply.get(&token).copied().unwrap_or(0);
    let supply = Fixed::new(supply, base.wei_decimals);
    Some(json!({
        "coin": Coin::spot(id),
        "markPx": mark,
        "midPx": mid,
        "prevDayPx": day.price_before.map_or(mark, price),
        "dayNtlVlm": Fixed::quote(day.notional),
        "dayBaseVlm": Fixed::new(day.lots, market.size_decimals()),
        "circulatingSupply": supply,
        "totalSupply": supply,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_types::{PriceRank, PriceTicks};

    /// The published step of a price is the distance to the next valid one.
    #[test]
    fn bands_give_the_distance_between_valid_prices() {
        for size_decimals in 0..=8 {
            let market = Market { base: TokenId(1), size_decimals, atoms_per_lot: 1 };
            let scale = market.price_scale();
            let decimals = u32::from(scale.decimals());
            for rank in (1..900_000).step_by(997) {
                let ticks = PriceRank(rank).to_ticks(scale);
                let PriceTicks(next) = PriceRank(rank + 1).to_ticks(scale);
                let step = (0..=decimals).rev().find(|step| *step == 0 || ticks.0 >= 10u64.pow(4 + step));
                assert_eq!(
                    next - ticks.0,
                    10u64.pow(step.unwrap_or(0)),
                    "{} at {decimals} decimals",
                    ticks.0
                );
            }
            assert_eq!(price_bands(scale).len(), usize::from(scale.decimals()) + 1);
        }
    }
}
