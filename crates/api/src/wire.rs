//! Rows as clients read them.

use crate::format::Fixed;
use crate::hex;
use serde::{Serialize, Serializer};
use std::fmt;
use tandem_book::Side;
use tandem_exchange::action::{Decimal, TimeInForce};
use tandem_exchange::{Market, QUOTE, SPOT_ASSET_BASE};
use tandem_indexer::{Candle, Interval, LevelSum, Markets, OpenOrder, OrderStatus, RejectedOrder, TradeRow};
use tandem_types::{AccountId, Address, BlockTime, MarketId, PriceRank, TokenAtoms, TokenId};

/// A spot market as the wire calls it: `@` and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coin(pub(crate) MarketId);

impl Coin {
    /// The market of `@N`, or of the names of its tokens, `BASE/QUOTE`.
    pub(crate) fn parse(text: &str, markets: &Markets) -> Option<Self> {
        if let Some(number) = text.strip_prefix('@') {
            let canonical = !number.starts_with('+') && (number == "0" || !number.starts_with('0'));
            let market = number.parse::<u16>().ok()?.checked_add(SPOT_ASSET_BASE).map(MarketId)?;
            return markets.market(market).filter(|_| canonical).map(|_| Self(market));
        }
        let (base, quote) = text.split_once('/')?;
        if markets.token(QUOTE)?.name.as_str() != quote {
            return None;
        }
        let named = |market: &Market| markets.token(market.base).is_some_and(|t| t.name.as_str() == base);
        markets.markets().find(|(_, market)| named(market)).map(|(id, _)| Self(id))
    }

    /// The number among spot markets.
    pub(crate) const fn index(self) -> u16 {
        self.0.0.saturating_sub(SPOT_ASSET_BASE)
    }
}

impl fmt::Display for Coin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.index())
    }
}

/// Serialises through `Display`.
macro_rules! as_text {
    ($($name:ident),*) => { $(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )* };
}
as_text!(Coin, Hex);

/// Bytes as `0x` and digits.
#[derive(Clone, Debug)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl Hex {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::text(&self.0))
    }
}

/// A token's id on the wire: its number in 16 bytes.
pub(crate) fn token_id(token: TokenId) -> String {
    format!("0x{:032x}", token.0)
}

/// `B` for bids and buyers, `A` for asks and sellers.
pub(crate) const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Bid => "B",
        Side::Ask => "A",
    }
}

/// A level of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Level {
    pub(crate) px: Fixed,
    pub(crate) sz: Fixed,
    pub(crate) n: u32,
}

impl Level {
    pub(crate) fn new(price: PriceRank, sum: LevelSum, market: &Market) -> Self {
        Self { px: Fixed::price(price, market), sz: Fixed::size(sum.size, market), n: sum.orders }
    }
}

/// A trade.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WireTrade {
    coin: Coin,
    side: &'static str,
    px: Fixed,
    sz: Fixed,
    time: u64,
    hash: Hex,
    tid: u64,
    /// Buyer, seller.
    users: [Hex; 2],
}

impl WireTrade {
    pub(crate) fn new(row: &TradeRow, markets: &Markets) -> Option<Self> {
        let trade = &row.trade;
        let market = markets.market(trade.market)?;
        let address = |account| markets.address(account).map(|address| Hex::of(&address.0));
        let (buyer, seller) = match trade.taker_side {
            Side::Bid => (trade.taker, trade.maker),
            Side::Ask => (trade.maker, trade.taker),
        };
        Some(Self {
            coin: Coin(trade.market),
            side: side_word(trade.taker_side),
            px: Fixed::price(trade.price, market),
            sz: Fixed::size(trade.size, market),
            time: row.time.0,
            hash: Hex::of(&row.tx.0),
            tid: trade.id.0,
            users: [address(buyer)?, address(seller)?],
        })
    }
}

/// One side of a trade, as its owner sees it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireFill {
    coin: Coin,
    px: Fixed,
    sz: Fixed,
    side: &'static str,
    time: u64,
    start_position: Fixed,
    dir: &'static str,
    closed_pnl: &'static str,
    hash: Hex,
    oid: u64,
    crossed: bool,
    fee: Fixed,
    tid: u64,
    fee_token: String,
}

impl WireFill {
    pub(crate) fn new(row: &TradeRow, account: AccountId, markets: &Markets) -> Option<Self> {
        let trade = &row.trade;
        let market = markets.market(trade.market)?;
        let crossed = trade.taker == account;
        let (side, order, fee, before) = if crossed {
            (trade.taker_side, trade.taker_order, trade.taker_fee, row.taker_before)
        } else {
            (trade.taker_side.opposite(), trade.maker_order, trade.maker_fee, row.maker_before)
        };
        let (dir, received) = match side {
            Side::Bid => ("Buy", market.base),
            Side::Ask => ("Sell", QUOTE),
        };
        let (base, received) = (markets.token(market.base)?, markets.token(received)?);
        Some(Self {
            coin: Coin(trade.market),
            px: Fixed::price(trade.price, market),
            sz: Fixed::size(trade.size, market),
            side: side_word(side),
            time: row.time.0,
            start_position: Fixed::amount(before, base.wei_decimals),
            dir,
            closed_pnl: "0.0",
            hash: Hex::of(&row.tx.0),
            oid: order.0,
            crossed,
            fee: Fixed::amount(fee, received.wei_decimals),
            tid: trade.id.0,
            fee_token: received.name.as_str().to_owned(),
        })
    }
}

