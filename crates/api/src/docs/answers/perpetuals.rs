//! Perpetual markets, and what accounts have on them.

use crate::docs::words::{
    address, coin, decimal, integer, list, null, object, one_of, reference, text, tuple, word, words,
};
use serde_json::Value;

pub(super) fn meta_and_contexts() -> Value {
    tuple(&[reference("Meta"), list(reference("PerpContext"))])
}

pub(super) fn predicted_funding() -> Value {
    object(&[("fundingRate", decimal()), ("nextFundingTime", integer()), ("fundingIntervalHours", integer())])
}

pub(super) fn active_asset_data() -> Value {
    object(&[
        ("user", address()),
        ("coin", coin()),
        ("leverage", reference("Leverage")),
        ("maxTradeSzs", tuple(&[decimal(), decimal()])),
        ("availableToTrade", tuple(&[decimal(), decimal()])),
        ("markPx", decimal()),
    ])
}

pub(super) fn clearinghouse_state() -> Value {
    object(&[
        ("marginSummary", reference("MarginSummary")),
        ("crossMarginSummary", reference("MarginSummary")),
        ("crossMaintenanceMarginUsed", decimal()),
        ("withdrawable", decimal()),
        ("assetPositions", list(reference("AssetPosition"))),
        ("time", integer()),
    ])
}

pub(super) fn perpetuals() -> [(&'static str, Value); 6] {
    let market = object(&[
        ("name", coin()),
        ("szDecimals", integer()),
        ("maxLeverage", integer()),
        ("marginTableId", integer()),
        ("lotSize", decimal()),
        ("priceDecimals", integer()),
        ("priceSignificantFigures", integer()),
        ("priceBands", list(object(&[("from", decimal()), ("tick", decimal())]))),
        ("openInterestCap", decimal()),
        ("openInterestNtlCap", decimal()),
    ]);
    let tier = object(&[("lowerBound", decimal()), ("maxLeverage", integer())]);
    let table = object(&[("description", text()), ("marginTiers", list(tier))]);
    let meta = object(&[
        ("universe", list(reference("PerpMarket"))),
        ("marginTables", list(tuple(&[integer(), reference("MarginTable")]))),
        ("collateralToken", integer()),
    ]);
    let or_null = |schema: Value| one_of(&[schema, null()]);
    let context = object(&[
        ("funding", decimal()),
        ("openInterest", decimal()),
        ("prevDayPx", decimal()),
        ("dayNtlVlm", decimal()),
        ("premium", or_null(decimal())),
        ("oraclePx", decimal()),
        ("markPx", decimal()),
        ("midPx", or_null(decimal())),
        ("impactPxs", or_null(tuple(&[decimal(), decimal()]))),
        ("dayBaseVlm", decimal()),
        ("phase", words(&["open", "halted"])),
    ]);
    [
        ("PerpMarket", market),
        ("MarginTable", table),
        ("Meta", meta),
        ("PerpContext", context),
        ("Leverage", leverage()),
        ("AssetPosition", asset_position()),
    ]
}

fn leverage() -> Value {
    one_of(&[
        object(&[("type", word("cross")), ("value", integer())]),
        object(&[("type", word("isolated")), ("value", integer()), ("rawUsd", decimal())]),
    ])
}

fn asset_position() -> Value {
    let funding = object(&[("allTime", decimal()), ("sinceOpen", decimal()), ("sinceChange", decimal())]);
    let position = object(&[
        ("coin", coin()),
        ("szi", decimal()),
        ("leverage", reference("Leverage")),
        ("entryPx", decimal()),
        ("positionValue", decimal()),
        ("unrealizedPnl", decimal()),
        ("returnOnEquity", decimal()),
        ("liquidationPx", one_of(&[decimal(), null()])),
        ("marginUsed", decimal()),
        ("maxLeverage", integer()),
        ("cumFunding", funding),
    ]);
    object(&[("type", word("oneWay")), ("position", position)])
}
