//! The views together, and how a block moves them.

use crate::block::{Before, BlockChanges, OrderUpdate, TradeRow};
use crate::candles::{Candle, Candles, DayStats, Interval};
use crate::depth::{Depth, ORDERS, OrderDiff};
use crate::fills::Fills;
use crate::funding::{self, FundingHistory};
use crate::history::{ClosedOrder, OrderHistory};
use crate::ledger::{self, Ledger};
use crate::markets::{Markets, entry};
use crate::orders::{self, OpenOrder, OrderStatus};
use crate::rejected::{self, Rejected};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use tandem_book::{OrderKey, Side};
use tandem_exchange::{
    AccountOrder, Balance, BalanceKey, Event, ExchangeTables, PositionChange, QUOTE, Receipt, Trade,
};
use tandem_node::DecidedBlock;
use tandem_state::{Delta, Prefix};
use tandem_stf::ChainTables;
use tandem_types::{
    AccountId, BlockTime, Header, Height, MarketId, OrderId, SizeLots, TokenAtoms, TokenId, TxId,
};

/// Trades kept of each market.
pub const TRADES_KEPT: usize = 500;

const BALANCES: Prefix = Prefix::new(ExchangeTables::ENGINE, 9);
const PERP_PRICES: Prefix = Prefix::new(ExchangeTables::ENGINE, 34);
const PERP_TOTALS: Prefix = Prefix::new(ExchangeTables::ENGINE, 36);
const COLLATERALS: Prefix = Prefix::new(ExchangeTables::ENGINE, 37);

/// See the crate.
#[derive(Clone, Debug, Default)]
pub struct Indexer {
    height: Height,
    time: BlockTime,
    markets: Markets,
    depths: BTreeMap<MarketId, Depth>,
    trades: BTreeMap<MarketId, VecDeque<Arc<TradeRow>>>,
    candles: BTreeMap<MarketId, Candles>,
    open: HashMap<OrderId, OpenOrder>,
    /// The same by market, side and priority.
    books: BTreeSet<OrderKey>,
    history: OrderHistory,
    rejected: Rejected,
    fills: Fills,
    funding: FundingHistory,
    ledger: Ledger,
}

impl Indexer {
    /// An indexer at `head`, whose state is `tables`; it knows no past.
    #[must_use]
    pub fn new(tables: &ChainTables, head: &Header) -> Self {
        let mut open = orders::open_orders(tables);
        let mut depths: BTreeMap<MarketId, Depth> = BTreeMap::new();
        for order in open.values() {
            depths.entry(order.market).or_default().add(order.side, order.price, order.remaining);
        }
        let key = |order: &OpenOrder| OrderKey::new(order.market, order.side, order.price, order.id);
        let books = open.values().map(key).collect();
        open.extend(orders::waiting_orders(tables).into_iter().map(|order| (order.id, order)));
        let (height, time, markets) = (head.height, head.time, Markets::of(tables));
        let funding = FundingHistory::of(&tables.exchange);
        Self { height, time, markets, depths, open, books, funding, ..Self::default() }
    }

    /// An indexer that knows the same markets and accounts and nothing else, to learn the past with.
    #[must_use]
    pub fn past(&self) -> Past {
        Past(Self { markets: self.markets.clone(), ..Self::default() })
    }

    /// Takes over what the blocks up to this indexer's did. Books and open orders are in the state already.
    pub fn set_past(&mut self, past: Past) {
        let Past(past) = past;
        (self.trades, self.candles) = (past.trades, past.candles);
        (self.history, self.rejected, self.fills) = (past.history, past.rejected, past.fills);
        self.ledger = past.ledger;
        self.funding.set_past(past.funding);
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
        self.rejected.add(self.height, &mut changes.rejected);
        self.follow_events(&block.receipts.due, TxId::default(), &[], &mut changes);
        self.keep_trades(block, balance, &mut changes);
        for row in &changes.ledger {
            self.ledger.add(*row);
        }
        changes.balances = changed_accounts(&block.delta);
        changes.positions = margined_accounts(&block.delta);
        changes.perpetuals = repriced_markets(&block.delta);
        changes
    }

