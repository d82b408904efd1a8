//! What a topic says to somebody who has just come.

use super::l4;
use super::topic::Topic;
use crate::app::App;
use crate::info::{self, open_orders_of, spot_balances};
use crate::views::{self, Rounding};
use crate::wire::{
    Coin, Level, WireCandle, WireFill, WireOrder, WireOrderDetails, WireStatus, WireTrade, address_text,
};
use serde::Serialize;
use serde_json::json;
use tandem_book::Side;
use tandem_indexer::{Indexer, Interval, Listing, OrderStatus};
use tandem_types::{Address, MarketId};

/// Fills in a snapshot.
const FILLS_MAX: usize = 100;
/// Funding payments and transfers in a snapshot.
const ROWS_MAX: usize = 500;
/// Trades in a snapshot.
const TRADES_MAX: usize = 50;

/// The data of a topic's snapshot; `None` if the topic has none.
pub(crate) fn of(topic: &Topic, indexer: &Indexer, app: &App) -> Option<String> {
    match topic {
        Topic::AllMids => Some(all_mids(indexer)),
        Topic::L2Book(market, rounding) => book(*market, *rounding, indexer, app),
        Topic::Bbo(market) => bbo(*market, indexer).map(|(_, data)| data),
        Topic::Trades(market) => trades(*market, indexer),
        Topic::Candle(market, interval) => candle(*market, *interval, indexer),
        Topic::UserFills(user) => fills(*user, indexer),
        Topic::SpotState(user) => spot_state(*user, indexer, app),
        Topic::L4Book(market) => l4::snapshot(*market, indexer),
        Topic::AssetContext(market) => asset_context(*market, indexer, app),
        Topic::AssetContexts => Some(asset_contexts(indexer, app)),
        Topic::AssetData(user, market) => asset_data(*user, *market, indexer, app),
        Topic::Fundings(user) => Some(fundings(*user, indexer)),
        Topic::Ledger(user) => Some(ledger(*user, indexer)),
        Topic::OpenOrders(user) => Some(orders_of(*user, indexer, app)),
        Topic::Clearinghouse(_) | Topic::Clearinghouses(_) => {
            clearinghouse(topic, indexer, app).map(|(_, data)| data)
        }
        Topic::WebData2(user) => Some(web_data_2(*user, indexer, app)),
        Topic::WebData3(user) => Some(web_data_3(*user, indexer, app)),
        Topic::TwapStates(user) => Some(twap_states(*user, indexer, app)),
        Topic::TwapFills(user) => Some(twap_fills(*user, indexer)),
        Topic::TwapHistory(user) => Some(twap_history(*user, indexer)),
        // Clients take what these two say for news.
        Topic::OrderUpdates(_) | Topic::UserEvents(_) | Topic::Quiet(..) => None,
    }
}

/// Prices and the like of a market.
pub(crate) fn asset_context(id: MarketId, indexer: &Indexer, app: &App) -> Option<String> {
    let market = indexer.markets().market(id)?;
    let context = match market {
        Listing::Perpetual(_) => info::context(id, indexer, app)?,
        Listing::Spot(_) => info::spot_context(id, indexer, app)?,
    };
    Some(json!({ "coin": Coin::new(id, market), "ctx": context }).to_string())
}

pub(crate) fn asset_contexts(indexer: &Indexer, app: &App) -> String {
    json!({ "ctxs": [["", info::contexts(indexer, app)]] }).to_string()
}

pub(crate) fn asset_data(user: Address, id: MarketId, indexer: &Indexer, app: &App) -> Option<String> {
    Some(info::asset_data(user, id, indexer, app)?.to_string())
}

fn fundings(user: Address, indexer: &Indexer) -> String {
    let account = indexer.markets().account(&user);
    let payments = account.into_iter().flat_map(|account| indexer.funding().payments(account));
    let rows = payments.take(ROWS_MAX).filter_map(|payment| info::funding(payment, indexer.markets()));
    json!({ "isSnapshot": true, "user": address_text(&user), "fundings": rows.collect::<Vec<_>>() })
        .to_string()
}

fn ledger(user: Address, indexer: &Indexer) -> String {
    let account = indexer.markets().account(&user);
    let entries = account.into_iter().flat_map(|account| indexer.ledger().of(account));
    let rows = entries.take(ROWS_MAX).filter_map(|row| info::ledger_update(row, indexer.markets()));
    let rows: Vec<_> = rows.collect();
    json!({ "isSnapshot": true, "user": address_text(&user), "nonFundingLedgerUpdates": rows }).to_string()
}

pub(crate) fn twap_states(user: Address, indexer: &Indexer, app: &App) -> String {
    let states = info::running_twaps(user, indexer, app);
    json!({ "dex": "", "user": address_text(&user), "states": states }).to_string()
}

fn twap_fills(user: Address, indexer: &Indexer) -> String {
    let account = indexer.markets().account(&user);
    let fills = account.into_iter().flat_map(|account| indexer.twaps().fills(account));
    let rows = fills.take(FILLS_MAX).filter_map(|row| info::slice_fill(row, indexer.markets()));
    let rows: Vec<_> = rows.collect();
    json!({ "isSnapshot": true, "user": address_text(&user), "twapSliceFills": rows }).to_string()
}

fn twap_history(user: Address, indexer: &Indexer) -> String {
    let account = indexer.markets().account(&user);
    let rows = account.into_iter().flat_map(|account| indexer.twaps().of(account));
    let rows = rows.take(ROWS_MAX).filter_map(|row| info::twap_row(row, indexer.markets()));
    let rows: Vec<_> = rows.collect();
    json!({ "isSnapshot": true, "user": address_text(&user), "history": rows }).to_string()
}

