//! `docs/api-coverage.md` against the tables that requests are looked up in.

use crate::info::{ABSENT, QUESTIONS, absent_answer};
use crate::ws::{CHANNELS, Topic};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tandem_indexer::Indexer;

const COVERAGE: &str = include_str!("../../../../docs/api-coverage.md");
/// Where the rules look an action's name up.
const DECODER: &str = include_str!("../../../exchange/src/action/decode.rs");

/// The names of Hyperliquid's API, as on the wire.
const ACTIONS: &str = "order cancel cancelByCloid modify batchModify scheduleCancel updateLeverage updateIsolatedMargin \
    topUpIsolatedOnlyMargin twapOrder twapCancel noop reserveRequestWeight usdSend spotSend sendAsset agentSendAsset \
    usdClassTransfer withdraw3 vaultTransfer createSubAccount subAccountTransfer subAccountSpotTransfer \
    subAccountModify approveAgent approveBuilderFee setReferrer registerReferrer claimRewards setDisplayName \
    convertToMultiSigUser multiSig evmUserModify sendToEvmWithData userSetAbstraction agentSetAbstraction borrowLend \
    userOutcome cDeposit cWithdraw tokenDelegate linkStakingUser cSignerAction cValidatorAction validatorL1Stream \
    gossipPriorityBid spotDeploy perpDeploy finalizeEvmContract activateOutcomeDeployer hip3LiquidatorTransfer \
    createVault vaultModify vaultDistribute";
const ASKED: &str = "meta metaAndAssetCtxs allPerpMetas perpDexs perpDexLimits perpsAtOpenInterestCap marginTable \
    spotMeta spotMetaAndAssetCtxs tokenDetails allMids l2Book recentTrades candleSnapshot fundingHistory \
    predictedFundings exchangeStatus clearinghouseState spotClearinghouseState activeAssetData openOrders \
    frontendOpenOrders orderStatus historicalOrders userFills userFillsByTime userFunding \
    userNonFundingLedgerUpdates userFees userRateLimit userRole subAccounts extraAgents maxBuilderFee portfolio \
    twapHistory userTwapSliceFills vaultDetails userVaultEquities delegations delegatorSummary delegatorHistory \
    delegatorRewards validatorSummaries outcomeMeta settledOutcome liquidatable gossipRootIps";
const HEARD: &str = "allMids l2Book bbo trades candle orderUpdates userEvents userFills userFundings \
    userNonFundingLedgerUpdates activeAssetCtx activeAssetData fastAssetCtxs allDexsAssetCtxs clearinghouseState \
    allDexsClearinghouseState openOrders spotState twapStates userTwapSliceFills userTwapHistory webData3 \
    notification outcomeMetaUpdates l4Book";

/// Names of a section with what the document says of them.
fn section(title: &str) -> BTreeMap<&'static str, &'static str> {
    let (_, rest) = COVERAGE.split_once(&format!("\n## {title}\n")).expect("the section");
    let section = rest.split("\n## ").next().unwrap_or_default();
    let mut rows = BTreeMap::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (name, status, why) = (cells[1].trim_matches('`'), cells[2], cells[3]);
        assert!(["served", "empty", "refused"].contains(&status), "{line}");
        assert!(status == "served" || !why.is_empty(), "{name} has no reason");
        assert_eq!(rows.insert(name, status), None, "{name} stands twice");
    }
    rows
}

fn check(title: &str, published: &str, own: &BTreeMap<&str, &str>) {
    let rows = section(title);
    for name in published.split_whitespace() {
        assert!(rows.contains_key(name), "{title}: {name} is missing");
    }
    let answered = rows.iter().filter(|(_, status)| **status != "refused");
    let answered: BTreeMap<&str, &str> = answered.map(|(name, status)| (*name, *status)).collect();
    assert_eq!(&answered, own, "{title}");
}

#[test]
fn actions_are_those_that_the_rules_read() {
    let (_, decoder) = DECODER.split_once("match kind {").expect("the table of actions");
    let table = decoder.split("other =>").next().unwrap_or_default();
    let names = table.lines().filter_map(|line| line.trim().strip_prefix('"')?.split('"').next());
    let served: BTreeMap<&str, &str> = names.map(|name| (name, "served")).collect();
    assert!(served.len() > 10, "{served:?}");
    check("Actions", ACTIONS, &served);
}

#[test]
fn questions_are_those_that_are_answered() {
    let names: BTreeSet<&str> = QUESTIONS.iter().map(|(name, ..)| name).chain(ABSENT).copied().collect();
    // That there is one exchange of perpetuals, without a name, is the answer.
    let is_empty = |name: &str| name != "perpDexs" && absent_answer(name).is_some();
    let status = |name| (name, if is_empty(name) { "empty" } else { "served" });
    check("Questions", ASKED, &names.into_iter().map(status).collect());
}

#[test]
fn channels_are_those_that_can_be_subscribed_to() {
    let quiet = |name: &str| {
        let user = format!("0x{}", "0".repeat(40));
        let topic = Topic::parse(&json!({ "type": name, "user": user }), &Indexer::default());
        matches!(topic, Ok(Topic::Quiet(..)))
    };
    let status = |name| (name, if quiet(name) { "empty" } else { "served" });
    check("Channels", HEARD, &CHANNELS.iter().map(|(name, _)| status(*name)).collect());
}

/// Each channel of the table is known where subscriptions are read: what is missing is a parameter, if anything.
#[test]
fn channels_of_the_table_are_read() {
    for (name, _) in CHANNELS {
        let subscription = json!({ "type": name });
        let error = Topic::parse(&subscription, &Indexer::default()).err();
        assert!(error.is_none_or(|error| error.code == "missing_field"), "{name}");
    }
}
