//! What a block changed, for those who subscribe.

use crate::orders::{OpenOrder, OrderStatus};
use crate::rejected::RejectedOrder;
use std::sync::Arc;
use tandem_exchange::Trade;
use tandem_types::{AccountId, BlockTime, Height, MarketId, TokenAtoms, TokenId, TxId};

/// A trade with what its block says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeRow {
    /// The trade.
    pub trade: Trade,
    /// The time of its block.
    pub time: BlockTime,
    /// The taker's action; zero if it was due work.
    pub tx: TxId,
    /// What the taker had of the base token before.
    pub taker_before: TokenAtoms,
    /// What the maker had of the base token before.
    pub maker_before: TokenAtoms,
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

/// Tokens sent from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferRow {
    /// From whom.
    pub from: AccountId,
    /// To whom.
    pub to: AccountId,
    /// What.
    pub token: TokenId,
    /// How much.
    pub amount: TokenAtoms,
    /// By which action.
    pub tx: TxId,
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
    /// Orders whose status or size changed, in order: one entry for each action that did.
    pub updates: Vec<OrderUpdate>,
    /// Orders that were refused, in order.
    pub rejected: Vec<RejectedOrder>,
    /// Accounts whose balances changed, in the order of their ids.
    pub balances: Vec<AccountId>,
    /// Transfers in order.
    pub transfers: Vec<TransferRow>,
}
