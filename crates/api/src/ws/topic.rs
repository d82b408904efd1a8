//! Topics: what can be subscribed to, who has, and the numbers of the messages.

use super::outbox::Outbox;
use crate::error::ApiError;
use crate::info::fields::Fields;
use crate::views::Rounding;
use axum::extract::ws::Utf8Bytes;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tandem_exchange::perp::is_perpetual;
use tandem_indexer::{Indexer, Interval};
use tandem_types::{Address, BlockTime, MarketId};

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
    /// A book order by order: all of it, then what each block did to it.
    L4Book(MarketId),
    /// Prices, volumes and funding of a market.
    AssetContext(MarketId),
    /// Those of all perpetual markets.
    AssetContexts,
    /// What an account can trade in a perpetual market.
    AssetData(Address, MarketId),
    /// An account's funding payments.
    Fundings(Address),
    /// An account's transfers.
    Ledger(Address),
    /// An account's open orders.
    OpenOrders(Address),
    /// An account's perpetual positions and margin.
    Clearinghouse(Address),
    /// The same in another shape.
    Clearinghouses(Address),
    /// What a page about an account shows.
    WebData2(Address),
    /// The same in its newer shape.
    WebData3(Address),
    /// An account's running TWAP orders.
    TwapStates(Address),
    /// What the parts of an account's TWAP orders trade.
    TwapFills(Address),
    /// Beginnings and ends of an account's TWAP orders.
    TwapHistory(Address),
    /// Channels of what is to come.
    Quiet(Quiet, Address),
}

/// Channels of features that are to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Quiet {
    Notification,
}

/// Every channel with its parameters; a parameter with ? may be absent.
pub(crate) const CHANNELS: &[(&str, &[&str])] = &[
    ("activeAssetCtx", &["coin"]),
    ("activeAssetData", &["user", "coin"]),
    ("allDexsAssetCtxs", &[]),
    ("allDexsClearinghouseState", &["user"]),
    ("allMids", &["dex?"]),
    ("bbo", &["coin"]),
    ("candle", &["coin", "interval"]),
    ("clearinghouseState", &["user", "dex?"]),
    ("l2Book", &["coin", "nSigFigs?", "mantissa?"]),
    ("l4Book", &["coin"]),
    ("notification", &["user"]),
    ("openOrders", &["user", "dex?"]),
    ("orderUpdates", &["user", "snapshot?"]),
    ("spotState", &["user"]),
    ("trades", &["coin"]),
    ("twapStates", &["user", "dex?"]),
    ("userEvents", &["user"]),
    ("userFills", &["user"]),
    ("userFundings", &["user"]),
    ("userNonFundingLedgerUpdates", &["user"]),
    ("userTwapHistory", &["user"]),
    ("userTwapSliceFills", &["user"]),
    ("webData2", &["user"]),
    ("webData3", &["user"]),
];

impl Topic {
    /// The topic that a client names.
    pub(crate) fn parse(subscription: &Value, indexer: &Indexer) -> Result<Self, ApiError> {
        let fields = Fields::new(subscription, "subscription")?;
        let markets = indexer.markets();
        fields.first_dex()?;
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
            "l4Book" => Self::L4Book(fields.coin(markets)?),
            "activeAssetCtx" => Self::AssetContext(fields.coin(markets)?),
            "activeAssetData" => Self::AssetData(fields.user()?, fields.perpetual(markets)?),
            "allDexsAssetCtxs" => Self::AssetContexts,
            "allDexsClearinghouseState" => Self::Clearinghouses(fields.user()?),
            "clearinghouseState" => Self::Clearinghouse(fields.user()?),
            "openOrders" => Self::OpenOrders(fields.user()?),
            "userFundings" => Self::Fundings(fields.user()?),
            "userNonFundingLedgerUpdates" => Self::Ledger(fields.user()?),
            "webData2" => Self::WebData2(fields.user()?),
            "webData3" => Self::WebData3(fields.user()?),
            "notification" => Self::Quiet(Quiet::Notification, fields.user()?),
            "twapStates" => Self::TwapStates(fields.user()?),
            "userTwapSliceFills" => Self::TwapFills(fields.user()?),
            "userTwapHistory" => Self::TwapHistory(fields.user()?),
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
            Self::L4Book(_) => "l4Book",
            Self::AssetContext(market) if is_perpetual(*market) => "activeAssetCtx",
            Self::AssetContext(_) => "activeSpotAssetCtx",
            Self::AssetContexts => "allDexsAssetCtxs",
            Self::AssetData(..) => "activeAssetData",
            Self::Fundings(_) => "userFundings",
            Self::Ledger(_) => "userNonFundingLedgerUpdates",
            Self::OpenOrders(_) => "openOrders",
            Self::Clearinghouse(_) => "clearinghouseState",
            Self::Clearinghouses(_) => "allDexsClearinghouseState",
            Self::WebData2(_) => "webData2",
            Self::WebData3(_) => "webData3",
            Self::TwapStates(_) => "twapStates",
            Self::TwapFills(_) => "userTwapSliceFills",
            Self::TwapHistory(_) => "userTwapHistory",
            Self::Quiet(Quiet::Notification, _) => "notification",
        }
    }
}

