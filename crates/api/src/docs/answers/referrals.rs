//! Referrers and those whom they referred.

use crate::docs::words::{address, decimal, integer, list, null, object, one_of, text, tuple, word};
use serde_json::{Value, json};

/// Sums of each token, by its number.
fn by_token(sums: &[(&str, Value)]) -> Value {
    list(tuple(&[integer(), object(sums)]))
}

fn referee() -> Value {
    let sums = [
        ("cumVlm", decimal()),
        ("cumRewardedFeesSinceReferred", decimal()),
        ("cumFeesRewardedToReferrer", decimal()),
    ];
    let tokens = by_token(&sums);
    let more = [("timeJoined", integer()), ("user", address()), ("tokenToState", tokens)];
    object(&sums.into_iter().chain(more).collect::<Vec<_>>())
}

/// Where an account stands on its way to referring others; of sub-accounts and vaults none.
fn stage() -> Value {
    let ready = [("code", text()), ("nReferrals", integer()), ("referralStates", list(referee()))];
    one_of(&[
        object(&[("stage", word("ready")), ("data", object(&ready))]),
        object(&[("stage", word("needToTrade")), ("data", object(&[("required", decimal())]))]),
        object(&[("stage", word("needToCreateCode"))]),
        null(),
    ])
}

pub(super) fn referral() -> Value {
    let sums = [
        ("cumVlm", decimal()),
        ("unclaimedRewards", decimal()),
        ("claimedRewards", decimal()),
        ("builderRewards", decimal()),
    ];
    let by = one_of(&[object(&[("referrer", address()), ("code", text())]), null()]);
    let more = [
        ("referredBy", by),
        ("referrerState", stage()),
        ("rewardHistory", list(json!(false))),
        ("tokenToState", by_token(&sums)),
    ];
    object(&sums.into_iter().chain(more).collect::<Vec<_>>())
}
