//! Topics: what can be subscribed to, who has, and the numbers of the messages.

use super::outbox::Outbox;
use crate::error::ApiError;
use crate::info::Fields;
use crate::views::Rounding;
use axum::extract::ws::Utf8Bytes;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use tandem_indexer::{Indexer, Interval};
use tandem_types::{Address, MarketId};

/// A channel with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// The middles of all markets.
    AllMids,
    /// A book's best levels.
    L2Book(MarketId, Rounding),
    /// A book's best prices, when they change.
    Bbo(MarketId),
    /// Trades.
    Trades(MarketId),
    /// The current candle, when it changes.
    Candle(MarketId, Interval),
    /// What becomes of an account's orders.
    OrderUpdates(Address),
    /// An account's fills.
    UserFills(Address),
    /// The same in another shape.
    UserEvents(Address),
    /// An account's balances.
    SpotState(Address),
    /// Channels that SDKs subscribe to and that have nothing to say yet.
    Quiet(Quiet, Address),
}

/// Channels of features that are to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Quiet {
    UserFundings,
    UserNonFundingLedgerUpdates,
    WebData,
    ActiveAssetCtx,
    ActiveAssetData,
    Notification,
}

impl Topic {
    /// The topic that a client names.
    pub(crate) fn parse(subscription: &Value, indexer: &Indexer) -> Result<Self, ApiError> {
        let fields = Fields::new(subscription, "subscription")?;
        let markets = indexer.markets();
        Ok(match fields.text("type")? {
            "allMids" => Self::AllMids,
            "l2Book" => Self::L2Book(fields.coin(markets)?, fields.rounding()?),
            "bbo" => Self::Bbo(fields.coin(markets)?),
            "trades" => Self::Trades(fields.coin(markets)?),
            "candle" => Self::Candle(fields.coin(markets)?, fields.interval()?),
            "orderUpdates" => Self::OrderUpdates(fields.user()?),
            "userFills" => Self::UserFills(fields.user()?),
            "userEvents" => Self::UserEvents(fields.user()?),
            "spotState" => Self::SpotState(fields.user()?),
            "userFundings" => Self::Quiet(Quiet::UserFundings, fields.user()?),
            "userNonFundingLedgerUpdates" => Self::Quiet(Quiet::UserNonFundingLedgerUpdates, fields.user()?),
            "webData2" | "webData3" => Self::Quiet(Quiet::WebData, fields.user()?),
            "notification" => Self::Quiet(Quiet::Notification, fields.user()?),
            "activeAssetData" => Self::Quiet(Quiet::ActiveAssetData, fields.user()?),
            "activeAssetCtx" => Self::Quiet(Quiet::ActiveAssetCtx, Address::default()),
            other => {
                let shown: String = other.chars().take(40).collect();
                let text = format!("no channel is called {shown:?}");
                return Err(ApiError::field("unknown_subscription", "subscription.type", &text));
            }
        })
    }

    /// What the messages say they are.
    pub(crate) const fn channel(&self) -> &'static str {
        match self {
            Self::AllMids => "allMids",
            Self::L2Book(..) => "l2Book",
            Self::Bbo(_) => "bbo",
            Self::Trades(_) => "trades",
            Self::Candle(..) => "candle",
            Self::OrderUpdates(_) => "orderUpdates",
            Self::UserFills(_) => "userFills",
            Self::UserEvents(_) => "user",
            Self::SpotState(_) => "spotState",
            Self::Quiet(quiet, _) => match quiet {
                Quiet::UserFundings => "userFundings",
                Quiet::UserNonFundingLedgerUpdates => "userNonFundingLedgerUpdates",
                Quiet::WebData => "webData2",
                Quiet::ActiveAssetCtx => "activeAssetCtx",
                Quiet::ActiveAssetData => "activeAssetData",
                Quiet::Notification => "notification",
            },
        }
    }
}

/// Who subscribes to what.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    topics: HashMap<Topic, Subscribers>,
}

#[derive(Debug, Default)]
struct Subscribers {
    /// The number of the last message.
    seq: u64,
    /// What the last message said, of topics that speak only when something changed.
    said: Option<String>,
    outboxes: Vec<Arc<Outbox>>,
}

impl Topics {
    /// Subscribes, and returns the number of the last message, which a snapshot now includes.
    pub(crate) fn subscribe(&mut self, topic: Topic, outbox: &Arc<Outbox>) -> u64 {
        let subscribers = self.topics.entry(topic).or_default();
        subscribers.outboxes.push(Arc::clone(outbox));
        subscribers.seq
    }

    /// Ends a subscription.
    pub(crate) fn unsubscribe(&mut self, topic: &Topic, outbox: &Arc<Outbox>) {
        if let Some(subscribers) = self.topics.get_mut(topic) {
            subscribers.outboxes.retain(|other| !Arc::ptr_eq(other, outbox));
            if subscribers.outboxes.is_empty() {
                self.topics.remove(topic);
            }
        }
    }

    /// How many subscriptions there are.
    pub(crate) fn subscriptions(&self) -> usize {
        self.topics.values().map(|subscribers| subscribers.outboxes.len()).sum()
    }

    /// Every topic that somebody has subscribed to.
    pub(crate) fn all(&self) -> Vec<Topic> {
        self.topics.keys().copied().collect()
    }

    /// Whether nobody has subscribed to anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Sends the next message of a topic to its subscribers; `data` is asked for only if there are any.
    pub(crate) fn send(&mut self, topic: Topic, data: impl FnOnce() -> Option<String>) {
        let Some(subscribers) = self.topics.get_mut(&topic) else { return };
        if let Some(data) = data() {
            subscribers.send(topic, &data, false);
        }
    }

    /// The same for topics that speak only if what they say (`said`) has changed.
    pub(crate) fn send_changed(&mut self, topic: Topic, data: impl FnOnce() -> Option<(String, String)>) {
        let Some(subscribers) = self.topics.get_mut(&topic) else { return };
        let Some((said, data)) = data() else { return };
        if subscribers.said.as_ref() != Some(&said) {
            subscribers.said = Some(said);
            subscribers.send(topic, &data, false);
        }
    }

    /// Sends a snapshot to all subscribers of a topic, as its next message.
    pub(crate) fn send_snapshot(&mut self, topic: Topic, data: &str) {
        if let Some(subscribers) = self.topics.get_mut(&topic) {
            subscribers.said = None;
            subscribers.send(topic, data, true);
        }
    }
}

impl Subscribers {
    fn send(&mut self, topic: Topic, data: &str, is_snapshot: bool) {
        self.seq += 1;
        let message = message(topic.channel(), data, self.seq, is_snapshot);
        for outbox in &self.outboxes {
            // One that overflowed unsubscribes when its connection ends.
            outbox.push(message.clone());
        }
    }
}

/// A message: what Hyperliquid sends, with its number and whether it repeats what is known.
pub(crate) fn message(channel: &str, data: &str, seq: u64, is_snapshot: bool) -> Utf8Bytes {
    format!(r#"{{"channel":"{channel}","data":{data},"seq":{seq},"isSnapshot":{is_snapshot}}}"#).into()
}
