//! Accounts: what they did, what they pay, and what belongs to them.

use crate::docs::words::{
    address, coin, decimal, hash, integer, list, null, object, one_of, reference, side, text, tuple, word,
    words, yes_or_no,
};
use serde_json::{Value, json};

/// An agent; only of one that may do certain things it is said which.
pub(super) fn agent() -> Value {
    let or_none = |schema: Value| one_of(&[schema, null()]);
    let scope = object(&[
        ("assets", or_none(list(integer()))),
        ("orderUsd", or_none(decimal())),
        ("totalUsd", or_none(decimal())),
        ("usedUsd", decimal()),
    ]);
    let mut agent = object(&[("name", text()), ("address", address()), ("validUntil", integer())]);
    agent["properties"]["scope"] = scope;
    agent
}

/// Who leads a trade group, and whom that one has invited.
pub(super) fn trade_group() -> Value {
    let member = object(&[("user", address()), ("hasJoined", yes_or_no())]);
    object(&[("leader", address()), ("members", list(member))])
}

/// None, or all, with what they have on perpetual markets.
pub(super) fn sub_accounts(perpetual: (&str, Value)) -> Value {
    let sub_account = object(&[
        ("name", text()),
        ("subAccountUser", address()),
        ("master", address()),
        perpetual,
        ("spotState", object(&[("balances", list(reference("Balance")))])),
    ]);
    one_of(&[null(), list(sub_account)])
}

pub(super) fn portfolio() -> Value {
    let history = || list(tuple(&[integer(), decimal()]));
    let period = object(&[("accountValueHistory", history()), ("pnlHistory", history()), ("vlm", decimal())]);
    let periods = ["day", "week", "month", "allTime", "perpDay", "perpWeek", "perpMonth", "perpAllTime"];
    tuple(&periods.map(|word| tuple(&[json!({ "const": word }), period.clone()])))
}

pub(super) fn ledger_row(delta: &Value) -> Value {
    list(object(&[("time", integer()), ("hash", hash()), ("delta", delta.clone())]))
}

pub(super) fn funding_delta() -> Value {
    object(&[
        ("type", word("funding")),
        ("coin", coin()),
        ("usdc", decimal()),
        ("szi", decimal()),
        ("fundingRate", decimal()),
        ("nSamples", null()),
    ])
}

pub(super) fn ledger_delta() -> Value {
    one_of(&[
        object(&[
            ("type", word("accountClassTransfer")),
            ("usdc", decimal()),
            ("toPerp", json!({ "type": "boolean" })),
        ]),
        object(&[
            ("type", word("internalTransfer")),
            ("usdc", decimal()),
            ("user", address()),
            ("destination", address()),
            ("fee", decimal()),
        ]),
        object(&[
            ("type", word("subAccountTransfer")),
            ("usdc", decimal()),
            ("user", address()),
            ("destination", address()),
        ]),
        object(&[
            ("type", words(&["accountActivationGas", "rewardsClaim"])),
            ("amount", decimal()),
            ("token", text()),
        ]),
        object(&[
            ("type", word("spotTransfer")),
            ("token", text()),
            ("amount", decimal()),
            ("usdcValue", decimal()),
            ("user", address()),
            ("destination", address()),
            ("fee", decimal()),
        ]),
        object(&[
            ("type", words(&["vaultCreate", "vaultDeposit"])),
            ("vault", address()),
            ("user", address()),
            ("usdc", decimal()),
            ("fee", decimal()),
        ]),
        object(&[
            ("type", words(&["vaultWithdraw", "vaultDistribution"])),
            ("vault", address()),
            ("user", address()),
            ("usdc", decimal()),
            ("requestedUsd", decimal()),
            ("commission", decimal()),
            ("closingCost", decimal()),
            ("basis", decimal()),
            ("netWithdrawnUsd", decimal()),
        ]),
    ])
}

