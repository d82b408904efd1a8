//! Feeds about perpetual markets, and coming back to a feed.

use crate::client::Socket;
use crate::driven::Driven;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tandem_testkit::{
    ETH, Harness, Signer, buy_perp, cancel_perp, class_transfer, leverage, place, sell_perp,
};
use tandem_types::OrderId;

fn user(who: &Signer) -> String {
    who.address().to_string()
}

/// Subscribes and gives the first message.
async fn begin(socket: &mut Socket, subscription: Value, channel: &str) -> Value {
    socket.say(&json!({ "method": "subscribe", "subscription": subscription })).await;
    socket.hear(channel).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_channel_begins_as_its_question_answers_and_follows() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    driven.trade(&one, &two, "1").await;
    let mut socket = driven.socket().await;
    let who = user(&one);
    let context =
        begin(&mut socket, json!({ "type": "activeAssetCtx", "coin": "ETH" }), "activeAssetCtx").await;
    let asked = driven.info(json!({ "type": "metaAndAssetCtxs" })).await;
    assert_eq!(context["data"], json!({ "coin": "ETH", "ctx": asked[1][0] }));
    let all = begin(&mut socket, json!({ "type": "allDexsAssetCtxs" }), "allDexsAssetCtxs").await;
    assert_eq!(all["data"]["ctxs"], json!([["", asked[1]]]));
    let spot =
        begin(&mut socket, json!({ "type": "activeAssetCtx", "coin": "@0" }), "activeSpotAssetCtx").await;
    assert_eq!(spot["data"]["coin"], "@0");
    let subscription = json!({ "type": "activeAssetData", "user": who, "coin": "ETH" });
    let data = begin(&mut socket, subscription.clone(), "activeAssetData").await;
    assert_eq!(data["data"], driven.info(subscription).await);
    let state =
        begin(&mut socket, json!({ "type": "clearinghouseState", "user": who }), "clearinghouseState").await;
    let asked = driven.info(json!({ "type": "clearinghouseState", "user": who })).await;
    assert_eq!(state["data"], json!({ "dex": "", "user": who, "clearinghouseState": asked }));
    let subscription = json!({ "type": "allDexsClearinghouseState", "user": who });
    let states = begin(&mut socket, subscription, "allDexsClearinghouseState").await;
    assert_eq!(states["data"]["clearinghouseStates"], json!([["", asked]]));
    let web = begin(&mut socket, json!({ "type": "webData2", "user": who }), "webData2").await;
    assert_eq!((&web["data"]["clearinghouseState"], &web["data"]["user"]), (&asked, &json!(who)));
    let web = begin(&mut socket, json!({ "type": "webData3", "user": who }), "webData3").await;
    assert_eq!(web["data"]["userState"]["user"], who);
    let orders = begin(&mut socket, json!({ "type": "openOrders", "user": who }), "openOrders").await;
    assert_eq!(orders["data"], json!({ "dex": "", "user": who, "orders": [] }));

    driven.chain.set_oracle(ETH, 20_200_000);
    driven.empty().await;
    let channels = ["activeAssetCtx", "activeAssetData", "clearinghouseState", "webData2"];
    let heard = socket.hear_each(&channels).await;
    assert_eq!(heard["activeAssetCtx"]["data"]["ctx"]["markPx"], "2020");
    assert_eq!(heard["activeAssetData"]["data"]["markPx"], "2020");
    let state = &heard["clearinghouseState"]["data"]["clearinghouseState"];
    assert_eq!(state["marginSummary"]["totalNtlPos"], "2020");
    assert_eq!(heard["webData2"]["data"]["assetCtxs"][0]["markPx"], "2020");
    driven.act(&one, &leverage(ETH, 10, true)).await;
    assert_eq!(socket.hear("activeAssetData").await["data"]["leverage"]["value"], 10);
    driven.act(&one, &place(&[buy_perp(ETH, "1900", "1")])).await;
    assert_eq!(socket.hear("openOrders").await["data"]["orders"][0]["limitPx"], "1900");
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_and_transfers_come_as_they_are_made() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    driven.trade(&one, &two, "1").await;
    let mut socket = driven.socket().await;
    let who = user(&one);
    let ledger = "userNonFundingLedgerUpdates";
    let first = begin(&mut socket, json!({ "type": ledger, "user": who }), ledger).await;
    assert_eq!(first["data"]["isSnapshot"], true);
    assert_eq!(first["data"]["nonFundingLedgerUpdates"][0]["delta"]["usdc"], "10000");
    let first = begin(&mut socket, json!({ "type": "userFundings", "user": who }), "userFundings").await;
    assert_eq!(first["data"], json!({ "isSnapshot": true, "user": who, "fundings": [] }));
    let subscription = json!({ "type": "userEvents", "user": who });
    begin(&mut socket, subscription, "subscriptionResponse").await;
    driven.pass_hour().await;
    let paid = json!({
        "time": driven.chain.parent.time.0, "coin": "ETH", "usdc": "-0.025", "szi": "1", "fundingRate": "0.0000125",
        "nSamples": null,
    });
    let heard = socket.hear_each(&["user", "userFundings"]).await;
    assert_eq!(heard["user"]["data"], json!({ "funding": paid }));
    assert_eq!(heard["userFundings"]["data"], json!({ "user": who, "fundings": [paid] }));
    let nonce = driven.chain.nonce();
    driven.act(&one, &class_transfer("3", false, nonce)).await;
    let moved = socket.hear(ledger).await;
    assert_eq!(
        moved["data"]["nonFundingLedgerUpdates"][0]["delta"],
        json!({ "type": "accountClassTransfer", "usdc": "3", "toPerp": false })
    );
    driven.stop().await;
}

