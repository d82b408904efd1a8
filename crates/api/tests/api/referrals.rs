//! Referrals over the API: codes, those who named them, what was earned and claimed, and what is saved.

use crate::driven::Driven;
use serde_json::{Value, json};
use tandem_exchange::action::Action;
use tandem_exchange::sub_account_address;
use tandem_testkit::{PURR, Signer, buy, create_sub_account, place, register_referrer, sell, set_referrer};

impl Driven {
    /// `seller` takes a bid of `buyer` for so many PURR at 2 USD.
    async fn sell_purr(&mut self, seller: &Signer, buyer: &Signer, size: &str) {
        self.act(buyer, &place(&[buy(PURR, "2", size)])).await;
        self.act(seller, &place(&[sell(PURR, "2", size)])).await;
    }

    /// The first, who has traded enough, refers the third, who then pays enough for a claim.
    pub(crate) async fn refer(&mut self, [one, two, three]: [&Signer; 3]) {
        self.sell_purr(one, two, "5000").await;
        self.act(one, &register_referrer("ONE")).await;
        self.act(three, &set_referrer("ONE")).await;
        self.sell_purr(three, two, "12000").await;
        self.act(one, &Action::ClaimRewards).await;
        self.sell_purr(three, two, "1000").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn referrers_see_whom_they_referred_and_what_they_earned() {
    let (mut driven, [one, two, three]) = Driven::market().await;
    let ask = |user: &Signer| json!({ "type": "referral", "user": user.address().to_string() });
    let before = driven.info(ask(&two)).await;
    assert_eq!(before["referrerState"], json!({ "stage": "needToTrade", "data": { "required": "10000" } }));
    assert_eq!((&before["referredBy"], &before["cumVlm"]), (&Value::Null, &json!("0")));
    driven.refer([&one, &two, &three]).await;
    // 24,000 and 2,000 USD at 672 millionths, of which a tenth each.
    let sums = json!({ "cumVlm": "26000", "cumRewardedFeesSinceReferred": "17.472", "cumFeesRewardedToReferrer": "1.7472" });
    let own = json!({ "cumVlm": "10000", "unclaimedRewards": "0.1344", "claimedRewards": "1.6128", "builderRewards": "0" });
    let found = driven.info(ask(&one)).await;
    for (name, value) in own.as_object().unwrap() {
        assert_eq!(&found[name], value, "{name}");
    }
    assert_eq!(found["tokenToState"], json!([[0, own]]));
    let data = &found["referrerState"]["data"];
    assert_eq!((&found["referrerState"]["stage"], &data["code"]), (&json!("ready"), &json!("ONE")));
    assert_eq!(data["nReferrals"], 1);
    let referee = &data["referralStates"][0];
    assert_eq!(referee["user"], three.address().to_string());
    assert_eq!(referee["tokenToState"], json!([[0, sums]]));
    assert_eq!(referee["cumFeesRewardedToReferrer"], "1.7472");
    let found = driven.info(ask(&three)).await;
    assert_eq!(found["referredBy"], json!({ "referrer": one.address().to_string(), "code": "ONE" }));
    assert_eq!(found["referrerState"], json!({ "stage": "needToCreateCode" }));
    // A sub-account has no part in it.
    driven.act(&three, &create_sub_account("desk")).await;
    let desk = sub_account_address(&three.address(), 0).to_string();
    let found = driven.info(json!({ "type": "referral", "user": desk })).await;
    assert_eq!((&found["referredBy"], &found["referrerState"]), (&Value::Null, &Value::Null));
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_in_the_ledger_and_a_discount_beside_the_rates() {
    let (mut driven, [one, two, three]) = Driven::market().await;
    driven.refer([&one, &two, &three]).await;
    let user = one.address().to_string();
    let rows =
        driven.info(json!({ "type": "userNonFundingLedgerUpdates", "user": user, "startTime": 0 })).await;
    let mut deltas = rows.as_array().unwrap().iter().map(|row| &row["delta"]);
    let claim = json!({ "type": "rewardsClaim", "amount": "1.6128", "token": "USDC" });
    assert!(deltas.any(|delta| *delta == claim), "{rows}");
    for (who, discount) in [(&one, "0"), (&three, "0.04")] {
        let fees = driven.info(json!({ "type": "userFees", "user": who.address().to_string() })).await;
        assert_eq!(fees["activeReferralDiscount"], discount);
        assert_eq!(fees["feeSchedule"]["referralDiscount"], "0.04");
        assert_eq!(
            (&fees["userCrossRate"], &fees["userSpotCrossRate"]),
            (&json!("0.00045"), &json!("0.0007"))
        );
    }
    driven.stop().await;
}
