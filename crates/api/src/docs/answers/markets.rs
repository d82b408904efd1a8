//! Spot markets, and what both kinds of markets have: books, trades, candles.

use crate::docs::words::{
    address, coin, decimal, hash, integer, list, null, object, one_of, reference, side, text, tuple,
};
use serde_json::{Value, json};

pub(super) fn markets() -> [(&'static str, Value); 4] {
    let candle = [
        ("t", integer()),
        ("T", integer()),
        ("s", coin()),
        ("i", text()),
        ("o", decimal()),
        ("c", decimal()),
        ("h", decimal()),
        ("l", decimal()),
        ("v", decimal()),
        ("n", integer()),
    ];
    let book = [
        ("coin", coin()),
        ("time", integer()),
        ("levels", tuple(&[list(reference("Level")), list(reference("Level"))])),
        ("height", integer()),
    ];
    let trade = [
        ("coin", coin()),
        ("side", side()),
        ("px", decimal()),
        ("sz", decimal()),
        ("time", integer()),
        ("hash", hash()),
        ("tid", integer()),
        ("users", tuple(&[address(), address()])),
    ];
    let level = [("px", decimal()), ("sz", decimal()), ("n", integer())];
    [
        ("Candle", object(&candle)),
        ("Book", object(&book)),
        ("Trade", object(&trade)),
        ("Level", object(&level)),
    ]
}

pub(super) fn spot_metadata() -> [(&'static str, Value); 4] {
    let yes = || json!({ "const": true });
    let market = object(&[
        ("tokens", tuple(&[integer(), integer()])),
        ("name", reference("Coin")),
        ("index", integer()),
        ("isCanonical", yes()),
        ("lotSize", decimal()),
        ("priceDecimals", integer()),
        ("priceSignificantFigures", integer()),
        ("priceBands", list(object(&[("from", decimal()), ("tick", decimal())]))),
    ]);
    let token = object(&[
        ("name", text()),
        ("szDecimals", integer()),
        ("weiDecimals", integer()),
        ("index", integer()),
        ("tokenId", text()),
        ("isCanonical", yes()),
        ("evmContract", null()),
        ("fullName", null()),
        ("deployerTradingFeeShare", decimal()),
    ]);
    let context = object(&[
        ("coin", reference("Coin")),
        ("markPx", decimal()),
        ("midPx", one_of(&[decimal(), null()])),
        ("prevDayPx", decimal()),
        ("dayNtlVlm", decimal()),
        ("dayBaseVlm", decimal()),
        ("circulatingSupply", decimal()),
        ("totalSupply", decimal()),
    ]);
    let meta =
        object(&[("universe", list(reference("SpotMarket"))), ("tokens", list(reference("SpotToken")))]);
    [("SpotMarket", market), ("SpotToken", token), ("SpotContext", context), ("SpotMeta", meta)]
}
