//! Trades: the last of each market, its candles, and fills by account.

use crate::block::{Before, Liquidated, TradeRow};
use crate::candles::{Candles, Interval};
use crate::fills::Fills;
use crate::markets::Markets;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tandem_exchange::{BuilderPaid, LiquidationOrder, PositionChange, QUOTE, Trade};
use tandem_types::{BlockTime, MarketId, TokenAtoms, TokenId, TxId};

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

    /// What an amount of a token is worth in quote atoms, at its market's last trade; nothing before the first.
    pub(crate) fn value(&self, token: TokenId, amount: TokenAtoms, markets: &Markets) -> i128 {
        if token == QUOTE {
            return i128::from(amount.0);
        }
        let market = markets.spots().find(|(_, market)| market.base == token);
        let value = market.and_then(|(id, market)| {
            let price = self.candles(id)?.last(Interval::Minute)?.close.to_ticks(market.price_scale());
            let product = i128::from(price.0).checked_mul(i128::from(amount.0))?;
            product.checked_div(i128::from(market.atoms_per_lot))
        });
        value.unwrap_or(0)
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
    TradeRow {
        trade: *trade,
        time,
        tx,
        taker_before,
        maker_before,
        twap: None,
        liquidation,
        taker_builder_fee: TokenAtoms::ZERO,
        maker_builder_fee: TokenAtoms::ZERO,
    }
}

/// Adds to the trade just seen what a builder got of one side's fee.
pub(crate) fn note_builder(paid: &BuilderPaid, trades: &mut [Arc<TradeRow>]) {
    let Some(row) = trades.last_mut().and_then(Arc::get_mut).filter(|row| row.trade.id == paid.trade) else {
        return;
    };
    if paid.order == row.trade.taker_order {
        row.taker_builder_fee = paid.amount;
    } else {
        row.maker_builder_fee = paid.amount;
    }
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
