//! What a block has to say to subscribers. Each message is made once, for all of a topic's subscribers.

use super::snapshot::{self, text};
use super::topic::{Topic, Topics};
use crate::app::App;
use crate::views::Rounding;
use crate::wire::{WireFill, WireOrder, WireStatus, WireTrade, address_text};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use tandem_indexer::{BlockChanges, Indexer, Interval, Markets, OrderUpdate, RejectedOrder, TradeRow};
use tandem_types::{AccountId, MarketId};

impl Topics {
    /// Tells everybody what a block changed; the views stand at it.
    pub(crate) fn publish(&mut self, changes: &BlockChanges, app: &App) {
        if self.is_empty() {
            return;
        }
        let views = app.views();
        self.publish_books(changes, &views, app);
        self.publish_trades(changes, &views);
        self.publish_fills(changes, &views);
        self.publish_updates(changes, &views);
        for account in &changes.balances {
            if let Some(user) = views.markets().address(*account) {
                self.send(Topic::SpotState(user), || snapshot::spot_state(user, &views, app));
            }
        }
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
        let mut by_account: BTreeMap<AccountId, Vec<&Arc<TradeRow>>> = BTreeMap::new();
        for row in &changes.trades {
            by_account.entry(row.trade.taker).or_default().push(row);
            by_account.entry(row.trade.maker).or_default().push(row);
        }
        let markets = views.markets();
        for (account, rows) in by_account {
            let Some(user) = markets.address(account) else { continue };
            let fills = || {
                let fills = rows.iter().filter_map(|row| WireFill::new(row, account, markets));
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