fn open_order_details(user: Address, indexer: &Indexer, app: &App) -> Vec<WireOrderDetails> {
    let account = indexer.markets().account(&user);
    let orders = account.map(|account| open_orders_of(account, app)).unwrap_or_default();
    orders.iter().filter_map(|order| WireOrderDetails::new(order, indexer.markets())).collect()
}

pub(crate) fn orders_of(user: Address, indexer: &Indexer, app: &App) -> String {
    let orders = open_order_details(user, indexer, app);
    json!({ "dex": "", "user": address_text(&user), "orders": orders }).to_string()
}

/// An account's positions and margin without the time, and what is said of them.
pub(crate) fn clearinghouse(topic: &Topic, indexer: &Indexer, app: &App) -> Option<(String, String)> {
    let (Topic::Clearinghouse(user) | Topic::Clearinghouses(user)) = topic else { return None };
    let state = info::perpetual_state(*user, indexer, app);
    let mut said = state.clone();
    if let Some(fields) = said.as_object_mut() {
        fields.remove("time");
    }
    let user = address_text(user);
    let data = match topic {
        Topic::Clearinghouse(_) => json!({ "dex": "", "user": user, "clearinghouseState": state }),
        _ => json!({ "user": user, "clearinghouseStates": [["", state]] }),
    };
    Some((said.to_string(), data.to_string()))
}

pub(crate) fn web_data_2(user: Address, indexer: &Indexer, app: &App) -> String {
    let capped = info::capped(indexer, &app.node.state().tables.exchange);
    let balances = indexer.markets().account(&user).map(|account| spot_balances(account, indexer, app));
    json!({
        "clearinghouseState": info::perpetual_state(user, indexer, app),
        "leadingVaults": [],
        "totalVaultEquity": "0.0",
        "openOrders": open_order_details(user, indexer, app),
        "agentAddress": null,
        "agentValidUntil": null,
        "cumLedger": "0.0",
        "meta": info::meta(indexer),
        "assetCtxs": info::contexts(indexer, app),
        "serverTime": indexer.time().0,
        "isVault": false,
        "user": address_text(&user),
        "twapStates": info::running_twaps(user, indexer, app),
        "spotState": { "balances": balances.unwrap_or_default() },
        "spotAssetCtxs": info::spot_contexts(indexer, app),
        "perpsAtOpenInterestCap": capped,
    })
    .to_string()
}

pub(crate) fn web_data_3(user: Address, indexer: &Indexer, app: &App) -> String {
    let capped = info::capped(indexer, &app.node.state().tables.exchange);
    let state = json!({
        "agentAddress": null,
        "agentValidUntil": null,
        "serverTime": indexer.time().0,
        "cumLedger": "0.0",
        "isVault": false,
        "user": address_text(&user),
    });
    let dex = json!({ "totalVaultEquity": "0.0", "perpsAtOpenInterestCap": capped, "leadingVaults": [] });
    json!({ "userState": state, "perpDexStates": [dex] }).to_string()
}

pub(crate) fn text(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

pub(crate) fn all_mids(indexer: &Indexer) -> String {
    json!({ "mids": views::mids(indexer) }).to_string()
}

pub(crate) fn book(market: MarketId, rounding: Rounding, indexer: &Indexer, app: &App) -> Option<String> {
    let bytes = app.books.book(market, rounding, indexer)?;
    String::from_utf8(bytes.to_vec()).ok()
}

/// The best levels without the time, and with it.
pub(crate) fn bbo(id: MarketId, indexer: &Indexer) -> Option<(String, String)> {
    let market = indexer.markets().market(id)?;
    let best = |side| {
        let best = indexer.depth(id).and_then(|depth| depth.best(side));
        best.map(|(price, sum)| Level::new(price, sum, market))
    };
    let said = text(&[best(Side::Bid), best(Side::Ask)])?;
    let time = indexer.time();
    let data = format!(r#"{{"coin":"{}","time":{time},"bbo":{said}}}"#, Coin::new(id, market));
    Some((said, data))
}

fn trades(market: MarketId, indexer: &Indexer) -> Option<String> {
    let rows = indexer.trades(market).take(TRADES_MAX);
    text(&rows.filter_map(|row| WireTrade::new(row, indexer.markets())).collect::<Vec<_>>())
}

pub(crate) fn candle(id: MarketId, interval: Interval, indexer: &Indexer) -> Option<String> {
    let market = indexer.markets().market(id)?;
    text(&WireCandle::new(indexer.last_candle(id, interval)?, interval, id, market))
}

fn fills(user: Address, indexer: &Indexer) -> Option<String> {
    let markets = indexer.markets();
    let account = markets.account(&user);
    let rows = account.into_iter().flat_map(|account| {
        indexer.fills().of(account).take(FILLS_MAX).filter_map(move |row| WireFill::of(row, account, markets))
    });
    text(&json!({ "isSnapshot": true, "user": address_text(&user), "fills": rows.collect::<Vec<_>>() }))
}

pub(crate) fn spot_state(user: Address, indexer: &Indexer, app: &App) -> Option<String> {
    let balances = indexer.markets().account(&user).map(|account| spot_balances(account, indexer, app));
    let balances = balances.unwrap_or_default();
    text(&json!({ "user": address_text(&user), "spotState": { "balances": balances } }))
}

/// The open orders of an account as updates, for those who ask for a snapshot of them.
pub(crate) fn open_orders(user: Address, indexer: &Indexer, app: &App) -> Option<String> {
    let account = indexer.markets().account(&user)?;
    let orders = open_orders_of(account, app);
    let rows = orders.iter().filter_map(|order| {
        let wire = WireOrder::new(order, indexer.markets())?;
        Some(WireStatus::new(wire, OrderStatus::Open, order.time))
    });
    text(&rows.collect::<Vec<_>>())
}
