//! Rows as clients read them.

use crate::format::Fixed;
use crate::hex;
use serde::{Serialize, Serializer};
use std::fmt;
use tandem_book::Side;
use tandem_exchange::action::{Decimal, TimeInForce, Tpsl};
use tandem_exchange::trigger::Direction;
use tandem_exchange::{Market, PositionChange, QUOTE, SPOT_ASSET_BASE, TokenName, Trade};
use tandem_indexer::{
    Before, Candle, Fill, Interval, LevelSum, Liquidated, Listing, Markets, OpenOrder, OrderStatus,
    RejectedOrder, Settled, SettledRow, TradeRow, Waits,
};
use tandem_types::{AccountId, Address, BlockTime, MarketId, OrderId, PriceRank, TokenAtoms, TokenId, TxId};

/// A market as the wire calls it: a perpetual by its name, a spot market by `@` and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coin {
    Perpetual(TokenName),
    Spot(u16),
}

impl Coin {
    pub(crate) const fn new(id: MarketId, market: &Listing) -> Self {
        match market {
            Listing::Perpetual(market) => Self::Perpetual(market.name),
            Listing::Spot(_) => Self::spot(id),
        }
    }

    pub(crate) const fn spot(id: MarketId) -> Self {
        Self::Spot(id.0.saturating_sub(SPOT_ASSET_BASE))
    }

    /// The market of a perpetual's name, of `@N`, or of the names of a spot market's tokens, `BASE/QUOTE`.
    pub(crate) fn parse(text: &str, markets: &Markets) -> Option<MarketId> {
        if let Some(number) = text.strip_prefix('@') {
            let canonical = !number.starts_with('+') && (number == "0" || !number.starts_with('0'));
            let market = number.parse::<u16>().ok()?.checked_add(SPOT_ASSET_BASE).map(MarketId)?;
            return markets.spot(market).filter(|_| canonical).map(|_| market);
        }
        let Some((base, quote)) = text.split_once('/') else {
            return markets.perpetuals().find(|(_, market)| market.name.as_str() == text).map(|(id, _)| id);
        };
        if markets.token(QUOTE)?.name.as_str() != quote {
            return None;
        }
        let named = |market: &Market| markets.token(market.base).is_some_and(|t| t.name.as_str() == base);
        markets.spots().find(|(_, market)| named(market)).map(|(id, _)| id)
    }
}

impl fmt::Display for Coin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Perpetual(name) => f.write_str(name.as_str()),
            Self::Spot(index) => write!(f, "@{index}"),
        }
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
    pub(crate) fn new(price: PriceRank, sum: LevelSum, market: &Listing) -> Self {
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
            coin: Coin::new(trade.market, market),
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
    closed_pnl: Fixed,
    hash: Hex,
    oid: u64,
    crossed: bool,
    fee: Fixed,
    tid: u64,
    fee_token: String,
    twap_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    builder_fee: Option<Fixed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    liquidation: Option<WireLiquidation>,
}

/// Whose liquidation a fill was part of.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireLiquidation {
    liquidated_user: Hex,
    mark_px: Fixed,
    method: &'static str,
}

/// What a fill says of one side of a trade.
struct FillSide {
    crossed: bool,
    side: Side,
    order: OrderId,
    fee: TokenAtoms,
    /// What it received instead.
    rebate: TokenAtoms,
    builder_fee: TokenAtoms,
    before: Before,
}

impl FillSide {
    fn of(row: &TradeRow, account: AccountId) -> Self {
        let trade: &Trade = &row.trade;
        if trade.taker == account {
            let (side, order, fee) = (trade.taker_side, trade.taker_order, trade.taker_fee);
            let (builder_fee, before) = (row.taker_builder_fee, row.taker_before);
            let rebate = TokenAtoms::ZERO;
            Self { crossed: true, side, order, fee, rebate, builder_fee, before }
        } else {
            let (side, order, fee) = (trade.taker_side.opposite(), trade.maker_order, trade.maker_fee);
            let (builder_fee, before) = (row.maker_builder_fee, row.maker_before);
            Self { crossed: false, side, order, fee, rebate: trade.maker_rebate, builder_fee, before }
        }
    }
}