/// How many messages of a topic are remembered for those who come back.
const REMEMBERED_MAX: usize = 512;
/// How many bytes of a topic's messages are.
const REMEMBERED_BYTES_MAX: usize = 512 << 10;
/// How many bytes of all topics' messages are; beyond it, a topic that speaks forgets its own.
const REMEMBERED_ALL_BYTES_MAX: usize = 128 << 20;
/// How many topics without subscribers go on, the last left the longest.
const LEFT_MAX: usize = 1_000;
/// For how long they do, in milliseconds.
const LEFT_MS: u64 = 60_000;
/// Numbers that a topic can give in the millisecond in which it begins.
const SEQS_PER_MS: u64 = 1_000;

/// Who subscribes to what.
///
/// Messages are numbered by topic. A topic's first number follows from the time at which it begins, so that one that is
/// forgotten and begins again, in this process or the next, never gives a number twice: a number names one message, and
/// who has it can be told whether everything after it is still remembered.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    topics: HashMap<Topic, Subscribers>,
    /// Those that nobody subscribes to, the longest left first, and since when.
    left: VecDeque<(Topic, Instant)>,
    /// Bytes remembered of all.
    remembered_bytes: usize,
}

#[derive(Debug, Default)]
struct Subscribers {
    /// The number of the last message.
    seq: u64,
    /// What the last message said, of topics that speak only when something changed.
    said: Option<String>,
    outboxes: Vec<Arc<Outbox>>,
    /// The last messages, up to `seq`.
    remembered: VecDeque<Utf8Bytes>,
    remembered_bytes: usize,
}

/// How a subscription begins.
#[derive(Debug)]
pub(crate) enum Beginning {
    /// With the messages that the client has missed.
    Resumed(Vec<Utf8Bytes>),
    /// Anew, with a snapshot that includes the message of this number.
    Anew(u64),
}

impl Topics {
    /// Subscribes. Who says which message it had last (`from_seq`) is given those after it, if they are remembered.
    pub(crate) fn subscribe(
        &mut self,
        topic: Topic,
        outbox: &Arc<Outbox>,
        from_seq: Option<u64>,
        now: BlockTime,
    ) -> Beginning {
        let first = now.0.saturating_mul(SEQS_PER_MS);
        let begin = || Subscribers { seq: first, ..Subscribers::default() };
        let subscribers = self.topics.entry(topic).or_insert_with(begin);
        if subscribers.outboxes.is_empty() {
            self.left.retain(|(left, _)| *left != topic);
        }
        subscribers.outboxes.push(Arc::clone(outbox));
        let missed = from_seq.and_then(|seq| subscribers.after(seq));
        missed.map_or(Beginning::Anew(subscribers.seq), Beginning::Resumed)
    }

    /// Ends a subscription. The topic goes on for a while, for those who come back.
    pub(crate) fn unsubscribe(&mut self, topic: &Topic, outbox: &Arc<Outbox>) {
        let Some(subscribers) = self.topics.get_mut(topic) else { return };
        let before = subscribers.outboxes.len();
        subscribers.outboxes.retain(|other| !Arc::ptr_eq(other, outbox));
        if before > 0 && subscribers.outboxes.is_empty() {
            self.left.push_back((*topic, Instant::now()));
        }
        self.forget_left(Instant::now());
    }

    /// Forgets topics that were left too long ago, or are too many.
    pub(crate) fn forget_left(&mut self, now: Instant) {
        let long = Duration::from_millis(LEFT_MS);
        let is_over = |topics: &Self| {
            let oldest = topics.left.front();
            topics.left.len() > LEFT_MAX
                || oldest.is_some_and(|(_, since)| now.saturating_duration_since(*since) > long)
        };
        while is_over(self)
            && let Some((oldest, _)) = self.left.pop_front()
        {
            let gone = self.topics.remove(&oldest);
            self.remembered_bytes -= gone.map_or(0, |subscribers| subscribers.remembered_bytes);
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
            subscribers.send(topic, &data, false, &mut self.remembered_bytes);
        }
    }

    /// The same for topics that speak only if what they say (`said`) has changed.
    pub(crate) fn send_changed(&mut self, topic: Topic, data: impl FnOnce() -> Option<(String, String)>) {
        let Some(subscribers) = self.topics.get_mut(&topic) else { return };
        let Some((said, data)) = data() else { return };
        if subscribers.said.as_ref() != Some(&said) {
            subscribers.said = Some(said);
            subscribers.send(topic, &data, false, &mut self.remembered_bytes);
        }
    }

    /// Sends a snapshot to all subscribers of a topic, as its next message.
    pub(crate) fn send_snapshot(&mut self, topic: Topic, data: &str) {
        if let Some(subscribers) = self.topics.get_mut(&topic) {
            subscribers.said = None;
            subscribers.send(topic, data, true, &mut self.remembered_bytes);
        }
    }
}

