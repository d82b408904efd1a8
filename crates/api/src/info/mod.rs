//! `/info`: questions about the present and the recent past.
//!
//! | file | about |
//! |---|---|
//! | `market.rs` | markets: metadata, books, trades, candles |
//! | `account.rs` | accounts: balances, orders, fills, limits |
//! | `absent.rs` | features that are to come, in the shape that says there is nothing |

mod absent;
mod account;
mod fields;
mod market;

pub(crate) use absent::{ABSENT, answer as absent_answer};
pub(crate) use account::{open_orders_of, spot_balances};
pub(crate) use fields::Fields;

use crate::app::App;
use crate::error::ApiError;
use bytes::Bytes;
use serde_json::Value;

/// Every question with what it is answered by and its fields, for the documentation; a field with ? may be absent.
pub(crate) const QUESTIONS: &[(&str, &str, &[&str])] = &[
    ("allMids", "Middle prices of all markets.", &[]),
    ("candleSnapshot", "Candles of a market: req is {coin, interval, startTime, endTime}.", &["req"]),
    ("clearinghouseState", "Perpetual positions of an account; there are none yet.", &["user"]),
    ("exchangeStatus", "Height and time of the last block.", &[]),
    (
        "extraAgents",
        "API wallets that an account has approved by name; names are known by their hash.",
        &["user"],
    ),
    ("frontendOpenOrders", "Open orders with all that is known of them.", &["user"]),
    ("historicalOrders", "An account's open orders and the last that ended or were refused.", &["user"]),
    (
        "l2Book",
        "The best 20 levels of a book; nSigFigs and mantissa round prices.",
        &["coin", "nSigFigs?", "mantissa?"],
    ),
    ("meta", "Perpetual markets; there are none yet.", &[]),
    ("metaAndAssetCtxs", "Perpetual markets with their state; there are none yet.", &[]),
    ("openOrders", "Open orders.", &["user"]),
    ("orderStatus", "One order by oid, a number or a client order id.", &["user", "oid"]),
    ("perpDexs", "Perpetual exchanges; the first and only has no name.", &[]),
    (
        "preTransferCheck",
        "Whether an address has an account, and what the first transfer to it costs.",
        &["user"],
    ),
    ("recentTrades", "The last trades of a market.", &["coin"]),
    ("spotClearinghouseState", "Balances of an account.", &["user"]),
    ("spotMeta", "Spot markets and tokens, with the price step of each price band.", &[]),
    ("spotMetaAndAssetCtxs", "The same with prices and volumes of the last day.", &[]),
    ("subAccounts", "Sub-accounts; there are none yet.", &["user"]),
    ("userFees", "Fee rates of an account.", &["user"]),
    ("userFills", "The last fills of an account, latest first.", &["user"]),
    (
        "userFillsByTime",
        "Fills of an account within startTime..endTime, earliest first.",
        &["user", "startTime", "endTime?"],
    ),
    ("userRateLimit", "Actions sent and allowed.", &["user"]),
    ("userRole", "Whether an address is an account, an API wallet or nothing.", &["user"]),
];

/// Answers a question.
///
/// # Errors
/// [`ApiError`] with the field.
pub(crate) fn answer(app: &App, body: &[u8]) -> Result<Bytes, ApiError> {
    let request: Value = serde_json::from_slice(body).map_err(|error| ApiError::syntax(&error))?;
    let fields = Fields::new(&request, "request")?;
    let question = fields.text("type")?;
    let value = match question {
        "l2Book" => return market::l2_book(app, &fields),
        "allMids" => market::all_mids(app),
        "candleSnapshot" => market::candles(app, &fields)?,
        "exchangeStatus" => market::status(app),
        "recentTrades" => market::trades(app, &fields)?,
        "spotMeta" => market::spot_meta(&app.views()),
        "spotMetaAndAssetCtxs" => market::spot_meta_and_contexts(app),
        "clearinghouseState" => account::clearinghouse_state(app, &fields)?,
        "extraAgents" => account::agents(app, &fields)?,
        "openOrders" => account::open_orders(app, &fields)?,
        "frontendOpenOrders" => account::open_orders_in_detail(app, &fields)?,
        "historicalOrders" => account::historical_orders(app, &fields)?,
        "orderStatus" => account::order_status(app, &fields)?,
        "spotClearinghouseState" => account::spot_state(app, &fields)?,
        "preTransferCheck" => account::before_transfer(app, &fields)?,
        "userFees" => account::fees(app, &fields)?,
        "userFills" => account::fills(app, &fields)?,
        "userFillsByTime" => account::fills_by_time(app, &fields)?,
        "userRateLimit" => account::rate_limit(app, &fields)?,
        "userRole" => account::role(app, &fields)?,
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
