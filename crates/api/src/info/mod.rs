//! `/info`: questions about the present and the recent past.
//!
//! | file | about |
//! |---|---|
//! | `market.rs` | markets: metadata, books, trades, candles |
//! | `perp.rs` | perpetual markets: metadata, prices, funding, what an account can trade |
//! | `account.rs` | accounts: balances, positions, orders, fills, limits |
//! | `fees.rs` | accounts: fee rates and the volumes that they follow from |
//! | `ledger.rs` | accounts: funding paid, transfers |
//! | `portfolio.rs` | accounts: what they were worth |
//! | `referral.rs` | accounts: referrers, referred accounts and rewards |
//! | `sub_accounts.rs` | sub-accounts with what they have |
//! | `trade_group.rs` | accounts: who leads their trade groups, and who is in them |
//! | `twap.rs` | accounts: TWAP orders |
//! | `vault.rs` | vaults and what accounts have in them |
//! | `absent.rs` | features that are to come, in the shape that says there is nothing |

mod absent;
mod account;
mod fees;
pub(crate) mod fields;
mod ledger;
mod market;
mod perp;
mod portfolio;
mod referral;
mod sub_accounts;
mod trade_group;
mod twap;
mod vault;

pub(crate) use absent::{ABSENT, answer as absent_answer};
pub(crate) use account::{open_orders_of, perpetual_state, spot_balances};
use fields::Fields;
pub(crate) use ledger::{funding, ledger_update};
pub(crate) use market::{spot_context, spot_contexts};
pub(crate) use perp::{Phase, asset_data, capped, context, contexts, meta};
pub(crate) use portfolio::worth;
pub(crate) use twap::{running as running_twaps, slice_fill, twap_row};

use crate::app::App;
use crate::error::ApiError;
use crate::rates;
use bytes::Bytes;
use serde_json::Value;
use std::net::IpAddr;

/// Every question with what it is answered by and its fields, for the documentation; a field with ? may be absent.
pub(crate) const QUESTIONS: &[(&str, &str, &[&str])] = &[
    (
        "activeAssetData",
        "An account's leverage on a perpetual market, and how much it can buy and sell there.",
        &["user", "coin"],
    ),
    ("allMids", "Middle prices of all markets.", &["dex?"]),
    ("allPerpMetas", "What metaAndAssetCtxs answers, of each exchange of perpetuals; there is one.", &[]),
    ("candleSnapshot", "Candles of a market: req is {coin, interval, startTime, endTime}.", &["req"]),
    ("clearinghouseState", "Perpetual positions and margin of an account.", &["user", "dex?"]),
    ("exchangeStatus", "Height and time of the last block.", &[]),
    (
        "extraAgents",
        "API wallets that an account has approved by name; names are known by their hash.",
        &["user"],
    ),
    ("frontendOpenOrders", "Open orders with all that is known of them.", &["user", "dex?"]),
    (
        "fundingHistory",
        "Funding rates of a perpetual market within startTime..endTime, earliest first, at most 500.",
        &["coin", "startTime?", "endTime?"],
    ),
    ("historicalOrders", "An account's open orders and the last that ended or were refused.", &["user"]),
    ("ipRateLimit", "What is left of the weight that the asking address may use within a minute.", &[]),
    (
        "l2Book",
        "The best 20 levels of a book; nSigFigs and mantissa round prices.",
        &["coin", "nSigFigs?", "mantissa?"],
    ),
    ("leadingVaults", "Vaults that an account leads.", &["user"]),
    ("marginTable", "The margin tiers of a number that meta names.", &["id"]),
    (
        "maxMarketOrderNtls",
        "From which greatest leverage of a market on which notional is the most of an order that can't rest.",
        &[],
    ),
    (
        "maxBuilderFee",
        "What an account has approved for a builder, in tenths of a basis point.",
        &["user", "builder"],
    ),
    ("meta", "Perpetual markets, with the price step of each price band, and margin tiers.", &["dex?"]),
    ("metaAndAssetCtxs", "The same with prices, funding, volumes and the phase of each market.", &["dex?"]),
    ("openOrders", "Open orders.", &["user", "dex?"]),
    ("orderStatus", "One order by oid, a number or a client order id.", &["user", "oid"]),
    ("perpDexs", "Perpetual exchanges; the first and only has no name.", &[]),
    ("perpsAtOpenInterestCap", "Perpetual markets in which nothing more can be opened.", &["dex?"]),
    ("predictedFundings", "What each market's hour would pay if it ended now.", &[]),
    (
        "portfolio",
        "What an account was worth, its profit and what it traded, by period, as far as the index remembers.",
        &["user"],
    ),
    (
        "preTransferCheck",
        "Whether an address has an account, and what the first transfer to it costs.",
        &["user"],
    ),
    ("recentTrades", "The last trades of a market.", &["coin"]),
    (
        "referral",
        "Who referred an account, whom it referred and what came of it; referralStates has the first 1,000.",
        &["user"],
    ),
    ("spotClearinghouseState", "Balances of an account.", &["user"]),
    ("spotMeta", "Spot markets and tokens, with the price step of each price band.", &[]),
    ("spotMetaAndAssetCtxs", "The same with prices and volumes of the last day.", &[]),
    ("subAccounts", "Sub-accounts of an account with what they have; null if there are none.", &["user"]),
    ("subAccounts2", "The same with what they have of each exchange of perpetuals.", &["user"]),
    (
        "tradeGroup",
        "Who leads an account's trade group and whom that one has invited; null without one.",
        &["user"],
    ),
    ("userFees", "Fee rates of an account, and the volumes that they follow from.", &["user"]),
    ("userFills", "The last fills of an account, latest first.", &["user"]),
    (
        "userFillsByTime",
        "Fills of an account within startTime..endTime, earliest first.",
        &["user", "startTime", "endTime?"],
    ),
    (
        "userFunding",
        "Funding that an account's positions paid within startTime..endTime, earliest first, at most 500.",
        &["user", "startTime?", "endTime?"],
    ),
    (
        "userNonFundingLedgerUpdates",
        "Transfers of an account within startTime..endTime, earliest first, at most 500.",
        &["user", "startTime?", "endTime?"],
    ),
    ("userRateLimit", "Actions sent and allowed.", &["user"]),
    ("twapHistory", "Beginnings and ends of an account's TWAP orders, the latest first.", &["user"]),
    ("userTwapSliceFills", "What the parts of an account's TWAP orders traded, the latest first.", &["user"]),
    (
        "userTwapSliceFillsByTime",
        "The same within startTime..endTime, earliest first.",
        &["user", "startTime", "endTime?"],
    ),
    ("userRole", "Whether an address is an account, a sub-account, an API wallet or nothing.", &["user"]),
    (
        "userToMultiSigSigners",
        "The keys of an account of several keys, and how many of them must sign.",
        &["user"],
    ),
    ("userVaultEquities", "What an account has in vaults.", &["user"]),
    ("vaultDetails", "A vault, its holders and what a user has in it.", &["vaultAddress", "user?"]),
    ("vaultSummaries", "Vaults made within the last two hours.", &[]),
];

