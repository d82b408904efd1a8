//! The views together, and how a block moves them.

use crate::block::BlockChanges;
use crate::candles::{Candle, DayStats, Interval};
use crate::depth::{Depth, ORDERS, OrderDiff};
use crate::events::Subject;
use crate::fills::{self, Fills};
use crate::funding::{self, FundingHistory};
use crate::history::OrderHistory;
use crate::ledger::{self, Ledger};
use crate::live::{LiveOrders, Touched};
use crate::markets::Markets;
use crate::orders::{self, OpenOrder};
use crate::portfolio::{Money, Portfolios};
use crate::rejected::{self, Rejected};
use crate::tape::{self, Tape};
use crate::twaps::{self, TwapHistory};
use crate::{TradeRow, changed, holdings};
use std::collections::BTreeMap;
use std::sync::Arc;
use tandem_book::Side;
use tandem_exchange::{BalanceKey, Event, Receipt};
use tandem_node::DecidedBlock;
use tandem_state::Delta;
use tandem_stf::ChainTables;
use tandem_types::{AccountId, BlockTime, Header, Height, MarketId, OrderId, TokenAtoms, TokenId, TxId};

/// See the crate.
#[derive(Clone, Debug, Default)]
pub struct Indexer {
    height: Height,
    time: BlockTime,
    markets: Markets,
    depths: BTreeMap<MarketId, Depth>,
    orders: LiveOrders,
    rejected: Rejected,
    tape: Tape,
    funding: FundingHistory,
    ledger: Ledger,
    twaps: TwapHistory,
    portfolios: Portfolios,
}

impl Indexer {
    /// An indexer at `head`, whose state is `tables`; it knows no past.
    #[must_use]
    pub fn new(tables: &ChainTables, head: &Header) -> Self {
        let orders = LiveOrders::of(tables);
        let mut depths: BTreeMap<MarketId, Depth> = BTreeMap::new();
        for order in orders.all_open().filter(|order| order.waits.is_none()) {
            depths.entry(order.market).or_default().add(order.side, order.price, order.remaining);
        }
        let (height, time, markets) = (head.height, head.time, Markets::of(tables));
        let funding = FundingHistory::of(&tables.exchange);
        let portfolios = Portfolios::of(funding.all_holders(), time);
        Self { height, time, markets, depths, orders, funding, portfolios, ..Self::default() }
    }

    /// An indexer that knows the same markets and accounts and nothing else, to learn the past with.
    #[must_use]
    pub fn past(&self) -> Past {
        Past(Self { markets: self.markets.clone(), ..Self::default() })
    }

    /// Takes over what the blocks up to this indexer's did. Books and open orders are in the state already.
    pub fn set_past(&mut self, past: Past) {
        let Past(past) = past;
        self.orders.history = past.orders.history;
        (self.tape, self.rejected) = (past.tape, past.rejected);
        (self.ledger, self.twaps) = (past.ledger, past.twaps);
        self.funding.set_past(past.funding);
        self.portfolios.set_past(past.portfolios);
    }

    /// Moves on to the next block. `balance` is asked for what a trader holds where the block left it as it was.
    pub fn apply(
        &mut self,
        block: &DecidedBlock,
        balance: &dyn Fn(BalanceKey) -> TokenAtoms,
    ) -> BlockChanges {
        let mut changes = self.follow(block, balance);
        let sizes = funding::size_changes(&block.delta, self.time);
        (changes.funding_rates, changes.payments) =
            self.funding.follow(&block.receipts.due, &sizes, self.time);
        changes
    }

    /// Everything but funding, which the past is learnt of in another order.
    fn follow(&mut self, block: &DecidedBlock, balance: &dyn Fn(BalanceKey) -> TokenAtoms) -> BlockChanges {
        let header = &block.block.header;
        (self.height, self.time) = (header.height, header.time);
        self.markets.follow(&block.delta);
        let mut changes = BlockChanges { height: self.height, time: self.time, ..BlockChanges::default() };
        self.follow_books(&block.delta, &mut changes);
        for (receipt, raw) in block.receipts.actions.iter().zip(&block.block.body.actions) {
            self.follow_action(receipt, raw, &mut changes);
        }
        let twaps = twaps::OfBlock::new(block);
        let reduce_only = self.orders.reduce_only_due(block, &twaps);
        self.follow_events(&block.receipts.due, TxId::default(), &reduce_only, &mut changes);
        holdings::fill_in(&mut changes.trades, block, balance, &self.markets);
        twaps.mark(&mut changes.trades);
        changes.twaps = twaps.changes;
        self.keep(&mut changes);
        changes.balances = changed::balances(&block.delta);
        changes.positions = changed::margins(&block.delta);
        changes.perpetuals = changed::perpetuals(&block.delta);
        changes
    }

    fn follow_books(&mut self, delta: &Delta, changes: &mut BlockChanges) {
        changes.diffs = delta.changes_under(&ORDERS.0).filter_map(|change| OrderDiff::of(&change)).collect();
        for diff in &changes.diffs {
            self.depths.entry(diff.key.market()).or_default().follow(diff);
            self.orders.follow_book(diff);
        }
        changes.books = changes.diffs.iter().map(|diff| diff.key.market()).collect();
        changes.books.dedup();
    }

    fn follow_action(&mut self, receipt: &Receipt, raw: &[u8], changes: &mut BlockChanges) {
        let reduce_only = orders::reduce_only(raw, receipt);
        self.follow_events(&receipt.events, receipt.tx, &reduce_only, changes);
        changes.rejected.extend(rejected::rejected(raw, receipt, self.time));
    }

