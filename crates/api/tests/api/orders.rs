//! Orders as they are asked about: open, ended, refused.

use crate::chain::Chain;
use crate::order_action;
use serde_json::{Value, json};
use tandem_exchange::action::{Order, OrderKind, TimeInForce};
use tandem_testkit::{BTC, Signer, buy, sell};

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
