//! The shapes of answers. Every field is named, and none that is not named is sent: a test compares them with what the
//! server answers.

use super::schemas::{address, decimal, integer, list, null, object, one_of, reference, text};
use crate::info;
use serde_json::{Map, Value, json};

/// What an order may be called.
const ORDER_TYPES: &[&str] =
    &["Limit", "Market", "Stop Market", "Stop Limit", "Take Profit Market", "Take Profit Limit"];

/// What each question is answered by.
pub(super) fn of_question(question: &str) -> Option<Value> {
    Some(match question {
        "activeAssetData" => active_asset_data(),
        "allPerpMetas" => list(meta_and_contexts()),
        "allMids" => json!({ "type": "object", "additionalProperties": decimal() }),
        "candleSnapshot" => list(reference("Candle")),
        "clearinghouseState" => clearinghouse_state(),
        "exchangeStatus" => {
            object(&[("time", integer()), ("height", integer()), ("specialStatuses", null())])
        }
        "extraAgents" => list(agent()),
        "frontendOpenOrders" => list(reference("OrderDetails")),
        "fundingHistory" => list(object(&[
            ("coin", coin()),
            ("fundingRate", decimal()),
            ("premium", decimal()),
            ("time", integer()),
        ])),
        "historicalOrders" => list(reference("OrderStatus")),
        "ipRateLimit" => {
            let count = || one_of(&[integer(), null()]);
            let limited = json!({ "type": "boolean" });
            object(&[("limited", limited), ("limit", count()), ("remaining", count()), ("resetMs", count())])
        }
        "l2Book" => reference("Book"),
        "marginTable" => reference("MarginTable"),
        "maxMarketOrderNtls" => list(tuple(&[integer(), decimal()])),
        "meta" => reference("Meta"),
        "metaAndAssetCtxs" => meta_and_contexts(),
        "openOrders" => list(reference("Order")),
        "orderStatus" => one_of(&[
            object(&[("status", json!({ "const": "unknownOid" }))]),
            object(&[("status", json!({ "const": "order" })), ("order", reference("OrderStatus"))]),
        ]),
        "perpDexs" => list(null()),
        "perpsAtOpenInterestCap" => list(text()),
        "predictedFundings" => list(tuple(&[coin(), list(tuple(&[text(), predicted_funding()]))])),
        "portfolio" => portfolio(),
        "preTransferCheck" => object(&[
            ("fee", decimal()),
            ("isSanctioned", json!({ "const": false })),
            ("userExists", json!({ "type": "boolean" })),
            ("userHasSentTx", json!({ "type": "boolean" })),
        ]),
        "recentTrades" => list(reference("Trade")),
        "spotClearinghouseState" => object(&[("balances", list(reference("Balance")))]),
        "spotMeta" => reference("SpotMeta"),
        "subAccounts" => sub_accounts(("clearinghouseState", clearinghouse_state())),
        "subAccounts2" => {
            let states = list(tuple(&[word(""), clearinghouse_state()]));
            sub_accounts(("dexToClearinghouseState", states))
        }
        "spotMetaAndAssetCtxs" => tuple(&[reference("SpotMeta"), list(reference("SpotContext"))]),
        "twapHistory" => list(object(&[
            ("time", integer()),
            ("state", reference("TwapState")),
            ("status", twap_status()),
            ("twapId", integer()),
        ])),
        "userTwapSliceFills" | "userTwapSliceFillsByTime" => {
            list(object(&[("fill", reference("Fill")), ("twapId", integer())]))
        }
        "userFees" => fees(),
        "userFills" | "userFillsByTime" => list(reference("Fill")),
        "userFunding" => ledger_row(&funding_delta()),
        "userNonFundingLedgerUpdates" => ledger_row(&ledger_delta()),
        "userRateLimit" => object(&[
            ("cumVlm", decimal()),
            ("nRequestsUsed", integer()),
            ("nRequestsCap", integer()),
            ("nRequestsSurplus", integer()),
        ]),
        "userRole" => role(),
        "maxBuilderFee" => integer(),
        "userToMultiSigSigners" => {
            one_of(&[object(&[("authorizedUsers", list(address())), ("threshold", integer())]), null()])
        }
        "leadingVaults" => list(object(&[("address", address()), ("name", text())])),
        "userVaultEquities" => list(object(&[
            ("vaultAddress", address()),
            ("equity", decimal()),
            ("lockedUntilTimestamp", integer()),
        ])),
        "vaultDetails" => one_of(&[vault_details(), null()]),
        "vaultSummaries" => list(vault_summary()),
        // What is to come has one answer until then.
        other => json!({ "const": info::absent_answer(other)? }),
    })
}

