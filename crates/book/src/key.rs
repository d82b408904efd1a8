//! The key of a resting order, whose order is price-time priority.
//!
//! | field | meaning | bytes |
//! |---|---|---|
//! | market | which book | 2 |
//! | side | 0 bid, 1 ask | 1 |
//! | depth | ask: the price's rank; bid: its complement, so that the best comes first on both sides | 4 |
//! | id | order of arrival within a level | 8 |

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use tandem_codec::{Decode, DecodeError, Encode, Reader, tags};
use tandem_state::keys;
use tandem_types::{MarketId, OrderId, PriceRank};

/// Which way an order trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Buys.
    Bid,
    /// Sells.
    Ask,
}

tags!(Side { Bid = 0, Ask = 1 });

impl Side {
    /// The side that this one trades with.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Bid => Self::Ask,
            Self::Ask => Self::Bid,
        }
    }

    const fn tag(self) -> u8 {
        match self {
            Self::Bid => 0,
            Self::Ask => 1,
        }
    }

    /// How far down its side's book a price stands. Its own inverse, but for the types.
    const fn depth(self, rank: u32) -> u32 {
        match self {
            Self::Bid => !rank,
            Self::Ask => rank,
        }
    }
}

/// Where an order rests: its market, side, price and place in the queue.
///
/// Ordered by market, then side, then priority: the better price first, then the smaller id. Time priority therefore
/// rests on ids that grow in order of arrival.
///
/// Held as two numbers, because comparing keys is most of what a book does: against four fields this took a sixth
/// off the time of a command.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderKey {
    /// A zero byte, then market, side and depth as they are encoded.
    level: u64,
    /// The order.
    pub id: OrderId,
}

keys!(OrderKey: 15);

impl OrderKey {
    /// The key of an order resting at `price`.
    #[must_use]
    pub const fn new(market: MarketId, side: Side, price: PriceRank, id: OrderId) -> Self {
        Self::at_depth(market, side, side.depth(price.0), id)
    }

    const fn at_depth(market: MarketId, side: Side, depth: u32, id: OrderId) -> Self {
        let [m0, m1] = market.0.to_be_bytes();
        let [d0, d1, d2, d3] = depth.to_be_bytes();
        Self { level: u64::from_be_bytes([0, m0, m1, side.tag(), d0, d1, d2, d3]), id }
    }

    /// The market.
    #[must_use]
    pub const fn market(&self) -> MarketId {
        let [_, m0, m1, ..] = self.level.to_be_bytes();
        MarketId(u16::from_be_bytes([m0, m1]))
    }

    /// The side.
    #[must_use]
    pub const fn side(&self) -> Side {
        let [_, _, _, side, ..] = self.level.to_be_bytes();
        if side == Side::Bid.tag() { Side::Bid } else { Side::Ask }
    }

    /// The price at which the order rests.
    #[must_use]
    pub const fn price(&self) -> PriceRank {
        PriceRank(self.side().depth(self.depth()))
    }

    const fn depth(&self) -> u32 {
        let [_, _, _, _, d0, d1, d2, d3] = self.level.to_be_bytes();
        u32::from_be_bytes([d0, d1, d2, d3])
    }

    /// The least key that a side of a market can hold.
    #[must_use]
    pub const fn best_of(market: MarketId, side: Side) -> Self {
        Self::at_depth(market, side, 0, OrderId(0))
    }

    /// The greatest key that a side of a market can hold.
    #[must_use]
    pub const fn worst_of(market: MarketId, side: Side) -> Self {
        Self::at_depth(market, side, u32::MAX, OrderId(u64::MAX))
    }

    /// The greatest key at `price` or better.
    #[must_use]
    pub const fn last_at(market: MarketId, side: Side, price: PriceRank) -> Self {
        Self::new(market, side, price, OrderId(u64::MAX))
    }

    /// The next key of the same side, or `None` after its last.
    #[must_use]
    pub const fn successor(self) -> Option<Self> {
        match (self.id.next(), self.depth().checked_add(1)) {
            (Some(id), _) => Some(Self { id, ..self }),
            (None, Some(depth)) => Some(Self::at_depth(self.market(), self.side(), depth, OrderId(0))),
            (None, None) => None,
        }
    }

    fn packed(&self) -> u128 {
        u128::from(self.level) << 64 | u128::from(self.id.0)
    }
}

/// As one number, which takes no branch.
impl Ord for OrderKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.packed().cmp(&other.packed())
    }
}

impl PartialOrd for OrderKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (market, side, price, id) = (self.market(), self.side(), self.price(), self.id);
        f.debug_struct("OrderKey")
            .field("market", &market.0)
            .field("side", &side)
            .field("price", &price.0)
            .field("id", &id.0)
            .finish()
    }
}

impl Encode for OrderKey {
    fn encode(&self, out: &mut Vec<u8>) {
        let [_, level @ ..] = self.level.to_be_bytes();
        level.encode(out);
        self.id.encode(out);
    }
}

impl Decode for OrderKey {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let market = MarketId::decode(input)?;
        let side = Side::decode(input)?;
        let depth = u32::decode(input)?;
        Ok(Self::at_depth(market, side, depth, OrderId::decode(input)?))
    }
}
