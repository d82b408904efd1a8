//! Questions about perpetual markets.

use super::fields::Fields;
use super::market::{FIGURES, price_bands};
use crate::app::App;
use crate::clearing::{Clearing, Held, margin_of};
use crate::error::ApiError;
use crate::format::Fixed;
use crate::views;
use crate::wire::{Coin, address_text};
use serde_json::{Value, json};
use tandem_exchange::perp::position::notional;
use tandem_exchange::perp::prices::FUNDING_INTERVAL_MS;
use tandem_exchange::perp::tiers::MarginTiers;
use tandem_exchange::perp::{PerpEstimates, PerpMarket, PerpPrices, PerpTotals, has_pending_liquidations};
use tandem_exchange::{ExchangeTables, QUOTE, Rejection};
use tandem_indexer::{FundingRate, Indexer, Listing};
use tandem_oracle::{Rate, premium};
use tandem_types::{Address, MarketId, PriceTicks, QuoteAtoms};

/// Most rows of an answer about a range of time; who wants more asks again from the last row's time on.
pub(super) const ROWS_MAX: usize = 500;
/// Above the numbers of tables that are one leverage, which number themselves.
const TIERED_TABLES_FROM: u16 = 101;
/// What clients look up this exchange's own rate by.
const VENUE: &str = "HlPerp";

/// Whether a market takes orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It does.
    Open,
    /// Liquidations are pending: it takes cancels and reduce-only orders.
    ReduceOnly,
    /// There is no price yet: nothing is taken.
    Halted,
}

impl Phase {
    /// The phase that an order was refused for.
    pub(crate) const fn behind(rejection: Rejection) -> Option<Self> {
        match rejection {
            Rejection::LiquidationsPending => Some(Self::ReduceOnly),
            Rejection::NoMarkPrice => Some(Self::Halted),
            _ => None,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::ReduceOnly => "reduceOnly",
            Self::Halted => "halted",
        }
    }
}

/// What the state says of a market at present.
#[derive(Clone, Copy, Debug)]
struct Present {
    prices: Option<PerpPrices>,
    estimates: PerpEstimates,
    totals: PerpTotals,
    is_reduce_only: bool,
}

impl Present {
    fn of(id: MarketId, tables: &ExchangeTables) -> Self {
        Self {
            prices: tables.perp_prices.peek(&id).copied(),
            estimates: tables.perp_estimates.peek(&id).copied().unwrap_or_default(),
            totals: tables.perp_totals.peek(&id).copied().unwrap_or_default(),
            is_reduce_only: has_pending_liquidations(tables, id),
        }
    }

    const fn phase(&self) -> Phase {
        match (self.prices.is_some(), self.is_reduce_only) {
            (false, _) => Phase::Halted,
            (true, true) => Phase::ReduceOnly,
            (true, false) => Phase::Open,
        }
    }

    /// What the hour would pay if it ended now.
    fn predicted(&self) -> Rate {
        let samples = i64::from(self.estimates.samples);
        let mean = self.estimates.premium_sum.checked_div(samples).unwrap_or(0);
        premium::hourly_funding(Rate(mean))
    }
}

pub(crate) fn meta(views: &Indexer) -> Value {
    let perpetuals = || views.markets().perpetuals();
    let universe: Vec<Value> = perpetuals().map(|(id, market)| universe_entry(id, market)).collect();
    let mut tables: Vec<(u16, &MarginTiers)> =
        perpetuals().map(|(id, market)| (table_id(id, &market.tiers), &market.tiers)).collect();
    tables.sort_by_key(|(id, _)| *id);
    tables.dedup_by_key(|(id, _)| *id);
    let tables: Vec<Value> = tables.into_iter().map(|(id, tiers)| json!([id, table(tiers)])).collect();
    json!({ "universe": universe, "marginTables": tables, "collateralToken": QUOTE.0 })
}

fn universe_entry(id: MarketId, market: &PerpMarket) -> Value {
    json!({
        "name": market.name.as_str(),
        "szDecimals": market.size_decimals,
        "maxLeverage": market.tiers.leverage_max(),
        "marginTableId": table_id(id, &market.tiers),
        "lotSize": Fixed::new(1, market.size_decimals),
        "priceDecimals": market.price_scale().decimals(),
        "priceSignificantFigures": FIGURES,
        "priceBands": price_bands(market.price_scale()),
        "openInterestCap": Fixed::new(u128::from(market.open_interest_max.0), market.size_decimals),
        "openInterestNtlCap": Fixed::quote(u128::from(market.open_interest_notional_max.0)),
    })
}

/// A table of one tier is numbered by its leverage; one of several by its market.
fn table_id(market: MarketId, tiers: &MarginTiers) -> u16 {
    match tiers.tiers().count() {
        0 | 1 => u16::from(tiers.leverage_max()),
        _ => TIERED_TABLES_FROM.saturating_add(market.0),
    }
}

fn table(tiers: &MarginTiers) -> Value {
    let tiered = tiers.tiers().count() > 1;
    let description = if tiered { format!("tiered {}x", tiers.leverage_max()) } else { String::new() };
    let rows = tiers.tiers().map(|tier| {
        json!({ "lowerBound": Fixed::quote(u128::from(tier.from.0)), "maxLeverage": tier.leverage_max })
    });
    json!({ "description": description, "marginTiers": rows.collect::<Vec<_>>() })
}

pub(super) fn margin_table(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let (views, wanted) = (app.views(), fields.number("id")?);
    let mut tables =
        views.markets().perpetuals().map(|(id, market)| (table_id(id, &market.tiers), &market.tiers));
    let found = tables.find(|(id, _)| u64::from(*id) == wanted);
    let unknown = || ApiError::field("unknown_table", "id", "is the number of no table; meta lists them");
    found.map(|(_, tiers)| table(tiers)).ok_or_else(unknown)
}