/// An order in short.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireOrder {
    coin: Coin,
    side: &'static str,
    limit_px: Fixed,
    sz: Fixed,
    oid: u64,
    timestamp: u64,
    orig_sz: Fixed,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloid: Option<Hex>,
}

impl WireOrder {
    pub(crate) fn new(order: &OpenOrder, markets: &Markets) -> Option<Self> {
        let market = markets.market(order.market)?;
        Some(Self {
            coin: Coin(order.market),
            side: side_word(order.side),
            limit_px: Fixed::price(order.price, market),
            sz: Fixed::size(order.remaining, market),
            oid: order.id.0,
            timestamp: order.time.0,
            orig_sz: Fixed::size(order.size, market),
            cloid: order.cloid.map(|cloid| Hex::of(&cloid.0)),
        })
    }
}

impl WireOrder {
    /// An order that was refused, as it was written.
    pub(crate) fn refused(order: &RejectedOrder, markets: &Markets) -> Option<Self> {
        markets.market(order.market)?;
        let written = |number: Decimal| Fixed::new(u128::from(number.mantissa()), number.decimals());
        Some(Self {
            coin: Coin(order.market),
            side: side_word(order.side),
            limit_px: written(order.price),
            sz: written(order.size),
            oid: order.id.0,
            timestamp: order.time.0,
            orig_sz: written(order.size),
            cloid: order.cloid.map(|cloid| Hex::of(&cloid.0)),
        })
    }
}

/// An order with everything that is said of orders. There are no trigger orders on spot markets.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireOrderDetails {
    coin: Coin,
    side: &'static str,
    limit_px: Fixed,
    sz: Fixed,
    oid: u64,
    timestamp: u64,
    trigger_condition: &'static str,
    is_trigger: bool,
    trigger_px: &'static str,
    children: [(); 0],
    is_position_tpsl: bool,
    reduce_only: bool,
    order_type: &'static str,
    orig_sz: Fixed,
    tif: &'static str,
    cloid: Option<Hex>,
}

impl WireOrderDetails {
    pub(crate) fn new(order: &OpenOrder, markets: &Markets) -> Option<Self> {
        Some(Self::of(WireOrder::new(order, markets)?, order.time_in_force, false))
    }

    /// An order that was refused.
    pub(crate) fn refused(order: &RejectedOrder, markets: &Markets) -> Option<Self> {
        Some(Self::of(WireOrder::refused(order, markets)?, order.time_in_force, order.reduce_only))
    }

    fn of(order: WireOrder, time_in_force: TimeInForce, reduce_only: bool) -> Self {
        let WireOrder { coin, side, limit_px, sz, oid, timestamp, orig_sz, cloid } = order;
        Self {
            coin,
            side,
            limit_px,
            sz,
            oid,
            timestamp,
            trigger_condition: "N/A",
            is_trigger: false,
            trigger_px: "0.0",
            children: [],
            is_position_tpsl: false,
            reduce_only,
            order_type: order_type(time_in_force),
            orig_sz,
            tif: time_in_force.as_str(),
            cloid,
        }
    }
}

/// Hyperliquid's own page calls its immediate-or-cancel orders so.
const fn order_type(time_in_force: TimeInForce) -> &'static str {
    match time_in_force {
        TimeInForce::FrontendMarket => "Market",
        TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Alo | TimeInForce::Fok => "Limit",
    }
}

/// An order and where it stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireStatus<T> {
    order: T,
    status: &'static str,
    status_timestamp: u64,
}

impl<T> WireStatus<T> {
    pub(crate) const fn new(order: T, status: OrderStatus, time: BlockTime) -> Self {
        Self { order, status: status.word(), status_timestamp: time.0 }
    }

    /// Of an order that was refused.
    pub(crate) const fn refused(order: T, refused: &RejectedOrder) -> Self {
        Self { order, status: refused.word(), status_timestamp: refused.time.0 }
    }
}

/// A candle.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WireCandle {
    t: u64,
    #[serde(rename = "T")]
    end: u64,
    s: Coin,
    i: &'static str,
    o: Fixed,
    c: Fixed,
    h: Fixed,
    l: Fixed,
    v: Fixed,
    n: u64,
}

impl WireCandle {
    pub(crate) fn new(candle: &Candle, interval: Interval, id: MarketId, market: &Market) -> Self {
        Self {
            t: candle.start,
            end: candle.start + interval.ms() - 1,
            s: Coin(id),
            i: interval.word(),
            o: Fixed::price(candle.open, market),
            c: Fixed::price(candle.close, market),
            h: Fixed::price(candle.high, market),
            l: Fixed::price(candle.low, market),
            v: Fixed::new(candle.lots, market.size_decimals),
            n: candle.trades,
        }
    }
}

/// What an account has of a token.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireBalance {
    pub(crate) coin: String,
    pub(crate) token: u16,
    pub(crate) hold: Fixed,
    pub(crate) total: Fixed,
    pub(crate) entry_ntl: &'static str,
}

impl WireBalance {
    pub(crate) fn new(
        id: TokenId,
        token: &tandem_exchange::Token,
        total: TokenAtoms,
        hold: TokenAtoms,
    ) -> Self {
        Self {
            coin: token.name.as_str().to_owned(),
            token: id.0,
            hold: Fixed::amount(hold, token.wei_decimals),
            total: Fixed::amount(total, token.wei_decimals),
            entry_ntl: "0.0",
        }
    }
}

/// An address in lower case.
pub(crate) fn address_text(address: &Address) -> String {
    hex::text(&address.0)
}