fn tuple(items: &[Value]) -> Value {
    json!({ "type": "array", "prefixItems": items, "items": false, "minItems": items.len() })
}

fn word(word: &str) -> Value {
    json!({ "const": word })
}

fn words(words: &[&str]) -> Value {
    json!({ "enum": words })
}

fn yes_or_no() -> Value {
    json!({ "type": "boolean" })
}

fn normal() -> Value {
    object(&[("type", word("normal"))])
}

fn vault_follower() -> Value {
    object(&[
        ("user", text()),
        ("vaultEquity", decimal()),
        ("pnl", decimal()),
        ("allTimePnl", decimal()),
        ("daysFollowing", integer()),
        ("vaultEntryTime", integer()),
        ("lockupUntil", integer()),
    ])
}

fn vault_details() -> Value {
    object(&[
        ("name", text()),
        ("vaultAddress", address()),
        ("leader", address()),
        ("description", text()),
        ("portfolio", json!({ "const": [] })),
        ("apr", json!({ "const": 0 })),
        ("followerState", one_of(&[vault_follower(), null()])),
        ("leaderFraction", decimal()),
        ("leaderCommission", decimal()),
        ("followers", list(vault_follower())),
        ("maxDistributable", decimal()),
        ("maxWithdrawable", decimal()),
        ("isClosed", yes_or_no()),
        ("relationship", normal()),
        ("allowDeposits", yes_or_no()),
        ("alwaysCloseOnWithdraw", json!({ "const": false })),
    ])
}

fn vault_summary() -> Value {
    object(&[
        ("name", text()),
        ("vaultAddress", address()),
        ("leader", address()),
        ("tvl", decimal()),
        ("isClosed", yes_or_no()),
        ("relationship", normal()),
        ("createTimeMillis", integer()),
    ])
}

fn clearinghouse_state() -> Value {
    object(&[
        ("marginSummary", reference("MarginSummary")),
        ("crossMarginSummary", reference("MarginSummary")),
        ("crossMaintenanceMarginUsed", decimal()),
        ("withdrawable", decimal()),
        ("assetPositions", list(reference("AssetPosition"))),
        ("time", integer()),
    ])
}

