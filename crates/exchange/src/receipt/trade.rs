//! A trade, and what it did to positions.

use tandem_book::Side;
use tandem_types::{
    AccountId, MarketId, OrderId, PriceRank, QuoteAtoms, SignedLots, SizeLots, TokenAtoms, TradeId, Usd,
};

/// One trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Its number.
    pub id: TradeId,
    /// Where.
    pub market: MarketId,
    /// At what price.
    pub price: PriceRank,
    /// How much.
    pub size: SizeLots,
    /// The taker's side.
    pub taker_side: Side,
    /// The taker.
    pub taker: AccountId,
    /// The taker's order.
    pub taker_order: OrderId,
    /// The taker's fee: on spot in what the taker received, on perpetuals in USD.
    pub taker_fee: TokenAtoms,
    /// The maker.
    pub maker: AccountId,
    /// The maker's order.
    pub maker_order: OrderId,
    /// The maker's fee: on spot in what the maker received, on perpetuals in USD.
    pub maker_fee: TokenAtoms,
    /// What the maker received out of the taker's fee, in the token of that; it then paid none.
    pub maker_rebate: TokenAtoms,
    /// What remains of the maker's order.
    pub maker_remaining: SizeLots,
}
tandem_codec::record!(Trade {
    id,
    market,
    price,
    size,
    taker_side,
    taker,
    taker_order,
    taker_fee,
    maker,
    maker_order,
    maker_fee,
    maker_rebate,
    maker_remaining,
});

/// What a trade did to one side's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionChange {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// By which trade.
    pub trade: TradeId,
    /// The size before.
    pub size_before: SignedLots,
    /// The size after.
    pub size: SignedLots,
    /// The notional at which the size after was entered.
    pub entry: QuoteAtoms,
    /// Profit of what was closed, over its entry and before the fee.
    pub closed_profit: Usd,
}
tandem_codec::record!(PositionChange { account, market, trade, size_before, size, entry, closed_profit });

/// A builder's fee of one side of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuilderPaid {
    /// The builder.
    pub builder: AccountId,
    /// The trade.
    pub trade: TradeId,
    /// The order that named the builder.
    pub order: OrderId,
    /// How much, of USD; the order's owner paid it as part of the trade's fee.
    pub amount: TokenAtoms,
}
tandem_codec::record!(BuilderPaid { builder, trade, order, amount });
