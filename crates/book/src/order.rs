//! Orders: as they arrive, and as they rest.

use crate::key::{OrderKey, Side};
use tandem_codec::{Decode, DecodeError, Encode, Reader, record, tags};
use tandem_state::{Table, index::Ordered};
use tandem_types::{OrderId, PriceRank, SizeLots};

/// Who an order belongs to, for self-trade prevention and nothing else. Orders of one owner don't trade with each other;
/// of which others that holds too is the caller's rule ([`crate::Settlement::same_trader`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(pub u32);

impl Encode for Owner {
    fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Owner {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        u32::decode(input).map(Self)
    }
}

/// A resting order. Its price, side and id are its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Whose it is.
    pub owner: Owner,
    /// What is left of it; never zero.
    pub remaining: SizeLots,
}

record!(Order { owner, remaining });

/// The resting orders of all markets.
pub type Orders = Table<OrderKey, Order, Ordered<OrderKey, Order>>;

/// What becomes of the part of an order that does not trade at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeInForce {
    /// Good till cancelled: it rests.
    Gtc,
    /// Immediate or cancel: it is cancelled.
    Ioc,
    /// Add liquidity only (post-only): the order is rejected if any of it could trade at once.
    Alo,
    /// Fill or kill: the order is rejected unless all of it trades at once.
    Fok,
}

tags!(TimeInForce { Gtc = 0, Ioc = 1, Alo = 2, Fok = 3 });

/// What happens when an incoming order meets a resting one of the same owner, or of one with which it must not trade.
/// The incoming order's choice rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfTrade {
    /// The resting order is cancelled, and the incoming one goes on.
    CancelMaker,
    /// What is left of the incoming order is cancelled.
    CancelTaker,
    /// Both are cancelled.
    CancelBoth,
    /// Both lose the smaller size of the two without trading; the one left with nothing is cancelled.
    Decrement,
}

tags!(SelfTrade { CancelMaker = 0, CancelTaker = 1, CancelBoth = 2, Decrement = 3 });

/// An order that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its id, greater than that of every order placed before.
    pub id: OrderId,
    /// Whose it is.
    pub owner: Owner,
    /// Which way it trades.
    pub side: Side,
    /// The worst price it accepts, and the price at which it rests.
    pub limit: PriceRank,
    /// How much it is for.
    pub size: SizeLots,
    /// What becomes of the part that does not trade at once.
    pub time_in_force: TimeInForce,
    /// What happens when it meets an order with which it must not trade.
    pub self_trade: SelfTrade,
}

/// How far one order may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most makers that one incoming order may visit, whether they are filled, cancelled or reduced. What is left
    /// after that is cancelled, for resting it would cross the book.
    pub fills_max: u32,
}
