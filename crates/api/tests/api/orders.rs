//! Orders as they are asked about: open, ended, refused.

use crate::chain::Chain;
use crate::order_action;
use serde_json::{Value, json};
use tandem_exchange::action::{Order, OrderKind, TimeInForce};
use tandem_testkit::{BTC, Signer, buy, sell};
use tandem_types::Cloid;

const fn staying(order: Order, time_in_force: TimeInForce) -> Order {
    Order { kind: OrderKind::Limit(time_in_force), ..order }
}

async fn place(chain: &Chain, trader: &Signer, order: &Order) -> Value {
    let (wire, action) = order_action(order);
    let answer = chain.act(trader, &wire, &action).await;
    answer["response"]["data"]["statuses"][0].clone()
}

async fn ask(chain: &Chain, question: &str, trader: &Signer) -> Value {
    chain.info(json!({ "type": question, "user": trader.address().to_string() })).await.json()
}

async fn status(chain: &Chain, trader: &Signer, oid: &Value) -> Value {
    let question = json!({ "type": "orderStatus", "user": trader.address().to_string(), "oid": oid });
    chain.info(question).await.json()["order"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_shows_its_time_in_force_open_and_ended() {
    let chain = Chain::start().await;
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    let gtc = place(&chain, &maker, &sell(BTC, "100", "2")).await["resting"]["oid"].clone();
    let alo = place(&chain, &maker, &staying(sell(BTC, "101", "2"), TimeInForce::Alo)).await;
    let alo = alo["resting"]["oid"].clone();
    let open = ask(&chain, "frontendOpenOrders", &maker).await;
    let tifs: Vec<_> = open.as_array().unwrap().iter().map(|order| (&order["oid"], &order["tif"])).collect();
    assert_eq!(tifs, [(&gtc, &json!("Gtc")), (&alo, &json!("Alo"))]);
    assert_eq!(status(&chain, &maker, &alo).await["order"]["tif"], "Alo");

    let ioc = place(&chain, &taker, &staying(buy(BTC, "100", "1"), TimeInForce::Ioc)).await;
    let market = place(&chain, &taker, &staying(buy(BTC, "102", "1"), TimeInForce::FrontendMarket)).await;
    let rows = [(ioc, "Ioc", "Limit"), (market, "FrontendMarket", "Market")];
    for (answer, tif, order_type) in rows {
        let ended = status(&chain, &taker, &answer["filled"]["oid"]).await;
        let found = (&ended["status"], &ended["order"]["tif"], &ended["order"]["orderType"]);
        assert_eq!(found, (&json!("filled"), &json!(tif), &json!(order_type)));
    }
    let past = ask(&chain, "historicalOrders", &maker).await;
    let tifs: Vec<_> = past.as_array().unwrap().iter().map(|row| row["order"]["tif"].as_str()).collect();
    assert_eq!(tifs, [Some("Alo"), Some("Gtc")]);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_order_is_found_with_its_reason() {
    let chain = Chain::start().await;
    let trader = Signer::wallet(1);
    let named = |order: Order, number| Order { cloid: Some(Cloid([number; 16])), ..order };
    let best = place(&chain, &trader, &sell(BTC, "100", "1")).await["resting"]["oid"].clone();
    let rows = [
        (named(buy(BTC, "1.00001", "20"), 1), "tickRejected", "1.00001"),
        (named(buy(BTC, "1", "1"), 2), "minTradeNtlRejected", "1"),
        (named(buy(BTC, "90", "1000000"), 3), "insufficientSpotBalanceRejected", "90"),
        (named(staying(buy(BTC, "100", "1"), TimeInForce::Alo), 4), "badAloPxRejected", "100"),
        (named(staying(buy(BTC, "99", "1"), TimeInForce::Ioc), 5), "iocCancelRejected", "99"),
        (
            named(staying(buy(BTC, "99", "1"), TimeInForce::FrontendMarket), 6),
            "marketOrderNoLiquidityRejected",
            "99",
        ),
        (named(staying(buy(BTC, "99", "1"), TimeInForce::Fok), 7), "rejected", "99"),
    ];
    let mut oids = Vec::new();
    for (order, word, price) in &rows {
        assert!(place(&chain, &trader, order).await["error"].is_string());
        let cloid = order.cloid.unwrap().to_string();
        let by_cloid = status(&chain, &trader, &json!(cloid)).await;
        let found = (&by_cloid["status"], &by_cloid["order"]["limitPx"], &by_cloid["order"]["cloid"]);
        assert_eq!(found, (&json!(word), &json!(price), &json!(cloid)));
        let by_oid = status(&chain, &trader, &by_cloid["order"]["oid"]).await;
        assert_eq!(by_oid, by_cloid);
        oids.push(by_cloid["order"]["oid"].as_u64().unwrap());
    }
    // Numbers of their own, exact in every JSON reader.
    assert!(oids.is_sorted_by(|a, b| a < b) && oids.iter().all(|oid| (1 << 52..1 << 53).contains(oid)));
    let past = ask(&chain, "historicalOrders", &trader).await;
    let words: Vec<_> = past.as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap()).collect();
    let mut expected: Vec<_> = rows.iter().rev().map(|(_, word, _)| *word).collect();
    expected.insert(0, "open");
    assert_eq!(words, expected);

    // The client order id of a refused order is free; then the order that has it is meant.
    let used = place(&chain, &trader, &named(sell(BTC, "101", "1"), 4)).await["resting"]["oid"].clone();
    let again = named(sell(BTC, "102", "1"), 4);
    assert!(place(&chain, &trader, &again).await["error"].is_string());
    let open = status(&chain, &trader, &json!(again.cloid.unwrap().to_string())).await;
    assert_eq!((&open["status"], &open["order"]["oid"]), (&json!("open"), &used));
    // Another account does not see them.
    assert_eq!(status(&chain, &Signer::wallet(2), &json!(oids[0])).await, Value::Null);
    assert_eq!(status(&chain, &trader, &best).await["status"], "open");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_hears_of_refused_orders() {
    let chain = Chain::start().await;
    let trader = Signer::wallet(1);
    let mut socket = chain.socket().await;
    let subscription = json!({ "type": "orderUpdates", "user": trader.address().to_string() });
    socket.say(&json!({ "method": "subscribe", "subscription": subscription })).await;
    socket.hear("subscriptionResponse").await;
    assert!(place(&chain, &trader, &buy(BTC, "1", "1")).await["error"].is_string());
    let told = socket.hear("orderUpdates").await["data"][0].clone();
    assert_eq!((&told["status"], &told["order"]["sz"]), (&json!("minTradeNtlRejected"), &json!("1")));
    assert_eq!(told["order"]["oid"], status(&chain, &trader, &told["order"]["oid"]).await["order"]["oid"]);
    chain.stop().await;
}