impl WireFill {
    /// A fill of an account.
    pub(crate) fn of(fill: &Fill, account: AccountId, markets: &Markets) -> Option<Self> {
        match fill {
            Fill::Trade(row) => Self::new(row, account, markets),
            Fill::Settled(row) => Self::settled(row, markets),
        }
    }

    /// A position that was closed without a trade, and so without an order and a fee.
    fn settled(row: &SettledRow, markets: &Markets) -> Option<Self> {
        let market = markets.market(row.market)?;
        let closed = row.size_before.0.abs_diff(row.size.0);
        let was_long = !row.size_before.is_negative();
        let taken = row.why == Settled::TakenOver;
        let of = Liquidated { account: row.account, mark: row.mark };
        let liquidation = WireLiquidation::new(&of, "backstop", market, markets);
        Some(Self {
            coin: Coin::new(row.market, market),
            px: Fixed::ticks(row.mark, market.price_scale().decimals()),
            sz: Fixed::new(u128::from(closed), market.size_decimals()),
            side: side_word(if was_long { Side::Ask } else { Side::Bid }),
            time: row.time.0,
            start_position: Fixed::position(row.size_before, market.size_decimals()),
            dir: match (row.why, was_long) {
                (Settled::TakenOver, true) => "Liquidated Long",
                (Settled::TakenOver, false) => "Liquidated Short",
                (Settled::Deleveraged, _) => "Auto-Deleveraging",
            },
            closed_pnl: Fixed::usd(row.closed_profit),
            hash: Hex::of(&TxId::default().0),
            oid: 0,
            crossed: true,
            fee: Fixed::new(0, 0),
            tid: row.id.0,
            fee_token: markets.token(QUOTE)?.name.as_str().to_owned(),
            builder_fee: None,
            twap_id: None,
            liquidation: liquidation.filter(|_| taken),
        })
    }

    pub(crate) fn new(row: &TradeRow, account: AccountId, markets: &Markets) -> Option<Self> {
        let trade = &row.trade;
        let market = markets.market(trade.market)?;
        let side = FillSide::of(row, account);
        let token = |id| markets.token(id);
        let (start_position, dir, closed_pnl, received) = match (market, side.before) {
            (Listing::Spot(market), Before::Spot(before)) => {
                // Fees are in what a side receives, a rebate in what the other does.
                let (dir, received) = match (side.side, side.rebate.is_zero()) {
                    (Side::Bid, true) => ("Buy", market.base),
                    (Side::Bid, false) => ("Buy", QUOTE),
                    (Side::Ask, true) => ("Sell", QUOTE),
                    (Side::Ask, false) => ("Sell", market.base),
                };
                let held = Fixed::amount(before, token(market.base)?.wei_decimals);
                (held, dir, Fixed::new(0, 0), token(received)?)
            }
            (Listing::Perpetual(market), Before::Perpetual(change)) => {
                let held = Fixed::position(change.size_before, market.size_decimals);
                (held, direction(&change), Fixed::usd(i128::from(change.closed_profit.0)), token(QUOTE)?)
            }
            (Listing::Spot(_), Before::Perpetual(_)) | (Listing::Perpetual(_), Before::Spot(_)) => {
                return None;
            }
        };
        Some(Self {
            coin: Coin::new(trade.market, market),
            px: Fixed::price(trade.price, market),
            sz: Fixed::size(trade.size, market),
            side: side_word(side.side),
            time: row.time.0,
            start_position,
            dir,
            closed_pnl,
            hash: Hex::of(&row.tx.0),
            oid: side.order.0,
            crossed: side.crossed,
            fee: Fixed::signed(i128::from(side.fee.0) - i128::from(side.rebate.0), received.wei_decimals),
            tid: trade.id.0,
            fee_token: received.name.as_str().to_owned(),
            builder_fee: (!side.builder_fee.is_zero())
                .then(|| Fixed::amount(side.builder_fee, received.wei_decimals)),
            twap_id: row.twap.filter(|_| side.crossed),
            liquidation: row.liquidation.and_then(|of| WireLiquidation::new(&of, "market", market, markets)),
        })
    }
}

