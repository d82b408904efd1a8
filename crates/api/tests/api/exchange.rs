//! Acting: what is accepted, and how what is not is refused.

use crate::chain::Chain;
use crate::order_action;
use serde_json::{Value, json};
use tandem_exchange::action::{Action, l1_digest};
use tandem_testkit::{BTC, Signer, approve, buy, cancel, sell};
use tandem_types::OrderId;

fn first(answer: &Value) -> &Value {
    assert_eq!(answer["status"], "ok", "{answer}");
    &answer["response"]["data"]["statuses"][0]
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_rest_fill_and_are_cancelled() {
    let chain = Chain::start().await;
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    let (wire, action) = order_action(&sell(BTC, "100", "2"));
    let answer = chain.act(&maker, &wire, &action).await;
    let oid = first(&answer)["resting"]["oid"].as_u64().unwrap();
    let (wire, action) = order_action(&buy(BTC, "101.5", "0.5"));
    let answer = chain.act(&taker, &wire, &action).await;
    let filled = &first(&answer)["filled"];
    assert_eq!((&filled["totalSz"], &filled["avgPx"]), (&json!("0.5"), &json!("100")));

    // Whoever is answered reads its own writes.
    let fills = chain.info(json!({ "type": "userFills", "user": maker.address().to_string() })).await.json();
    assert_eq!(
        (&fills[0]["oid"], &fills[0]["sz"], &fills[0]["side"]),
        (&json!(oid), &json!("0.5"), &json!("A"))
    );
    assert_eq!((&fills[0]["startPosition"], &fills[0]["crossed"]), (&json!("10"), &json!(false)));
    let open = chain.info(json!({ "type": "openOrders", "user": maker.address().to_string() })).await.json();
    assert_eq!(
        (&open[0]["oid"], &open[0]["sz"], &open[0]["origSz"]),
        (&json!(oid), &json!("1.5"), &json!("2"))
    );
    let book = chain.info(json!({ "type": "l2Book", "coin": "@0" })).await.json();
    assert_eq!(book["levels"], json!([[], [{ "px": "100", "sz": "1.5", "n": 1 }]]));

    let wire = json!({ "type": "cancel", "cancels": [{ "a": 10_000, "o": oid }] });
    let action = cancel(BTC, &[OrderId(oid)]);
    assert_eq!(first(&chain.act(&maker, &wire, &action).await), "success");
    let again = chain.act(&maker, &wire, &action).await;
    assert_eq!(first(&again)["error"], "Order was never placed, already canceled, or filled.");
    let question = json!({ "type": "orderStatus", "user": maker.address().to_string(), "oid": oid });
    let status = chain.info(question).await.json();
    assert_eq!((&status["status"], &status["order"]["status"]), (&json!("order"), &json!("canceled")));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_ed25519_key_trades() {
    let chain = Chain::start().await;
    let (owner, key) = (Signer::wallet(1), Signer::key(9));
    let nonce = chain.nonce();
    let wire = json!({
        "type": "approveAgent", "hyperliquidChain": "Testnet", "signatureChainId": "0x539",
        "agentAddress": key.address().to_string(), "agentName": "bot", "nonce": nonce,
    });
    let action = approve(&key.address(), Some("bot"), nonce);
    let answer = chain.act(&owner, &wire, &action).await;
    assert_eq!(answer, json!({ "status": "ok", "response": { "type": "default" } }));
    let (wire, action) = order_action(&buy(BTC, "50", "1"));
    assert!(first(&chain.act(&key, &wire, &action).await)["resting"]["oid"].is_u64());
    let role = chain.info(json!({ "type": "userRole", "user": key.address().to_string() })).await.json();
    assert_eq!(role, json!({ "role": "agent", "data": { "user": owner.address().to_string() } }));
    let agents =
        chain.info(json!({ "type": "extraAgents", "user": owner.address().to_string() })).await.json();
    assert_eq!((agents.as_array().unwrap().len(), &agents[0]["name"]), (1, &json!("bot")));
    assert_eq!(agents[0]["address"], key.address().to_string());
    let left_ms = agents[0]["validUntil"].as_u64().unwrap() - nonce;
    assert!(left_ms.abs_diff(tandem_exchange::AGENT_LIFE_MAX_MS) < 60_000, "{left_ms}");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_signature_is_answered_with_its_address_and_the_hash() {
    let chain = Chain::start().await;
    let stranger = Signer::wallet(99);
    let (wire, action) = order_action(&buy(BTC, "50", "1"));
    let request = chain.request(&stranger, &wire, &action);
    let answer = chain.http().await.post("/exchange", &request.to_string()).await;
    let network = chain.node.identity().network;
    let signed = stranger.sign(&action, request["nonce"].as_u64().unwrap(), None, &network);
    let body = answer.json();
    let address = stranger.address().to_string();
    assert_eq!((answer.status, &body["status"]), (200, &json!("err")));
    assert_eq!(body["response"], format!("User or API Wallet {address} does not exist."));
    assert_eq!(body["error"]["signer"], address);
    assert_eq!(body["error"]["expectedHash"], signed.action_hash().to_string());
    let digest = l1_digest(network.source(), &signed.action_hash());
    assert_eq!(body["error"]["expectedDigest"], digest.to_string());
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_refused_and_says_so() {
    let chain = Chain::start().await;
    let signer = Signer::wallet(1);
    let (wire, action) = order_action(&buy(BTC, "50", "1"));
    let request = chain.request(&signer, &wire, &action).to_string();
    let mut http = chain.http().await;
    assert_eq!(http.post("/exchange", &request).await.json()["status"], "ok");
    let again = http.post("/exchange", &request).await;
    assert_eq!((again.status, &again.json()["error"]["code"]), (200, &json!("nonce_used")));
    let open = chain.info(json!({ "type": "openOrders", "user": signer.address().to_string() })).await.json();
    assert_eq!(open.as_array().unwrap().len(), 1);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_name_what_is_wrong() {
    let chain = Chain::start().await;
    let good = chain.request(&Signer::wallet(1), &json!({ "type": "noop" }), &Action::Noop);
    let with = |field: &str, value: Value| {
        let mut request = good.clone();
        request[field] = value;
        request.to_string()
    };
    let bad_order = json!({ "type": "order", "orders": [{ "a": 10_000, "b": true, "p": "1.50", "s": "1", "r": false,
        "t": { "limit": { "tif": "Gtc" } } }], "grouping": "na" });
    let rows = [
        ("{".to_owned(), 400, "malformed_json", Value::Null),
        (with("nonce", json!("1")), 422, "invalid_field", json!("nonce")),
        (
            with("action", json!({ "type": "order", "orders": [{ "p": 1.5 }] })),
            422,
            "invalid_field",
            json!("action.orders[0].p"),
        ),
        (with("action", bad_order), 422, "invalid_action", json!("action.orders[0].p")),
        (with("action", json!({ "type": "dance" })), 422, "invalid_action", json!("action.type")),
        (
            with("signature", json!({ "r": "0x0", "s": "0x0", "v": 27 })),
            400,
            "invalid_signature",
            json!("signature"),
        ),
        (
            with(
                "signature",
                json!({ "publicKey": format!("0x{}", "11".repeat(32)), "sig": format!("0x{}", "22".repeat(64)) }),
            ),
            // A key that acts for nobody is refused before its signature is looked at.
            200,
            "unknown_signer",
            Value::Null,
        ),
    ];
    let mut http = chain.http().await;
    for (body, status, code, field) in rows {
        let answer = http.post("/exchange", &body).await;
        let json = answer.json();
        assert_eq!(
            (answer.status, &json["code"], &json["error"]["field"]),
            (status, &json!(code), &field),
            "{json}"
        );
        assert!(json["msg"].is_string() && json["status"] == "err", "{json}");
    }
    chain.stop().await;
}
