//! Questions about features that are to come. SDKs ask them as they start, so each has the shape that says there is
//! nothing.

use serde_json::{Value, json};

/// Those questions that are not documented one by one.
pub(crate) const ABSENT: &[&str] = &[
    "activeAssetData",
    "allPerpMetas",
    "delegations",
    "delegatorHistory",
    "delegatorRewards",
    "delegatorSummary",
    "fundingHistory",
    "liquidatable",
    "maxBuilderFee",
    "perpDeployAuctionStatus",
    "perpsAtOpenInterestCap",
    "portfolio",
    "predictedFundings",
    "referral",
    "spotDeployState",
    "twapHistory",
    "userAbstraction",
    "userDexAbstraction",
    "userFunding",
    "userNonFundingLedgerUpdates",
    "userToMultiSigSigners",
    "userTwapSliceFills",
    "userVaultEquities",
    "vaultSummaries",
];

/// The answer, if it is such a question.
pub(crate) fn answer(question: &str) -> Option<Value> {
    Some(match question {
        "meta" => meta(),
        "metaAndAssetCtxs" => json!([meta(), []]),
        "allPerpMetas" => json!([meta()]),
        "perpDexs" => json!([null]),
        "subAccounts" | "userToMultiSigSigners" | "spotDeployState" | "activeAssetData" => Value::Null,
        "fundingHistory"
        | "predictedFundings"
        | "userFunding"
        | "userNonFundingLedgerUpdates"
        | "delegations"
        | "delegatorRewards"
        | "delegatorHistory"
        | "portfolio"
        | "userTwapSliceFills"
        | "twapHistory"
        | "userVaultEquities"
        | "vaultSummaries"
        | "perpsAtOpenInterestCap"
        | "liquidatable" => json!([]),
        "delegatorSummary" => json!({
            "delegated": "0.0", "undelegated": "0.0", "totalPendingWithdrawal": "0.0", "nPendingWithdrawals": 0,
        }),
        "referral" => json!({
            "referredBy": null, "cumVlm": "0.0", "unclaimedRewards": "0.0", "claimedRewards": "0.0",
            "builderRewards": "0.0", "referrerState": null, "rewardHistory": [],
        }),
        "maxBuilderFee" => json!(0),
        "perpDeployAuctionStatus" => json!({
            "startTimeSeconds": 0, "durationSeconds": 0, "startGas": "0.0", "currentGas": null, "endGas": null,
        }),
        "userDexAbstraction" => json!(false),
        "userAbstraction" => json!("disabled"),
        _ => return None,
    })
}

fn meta() -> Value {
    json!({ "universe": [], "marginTables": [], "collateralToken": 0 })
}
