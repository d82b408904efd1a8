//! What a block has to say to subscribers. Each message is made once, for all of a topic's subscribers.

use super::l4;
use super::snapshot::{self, text};
use super::topic::{Topic, Topics};
use crate::app::App;
use crate::info;
use crate::views::Rounding;
use crate::wire::{WireFill, WireOrder, WireStatus, WireTrade, address_text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;
use tandem_exchange::perp::is_perpetual;
use tandem_indexer::{
    BlockChanges, Fill, FundingPayment, Indexer, Interval, LedgerRow, Markets, OrderUpdate, RejectedOrder,
    TradeRow,
};
use tandem_types::{AccountId, Address, MarketId};

impl Topics {
    /// Tells everybody what a block changed; the views stand at it.
    pub(crate) fn publish(&mut self, changes: &BlockChanges, app: &App) {
        self.forget_left(Instant::now());
        if self.is_empty() {
            return;
        }
        let views = app.views();
        self.publish_books(changes, &views, app);
        self.publish_trades(changes, &views);
        self.publish_fills(changes, &views);
        self.publish_updates(changes, &views);
        self.publish_twaps(changes, &views, app);
        self.publish_payments(changes, &views);
        self.publish_contexts(changes, &views, app);
        for account in &changes.balances {
            if let Some(user) = views.markets().address(*account) {
                self.send(Topic::SpotState(user), || snapshot::spot_state(user, &views, app));
            }
        }
        self.publish_accounts(changes, &views, app);
    }

    /// Says everything anew, after blocks were missed.
    pub(crate) fn publish_snapshots(&mut self, app: &App) {
        let views = app.views();
        for topic in self.all() {
            if let Some(data) = snapshot::of(&topic, &views, app) {
                self.send_snapshot(topic, &data);
            }
        }
    }

    fn publish_books(&mut self, changes: &BlockChanges, views: &Indexer, app: &App) {
        for market in &changes.books {
            for rounding in Rounding::ALL {
                self.send(Topic::L2Book(*market, rounding), || snapshot::book(*market, rounding, views, app));
            }
            self.send_changed(Topic::Bbo(*market), || snapshot::bbo(*market, views));
        }
        for market in l4::changed(changes) {
            self.send(Topic::L4Book(market), || l4::updates(market, changes, views));
        }
        if !changes.books.is_empty() || !changes.trades.is_empty() {
            self.send_changed(Topic::AllMids, || {
                let mids = snapshot::all_mids(views);
                Some((mids.clone(), mids))
            });
        }
    }

    fn publish_trades(&mut self, changes: &BlockChanges, views: &Indexer) {
        let mut by_market: BTreeMap<MarketId, Vec<&TradeRow>> = BTreeMap::new();
        for row in &changes.trades {
            by_market.entry(row.trade.market).or_default().push(row);
        }
        for (market, rows) in by_market {
            self.send(Topic::Trades(market), || {
                let trades = rows.iter().filter_map(|row| WireTrade::new(row, views.markets()));
                text(&trades.collect::<Vec<_>>())
            });
            for interval in Interval::ALL {
                self.send(Topic::Candle(market, interval), || snapshot::candle(market, interval, views));
            }
        }
    }

    fn publish_fills(&mut self, changes: &BlockChanges, views: &Indexer) {
        let mut by_account: BTreeMap<AccountId, Vec<Fill>> = BTreeMap::new();
        for row in &changes.trades {
            for account in [row.trade.taker, row.trade.maker] {
                by_account.entry(account).or_default().push(Fill::Trade(Arc::clone(row)));
            }
        }
        for row in &changes.settled {
            by_account.entry(row.account).or_default().push(Fill::Settled(*row));
        }
        let markets = views.markets();
        for (account, rows) in by_account {
            let Some(user) = markets.address(account) else { continue };
            let fills = || {
                let fills = rows.iter().filter_map(|row| WireFill::of(row, account, markets));
                fills.collect::<Vec<_>>()
            };
            self.send(Topic::UserFills(user), || {
                text(&json!({ "user": address_text(&user), "fills": fills() }))
            });
            self.send(Topic::UserEvents(user), || text(&json!({ "fills": fills() })));
        }
    }

    fn publish_updates(&mut self, changes: &BlockChanges, views: &Indexer) {
        let mut by_account: BTreeMap<AccountId, Vec<Change<'_>>> = BTreeMap::new();
        for update in &changes.updates {
            by_account.entry(update.order.account).or_default().push(Change::Update(update));
        }
        for refused in &changes.rejected {
            by_account.entry(refused.account).or_default().push(Change::Refused(refused));
        }
        let markets = views.markets();
        for (account, changes) in by_account {
            let Some(user) = markets.address(account) else { continue };
            self.send(Topic::OrderUpdates(user), || {
                text(&changes.iter().filter_map(|change| change.row(markets)).collect::<Vec<_>>())
            });
        }
    }

    /// TWAP orders: what began and ended, what parts traded, and what runs.
    fn publish_twaps(&mut self, changes: &BlockChanges, views: &Indexer, app: &App) {
        let markets = views.markets();
        for account in &changes.twaps.accounts {
            let Some(user) = markets.address(*account) else { continue };
            let rows = changes.twaps.rows.iter().filter(|row| row.key.account == *account);
            let rows: Vec<Value> = rows.filter_map(|row| info::twap_row(row, markets)).collect();
            if !rows.is_empty() {
                self.send(Topic::TwapHistory(user), || {
                    Some(json!({ "user": address_text(&user), "history": rows }).to_string())
                });
            }
            let fills = changes.trades.iter().filter(|row| row.trade.taker == *account);
            let fills: Vec<Value> = fills.filter_map(|row| info::slice_fill(row, markets)).collect();
            if !fills.is_empty() {
                self.send(Topic::TwapFills(user), || {
                    Some(json!({ "user": address_text(&user), "twapSliceFills": fills }).to_string())
                });
            }
            self.send_changed(Topic::TwapStates(user), || {
                let states = snapshot::twap_states(user, views, app);
                Some((states.clone(), states))
            });
        }
    }

    /// What was paid into and out of accounts, other than by trades.
    fn publish_payments(&mut self, changes: &BlockChanges, views: &Indexer) {
        let markets = views.markets();
        let mut payments: BTreeMap<AccountId, Vec<&FundingPayment>> = BTreeMap::new();
        for payment in &changes.payments {
            payments.entry(payment.account).or_default().push(payment);
        }
        for (account, rows) in payments {
            let Some(user) = markets.address(account) else { continue };
            for payment in &rows {
                self.send(Topic::UserEvents(user), || {
                    Some(json!({ "funding": info::funding(payment, markets)? }).to_string())
                });
            }
            self.send(Topic::Fundings(user), || {
                let rows: Vec<Value> =
                    rows.iter().filter_map(|payment| info::funding(payment, markets)).collect();
                Some(json!({ "user": address_text(&user), "fundings": rows }).to_string())
            });
        }
        let mut ledgers: BTreeMap<AccountId, Vec<&LedgerRow>> = BTreeMap::new();
        for row in &changes.ledger {
            let (first, second) = row.accounts();
            for account in [Some(first), second].into_iter().flatten() {
                ledgers.entry(account).or_default().push(row);
            }
        }
        for (account, rows) in ledgers {
            let Some(user) = markets.address(account) else { continue };
            self.send(Topic::Ledger(user), || {
                let rows: Vec<Value> =
                    rows.iter().filter_map(|row| info::ledger_update(row, markets)).collect();
                Some(json!({ "user": address_text(&user), "nonFundingLedgerUpdates": rows }).to_string())
            });
        }
    }

    /// Prices and volumes of the markets that have changed.
    fn publish_contexts(&mut self, changes: &BlockChanges, views: &Indexer, app: &App) {
        let traded = changes.trades.iter().map(|row| row.trade.market);
        let changed: BTreeSet<MarketId> =
            changes.books.iter().chain(&changes.perpetuals).copied().chain(traded).collect();
        for market in &changed {
            self.send_changed(Topic::AssetContext(*market), || {
                let context = snapshot::asset_context(*market, views, app)?;
                Some((context.clone(), context))
            });
        }
        if changed.iter().any(|market| is_perpetual(*market)) {
            self.send_changed(Topic::AssetContexts, || {
                let contexts = snapshot::asset_contexts(views, app);
                Some((contexts.clone(), contexts))
            });
        }
    }

    /// What follows from an account's positions and orders, of those whose own have changed, and at new prices of all.
    fn publish_accounts(&mut self, changes: &BlockChanges, views: &Indexer, app: &App) {
        let address = |account: &AccountId| views.markets().address(*account);
        let own: BTreeSet<Address> =
            changes.balances.iter().chain(&changes.positions).filter_map(address).collect();
        let ordered: BTreeSet<Address> =
            changes.updates.iter().filter_map(|update| address(&update.order.account)).collect();
        for user in &ordered {
            self.send(Topic::OpenOrders(*user), || Some(snapshot::orders_of(*user, views, app)));
        }
        if !changes.perpetuals.is_empty() {
            for topic in self.all() {
                self.publish_account(topic, views, app);
            }
            return;
        }
        for user in own.union(&ordered) {
            let data = views.markets().perpetuals().map(|(id, _)| Topic::AssetData(*user, id));
            let topics = [Topic::Clearinghouse(*user), Topic::Clearinghouses(*user), Topic::WebData2(*user)];
            for topic in data.chain(topics).collect::<Vec<_>>() {
                self.publish_account(topic, views, app);
            }
        }
    }

    /// Says anew what depends on an account and on prices, if that is what the topic is about.
    fn publish_account(&mut self, topic: Topic, views: &Indexer, app: &App) {
        match topic {
            Topic::Clearinghouse(_) | Topic::Clearinghouses(_) => {
                self.send_changed(topic, || snapshot::clearinghouse(&topic, views, app));
            }
            Topic::AssetData(user, market) => self.send_changed(topic, || {
                let data = snapshot::asset_data(user, market, views, app)?;
                Some((data.clone(), data))
            }),
            Topic::WebData2(user) => self.send(topic, || Some(snapshot::web_data_2(user, views, app))),
            Topic::WebData3(user) => self.send(topic, || Some(snapshot::web_data_3(user, views, app))),
            _ => {}
        }
    }
}

/// What became of an order.
enum Change<'a> {
    Update(&'a OrderUpdate),
    Refused(&'a RejectedOrder),
}

impl Change<'_> {
    fn row(&self, markets: &Markets) -> Option<WireStatus<WireOrder>> {
        Some(match self {
            Self::Update(update) => {
                WireStatus::new(WireOrder::new(&update.order, markets)?, update.status, update.time)
            }
            Self::Refused(order) => WireStatus::refused(WireOrder::refused(order, markets)?, order),
        })
    }
}
