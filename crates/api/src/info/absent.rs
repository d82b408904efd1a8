//! Questions about features that are to come. SDKs ask them as they start, so each has the shape that says there is
//! nothing.

use serde_json::{Value, json};

/// Those questions that are not documented one by one.
pub(crate) const ABSENT: &[&str] = &[
    "delegations",
    "delegatorHistory",
    "delegatorRewards",
    "delegatorSummary",
    "liquidatable",
    "perpDeployAuctionStatus",
    "spotDeployState",
    "userAbstraction",
    "userDexAbstraction",
];

/// The answer, if it is such a question.
pub(crate) fn answer(question: &str) -> Option<Value> {
    Some(match question {
        "perpDexs" => json!([null]),
        "spotDeployState" => Value::Null,
        "delegations" | "delegatorRewards" | "delegatorHistory" | "liquidatable" => json!([]),
        "delegatorSummary" => json!({
            "delegated": "0.0", "undelegated": "0.0", "totalPendingWithdrawal": "0.0", "nPendingWithdrawals": 0,
        }),
        "perpDeployAuctionStatus" => json!({
            "startTimeSeconds": 0, "durationSeconds": 0, "startGas": "0.0", "currentGas": null, "endGas": null,
        }),
        "userDexAbstraction" => json!(false),
        "userAbstraction" => json!("disabled"),
        _ => return None,
    })
}