/// Answers a question.
///
/// # Errors
/// [`ApiError`] with the field.
pub(crate) fn answer(app: &App, ip: IpAddr, body: &[u8]) -> Result<Bytes, ApiError> {
    let request: Value = serde_json::from_slice(body).map_err(|error| ApiError::syntax(&error))?;
    let fields = Fields::new(&request, "request")?;
    let question = fields.text("type")?;
    let limits = &app.config.limits;
    app.rates.take(ip, rates::question_weight(question), limits)?;
    fields.first_dex()?;
    let value = match question {
        "l2Book" => return market::l2_book(app, &fields),
        "activeAssetData" => perp::active_asset_data(app, &fields)?,
        "allMids" => market::all_mids(app),
        "allPerpMetas" => Value::Array(vec![perp::meta_and_contexts(app)]),
        "candleSnapshot" => market::candles(app, &fields)?,
        "exchangeStatus" => market::status(app),
        "fundingHistory" => perp::funding_history(app, &fields)?,
        "ipRateLimit" => rates::answer(app.rates.left(ip, limits)),
        "marginTable" => perp::margin_table(app, &fields)?,
        "maxMarketOrderNtls" => perp::market_order_notionals(app),
        "meta" => perp::meta(&app.views()),
        "metaAndAssetCtxs" => perp::meta_and_contexts(app),
        "perpsAtOpenInterestCap" => perp::at_open_interest_cap(app),
        "predictedFundings" => perp::predicted_fundings(app),
        "recentTrades" => market::trades(app, &fields)?,
        "spotMeta" => market::spot_meta(&app.views()),
        "spotMetaAndAssetCtxs" => market::spot_meta_and_contexts(app),
        "clearinghouseState" => account::clearinghouse_state(app, &fields)?,
        "maxBuilderFee" => account::max_builder_fee(app, &fields)?,
        "extraAgents" => account::agents(app, &fields)?,
        "openOrders" => account::open_orders(app, &fields)?,
        "frontendOpenOrders" => account::open_orders_in_detail(app, &fields)?,
        "historicalOrders" => account::historical_orders(app, &fields)?,
        "orderStatus" => account::order_status(app, &fields)?,
        "spotClearinghouseState" => account::spot_state(app, &fields)?,
        "preTransferCheck" => account::before_transfer(app, &fields)?,
        "subAccounts" => sub_accounts::list(app, &fields, sub_accounts::Form::First)?,
        "subAccounts2" => sub_accounts::list(app, &fields, sub_accounts::Form::Second)?,
        "tradeGroup" => trade_group::of_user(app, &fields)?,
        "userFees" => fees::answer(app, &fields)?,
        "userFills" => account::fills(app, &fields)?,
        "userFillsByTime" => account::fills_by_time(app, &fields)?,
        "userFunding" => ledger::user_funding(app, &fields)?,
        "userNonFundingLedgerUpdates" => ledger::ledger_updates(app, &fields)?,
        "userRateLimit" => account::rate_limit(app, &fields)?,
        "portfolio" => portfolio::portfolio(app, &fields)?,
        "referral" => referral::answer(app, &fields)?,
        "twapHistory" => twap::history(app, &fields)?,
        "userTwapSliceFills" => twap::slice_fills(app, &fields)?,
        "userTwapSliceFillsByTime" => twap::slice_fills_by_time(app, &fields)?,
        "userRole" => account::role(app, &fields)?,
        "userToMultiSigSigners" => account::multi_sig_signers(app, &fields)?,
        "leadingVaults" => vault::leading(app, &fields)?,
        "userVaultEquities" => vault::equities(app, &fields)?,
        "vaultDetails" => vault::details(app, &fields)?,
        "vaultSummaries" => vault::summaries(app),
        other => match absent_answer(other) {
            Some(value) => value,
            None => {
                let shown: String = other.chars().take(40).collect();
                let text = format!("no question is called {shown:?}; /docs lists them");
                return Err(ApiError::field("unknown_type", "type", &text));
            }
        },
    };
    Ok(Bytes::from(value.to_string()))
}