    fn follow_books(&mut self, delta: &Delta, changes: &mut BlockChanges) {
        changes.diffs = delta.changes_under(&ORDERS.0).filter_map(|change| OrderDiff::of(&change)).collect();
        for diff in &changes.diffs {
            self.depths.entry(diff.key.market()).or_default().follow(diff);
            match diff.after {
                Some(_) => self.books.insert(diff.key),
                None => self.books.remove(&diff.key),
            };
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
        let mut touched: Vec<OrderId> = Vec::new();
        let mut touch = |id: OrderId| {
            // An action touches few orders, or each of many once and in order: the last places are enough to look at.
            if !touched.iter().rev().take(4).any(|known| *known == id) {
                touched.push(id);
            }
        };
        for event in events {
            match event {
                Event::Opened { id, .. } => {
                    let opened = orders::opened(event, changes.time, reduce_only.contains(id));
                    self.open.extend(opened.map(|order| (*id, order)));
                    touch(*id);
                }
                Event::Trade(trade) => {
                    self.reduce_by(trade);
                    touch(trade.maker_order);
                    changes.trades.push(Arc::new(TradeRow {
                        trade: *trade,
                        time: changes.time,
                        tx,
                        taker_before: Before::Spot(TokenAtoms::ZERO),
                        maker_before: Before::Spot(TokenAtoms::ZERO),
                    }));
                }
                Event::Reduced { id, remaining, .. } => {
                    if let Some(order) = self.open.get_mut(id) {
                        order.remaining = *remaining;
                    }
                    touch(*id);
                }
                Event::Closed { id, remaining, reason, .. } => {
                    self.end(*id, Some(*remaining), OrderStatus::Closed(*reason));
                    touch(*id);
                }
                Event::Waiting { account, id, order } => {
                    let key = AccountOrder { account: *account, id: *id };
                    self.open.insert(*id, OpenOrder::waiting(key, order));
                    touch(*id);
                }
                Event::Armed { id, size, .. } => {
                    if let Some(order) = self.open.get_mut(id) {
                        (order.size, order.remaining) = (*size, *size);
                    }
                    touch(*id);
                }
                Event::Triggered { id, .. } => {
                    self.end(*id, None, OrderStatus::Triggered);
                    touch(*id);
                }
                Event::TriggerRefused { id, why, .. } => {
                    self.end(*id, None, OrderStatus::Refused(*why));
                    touch(*id);
                }
                Event::Position(change) => note_position(change, &mut changes.trades),
                Event::Transfer { .. }
                | Event::AccountCreated { .. }
                | Event::AgentApproved { .. }
                | Event::Funding { .. }
                | Event::FundingRate { .. }
                | Event::ClassTransfer { .. }
                | Event::UsdTransfer { .. }
                | Event::IsolatedMargin { .. }
                | Event::LiquidationOrder(_)
                | Event::Takeover(_)
                | Event::TakenCollateral { .. }
                | Event::Deleveraged(_)
                | Event::TwapStarted { .. }
                | Event::TwapPart { .. }
                | Event::TwapEnded { .. }
                | Event::SubAccountNamed { .. }
                | Event::SubAccountTransfer { .. } => {}
            }
        }
        changes.ledger.extend(ledger::entries(events, tx, changes.time));
        touched.sort_unstable();
        touched.dedup();
        let (open, history, time) = (&self.open, &self.history, changes.time);
        changes.updates.extend(touched.into_iter().filter_map(|id| {
            let of_open = open.get(&id).map(|order| (*order, OrderStatus::Open));
            let (order, status) =
                of_open.or_else(|| history.order(id).map(|closed| (closed.order, closed.status)))?;
            Some(OrderUpdate { order, status, time })
        }));
    }

    /// An order is open no more.
    fn end(&mut self, id: OrderId, remaining: Option<SizeLots>, status: OrderStatus) {
        if let Some(mut order) = self.open.remove(&id) {
            order.remaining = remaining.unwrap_or(order.remaining);
            self.history.add(ClosedOrder { order, status, time: self.time });
        }
    }

    fn reduce_by(&mut self, trade: &Trade) {
        if let Some(maker) = self.open.get_mut(&trade.maker_order) {
            maker.remaining = trade.maker_remaining;
        }
        if let Some(taker) = self.open.get_mut(&trade.taker_order) {
            taker.remaining = taker.remaining.minus_or_zero(trade.size);
        }
    }

    /// Finds what each trader held before each trade, last trade first, and keeps the trades.
    fn keep_trades(
        &mut self,
        block: &DecidedBlock,
        balance: &dyn Fn(BalanceKey) -> TokenAtoms,
        changes: &mut BlockChanges,
    ) {
        let mut holdings = Holdings { delta: &block.delta, balance, known: HashMap::new() };
        let receipts = block.receipts.actions.iter().flat_map(|receipt| &receipt.events);
        let mut rows = changes.trades.iter_mut().rev();
        for event in receipts.chain(&block.receipts.due).collect::<Vec<_>>().into_iter().rev() {
            match event {
                Event::Transfer { from, to, token, amount } => {
                    holdings.undo_receipt(*to, *token, *amount);
                    holdings.undo_payment(*from, *token, *amount);
                }
                Event::Trade(trade) => {
                    let row = rows.next().and_then(Arc::get_mut);
                    if let Some((taker, maker)) = holdings.undo_trade(trade, &self.markets)
                        && let Some(row) = row
                    {
                        (row.taker_before, row.maker_before) = (Before::Spot(taker), Before::Spot(maker));
                    }
                }
                Event::Opened { .. }
                | Event::Reduced { .. }
                | Event::Closed { .. }
                | Event::AccountCreated { .. }
                | Event::AgentApproved { .. }
                | Event::Position(_)
                | Event::Funding { .. }
                | Event::FundingRate { .. }
                | Event::UsdTransfer { .. }
                | Event::IsolatedMargin { .. }
                | Event::LiquidationOrder(_)
                | Event::Takeover(_)
                | Event::TakenCollateral { .. }
                | Event::Deleveraged(_)
                | Event::Waiting { .. }
                | Event::Armed { .. }
                | Event::Triggered { .. }
                | Event::TriggerRefused { .. }
                | Event::TwapStarted { .. }
                | Event::TwapPart { .. }
                | Event::TwapEnded { .. }
                | Event::SubAccountNamed { .. }
                | Event::SubAccountTransfer { .. } => {}
                Event::ClassTransfer { account, to_perp } => {
                    let amount = TokenAtoms(to_perp.0.unsigned_abs());
                    if to_perp.is_negative() {
                        holdings.undo_receipt(*account, QUOTE, amount);
                    } else {
                        holdings.undo_payment(*account, QUOTE, amount);
                    }
                }
            }
        }
        for row in &changes.trades {
            self.keep_trade(row);
        }
    }

    fn keep_trade(&mut self, row: &Arc<TradeRow>) {
        let trade = &row.trade;
        let trades = self.trades.entry(trade.market).or_default();
        trades.push_back(Arc::clone(row));
        if trades.len() > TRADES_KEPT {
            trades.pop_front();
        }
        self.fills.add(row);
        if let Some(market) = self.markets.market(trade.market) {
            let notional = market.notional(trade.price, trade.size);
            let candles = self.candles.entry(trade.market).or_default();
            candles.add(row.time, trade.price, trade.size.0, notional);
        }
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
        self.trades.get(&market).into_iter().flat_map(|trades| trades.iter().rev())
    }

    /// Fills by account.
    #[must_use]
    pub const fn fills(&self) -> &Fills {
        &self.fills
    }

    /// Orders that ended.
    #[must_use]
    pub const fn history(&self) -> &OrderHistory {
        &self.history
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

    /// The orders of one side of a market's book in order of priority, best first.
    pub fn resting(&self, market: MarketId, side: Side) -> impl Iterator<Item = &OpenOrder> {
        let keys = self.books.range(OrderKey::best_of(market, side)..=OrderKey::worst_of(market, side));
        keys.filter_map(|key| self.open.get(&key.id))
    }

    /// An open order.
    #[must_use]
    pub fn open_order(&self, id: OrderId) -> Option<&OpenOrder> {
        self.open.get(&id)
    }

    /// Candles that begin within `from..=to` (ms), oldest first.
    pub fn candles(
        &self,
        market: MarketId,
        interval: Interval,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = &Candle> {
        self.candles.get(&market).into_iter().flat_map(move |candles| candles.between(interval, from, to))
    }

    /// The candle of a market's last trade.
    #[must_use]
    pub fn last_candle(&self, market: MarketId, interval: Interval) -> Option<&Candle> {
        self.candles.get(&market)?.last(interval)
    }

    /// A market's last 24 hours.
    #[must_use]
    pub fn day(&self, market: MarketId) -> DayStats {
        self.candles.get(&market).map_or_else(DayStats::default, |candles| candles.day(self.time))
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

/// What accounts held, going back through a block from its end.
struct Holdings<'a> {
    delta: &'a Delta,
    balance: &'a dyn Fn(BalanceKey) -> TokenAtoms,
    known: HashMap<BalanceKey, u64>,
}

impl Holdings<'_> {
    fn of(&mut self, account: AccountId, token: TokenId) -> &mut u64 {
        let key = BalanceKey { account, token };
        let (delta, balance) = (self.delta, self.balance);
        self.known.entry(key).or_insert_with(|| {
            let full = BALANCES.key(&key);
            let change = delta.changes_under(&full).next();
            match change {
                Some(change) => {
                    entry::<BalanceKey, Balance>(change.key, change.new).map_or(0, |(_, b)| b.total.0)
                }
                None => balance(key).0,
            }
        })
    }

    fn undo_receipt(&mut self, account: AccountId, token: TokenId, amount: TokenAtoms) {
        let held = self.of(account, token);
        *held = held.saturating_sub(amount.0);
    }

    fn undo_payment(&mut self, account: AccountId, token: TokenId, amount: TokenAtoms) {
        let held = self.of(account, token);
        *held = held.saturating_add(amount.0);
    }

    /// Undoes the base token's side of a trade; returns what taker and maker held of it before. Trades of perpetuals move
    /// no token that has a market.
    fn undo_trade(&mut self, trade: &Trade, markets: &Markets) -> Option<(TokenAtoms, TokenAtoms)> {
        let market = markets.spot(trade.market)?;
        let base = trade.size.base_atoms(market.atoms_per_lot).unwrap_or_default();
        let (buyer, seller, fee) = match trade.taker_side {
            Side::Bid => (trade.taker, trade.maker, trade.taker_fee),
            Side::Ask => (trade.maker, trade.taker, trade.maker_fee),
        };
        self.undo_receipt(buyer, market.base, base.minus_or_zero(fee));
        self.undo_payment(seller, market.base, base);
        let taker = *self.of(trade.taker, market.base);
        let maker = *self.of(trade.maker, market.base);
        Some((TokenAtoms(taker), TokenAtoms(maker)))
    }
}

/// Adds to the trade just seen what it did to one side's position: the taker's is told first.
fn note_position(change: &PositionChange, trades: &mut [Arc<TradeRow>]) {
    let Some(row) = trades.last_mut().and_then(Arc::get_mut).filter(|row| row.trade.id == change.trade)
    else {
        return;
    };
    let is_taker = change.account == row.trade.taker && matches!(row.taker_before, Before::Spot(_));
    let side = if is_taker { &mut row.taker_before } else { &mut row.maker_before };
    *side = Before::Perpetual(*change);
}

fn changed_accounts(delta: &Delta) -> Vec<AccountId> {
    let changes = delta.changes_under(&BALANCES.0);
    let keys = changes.filter_map(|change| tandem_codec::Decode::from_bytes(change.key.get(2..)?).ok());
    let mut accounts: Vec<AccountId> = keys.map(|key: BalanceKey| key.account).collect();
    accounts.dedup();
    accounts
}

fn margined_accounts(delta: &Delta) -> Vec<AccountId> {
    let collaterals = delta.changes_under(&COLLATERALS.0);
    let ids = collaterals.filter_map(|change| tandem_codec::Decode::from_bytes(change.key.get(2..)?).ok());
    let accounts: BTreeSet<AccountId> = ids.chain(funding::touched(delta)).collect();
    accounts.into_iter().collect()
}

fn repriced_markets(delta: &Delta) -> Vec<MarketId> {
    let changes = delta.changes_under(&PERP_PRICES.0).chain(delta.changes_under(&PERP_TOTALS.0));
    let ids = changes.filter_map(|change| tandem_codec::Decode::from_bytes(change.key.get(2..)?).ok());
    let markets: BTreeSet<MarketId> = ids.collect();
    markets.into_iter().collect()
}
