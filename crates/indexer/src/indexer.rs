//! The views together, and how a block moves them.

use crate::block::{BlockChanges, OrderUpdate, TradeRow, TransferRow};
use crate::candles::{Candle, Candles, DayStats, Interval};
use crate::depth::{self, Depth, ORDERS};
use crate::fills::Fills;
use crate::history::{ClosedOrder, OrderHistory};
use crate::markets::{Markets, entry};
use crate::orders::{self, OpenOrder, OrderStatus};
use crate::rejected::{self, Rejected};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use tandem_book::Side;
use tandem_exchange::{Balance, BalanceKey, Event, ExchangeTables, QUOTE, Trade};
use tandem_node::DecidedBlock;
use tandem_state::{Delta, Prefix};
use tandem_stf::ChainTables;
use tandem_types::{AccountId, BlockTime, Header, Height, MarketId, OrderId, TokenAtoms, TokenId, TxId};

/// Trades kept of each market.
pub const TRADES_KEPT: usize = 500;

const BALANCES: Prefix = Prefix::new(ExchangeTables::ENGINE, 9);

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
    history: OrderHistory,
    rejected: Rejected,
    fills: Fills,
}

impl Indexer {
    /// An indexer at `head`, whose state is `tables`; it knows no past.
    #[must_use]
    pub fn new(tables: &ChainTables, head: &Header) -> Self {
        let open = orders::open_orders(tables);
        let mut depths: BTreeMap<MarketId, Depth> = BTreeMap::new();
        for order in open.values() {
            depths.entry(order.market).or_default().add(order.side, order.price, order.remaining);
        }
        let (height, time, markets) = (head.height, head.time, Markets::of(tables));
        Self { height, time, markets, depths, open, ..Self::default() }
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
    }

    /// Moves on to the next block. `balance` is asked for what a trader holds where the block left it as it was.
    pub fn apply(
        &mut self,
        block: &DecidedBlock,
        balance: &dyn Fn(BalanceKey) -> TokenAtoms,
    ) -> BlockChanges {
        let header = &block.block.header;
        (self.height, self.time) = (header.height, header.time);
        self.markets.follow(&block.delta);
        let mut changes = BlockChanges { height: self.height, time: self.time, ..BlockChanges::default() };
        let books = block.delta.changes_under(&ORDERS.0);
        let touched: BTreeSet<MarketId> =
            books.filter_map(|change| depth::follow(&mut self.depths, &change)).collect();
        changes.books = touched.into_iter().collect();
        for (receipt, raw) in block.receipts.actions.iter().zip(&block.block.body.actions) {
            self.follow_events(&receipt.events, receipt.tx, &mut changes);
            changes.rejected.extend(rejected::rejected(raw, receipt, self.time));
        }
        self.rejected.add(self.height, &mut changes.rejected);
        self.follow_events(&block.receipts.due, TxId::default(), &mut changes);
        self.keep_trades(block, balance, &mut changes);
        changes.balances = changed_accounts(&block.delta);
        changes
    }

    /// Follows the events of one action: each order that it touched is reported once, as the action left it.
    fn follow_events(&mut self, events: &[Event], tx: TxId, changes: &mut BlockChanges) {
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
                    self.open.extend(orders::opened(event, changes.time).map(|order| (*id, order)));
                    touch(*id);
                }
                Event::Trade(trade) => {
                    self.reduce_by(trade);
                    touch(trade.maker_order);
                    changes.trades.push(Arc::new(TradeRow {
                        trade: *trade,
                        time: changes.time,
                        tx,
                        taker_before: TokenAtoms::ZERO,
                        maker_before: TokenAtoms::ZERO,
                    }));
                }
                Event::Reduced { id, remaining, .. } => {
                    if let Some(order) = self.open.get_mut(id) {
                        order.remaining = *remaining;
                    }
                    touch(*id);
                }
                Event::Closed { id, remaining, reason, .. } => {
                    if let Some(mut order) = self.open.remove(id) {
                        order.remaining = *remaining;
                        let (status, time) = (OrderStatus::Closed(*reason), changes.time);
                        self.history.add(ClosedOrder { order, status, time });
                    }
                    touch(*id);
                }
                Event::Transfer { from, to, token, amount } => {
                    let (from, to, token, amount) = (*from, *to, *token, *amount);
                    changes.transfers.push(TransferRow { from, to, token, amount, tx });
                }
                Event::AccountCreated { .. }
                | Event::AgentApproved { .. }
                | Event::Position(_)
                | Event::Funding { .. }
                | Event::FundingRate { .. }
                | Event::ClassTransfer { .. }
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
                | Event::TwapEnded { .. } => {}
            }
        }
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
                    let (taker_before, maker_before) = holdings.undo_trade(trade, &self.markets);
                    if let Some(row) = rows.next().and_then(Arc::get_mut) {
                        (row.taker_before, row.maker_before) = (taker_before, maker_before);
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
                | Event::TwapEnded { .. } => {}
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
            let ticks = trade.price.to_ticks(market.price_scale());
            let notional = u128::from(ticks.0) * u128::from(trade.size.0);
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
        self.0.apply(block, balance);
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

    /// Undoes the base token's side of a trade; returns what taker and maker held of it before.
    fn undo_trade(&mut self, trade: &Trade, markets: &Markets) -> (TokenAtoms, TokenAtoms) {
        let Some(market) = markets.market(trade.market) else { return Default::default() };
        let base = trade.size.base_atoms(market.atoms_per_lot).unwrap_or_default();
        let (buyer, seller, fee) = match trade.taker_side {
            Side::Bid => (trade.taker, trade.maker, trade.taker_fee),
            Side::Ask => (trade.maker, trade.taker, trade.maker_fee),
        };
        self.undo_receipt(buyer, market.base, base.minus_or_zero(fee));
        self.undo_payment(seller, market.base, base);
        let taker = *self.of(trade.taker, market.base);
        let maker = *self.of(trade.maker, market.base);
        (TokenAtoms(taker), TokenAtoms(maker))
    }
}

fn changed_accounts(delta: &Delta) -> Vec<AccountId> {
    let changes = delta.changes_under(&BALANCES.0);
    let keys = changes.filter_map(|change| tandem_codec::Decode::from_bytes(change.key.get(2..)?).ok());
    let mut accounts: Vec<AccountId> = keys.map(|key: BalanceKey| key.account).collect();
    accounts.dedup();
    accounts
}