impl Subscribers {
    fn send(&mut self, topic: Topic, data: &str, is_snapshot: bool, remembered: &mut usize) {
        self.seq += 1;
        let message = message(topic.channel(), data, self.seq, is_snapshot);
        for outbox in &self.outboxes {
            // One that overflowed unsubscribes when its connection ends.
            outbox.push(message.clone());
        }
        self.remember(message, remembered);
    }

    /// Remembers a message; `all` counts the bytes remembered of all topics.
    fn remember(&mut self, message: Utf8Bytes, all: &mut usize) {
        self.remembered_bytes += message.len();
        *all += message.len();
        self.remembered.push_back(message);
        while self.remembered.len() > REMEMBERED_MAX
            || self.remembered_bytes > REMEMBERED_BYTES_MAX
            || *all > REMEMBERED_ALL_BYTES_MAX
        {
            let Some(oldest) = self.remembered.pop_front() else { break };
            self.remembered_bytes -= oldest.len();
            *all -= oldest.len();
        }
    }

    /// The messages after `seq`, if all of them are remembered.
    fn after(&self, seq: u64) -> Option<Vec<Utf8Bytes>> {
        let missed = usize::try_from(self.seq.checked_sub(seq)?).ok()?;
        let first = self.remembered.len().checked_sub(missed)?;
        Some(self.remembered.range(first..).cloned().collect())
    }
}

/// A message: what Hyperliquid sends, with its number and whether it repeats what is known.
pub(crate) fn message(channel: &str, data: &str, seq: u64, is_snapshot: bool) -> Utf8Bytes {
    format!(r#"{{"channel":"{channel}","data":{data},"seq":{seq},"isSnapshot":{is_snapshot}}}"#).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ws::outbox::QueueRoom;

    fn outbox() -> Arc<Outbox> {
        Arc::new(Outbox::new(1_000, Arc::new(QueueRoom::new(1 << 20))).0)
    }

    fn begin(topics: &mut Topics, from_seq: Option<u64>, now: u64) -> (Arc<Outbox>, Beginning) {
        let outbox = outbox();
        let beginning = topics.subscribe(Topic::AllMids, &outbox, from_seq, BlockTime(now));
        (outbox, beginning)
    }

    fn say(topics: &mut Topics, count: usize) {
        (0..count).for_each(|_| topics.send(Topic::AllMids, || Some("{}".to_owned())));
    }

    /// How many messages a resumed subscription begins with; `None` if it begins anew.
    fn missed(beginning: &Beginning) -> Option<usize> {
        match beginning {
            Beginning::Resumed(messages) => Some(messages.len()),
            Beginning::Anew(_) => None,
        }
    }

    #[test]
    fn who_comes_back_is_given_what_it_missed_if_that_is_remembered() {
        let mut topics = Topics::default();
        let (first, beginning) = begin(&mut topics, None, 7);
        assert!(matches!(beginning, Beginning::Anew(7_000)));
        say(&mut topics, 3);
        topics.unsubscribe(&Topic::AllMids, &first);
        say(&mut topics, 2);
        let rows = [
            (7_003, Some(2)),
            (7_005, Some(0)),
            (7_000, Some(5)),
            // Before the first, and after the last: of another time.
            (6_999, None),
            (7_006, None),
        ];
        for (seq, count) in rows {
            assert_eq!(missed(&begin(&mut topics, Some(seq), 9).1), count, "{seq}");
        }
        say(&mut topics, REMEMBERED_MAX);
        assert_eq!(missed(&begin(&mut topics, Some(7_004), 9).1), None);
        assert_eq!(missed(&begin(&mut topics, Some(7_005), 9).1), Some(REMEMBERED_MAX));
    }

    #[test]
    fn what_is_left_is_forgotten_in_time_and_never_numbers_twice() {
        let mut topics = Topics::default();
        let (first, _) = begin(&mut topics, None, 7);
        say(&mut topics, 3);
        topics.unsubscribe(&Topic::AllMids, &first);
        for number in 0..=LEFT_MAX {
            let (market, other) = (MarketId(u16::try_from(number).unwrap()), outbox());
            topics.subscribe(Topic::Bbo(market), &other, None, BlockTime(7));
            topics.unsubscribe(&Topic::Bbo(market), &other);
        }
        assert_eq!(topics.topics.len(), LEFT_MAX);
        topics.forget_left(Instant::now() + Duration::from_millis(LEFT_MS + 1));
        assert_eq!((topics.topics.len(), topics.remembered_bytes), (0, 0));
        let (_, beginning) = begin(&mut topics, Some(7_003), 8);
        assert!(matches!(beginning, Beginning::Anew(8_000)));
    }

    #[test]
    fn long_messages_are_remembered_within_their_bytes() {
        let mut topics = Topics::default();
        begin(&mut topics, None, 0);
        let long = format!("\"{}\"", "x".repeat(REMEMBERED_BYTES_MAX / 4));
        (0..8).for_each(|_| topics.send(Topic::AllMids, || Some(long.clone())));
        assert_eq!(topics.topics[&Topic::AllMids].remembered.len(), 3);
        assert_eq!(topics.topics[&Topic::AllMids].remembered_bytes, topics.remembered_bytes);
    }
}
