//! Questions about perpetual markets, against sums by hand.

use crate::driven::Driven;
use serde_json::{Value, json};
use tandem_exchange::action::Order;
use tandem_testkit::{
    ETH, Signer, USD, buy_perp, isolated_margin, leverage, place, sell_perp, send, usd_send,
};

fn user(who: &Signer) -> String {
    who.address().to_string()
}

/// The parts of `value` at `pointers`.
fn parts<const N: usize>(value: &Value, pointers: [&str; N]) -> [Value; N] {
    pointers.map(|pointer| value.pointer(pointer).unwrap_or_else(|| panic!("{pointer} of {value}")).clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn markets_are_halted_until_there_are_prices() {
    let mut driven = Driven::start().await;
    let state = |answer: &Value| parts(answer, ["/1/0/markPx", "/1/0/phase", "/1/0/premium", "/1/0/midPx"]);
    let answer = driven.info(json!({ "type": "metaAndAssetCtxs" })).await;
    assert_eq!(state(&answer), [json!("0"), json!("halted"), Value::Null, Value::Null]);
    driven.chain.set_oracle(ETH, 20_000_000);
    driven.empty().await;
    driven.empty().await;
    let answer = driven.info(json!({ "type": "metaAndAssetCtxs", "dex": "" })).await;
    assert_eq!(state(&answer)[..2], [json!("2000"), json!("open")]);
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_names_markets_tables_and_limits() {
    let driven = Driven::start().await;
    let meta = driven.info(json!({ "type": "meta" })).await;
    let first = ["/universe/0/name", "/universe/0/szDecimals", "/universe/0/maxLeverage", "/collateralToken"];
    assert_eq!(parts(&meta, first), [json!("ETH"), json!(2), json!(50), json!(0)]);
    // ETH's table has two tiers, so it has a number of its own; DOGE's is its leverage.
    let numbers = parts(&meta, ["/universe/0/marginTableId", "/universe/1/marginTableId"]);
    assert_eq!(numbers, [json!(101), json!(10)]);
    let tiers =
        json!([{ "lowerBound": "0", "maxLeverage": 50 }, { "lowerBound": "1000000", "maxLeverage": 20 }]);
    assert_eq!(meta.pointer("/marginTables/1/1/marginTiers"), Some(&tiers));
    let table = driven.info(json!({ "type": "marginTable", "id": 101 })).await;
    assert_eq!(table, json!({ "description": "tiered 50x", "marginTiers": tiers }));
    assert_eq!(driven.ask(&json!({ "type": "marginTable", "id": 7 })).await.status, 422);
    assert_eq!(driven.ask(&json!({ "type": "meta", "dex": "other" })).await.status, 422);
    let most = driven.info(json!({ "type": "maxMarketOrderNtls" })).await;
    assert_eq!(most, json!([[50, "30000000"], [10, "2000000"]]));
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cross_position_is_told_with_its_margin() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    driven.trade(&one, &two, "1").await;
    driven.chain.set_oracle(ETH, 20_200_000);
    driven.empty().await;
    let state = driven.info(json!({ "type": "clearinghouseState", "user": user(&one), "dex": "" })).await;
    let position = &state["assetPositions"][0];
    // The fee was 0.9; 2000 at 20x, then 2020 at mark: the median of the oracle and 2000, last traded, is not 2020.
    let mark = driven.info(json!({ "type": "metaAndAssetCtxs" })).await[1][0]["markPx"].clone();
    assert_eq!(mark, "2020");
    assert_eq!(
        parts(position, ["/type", "/position/coin", "/position/szi", "/position/entryPx"]),
        [json!("oneWay"), json!("ETH"), json!("1"), json!("2000")]
    );
    assert_eq!(
        parts(position, ["/position/positionValue", "/position/unrealizedPnl", "/position/returnOnEquity"]),
        [json!("2020"), json!("20"), json!("0.2")]
    );
    assert_eq!(
        parts(position, ["/position/leverage", "/position/marginUsed", "/position/maxLeverage"]),
        [json!({ "type": "cross", "value": 20 }), json!("101"), json!(50)]
    );
    // Ten thousand stand behind it, so no price above zero liquidates it.
    assert_eq!(position["position"]["liquidationPx"], Value::Null);
    let summary = json!({
        "accountValue": "10019.1", "totalNtlPos": "2020", "totalRawUsd": "7999.1", "totalMarginUsed": "101",
    });
    assert_eq!(state["marginSummary"], summary);
    assert_eq!(state["crossMarginSummary"], summary);
    // A hundredth of the notional to stay; a tenth of it when money is taken out.
    assert_eq!(
        parts(&state, ["/crossMaintenanceMarginUsed", "/withdrawable"]),
        [json!("20.2"), json!("9817.1")]
    );
    let other = driven.info(json!({ "type": "clearinghouseState", "user": user(&two) })).await;
    let short = &other["assetPositions"][0]["position"];
    assert_eq!(
        parts(short, ["/szi", "/unrealizedPnl", "/returnOnEquity"]),
        [json!("-1"), json!("-20"), json!("-0.2")]
    );
    // Value 9979.7 at 2020 short 1: (9979.7 + 2020) / (1 + 1/100) = 11880.89…, up to the next tick.
    assert_eq!(short["liquidationPx"], "11880.8911");
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_isolated_position_has_its_own_margin() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    driven.act(&one, &leverage(ETH, 10, false)).await;
    driven.trade(&one, &two, "1").await;
    driven.act(&one, &isolated_margin(ETH, 50_000_000)).await;
    let state = driven.info(json!({ "type": "clearinghouseState", "user": user(&one) })).await;
    let position = &state["assetPositions"][0]["position"];
    // 200 of initial margin and 50 more; the fee of 0.9 was paid on top.
    assert_eq!(
        parts(position, ["/leverage", "/marginUsed"]),
        [json!({ "type": "isolated", "value": 10, "rawUsd": "-1750" }), json!("250")]
    );
    // 2000 - 250 = 1750 are owed: 1750 / (1 - 1/100), down to the tick.
    assert_eq!(position["liquidationPx"], "1767.6767");
    assert_eq!(
        parts(&state, ["/marginSummary/accountValue", "/crossMarginSummary/accountValue", "/withdrawable"]),
        [json!("9999.1"), json!("9749.1"), json!("9749.1")]
    );
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_traded_is_what_the_rules_take() {
    let (mut driven, [one, two, three]) = Driven::market().await;
    driven.trade(&one, &two, "1").await;
    let data = driven.info(json!({ "type": "activeAssetData", "user": user(&one), "coin": "ETH" })).await;
    assert_eq!(
        parts(&data, ["/coin", "/leverage/value", "/markPx"]),
        [json!("ETH"), json!(20), json!("2000")]
    );
    let [buy, sell] = parts(&data, ["/maxTradeSzs/0", "/maxTradeSzs/1"]);
    let (buy, sell) = (buy.as_str().unwrap(), sell.as_str().unwrap());
    // 9999.1 of margin at 20x carry 99.99 in all, of which 1 is held; in the other direction 1 more than that.
    assert_eq!((buy, sell), ("98.99", "100.99"));
    let refused = |size: &str| place(&[buy_perp(ETH, "2000", size)]);
    let step = driven.act(&one, &refused("99")).await;
    assert_eq!(step.rejection(0), tandem_exchange::Rejection::InsufficientMargin);
    let step = driven.act(&one, &refused(buy)).await;
    assert!(matches!(step.items(0)[0], tandem_exchange::ItemStatus::Resting { .. }));
    let nobody = json!({ "type": "activeAssetData", "user": user(&Signer::wallet(99)), "coin": "ETH" });
    assert_eq!(driven.info(nobody).await["maxTradeSzs"], json!(["0", "0"]));
    let spot = json!({ "type": "activeAssetData", "user": user(&three), "coin": "@0" });
    assert_eq!(driven.ask(&spot).await.status, 422);
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_and_fills_of_perpetuals_are_told_as_clients_read_them() {
    let (mut driven, [one, two, three]) = Driven::market().await;
    driven.trade(&one, &two, "1").await;
    driven.act(&two, &place(&[sell_perp(ETH, "2010", "2")])).await;
    driven.act(&three, &place(&[buy_perp(ETH, "2010", "2")])).await;
    driven.act(&one, &place(&[Order { reduce_only: true, ..sell_perp(ETH, "2100", "0.5") }])).await;
    driven.act(&two, &place(&[buy_perp(ETH, "2010", "1"), buy_perp(ETH, "1500", "1")])).await;
    driven.act(&three, &place(&[sell_perp(ETH, "2010", "2.5")])).await;
    let fills = driven.info(json!({ "type": "userFills", "user": user(&two) })).await;
    let rows: Vec<_> = fills
        .as_array()
        .unwrap()
        .iter()
        .map(|fill| parts(fill, ["/coin", "/side", "/dir", "/startPosition", "/closedPnl", "/crossed"]))
        .collect();
    let row = |side: &str, dir: &str, start: &str, pnl: &str| {
        [json!("ETH"), json!(side), json!(dir), json!(start), json!(pnl), json!(false)]
    };
    // Entered at (2000 + 2 × 2010) / 3, so one of three cost 2006.66…
    assert_eq!(
        rows,
        [
            row("B", "Close Short", "-3", "-3.33333333"),
            row("A", "Open Short", "-1", "0"),
            row("A", "Open Short", "0", "0")
        ]
    );
    let fee = parts(&fills[0], ["/fee", "/feeToken"]);
    assert_eq!(fee, [json!("0.3015"), json!("USDC")]);
    let fills = driven.info(json!({ "type": "userFills", "user": user(&three) })).await;
    assert_eq!(parts(&fills[0], ["/dir", "/crossed"]), [json!("Close Long"), json!(true)]);
    let orders = driven.info(json!({ "type": "frontendOpenOrders", "user": user(&one) })).await;
    assert_eq!(
        parts(&orders[0], ["/coin", "/reduceOnly", "/limitPx", "/sz"]),
        [json!("ETH"), json!(true), json!("2100"), json!("0.5")]
    );
    let oid = orders[0]["oid"].clone();
    let status = driven.info(json!({ "type": "orderStatus", "user": user(&one), "oid": oid })).await;
    assert_eq!(parts(&status, ["/order/status", "/order/order/reduceOnly"]), [json!("open"), json!(true)]);
    let mids = driven.info(json!({ "type": "allMids" })).await;
    assert_eq!(mids, json!({ "ETH": "1755" }));
    let book = driven.info(json!({ "type": "l2Book", "coin": "ETH" })).await;
    assert_eq!(book["levels"][0], json!([{ "px": "1500", "sz": "1", "n": 1 }]));
    let request = json!({ "coin": "ETH", "interval": "4h", "startTime": 0 });
    let candles = driven.info(json!({ "type": "candleSnapshot", "req": request })).await;
    assert_eq!(
        parts(&candles[0], ["/s", "/i", "/o", "/v"]),
        [json!("ETH"), json!("4h"), json!("2000"), json!("4")]
    );
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn funding_is_told_by_market_and_by_account() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    driven.trade(&one, &two, "1").await;
    driven.pass_hour().await;
    let first = driven.chain.parent.time.0;
    driven.pass_hour().await;
    let rates = driven.info(json!({ "type": "fundingHistory", "coin": "ETH", "startTime": first })).await;
    let second = driven.chain.parent.time.0;
    let row = |time: u64| json!({ "coin": "ETH", "fundingRate": "0.0000125", "premium": "0", "time": time });
    assert_eq!(rates, json!([row(first), row(second)]));
    let asked = json!({ "type": "fundingHistory", "coin": "ETH", "startTime": 0, "endTime": first });
    assert_eq!(driven.info(asked).await, json!([row(first)]));
    let question = |who| json!({ "type": "userFunding", "user": user(who), "startTime": second });
    let paid = driven.info(question(&one)).await;
    let delta = |usdc: &str, szi: &str| {
        json!({
            "type": "funding", "coin": "ETH", "usdc": usdc, "szi": szi, "fundingRate": "0.0000125", "nSamples": null,
        })
    };
    assert_eq!((&paid[0]["delta"], &paid[0]["time"]), (&delta("-0.025", "1"), &json!(second)));
    assert_eq!(driven.info(question(&two)).await[0]["delta"], delta("0.025", "-1"));
    let state = driven.info(json!({ "type": "clearinghouseState", "user": user(&one) })).await;
    let cumulative = &state["assetPositions"][0]["position"]["cumFunding"];
    assert_eq!(cumulative, &json!({ "allTime": "0.05", "sinceOpen": "0.05", "sinceChange": "0.05" }));
    assert_eq!(state["marginSummary"]["accountValue"], "9999.05");
    let predicted = driven.info(json!({ "type": "predictedFundings" })).await;
    let next = (second / 3_600_000 + 1) * 3_600_000;
    let own = json!({ "fundingRate": "0.0000125", "nextFundingTime": next, "fundingIntervalHours": 1 });
    assert_eq!(predicted[0], json!(["ETH", [["HlPerp", own]]]));
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_are_told_to_both_sides() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    let nonce = driven.chain.nonce();
    driven.act(&one, &usd_send(&two.address(), "5", nonce)).await;
    let nonce = driven.chain.nonce();
    driven.act(&one, &send(&Signer::wallet(77).address(), USD, "7", nonce)).await;
    let question = json!({ "type": "userNonFundingLedgerUpdates", "user": user(&one), "startTime": 0 });
    let rows = driven.info(question).await;
    let (from, to, new) = (user(&one), user(&two), user(&Signer::wallet(77)));
    let deltas: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["delta"].clone()).collect();
    let sent =
        json!({ "type": "internalTransfer", "usdc": "5", "user": from, "destination": to, "fee": "0" });
    assert_eq!(
        deltas,
        [
            json!({ "type": "accountClassTransfer", "usdc": "10000", "toPerp": true }),
            sent.clone(),
            json!({
                "type": "spotTransfer", "token": "USDC", "amount": "7", "usdcValue": "7", "user": from,
                "destination": new, "fee": "1",
            }),
        ]
    );
    let question = json!({ "type": "userNonFundingLedgerUpdates", "user": to, "startTime": 0 });
    assert_eq!(driven.info(question).await[1]["delta"], sent);
    driven.stop().await;
}
