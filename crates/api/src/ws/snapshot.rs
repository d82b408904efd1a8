//! What a topic says to somebody who has just come.

use super::topic::Topic;
use crate::app::App;
use crate::info::{open_orders_of, spot_balances};
use crate::views::{self, Rounding};
use crate::wire::{Coin, Level, WireCandle, WireFill, WireOrder, WireStatus, WireTrade, address_text};
use serde::Serialize;
use serde_json::json;
use tandem_book::Side;
use tandem_indexer::{Indexer, Interval, OrderStatus};
use tandem_types::{Address, MarketId};

/// Fills in a snapshot.
const FILLS_MAX: usize = 100;
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
        // Clients take what these two say for news.
        Topic::OrderUpdates(_) | Topic::UserEvents(_) | Topic::Quiet(..) => None,
    }
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
    let data = format!(r#"{{"coin":"{}","time":{time},"bbo":{said}}}"#, Coin(id));
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
        indexer
            .fills()
            .of(account)
            .take(FILLS_MAX)
            .filter_map(move |row| WireFill::new(row, account, markets))
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
