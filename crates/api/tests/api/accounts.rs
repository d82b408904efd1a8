//! Sub-accounts over the API: made, funded, found, and told of in ledgers; and what an account pays.

use crate::driven::Driven;
use serde_json::{Value, json};
use tandem_exchange::sub_account_address;
use tandem_testkit::{
    USD, create_sub_account, rename_sub_account, sub_account_spot_transfer, sub_account_transfer,
};

#[tokio::test(flavor = "multi_thread")]
async fn sub_accounts_are_listed_with_what_they_have() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    let ask = |name: &str, user: &str| json!({ "type": name, "user": user });
    let (master, other) = (one.address().to_string(), two.address().to_string());
    assert_eq!(driven.info(ask("subAccounts", &master)).await, Value::Null);
    driven.act(&one, &create_sub_account("first")).await;
    driven.act(&one, &create_sub_account("second")).await;
    let (first, second) = (sub_account_address(&one.address(), 0), sub_account_address(&one.address(), 1));
    driven.act(&one, &sub_account_transfer(&second, true, 250_500_000)).await;
    driven.act(&one, &sub_account_spot_transfer(&second, true, USD, "12.5")).await;
    driven.act(&one, &sub_account_transfer(&second, false, 500_000)).await;
    driven.act(&one, &rename_sub_account(&first, "renamed")).await;

    let listed = driven.info(ask("subAccounts", &master)).await;
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["renamed", "second"]);
    let row = &listed[1];
    assert_eq!((&row["subAccountUser"], &row["master"]), (&json!(second.to_string()), &json!(master)));
    assert_eq!(row["clearinghouseState"]["withdrawable"], "250");
    assert_eq!(row["spotState"]["balances"][0]["total"], "12.5");
    let again = driven.info(ask("subAccounts2", &master)).await;
    assert_eq!(again[1]["dexToClearinghouseState"], json!([["", row["clearinghouseState"]]]));
    assert_eq!(driven.info(ask("subAccounts", &other)).await, Value::Null);

    let role = driven.info(ask("userRole", &second.to_string())).await;
    assert_eq!(role, json!({ "role": "subAccount", "data": { "master": master } }));
    assert_eq!(driven.info(ask("userRole", &master)).await, json!({ "role": "user" }));
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_to_and_from_sub_accounts_are_in_both_ledgers() {
    let (mut driven, [one, ..]) = Driven::market().await;
    driven.act(&one, &create_sub_account("desk")).await;
    let desk = sub_account_address(&one.address(), 0).to_string();
    driven.act(&one, &sub_account_transfer(&sub_account_address(&one.address(), 0), true, 5_000_000)).await;
    let master = one.address().to_string();
    let transfer = json!({ "type": "subAccountTransfer", "usdc": "5", "user": master, "destination": desk });
    let fee = json!({ "type": "accountActivationGas", "amount": "1", "token": "USDC" });
    for (user, expected) in [(&master, vec![fee, transfer.clone()]), (&desk, vec![transfer])] {
        let question = json!({ "type": "userNonFundingLedgerUpdates", "user": user, "startTime": 0 });
        let rows = driven.info(question).await;
        let deltas: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["delta"].clone()).collect();
        let found: Vec<_> =
            deltas.into_iter().filter(|delta| delta["type"] != "accountClassTransfer").collect();
        assert_eq!(found, expected, "{user}");
    }
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_are_told_with_the_volumes_that_they_follow_from() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    driven.trade(&one, &two, "1").await;
    let fees = |user: String| json!({ "type": "userFees", "user": user });
    let (taker, maker) = (
        driven.info(fees(one.address().to_string())).await,
        driven.info(fees(two.address().to_string())).await,
    );
    assert_eq!((&taker["userCrossRate"], &taker["userAddRate"]), (&json!("0.00045"), &json!("0.00015")));
    let tier = json!({
        "ntlCutoff": "5000000", "cross": "0.0004", "add": "0.00012", "spotCross": "0.0006", "spotAdd": "0.0003",
    });
    assert_eq!(taker["feeSchedule"]["tiers"]["vip"], json!([tier]));
    let rebate = json!({ "makerFractionCutoff": "1", "add": "-0.00001" });
    assert_eq!(taker["feeSchedule"]["tiers"]["mm"], json!([rebate]));
    for (answer, cross, add) in [(&taker, "2000", "0"), (&maker, "0", "2000")] {
        let days = answer["dailyUserVlm"].as_array().unwrap();
        let expected =
            json!({ "date": "2023-11-14", "userCross": cross, "userAdd": add, "exchange": "2000" });
        assert_eq!((days.len(), &days[14]), (15, &expected));
    }
    driven.stop().await;
}