    /// Follows the events of one action: each order that it touched is reported once, as the action left it.
    fn follow_events(
        &mut self,
        events: &[Event],
        tx: TxId,
        reduce_only: &[OrderId],
        changes: &mut BlockChanges,
    ) {
        let (time, mut touched, mut liquidation) = (self.time, Touched::default(), None);
        for event in events {
            match Subject::of(event) {
                Subject::Order => {
                    self.orders.follow(event, time, reduce_only).into_iter().for_each(|id| touched.add(id));
                }
                Subject::Trade(trade) => {
                    self.orders.follow_trade(trade);
                    touched.add(trade.maker_order);
                    changes.trades.push(Arc::new(tape::row(trade, time, tx, liquidation)));
                }
                Subject::Position(change) => tape::note_position(change, &mut changes.trades),
                Subject::Builder(paid) => tape::note_builder(paid, &mut changes.trades),
                Subject::Liquidation(order) => liquidation = Some(order),
                Subject::Settled => changes.settled.extend(fills::settled(event, time)),
                Subject::Money | Subject::Twap | Subject::Aside => {}
            }
        }
        changes.ledger.extend(ledger::entries(events, tx, time));
        changes.updates.extend(touched.sorted().into_iter().filter_map(|id| self.orders.update(id, time)));
    }

    /// Keeps what a block tells that is kept as it is told.
    fn keep(&mut self, changes: &mut BlockChanges) {
        self.rejected.add(self.height, &mut changes.rejected);
        for row in &changes.trades {
            self.tape.keep(row, &self.markets);
            let market = self.markets.market(row.trade.market);
            let notional = market.map_or(0, |market| market.notional(row.trade.price, row.trade.size));
            self.portfolios.trade(row, notional);
        }
        self.tape.fills.add_settled(self.height, &mut changes.settled);
        for row in &changes.ledger {
            self.ledger.add(*row);
            let (tape, markets) = (&self.tape, &self.markets);
            self.portfolios.transfer(row, |token, amount| tape.value(token, amount, markets));
        }
        self.twaps.add(&changes.twaps, &changes.trades);
    }

    /// The last block seen.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.height
    }

    /// Its time.
    #[must_use]
    pub const fn time(&self) -> BlockTime {
        self.time
    }

    /// Tokens, markets, accounts.
    #[must_use]
    pub const fn markets(&self) -> &Markets {
        &self.markets
    }

    /// The depth of a market.
    #[must_use]
    pub fn depth(&self, market: MarketId) -> Option<&Depth> {
        self.depths.get(&market)
    }

    /// The last trades of a market, the last first.
    pub fn trades(&self, market: MarketId) -> impl Iterator<Item = &Arc<TradeRow>> {
        self.tape.trades(market)
    }

    /// Fills by account.
    #[must_use]
    pub const fn fills(&self) -> &Fills {
        &self.tape.fills
    }

    /// Orders that ended.
    #[must_use]
    pub const fn history(&self) -> &OrderHistory {
        &self.orders.history
    }

    /// Orders that were refused.
    #[must_use]
    pub const fn rejected(&self) -> &Rejected {
        &self.rejected
    }

    /// Funding rates, and what positions paid of them.
    #[must_use]
    pub const fn funding(&self) -> &FundingHistory {
        &self.funding
    }

    /// Transfers and the like by account.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// TWAP orders by account.
    #[must_use]
    pub const fn twaps(&self) -> &TwapHistory {
        &self.twaps
    }

    /// What accounts were worth.
    #[must_use]
    pub const fn portfolios(&self) -> &Portfolios {
        &self.portfolios
    }

    /// Takes what those accounts are worth that [`Portfolios::due`] names.
    pub fn sample(&mut self, values: &[(AccountId, Money)]) {
        self.portfolios.sample(self.time, values);
    }

    /// What an amount of a token is worth in quote atoms, at its market's last trade.
    #[must_use]
    pub fn spot_value(&self, token: TokenId, amount: TokenAtoms) -> i128 {
        self.tape.value(token, amount, &self.markets)
    }

    /// The orders of one side of a market's book in order of priority, best first.
    pub fn resting(&self, market: MarketId, side: Side) -> impl Iterator<Item = &OpenOrder> {
        self.orders.resting(market, side)
    }

    /// An open order.
    #[must_use]
    pub fn open_order(&self, id: OrderId) -> Option<&OpenOrder> {
        self.orders.open(id)
    }

    /// Candles that begin within `from..=to` (ms), oldest first.
    pub fn candles(
        &self,
        market: MarketId,
        interval: Interval,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = &Candle> {
        let candles = self.tape.candles(market).into_iter();
        candles.flat_map(move |candles| candles.between(interval, from, to))
    }

    /// The candle of a market's last trade.
    #[must_use]
    pub fn last_candle(&self, market: MarketId, interval: Interval) -> Option<&Candle> {
        self.tape.candles(market)?.last(interval)
    }

    /// A market's last 24 hours.
    #[must_use]
    pub fn day(&self, market: MarketId) -> DayStats {
        self.tape.candles(market).map_or_else(DayStats::default, |candles| candles.day(self.time))
    }
}

/// The past, being learnt block by block in their order, up to the state that an [`Indexer`] was made of.
#[derive(Clone, Debug)]
pub struct Past(Indexer);

impl Past {
    /// Learns what one block did. Orders that were open before the first block are not known.
    pub fn learn(&mut self, block: &DecidedBlock, balance: &dyn Fn(BalanceKey) -> TokenAtoms) {
        self.0.follow(block, balance);
        let sizes = funding::size_changes(&block.delta, self.0.time);
        self.0.funding.learn(&block.receipts.due, &sizes, self.0.time);
    }
}