impl WireLiquidation {
    fn new(of: &Liquidated, method: &'static str, market: &Listing, markets: &Markets) -> Option<Self> {
        Some(Self {
            liquidated_user: Hex::of(&markets.address(of.account)?.0),
            mark_px: Fixed::ticks(of.mark, market.price_scale().decimals()),
            method,
        })
    }
}

/// What a fill did to a position, in the words that clients show.
const fn direction(change: &PositionChange) -> &'static str {
    let (before, after) = (change.size_before.0, change.size.0);
    let grows = after.unsigned_abs() > before.unsigned_abs();
    match (before.signum(), after.signum()) {
        (1, -1) => "Long > Short",
        (-1, 1) => "Short > Long",
        (_, 1) if grows => "Open Long",
        (_, -1) if grows => "Open Short",
        (1, _) => "Close Long",
        _ => "Close Short",
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
            coin: Coin::new(order.market, market),
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
        let market = markets.market(order.market)?;
        let written = |number: Decimal| Fixed::new(u128::from(number.mantissa()), number.decimals());
        Some(Self {
            coin: Coin::new(order.market, market),
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

/// An order with everything that is said of orders.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireOrderDetails {
    coin: Coin,
    side: &'static str,
    limit_px: Fixed,
    sz: Fixed,
    oid: u64,
    timestamp: u64,
    trigger_condition: String,
    is_trigger: bool,
    trigger_px: Fixed,
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
        let wire = Self::of(WireOrder::new(order, markets)?, order.time_in_force, order.reduce_only);
        let Some(waits) = &order.waits else { return Some(wire) };
        let scale = markets.market(order.market)?.price_scale();
        let trigger_px = Fixed::ticks(waits.trigger, scale.decimals());
        Some(Self {
            trigger_condition: condition(order.side, waits.tpsl, &trigger_px),
            is_trigger: true,
            trigger_px,
            is_position_tpsl: waits.follows_position,
            order_type: trigger_type(waits),
            ..wire
        })
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
            trigger_condition: "N/A".to_owned(),
            is_trigger: false,
            trigger_px: Fixed::new(0, 0),
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

/// What must happen for a trigger order to fire, in words.
fn condition(side: Side, tpsl: Tpsl, price: &Fixed) -> String {
    match Direction::of(side, tpsl) {
        Direction::Rises => format!("Price above {price}"),
        Direction::Falls => format!("Price below {price}"),
    }
}

const fn trigger_type(waits: &Waits) -> &'static str {
    match (waits.tpsl, waits.is_market) {
        (Tpsl::StopLoss, true) => "Stop Market",
        (Tpsl::StopLoss, false) => "Stop Limit",
        (Tpsl::TakeProfit, true) => "Take Profit Market",
        (Tpsl::TakeProfit, false) => "Take Profit Limit",
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
    pub(crate) fn new(candle: &Candle, interval: Interval, id: MarketId, market: &Listing) -> Self {
        Self {
            t: candle.start,
            end: interval.end(candle.start) - 1,
            s: Coin::new(id, market),
            i: interval.word(),
            o: Fixed::price(candle.open, market),
            c: Fixed::price(candle.close, market),
            h: Fixed::price(candle.high, market),
            l: Fixed::price(candle.low, market),
            v: Fixed::new(candle.lots, market.size_decimals()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_types::{QuoteAtoms, SignedLots, TradeId, Usd};

    #[test]
    fn directions_are_those_that_clients_show() {
        let rows = [
            (0, 5, "Open Long"),
            (5, 9, "Open Long"),
            (9, 5, "Close Long"),
            (5, 0, "Close Long"),
            (5, -1, "Long > Short"),
            (0, -5, "Open Short"),
            (-5, -9, "Open Short"),
            (-9, -5, "Close Short"),
            (-5, 0, "Close Short"),
            (-5, 1, "Short > Long"),
        ];
        for (before, after, word) in rows {
            let change = PositionChange {
                account: AccountId(1),
                market: MarketId(0),
                trade: TradeId(0),
                size_before: SignedLots(before),
                size: SignedLots(after),
                entry: QuoteAtoms(0),
                closed_profit: Usd(0),
            };
            assert_eq!(direction(&change), word, "{before} to {after}");
        }
    }
}