pub(super) fn meta_and_contexts(app: &App) -> Value {
    let views = app.views();
    json!([meta(&views), contexts(&views, app)])
}

/// What stands beside the metadata of perpetual markets.
pub(crate) fn contexts(views: &Indexer, app: &App) -> Vec<Value> {
    views.markets().perpetuals().filter_map(|(id, _)| context(id, views, app)).collect()
}

/// Prices, funding and volumes of a perpetual market.
pub(crate) fn context(id: MarketId, views: &Indexer, app: &App) -> Option<Value> {
    let listing = views.markets().market(id)?;
    let present = Present::of(id, &app.node.state().tables.exchange);
    let decimals = listing.price_scale().decimals();
    let ticks = |price: PriceTicks| Fixed::ticks(price, decimals);
    let prices = present.prices.unwrap_or_default();
    let day = views.day(id);
    let sampled = present.estimates.sampled.0 > 0;
    let impact = present.estimates.impact_bid.zip(present.estimates.impact_ask);
    Some(json!({
        "funding": Fixed::rate(present.predicted()),
        "openInterest": Fixed::size(present.totals.open_interest, listing),
        "prevDayPx": day.price_before.map_or_else(|| ticks(prices.mark), |rank| Fixed::price(rank, listing)),
        "dayNtlVlm": Fixed::quote(day.notional),
        "premium": sampled.then(|| Fixed::rate(present.estimates.premium)),
        "oraclePx": ticks(prices.oracle),
        "markPx": ticks(prices.mark),
        "midPx": views::mid(id, views),
        "impactPxs": impact.map(|(bid, ask)| [ticks(bid), ticks(ask)]),
        "dayBaseVlm": Fixed::new(day.lots, listing.size_decimals()),
        "phase": present.phase().word(),
    }))
}

pub(super) fn predicted_fundings(app: &App) -> Value {
    let views = app.views();
    let next = (views.time().0 / FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS;
    let state = app.node.state();
    let rows = views.markets().perpetuals().map(|(id, market)| {
        let rate = Present::of(id, &state.tables.exchange).predicted();
        let own =
            json!({ "fundingRate": Fixed::rate(rate), "nextFundingTime": next, "fundingIntervalHours": 1 });
        json!([market.name.as_str(), [[VENUE, own]]])
    });
    json!(rows.collect::<Vec<_>>())
}

pub(super) fn funding_history(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let id = fields.perpetual(views.markets())?;
    let (from, to) = fields.time_range()?;
    let coin = views.markets().market(id).map(|market| Coin::new(id, market));
    let row = |rate: &FundingRate| {
        json!({
            "coin": coin,
            "fundingRate": Fixed::rate(rate.rate),
            "premium": Fixed::rate(rate.premium),
            "time": rate.time.0,
        })
    };
    Ok(json!(views.funding().rates(id, from, to).take(ROWS_MAX).map(row).collect::<Vec<_>>()))
}

/// Markets in which nothing more can be opened.
pub(super) fn at_open_interest_cap(app: &App) -> Value {
    json!(capped(&app.views(), &app.node.state().tables.exchange))
}

pub(crate) fn capped(views: &Indexer, tables: &ExchangeTables) -> Vec<String> {
    let full = |id: MarketId, market: &PerpMarket| {
        let present = Present::of(id, tables);
        let (held, mark) = (present.totals.open_interest, present.prices.unwrap_or_default().mark);
        held >= market.open_interest_max
            || notional(held, mark) >= u128::from(market.open_interest_notional_max.0)
    };
    let markets = views.markets().perpetuals().filter(|(id, market)| full(*id, market));
    markets.map(|(_, market)| market.name.as_str().to_owned()).collect()
}

/// From which greatest leverage of a market on which notional is the most of an order that can't rest.
pub(super) fn market_order_notionals(app: &App) -> Value {
    let views = app.views();
    let mut rows: Vec<(u8, QuoteAtoms)> = Vec::new();
    for (_, market) in views.markets().perpetuals() {
        let (leverage, most) = (market.tiers.leverage_max(), market.order_notional_max(false));
        match rows.iter_mut().find(|(_, notional)| *notional == most) {
            Some((least, _)) => *least = leverage.min(*least),
            None => rows.push((leverage, most)),
        }
    }
    rows.sort_by_key(|(leverage, _)| std::cmp::Reverse(*leverage));
    json!(
        rows.iter()
            .map(|(leverage, most)| json!([leverage, Fixed::quote(u128::from(most.0))]))
            .collect::<Vec<_>>()
    )
}

pub(super) fn active_asset_data(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let (user, id) = (fields.user()?, fields.perpetual(views.markets())?);
    let data = asset_data(user, id, &views, app);
    data.ok_or_else(|| ApiError::field("unknown_coin", "coin", "is not a perpetual market"))
}

/// An account's leverage on a market, and how much it can trade there: bought and sold.
pub(crate) fn asset_data(user: Address, id: MarketId, views: &Indexer, app: &App) -> Option<Value> {
    let account = views.markets().account(&user);
    let (held, clearing) = {
        let state = app.node.state();
        let tables = &state.tables.exchange;
        let clearing = account.map(|account| Clearing::of(account, tables));
        (Held::of(account, id, tables)?, clearing.unwrap_or_default())
    };
    let sizes = clearing.room(&held);
    let listing = Listing::Perpetual(held.market);
    Some(json!({
        "user": address_text(&user),
        "coin": Coin::new(id, &listing),
        "leverage": held.leverage(),
        "maxTradeSzs": sizes.map(|size| Fixed::size(size, &listing)),
        "availableToTrade": sizes.map(|size| margin_of(size, &held)),
        "markPx": held.mark(),
    }))
}
