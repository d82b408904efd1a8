//! Trades: the last of each market, its candles, and fills by account.

use crate::block::{Before, Liquidated, TradeRow};
use crate::candles::Candles;
use crate::fills::Fills;
use crate::markets::Markets;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tandem_exchange::{LiquidationOrder, PositionChange, Trade};
use tandem_types::{BlockTime, MarketId, TokenAtoms, TxId};

/// Trades kept of each market.
pub const TRADES_KEPT: usize = 500;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    trades: BTreeMap<MarketId, VecDeque<Arc<TradeRow>>>,
    candles: BTreeMap<MarketId, Candles>,
    pub(crate) fills: Fills,
}

impl Tape {
    pub(crate) fn keep(&mut self, row: &Arc<TradeRow>, markets: &Markets) {
        let trade = &row.trade;
        let trades = self.trades.entry(trade.market).or_default();
        trades.push_back(Arc::clone(row));
        if trades.len() > TRADES_KEPT {
            trades.pop_front();
        }
        self.fills.add(row);
        if let Some(market) = markets.market(trade.market) {
            let notional = market.notional(trade.price, trade.size);
            let candles = self.candles.entry(trade.market).or_default();
            candles.add(row.time, trade.price, trade.size.0, notional);
        }
    }

    /// The last trades of a market, the last first.
    pub(crate) fn trades(&self, market: MarketId) -> impl Iterator<Item = &Arc<TradeRow>> {
        self.trades.get(&market).into_iter().flat_map(|trades| trades.iter().rev())
    }

    pub(crate) fn candles(&self, market: MarketId) -> Option<&Candles> {
        self.candles.get(&market)
    }
}

/// The row of a trade, as long as it isn't known what its traders had before. `liquidation` is the last that was told of.
pub(crate) fn row(
    trade: &Trade,
    time: BlockTime,
    tx: TxId,
    liquidation: Option<&LiquidationOrder>,
) -> TradeRow {
    let nothing = Before::Spot(TokenAtoms::ZERO);
    let liquidation = liquidation.filter(|liquidation| liquidation.order == trade.taker_order);
    let liquidation = liquidation.map(|order| Liquidated { account: order.account, mark: order.mark });
    let (taker_before, maker_before) = (nothing, nothing);
    TradeRow { trade: *trade, time, tx, taker_before, maker_before, twap: None, liquidation }
}

/// Adds to the trade just seen what it did to one side's position: the taker's is told first.
pub(crate) fn note_position(change: &PositionChange, trades: &mut [Arc<TradeRow>]) {
    let Some(row) = trades.last_mut().and_then(Arc::get_mut).filter(|row| row.trade.id == change.trade)
    else {
        return;
    };
    let is_taker = change.account == row.trade.taker && matches!(row.taker_before, Before::Spot(_));
    let side = if is_taker { &mut row.taker_before } else { &mut row.maker_before };
    *side = Before::Perpetual(*change);
}
