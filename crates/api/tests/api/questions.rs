//! Asking, and everything that is not acting.

use crate::chain::Chain;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_sdks_ask_as_they_start_has_the_shape_they_read() {
    let chain = Chain::start().await;
    let user = tandem_testkit::Signer::wallet(1).address().to_string();
    let stranger = tandem_testkit::Signer::wallet(99).address().to_string();
    let meta = chain.info(json!({ "type": "spotMeta" })).await.json();
    assert_eq!(meta["universe"][0]["name"], "@0");
    assert_eq!(meta["universe"][0]["tokens"], json!([1, 0]));
    assert_eq!(meta["tokens"][1]["tokenId"], format!("0x{:032x}", 1));
    assert_eq!(meta["tokens"][1]["szDecimals"], 5);
    let rows = [
        (json!({ "type": "meta", "dex": "" }), "/universe", json!([])),
        (json!({ "type": "metaAndAssetCtxs" }), "/1", json!([])),
        (json!({ "type": "spotMetaAndAssetCtxs" }), "/1/0/coin", json!("@0")),
        (json!({ "type": "allMids", "dex": "" }), "", json!({})),
        (json!({ "type": "perpDexs" }), "", json!([null])),
        (json!({ "type": "openOrders", "user": user, "dex": "" }), "", json!([])),
        (json!({ "type": "orderStatus", "user": user, "oid": 5 }), "/status", json!("unknownOid")),
        (json!({ "type": "spotClearinghouseState", "user": user }), "/balances/1/total", json!("10")),
        (json!({ "type": "clearinghouseState", "user": user }), "/assetPositions", json!([])),
        (json!({ "type": "userRole", "user": user }), "/role", json!("user")),
        (
            json!({ "type": "preTransferCheck", "user": user, "source": user }),
            "",
            json!({ "fee": "0", "isSanctioned": false, "userExists": true, "userHasSentTx": false }),
        ),
        (
            json!({ "type": "preTransferCheck", "user": stranger, "source": user }),
            "",
            json!({ "fee": "1", "isSanctioned": false, "userExists": false, "userHasSentTx": false }),
        ),
        (json!({ "type": "userFees", "user": user }), "/userSpotCrossRate", json!("0.0007")),
        (json!({ "type": "userRateLimit", "user": user }), "/nRequestsCap", json!(10_000)),
        (json!({ "type": "extraAgents", "user": user }), "", json!([])),
        (json!({ "type": "subAccounts", "user": user }), "", Value::Null),
        (json!({ "type": "exchangeStatus" }), "/specialStatuses", Value::Null),
        (json!({ "type": "recentTrades", "coin": "@0" }), "", json!([])),
        (json!({ "type": "l2Book", "coin": "BTC/USDC" }), "/levels", json!([[], []])),
        (
            json!({ "type": "candleSnapshot", "req": { "coin": "@0", "interval": "1m", "startTime": 0 } }),
            "",
            json!([]),
        ),
    ];
    for (question, pointer, expected) in rows {
        let answer = chain.info(question.clone()).await;
        assert_eq!(answer.status, 200, "{question}: {}", answer.body);
        assert_eq!(answer.json().pointer(pointer), Some(&expected), "{question}: {}", answer.body);
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_questions_name_the_field() {
    let chain = Chain::start().await;
    let rows = [
        ("", 400, "malformed_json", Value::Null),
        ("[]", 422, "invalid_field", json!("request")),
        ("{}", 422, "missing_field", json!("type")),
        (r#"{"type":"dance"}"#, 422, "unknown_type", json!("type")),
        (r#"{"type":"l2Book","coin":"@7"}"#, 422, "unknown_coin", json!("coin")),
        (r#"{"type":"l2Book","coin":"@0","nSigFigs":9}"#, 422, "invalid_field", json!("nSigFigs")),
        (r#"{"type":"openOrders","user":"0x1"}"#, 422, "invalid_field", json!("user")),
        (
            r#"{"type":"candleSnapshot","req":{"coin":"@0","interval":"2m"}}"#,
            422,
            "invalid_field",
            json!("req.interval"),
        ),
    ];
    let mut http = chain.http().await;
    for (body, status, code, field) in rows {
        let answer = http.post("/info", body).await;
        let json = answer.json();
        assert_eq!(
            (answer.status, &json["code"], &json["error"]["field"]),
            (status, &json!(code), &field),
            "{body}"
        );
    }
    for (path, status) in [("/nowhere", 404), ("/info", 405), ("/ws", 400), ("/metrics", 200), ("/docs", 200)]
    {
        let got = http.get(path).await.status;
        assert!(got == status || (path == "/ws" && (400..500).contains(&got)), "{path}: {got}");
    }
    let api = http.get("/openapi.json").await.json();
    let documented =
        api["paths"]["/info"]["post"]["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
            .clone();
    for question in documented.as_array().unwrap() {
        let name = &question["title"];
        let answer = http.post("/info", &json!({ "type": name }).to_string()).await;
        assert_ne!(answer.json().get("code"), Some(&json!("unknown_type")), "{name}");
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_on_all_addresses() {
    let chain = Chain::start().await;
    assert_eq!(chain.addresses().len(), 2);
    for address in chain.addresses() {
        assert_eq!(crate::client::Http::connect(*address).await.get("/metrics").await.status, 200);
    }
    chain.stop().await;
}