/// A book that a client keeps from an L4 feed: order ids in priority, with what remains, of each side.
#[derive(Debug, Default, PartialEq)]
struct Book(BTreeMap<u64, (String, String, String)>);

impl Book {
    fn begin(snapshot: &Value) -> Self {
        let mut book = Self::default();
        for order in snapshot["levels"].as_array().unwrap().iter().flat_map(|side| side.as_array().unwrap()) {
            book.add(order["oid"].as_u64().unwrap(), &order["side"], &order["limitPx"], &order["sz"]);
        }
        book
    }

    fn add(&mut self, oid: u64, side: &Value, price: &Value, size: &Value) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.0.insert(oid, (text(side), text(price), text(size)));
    }

    fn follow(&mut self, updates: &Value) {
        for diff in updates["book_diffs"].as_array().unwrap() {
            let (oid, raw) = (diff["oid"].as_u64().unwrap(), &diff["raw_book_diff"]);
            if raw == "remove" {
                self.0.remove(&oid).expect("it was there");
            } else if let Some(size) = raw.pointer("/new/sz") {
                self.add(oid, &diff["side"], &diff["px"], size);
            } else {
                let entry = self.0.get_mut(&oid).expect("it was there");
                assert_eq!(entry.2, raw["update"]["origSz"].as_str().unwrap());
                raw["update"]["newSz"].as_str().unwrap().clone_into(&mut entry.2);
            }
        }
    }

    /// The book of the state.
    fn of(chain: &Harness) -> Self {
        let mut book = Self::default();
        let orders = &chain.chain.tables.exchange.orders;
        for (side, word) in [(tandem_book::Side::Bid, "B"), (tandem_book::Side::Ask, "A")] {
            for (key, order) in tandem_book::resting(orders, ETH, side) {
                let scale = chain.chain.tables.exchange.perp_markets.peek(&ETH).unwrap().price_scale();
                let price = tandem_api::Fixed::new(key.price().to_ticks(scale).0.into(), scale.decimals());
                let size = tandem_api::Fixed::new(order.remaining.0.into(), 2);
                book.add(key.id.0, &json!(word), &json!(price.to_string()), &json!(size.to_string()));
            }
        }
        book
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_l4_feed_gives_the_book_of_every_block() {
    let (mut driven, [one, two, three]) = Driven::market().await;
    driven.act(&one, &place(&[buy_perp(ETH, "1990", "1"), sell_perp(ETH, "2010", "2")])).await;
    let mut socket = driven.socket().await;
    let first = begin(&mut socket, json!({ "type": "l4Book", "coin": "ETH" }), "l4Book").await;
    let snapshot = &first["data"]["Snapshot"];
    assert_eq!(
        (&snapshot["coin"], &snapshot["height"]),
        (&json!("ETH"), &json!(driven.chain.parent.height.0))
    );
    assert_eq!(snapshot["levels"][0][0]["user"], user(&one));
    let (mut book, mut seq) = (Book::begin(snapshot), first["seq"].as_u64().unwrap());
    let ids = |orders: &Book| orders.0.keys().copied().map(OrderId).collect::<Vec<_>>();
    let actions = [
        (&two, place(&[buy_perp(ETH, "2010", "0.5")])),
        (&two, place(&[sell_perp(ETH, "2005", "1"), sell_perp(ETH, "2005", "3")])),
        (&three, place(&[buy_perp(ETH, "2007", "2.5")])),
        (&one, cancel_perp(ETH, &ids(&book))),
    ];
    for (who, action) in actions {
        driven.act(who, &action).await;
        let message = socket.hear("l4Book").await;
        seq += 1;
        let updates = &message["data"]["Updates"];
        assert_eq!(
            (&message["seq"], &updates["height"]),
            (&json!(seq), &json!(driven.chain.parent.height.0))
        );
        assert!(updates["order_statuses"].as_array().is_some_and(|rows| !rows.is_empty()));
        book.follow(updates);
        assert_eq!(book, Book::of(&driven.chain));
    }
    assert_eq!(book.0.len(), 1);
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_is_given_what_it_missed() {
    let (mut driven, [one, _, _]) = Driven::market().await;
    let book = |from: Option<u64>| json!({ "type": "l4Book", "coin": "ETH", "fromSeq": from });
    let mut socket = driven.socket().await;
    let seq = begin(&mut socket, book(None), "l4Book").await["seq"].as_u64().unwrap();
    driven.act(&one, &place(&[buy_perp(ETH, "1990", "1")])).await;
    let heard = socket.hear("l4Book").await;
    drop(socket);
    driven.act(&one, &place(&[buy_perp(ETH, "1991", "1")])).await;

    let mut again = driven.socket().await;
    assert_eq!(begin(&mut again, book(Some(seq)), "l4Book").await, heard);
    let missed = again.hear("l4Book").await;
    assert_eq!((&missed["seq"], &missed["isSnapshot"]), (&json!(seq + 2), &json!(false)));
    assert_eq!(missed["data"]["Updates"]["book_diffs"][0]["px"], "1991");
    driven.act(&one, &place(&[buy_perp(ETH, "1992", "1")])).await;
    assert_eq!(again.hear("l4Book").await["seq"], seq + 3);

    // Of what is not remembered there is a snapshot.
    let mut third = driven.socket().await;
    let first = begin(&mut third, book(Some(7)), "l4Book").await;
    assert_eq!((&first["isSnapshot"], &first["seq"]), (&json!(true), &json!(seq + 3)));
    assert_eq!(first["data"]["Snapshot"]["levels"][0].as_array().unwrap().len(), 3);
    driven.stop().await;
}
