//! What each question is answered by.

use super::accounts::{
    agent, fees, funding_delta, ledger_delta, ledger_row, portfolio, role, sub_accounts, trade_group,
};
use super::orders::twap_status;
use super::perpetuals::{active_asset_data, clearinghouse_state, meta_and_contexts, predicted_funding};
use super::referrals::referral;
use super::vaults::{vault_details, vault_summary};
use crate::docs::words::{
    address, coin, decimal, integer, list, null, object, one_of, reference, text, tuple, word,
};
use crate::info;
use serde_json::{Value, json};

/// What each question is answered by.
pub(in crate::docs) fn of_question(question: &str) -> Option<Value> {
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
        "referral" => referral(),
        "recentTrades" => list(reference("Trade")),
        "spotClearinghouseState" => object(&[("balances", list(reference("Balance")))]),
        "spotMeta" => reference("SpotMeta"),
        "subAccounts" => sub_accounts(("clearinghouseState", clearinghouse_state())),
        "subAccounts2" => {
            let states = list(tuple(&[word(""), clearinghouse_state()]));
            sub_accounts(("dexToClearinghouseState", states))
        }
        "spotMetaAndAssetCtxs" => tuple(&[reference("SpotMeta"), list(reference("SpotContext"))]),
        "tradeGroup" => one_of(&[trade_group(), null()]),
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
