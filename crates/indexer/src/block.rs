//! What a block changed, for those who subscribe.

use crate::depth::OrderDiff;
use crate::funding::{FundingPayment, FundingRate};
use crate::ledger::LedgerRow;
use crate::orders::{OpenOrder, OrderStatus};
use crate::rejected::RejectedOrder;
use crate::twaps::TwapChanges;
use std::sync::Arc;
use tandem_exchange::{PositionChange, Trade};
use tandem_types::{
    AccountId, BlockTime, Height, MarketId, PriceTicks, SignedLots, TokenAtoms, TradeId, TxId,
};

/// What one side of a trade had before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// On spot: of the base token.
    Spot(TokenAtoms),
    /// On perpetuals: a position, with what became of it.
    Perpetual(PositionChange),
}

/// A trade with what its block says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeRow {
    /// The trade.
    pub trade: Trade,
    /// The time of its block.
    pub time: BlockTime,
    /// The taker's action; zero if it was due work.
    pub tx: TxId,
    /// What the taker had before.
    pub taker_before: Before,
    /// What the maker had before.
    pub maker_before: Before,
    /// The taker's TWAP order that it is a part of.
    pub twap: Option<u64>,
    /// Whose liquidation the taker's order was.
    pub liquidation: Option<Liquidated>,
    /// What the taker's builder got of its fee.
    pub taker_builder_fee: TokenAtoms,
    /// What the maker's builder got of its fee.
    pub maker_builder_fee: TokenAtoms,
}

/// Whose position an order liquidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liquidated {
    /// Whose.
    pub account: AccountId,
    /// The mark price.
    pub mark: PriceTicks,
}

/// Why a position, or a part of one, was closed without a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// A vault took it: its account had too little margin.
    TakenOver,
    /// It was closed against the insurance fund's.
    Deleveraged,
}

/// A position, or a part of one, that was closed without a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledRow {
    /// A number of its own, above every trade's.
    pub id: TradeId,
    /// When.
    pub time: BlockTime,
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// The mark price, at which it was.
    pub mark: PriceTicks,
    /// The size before.
    pub size_before: SignedLots,
    /// The size after.
    pub size: SignedLots,
    /// Profit of what was closed over its entry, less what was paid beside, in quote atoms.
    pub closed_profit: i128,
    /// Why.
    pub why: Settled,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderUpdate {
    /// The order as it is now, or was last.
    pub order: OpenOrder,
    /// Its status.
    pub status: OrderStatus,
    /// When.
    pub time: BlockTime,
}

/// What a block changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockChanges {
    /// Its height.
    pub height: Height,
    /// Its time.
    pub time: BlockTime,
    /// Markets whose books changed, in the order of their ids.
    pub books: Vec<MarketId>,
    /// Trades in order.
    pub trades: Vec<Arc<TradeRow>>,
    /// Positions that were closed without trades, in order.
    pub settled: Vec<SettledRow>,
    /// Orders whose status or size changed, in order: one entry for each action that did.
    pub updates: Vec<OrderUpdate>,
    /// Orders that were refused, in order.
    pub rejected: Vec<RejectedOrder>,
    /// Accounts whose balances changed, in the order of their ids.
    pub balances: Vec<AccountId>,
    /// Accounts whose collateral, positions or open orders on perpetuals changed, in the order of their ids.
    pub positions: Vec<AccountId>,
    /// Perpetual markets whose prices, open interest or phase changed, in the order of their ids.
    pub perpetuals: Vec<MarketId>,
    /// What became of resting orders, in the order of markets, sides and priority.
    pub diffs: Vec<OrderDiff>,
    /// Funding rates that were fixed.
    pub funding_rates: Vec<FundingRate>,
    /// What positions paid for them.
    pub payments: Vec<FundingPayment>,
    /// Transfers and the like, in order.
    pub ledger: Vec<LedgerRow>,
    /// TWAP orders.
    pub twaps: TwapChanges,
}