pub(super) fn fees() -> Value {
    let rates = [("cross", decimal()), ("add", decimal()), ("spotCross", decimal()), ("spotAdd", decimal())];
    let tier: Vec<_> = [("ntlCutoff", decimal())].into_iter().chain(rates).collect();
    let rebate = object(&[("makerFractionCutoff", decimal()), ("add", decimal())]);
    let tiers = object(&[("vip", list(object(&tier))), ("mm", list(rebate))]);
    let day = object(&[
        ("date", text()),
        ("userCross", decimal()),
        ("userAdd", decimal()),
        ("exchange", decimal()),
    ]);
    let schedule = object(&[
        ("cross", decimal()),
        ("add", decimal()),
        ("spotCross", decimal()),
        ("spotAdd", decimal()),
        ("tiers", tiers),
        ("referralDiscount", decimal()),
        ("stakingDiscountTiers", list(json!(false))),
    ]);
    object(&[
        ("dailyUserVlm", list(day)),
        ("feeSchedule", schedule),
        ("userCrossRate", decimal()),
        ("userAddRate", decimal()),
        ("userSpotCrossRate", decimal()),
        ("userSpotAddRate", decimal()),
        ("activeReferralDiscount", decimal()),
        ("trial", null()),
        ("feeTrialReward", decimal()),
        ("nextTrialAvailableTimestamp", null()),
        ("stakingLink", null()),
        ("activeStakingDiscount", object(&[("bpsOfMaxSupply", decimal()), ("discount", decimal())])),
    ])
}

pub(super) fn role() -> Value {
    one_of(&[
        object(&[("role", words(&["user", "vault", "missing"]))]),
        object(&[("role", word("agent")), ("data", object(&[("user", address())]))]),
        object(&[("role", word("subAccount")), ("data", object(&[("master", address())]))]),
    ])
}

/// What fills say that they did.
const DIRECTIONS: [&str; 11] = [
    "Buy",
    "Sell",
    "Open Long",
    "Close Long",
    "Open Short",
    "Close Short",
    "Long > Short",
    "Short > Long",
    "Liquidated Long",
    "Liquidated Short",
    "Auto-Deleveraging",
];

pub(super) fn accounts() -> [(&'static str, Value); 4] {
    let fill = [
        ("coin", coin()),
        ("px", decimal()),
        ("sz", decimal()),
        ("side", side()),
        ("time", integer()),
        ("startPosition", decimal()),
        ("dir", words(&DIRECTIONS)),
        ("closedPnl", decimal()),
        ("hash", hash()),
        ("oid", integer()),
        ("crossed", json!({ "type": "boolean" })),
        ("fee", decimal()),
        ("tid", integer()),
        ("feeToken", text()),
        ("twapId", one_of(&[integer(), null()])),
    ];
    let mut fill = object(&fill);
    // Only fills of a liquidation say so.
    fill["properties"]["liquidation"] = object(&[
        ("liquidatedUser", address()),
        ("markPx", decimal()),
        ("method", words(&["market", "backstop"])),
    ]);
    let boolean = || json!({ "type": "boolean" });
    let twap = [
        ("coin", coin()),
        ("user", address()),
        ("side", side()),
        ("sz", decimal()),
        ("executedSz", decimal()),
        ("executedNtl", decimal()),
        ("minutes", integer()),
        ("reduceOnly", boolean()),
        ("randomize", boolean()),
        ("timestamp", integer()),
        ("stopPx", null()),
        ("trigger", null()),
    ];
    let balance = [
        ("coin", text()),
        ("token", integer()),
        ("hold", decimal()),
        ("total", decimal()),
        ("entryNtl", decimal()),
    ];
    let margin = [
        ("accountValue", decimal()),
        ("totalNtlPos", decimal()),
        ("totalRawUsd", decimal()),
        ("totalMarginUsed", decimal()),
    ];
    // Only where a builder got a part of the fee.
    fill["properties"]["builderFee"] = decimal();
    [
        ("Fill", fill),
        ("Balance", object(&balance)),
        ("MarginSummary", object(&margin)),
        ("TwapState", object(&twap)),
    ]
}