/// An agent; only of one that may do certain things it is said which.
fn agent() -> Value {
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

/// None, or all, with what they have on perpetual markets.
fn sub_accounts(perpetual: (&str, Value)) -> Value {
    let sub_account = object(&[
        ("name", text()),
        ("subAccountUser", address()),
        ("master", address()),
        perpetual,
        ("spotState", object(&[("balances", list(reference("Balance")))])),
    ]);
    one_of(&[null(), list(sub_account)])
}

fn meta_and_contexts() -> Value {
    tuple(&[reference("Meta"), list(reference("PerpContext"))])
}

fn portfolio() -> Value {
    let history = || list(tuple(&[integer(), decimal()]));
    let period = object(&[("accountValueHistory", history()), ("pnlHistory", history()), ("vlm", decimal())]);
    let periods = ["day", "week", "month", "allTime", "perpDay", "perpWeek", "perpMonth", "perpAllTime"];
    tuple(&periods.map(|word| tuple(&[json!({ "const": word }), period.clone()])))
}

fn predicted_funding() -> Value {
    object(&[("fundingRate", decimal()), ("nextFundingTime", integer()), ("fundingIntervalHours", integer())])
}

fn active_asset_data() -> Value {
    object(&[
        ("user", address()),
        ("coin", coin()),
        ("leverage", reference("Leverage")),
        ("maxTradeSzs", tuple(&[decimal(), decimal()])),
        ("availableToTrade", tuple(&[decimal(), decimal()])),
        ("markPx", decimal()),
    ])
}

fn twap_status() -> Value {
    one_of(&[
        object(&[("status", words(&["activated", "finished", "terminated"]))]),
        object(&[("status", word("error")), ("description", text())]),
    ])
}

fn ledger_row(delta: &Value) -> Value {
    list(object(&[("time", integer()), ("hash", hash()), ("delta", delta.clone())]))
}

fn funding_delta() -> Value {
    object(&[
        ("type", word("funding")),
        ("coin", coin()),
        ("usdc", decimal()),
        ("szi", decimal()),
        ("fundingRate", decimal()),
        ("nSamples", null()),
    ])
}

fn ledger_delta() -> Value {
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
        object(&[("type", word("accountActivationGas")), ("amount", decimal()), ("token", text())]),
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

fn fees() -> Value {
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

fn role() -> Value {
    one_of(&[
        object(&[("role", words(&["user", "vault", "missing"]))]),
        object(&[("role", word("agent")), ("data", object(&[("user", address())]))]),
        object(&[("role", word("subAccount")), ("data", object(&[("master", address())]))]),
    ])
}

/// The parts that answers share, by name.
pub(super) fn components() -> Map<String, Value> {
    let rows =
        orders().into_iter().chain(markets()).chain(accounts()).chain(spot_metadata()).chain(perpetuals());
    rows.map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn side() -> Value {
    words(&["A", "B"])
}

fn coin() -> Value {
    reference("Coin")
}

fn hash() -> Value {
    reference("Hash")
}

fn orders() -> [(&'static str, Value); 3] {
    let order: [(&str, Value); 7] = [
        ("coin", coin()),
        ("side", side()),
        ("limitPx", decimal()),
        ("sz", decimal()),
        ("oid", integer()),
        ("timestamp", integer()),
        ("origSz", decimal()),
    ];
    let mut short = object(&order);
    // Only orders that have one say so.
    short["properties"]["cloid"] = reference("Cloid");
    let more = [
        ("triggerCondition", text()),
        ("isTrigger", json!({ "type": "boolean" })),
        ("triggerPx", decimal()),
        ("children", list(json!(false))),
        ("isPositionTpsl", json!({ "type": "boolean" })),
        ("reduceOnly", json!({ "type": "boolean" })),
        ("orderType", words(ORDER_TYPES)),
        ("tif", words(&["Gtc", "Ioc", "Alo", "Fok", "FrontendMarket"])),
        ("cloid", one_of(&[reference("Cloid"), null()])),
    ];
    let detailed: Vec<(&str, Value)> = order.into_iter().chain(more).collect();
    let status = [
        ("order", reference("OrderDetails")),
        ("status", words(&tandem_indexer::ORDER_STATUS_WORDS)),
        ("statusTimestamp", integer()),
    ];
    [("Order", short), ("OrderDetails", object(&detailed)), ("OrderStatus", object(&status))]
}

fn markets() -> [(&'static str, Value); 4] {
    let candle = [
        ("t", integer()),
        ("T", integer()),
        ("s", coin()),
        ("i", text()),
        ("o", decimal()),
        ("c", decimal()),
        ("h", decimal()),
        ("l", decimal()),
        ("v", decimal()),
        ("n", integer()),
    ];
    let book = [
        ("coin", coin()),
        ("time", integer()),
        ("levels", tuple(&[list(reference("Level")), list(reference("Level"))])),
        ("height", integer()),
    ];
    let trade = [
        ("coin", coin()),
        ("side", side()),
        ("px", decimal()),
        ("sz", decimal()),
        ("time", integer()),
        ("hash", hash()),
        ("tid", integer()),
        ("users", tuple(&[address(), address()])),
    ];
    let level = [("px", decimal()), ("sz", decimal()), ("n", integer())];
    [
        ("Candle", object(&candle)),
        ("Book", object(&book)),
        ("Trade", object(&trade)),
        ("Level", object(&level)),
    ]
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

fn accounts() -> [(&'static str, Value); 4] {
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

fn spot_metadata() -> [(&'static str, Value); 4] {
    let yes = || json!({ "const": true });
    let market = object(&[
        ("tokens", tuple(&[integer(), integer()])),
        ("name", reference("Coin")),
        ("index", integer()),
        ("isCanonical", yes()),
        ("lotSize", decimal()),
        ("priceDecimals", integer()),
        ("priceSignificantFigures", integer()),
        ("priceBands", list(object(&[("from", decimal()), ("tick", decimal())]))),
    ]);
    let token = object(&[
        ("name", text()),
        ("szDecimals", integer()),
        ("weiDecimals", integer()),
        ("index", integer()),
        ("tokenId", text()),
        ("isCanonical", yes()),
        ("evmContract", null()),
        ("fullName", null()),
        ("deployerTradingFeeShare", decimal()),
    ]);
    let context = object(&[
        ("coin", reference("Coin")),
        ("markPx", decimal()),
        ("midPx", one_of(&[decimal(), null()])),
        ("prevDayPx", decimal()),
        ("dayNtlVlm", decimal()),
        ("dayBaseVlm", decimal()),
        ("circulatingSupply", decimal()),
        ("totalSupply", decimal()),
    ]);
    let meta =
        object(&[("universe", list(reference("SpotMarket"))), ("tokens", list(reference("SpotToken")))]);
    [("SpotMarket", market), ("SpotToken", token), ("SpotContext", context), ("SpotMeta", meta)]
}

fn perpetuals() -> [(&'static str, Value); 6] {
    let market = object(&[
        ("name", coin()),
        ("szDecimals", integer()),
        ("maxLeverage", integer()),
        ("marginTableId", integer()),
        ("lotSize", decimal()),
        ("priceDecimals", integer()),
        ("priceSignificantFigures", integer()),
        ("priceBands", list(object(&[("from", decimal()), ("tick", decimal())]))),
        ("openInterestCap", decimal()),
        ("openInterestNtlCap", decimal()),
    ]);
    let tier = object(&[("lowerBound", decimal()), ("maxLeverage", integer())]);
    let table = object(&[("description", text()), ("marginTiers", list(tier))]);
    let meta = object(&[
        ("universe", list(reference("PerpMarket"))),
        ("marginTables", list(tuple(&[integer(), reference("MarginTable")]))),
        ("collateralToken", integer()),
    ]);
    let or_null = |schema: Value| one_of(&[schema, null()]);
    let context = object(&[
        ("funding", decimal()),
        ("openInterest", decimal()),
        ("prevDayPx", decimal()),
        ("dayNtlVlm", decimal()),
        ("premium", or_null(decimal())),
        ("oraclePx", decimal()),
        ("markPx", decimal()),
        ("midPx", or_null(decimal())),
        ("impactPxs", or_null(tuple(&[decimal(), decimal()]))),
        ("dayBaseVlm", decimal()),
        ("phase", words(&["open", "halted"])),
    ]);
    [
        ("PerpMarket", market),
        ("MarginTable", table),
        ("Meta", meta),
        ("PerpContext", context),
        ("Leverage", leverage()),
        ("AssetPosition", asset_position()),
    ]
}

fn leverage() -> Value {
    one_of(&[
        object(&[("type", word("cross")), ("value", integer())]),
        object(&[("type", word("isolated")), ("value", integer()), ("rawUsd", decimal())]),
    ])
}

fn asset_position() -> Value {
    let funding = object(&[("allTime", decimal()), ("sinceOpen", decimal()), ("sinceChange", decimal())]);
    let position = object(&[
        ("coin", coin()),
        ("szi", decimal()),
        ("leverage", reference("Leverage")),
        ("entryPx", decimal()),
        ("positionValue", decimal()),
        ("unrealizedPnl", decimal()),
        ("returnOnEquity", decimal()),
        ("liquidationPx", one_of(&[decimal(), null()])),
        ("marginUsed", decimal()),
        ("maxLeverage", integer()),
        ("cumFunding", funding),
    ]);
    object(&[("type", word("oneWay")), ("position", position)])
}

/// What `/health` answers, well or not.
pub(super) fn health() -> Value {
    object(&[
        ("status", words(&["ok", "stalled"])),
        ("height", integer()),
        ("time", integer()),
        ("ageMs", integer()),
        ("network", words(&["production", "test", "dev"])),
        ("chainId", integer()),
        ("genesisHash", reference("Hash")),
        ("version", text()),
    ])
}

/// What `/exchange` answers with status 200.
pub(super) fn exchange() -> Value {
    let statuses = object(&[("statuses", list(reference("ItemStatus")))]);
    let done = object(&[("type", words(&["order", "cancel", "default"])), ("data", statuses)]);
    let default = object(&[("type", word("default"))]);
    let made = object(&[("type", words(&["createSubAccount", "createVault"])), ("data", address())]);
    one_of(&[
        json!({ "title": "ok", "oneOf": [
            object(&[("status", word("ok")), ("response", one_of(&[done, default, made]))]),
        ] }),
        // An action that a block refused as a whole, or that the exchange does not admit.
        json!({ "title": "err", "oneOf": [
            object(&[("status", word("err")), ("response", text()), ("error", object(&[("code", integer())]))]),
            reference("Error"),
        ] }),
    ])
}

/// How one order, cancel or the like of an action ended.
pub(super) fn item_status() -> Value {
    let mut resting = object(&[("oid", integer())]);
    // Only where some of it was filled at once.
    resting["properties"]["filledSz"] = decimal();
    one_of(&[
        word("success"),
        object(&[("resting", resting)]),
        object(&[("filled", object(&[("totalSz", decimal()), ("avgPx", decimal()), ("oid", integer())]))]),
        object(&[("error", text()), ("code", integer())]),
    ])
}
