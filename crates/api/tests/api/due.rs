//! TWAP orders, fired trigger orders and liquidations, as clients read them.

use crate::driven::Driven;
use serde_json::{Value, json};
use tandem_exchange::action::{Action, Decimal, Order, Tpsl, TwapCancel, TwapRequest};
use tandem_testkit::{ETH, Signer, as_limit, buy_perp, leverage, perp_asset, place, sell_perp, waiting};

fn user(who: &Signer) -> String {
    who.address().to_string()
}

/// A purchase of ETH within five minutes.
pub(crate) fn twap(size: &str) -> Action {
    let (asset, size) = (perp_asset(ETH), Decimal::parse(size).unwrap());
    let request = TwapRequest { asset, is_buy: true, size, reduce_only: false, minutes: 5, randomize: false };
    Action::TwapOrder(request)
}

/// A sale of ETH that may only reduce a position, where there is none.
pub(crate) fn refused_twap() -> Action {
    let Action::TwapOrder(request) = twap("1") else { unreachable!("it is one") };
    Action::TwapOrder(TwapRequest { is_buy: false, reduce_only: true, ..request })
}

impl Driven {
    /// Wallet 1 buys 50 ETH with all that it has, and loses 3 of them to wallet 3 as the mark falls.
    pub(crate) async fn liquidate(&mut self, [long, short, other]: [&Signer; 3]) {
        self.act(long, &leverage(ETH, 50, true)).await;
        self.trade(long, short, "50").await;
        self.act(other, &place(&[buy_perp(ETH, "1814", "3")])).await;
        self.chain.set_oracle(ETH, 18_150_000);
        self.empty().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twap_orders_are_told_by_questions_and_feeds_alike() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    let who = user(&one);
    let mut socket = driven.socket().await;
    for kind in ["twapStates", "userTwapHistory", "userTwapSliceFills"] {
        let subscription = json!({ "type": kind, "user": who });
        socket.say(&json!({ "method": "subscribe", "subscription": subscription })).await;
        let first = socket.hear(kind).await;
        let rows = ["states", "history", "twapSliceFills"].iter().find_map(|name| first["data"].get(name));
        assert_eq!((rows, &first["isSnapshot"]), (Some(&json!([])), &json!(true)));
    }
    driven.act(&two, &place(&[sell_perp(ETH, "2000", "0.15")])).await;
    driven.act(&one, &twap("1")).await;
    let began = driven.chain.parent.time.0;
    let state = |size: &str, notional: &str| {
        json!({
            "coin": "ETH", "user": who, "side": "B", "sz": "1", "executedSz": size, "executedNtl": notional,
            "minutes": 5, "reduceOnly": false, "randomize": false, "timestamp": began, "stopPx": null,
            "trigger": null,
        })
    };
    let activated = json!({
        "time": began / 1_000, "state": state("0", "0"), "status": { "status": "activated" }, "twapId": 0,
    });
    let heard = socket.hear_each(&["twapStates", "userTwapHistory", "userTwapSliceFills"]).await;
    assert_eq!(heard["twapStates"]["data"]["states"], json!([[0, state("0.1", "200")]]));
    assert_eq!(heard["userTwapHistory"]["data"], json!({ "user": who, "history": [activated] }));
    let fills = driven.info(json!({ "type": "userTwapSliceFills", "user": who })).await;
    assert_eq!(heard["userTwapSliceFills"]["data"], json!({ "user": who, "twapSliceFills": fills }));
    assert_eq!((&fills[0]["twapId"], &fills[0]["fill"]["sz"]), (&json!(0), &json!("0.1")));
    assert_eq!((&fills[0]["fill"]["twapId"], &fills[0]["fill"]["dir"]), (&json!(0), &json!("Open Long")));
    let web = json!({ "method": "subscribe", "subscription": { "type": "webData2", "user": who } });
    socket.say(&web).await;
    let web = socket.hear("webData2").await;
    assert_eq!(web["data"]["twapStates"], json!([[0, state("0.1", "200")]]));

    driven.act(&one, &Action::TwapCancel(TwapCancel { asset: perp_asset(ETH), twap: 0 })).await;
    let ended = driven.chain.parent.time.0;
    let terminated = json!({
        "time": ended / 1_000, "state": state("0.1", "200"), "status": { "status": "terminated" }, "twapId": 0,
    });
    let heard = socket.hear_each(&["twapStates", "userTwapHistory"]).await;
    assert_eq!(heard["twapStates"]["data"]["states"], json!([]));
    assert_eq!(heard["userTwapHistory"]["data"]["history"], json!([terminated]));
    let history = driven.info(json!({ "type": "twapHistory", "user": who })).await;
    assert_eq!(history, json!([terminated, activated]));
    driven.act(&two, &refused_twap()).await;
    let history = driven.info(json!({ "type": "twapHistory", "user": user(&two) })).await;
    let why = json!({ "status": "error", "description": "Reduce only order would increase position." });
    assert_eq!(history[0]["status"], why);
    let of_time = |from: u64| json!({ "type": "userTwapSliceFillsByTime", "user": who, "startTime": from });
    assert_eq!(driven.info(of_time(began)).await, fills);
    assert_eq!(driven.info(of_time(began + 1)).await, json!([]));
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fills_of_a_liquidation_say_so_on_both_sides_and_others_do_not() {
    let (mut driven, [one, two, three]) = Driven::market().await;
    driven.liquidate([&one, &two, &three]).await;
    let liquidation = json!({ "liquidatedUser": user(&one), "markPx": "1815", "method": "market" });
    for (who, dir) in [(&one, "Close Long"), (&three, "Open Long")] {
        let fills = driven.info(json!({ "type": "userFills", "user": user(who) })).await;
        assert_eq!((&fills[0]["liquidation"], &fills[0]["dir"]), (&liquidation, &json!(dir)));
        assert_eq!(fills[0]["twapId"], Value::Null);
    }
    let fills = driven.info(json!({ "type": "userFills", "user": user(&two) })).await;
    assert_eq!(fills[0].get("liquidation"), None);
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vault_takes_and_what_is_deleveraged_are_fills_too() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    let mut socket = driven.socket().await;
    let subscription = json!({ "type": "userFills", "user": user(&two) });
    socket.say(&json!({ "method": "subscribe", "subscription": subscription })).await;
    driven.act(&one, &leverage(ETH, 50, true)).await;
    driven.trade(&one, &two, "50").await;
    // 10,000 less 45 of fees are gone at 1800.9: the insurance fund, which has nothing, takes all and is deleveraged.
    driven.chain.set_oracle(ETH, 17_990_000);
    driven.empty().await;
    let of =
        async |who: &Signer| driven.info(json!({ "type": "userFills", "user": user(who) })).await[0].clone();
    let (taken, closed) = (of(&one).await, of(&two).await);
    let about = |fill: &Value| ["dir", "side", "sz", "px", "startPosition"].map(|name| fill[name].clone());
    assert_eq!(about(&taken), ["Liquidated Long", "A", "50", "1799", "50"].map(|text| json!(text)));
    assert_eq!(about(&closed), ["Auto-Deleveraging", "B", "50", "1799", "-50"].map(|text| json!(text)));
    let method = json!({ "liquidatedUser": user(&one), "markPx": "1799", "method": "backstop" });
    assert_eq!((&taken["liquidation"], closed.get("liquidation")), (&method, None));
    // It lost 50 x 201, and the other gained as much less the 95 and what the fee of 45 makes missing of it.
    assert_eq!(taken["closedPnl"], "-10050");
    assert_eq!(closed["closedPnl"], "9955");
    assert_ne!(taken["tid"], closed["tid"]);
    let mut heard = socket.hear("userFills").await;
    while heard["data"]["fills"][0]["dir"] != "Auto-Deleveraging" {
        heard = socket.hear("userFills").await;
    }
    assert_eq!(heard["data"]["fills"][0], closed);
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stop_becomes_says_that_it_only_reduces() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    driven.trade(&one, &two, "1").await;
    let stop = as_limit(waiting(sell_perp(ETH, "2500", "1"), "1900", Tpsl::StopLoss));
    driven.act(&one, &place(&[Order { reduce_only: true, ..stop }])).await;
    driven.chain.set_oracle(ETH, 19_000_000);
    driven.empty().await;
    let orders = driven.info(json!({ "type": "frontendOpenOrders", "user": user(&one) })).await;
    assert_eq!((&orders[0]["isTrigger"], &orders[0]["reduceOnly"]), (&json!(false), &json!(true)));
    driven.act(&two, &place(&[buy_perp(ETH, "2500", "1")])).await;
    let history = driven.info(json!({ "type": "historicalOrders", "user": user(&one) })).await;
    assert_eq!((&history[0]["status"], &history[0]["order"]["reduceOnly"]), (&json!("filled"), &json!(true)));
    driven.stop().await;
}
