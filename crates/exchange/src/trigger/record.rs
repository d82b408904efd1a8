//! What is kept of waiting orders, and the keys that select them.

use crate::action::{self, AssetId, Decimal, OrderKind, SelfTradePrevention, TimeInForce, Tpsl};
use crate::keys::{AccountOrder, PositionKey};
use tandem_book::Side;
use tandem_state::keys;
use tandem_types::{
    AccountId, BlockTime, Cloid, MarketId, OrderId, PriceRank, PriceScale, PriceTicks, SizeLots,
};

/// Most orders that follow one position.
pub const POSITION_TRIGGERS_MAX: usize = 16;

/// From where the mark price must come to a trigger price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From below: fires at this price or above.
    Rises,
    /// From above: fires at this price or below.
    Falls,
}
tandem_codec::tags!(Direction { Rises = 0, Falls = 1 });

impl Direction {
    /// Both, in their order.
    pub const ALL: [Self; 2] = [Self::Rises, Self::Falls];

    /// Where the mark must come from for an order of `side`: a sale takes profit above and stops below.
    #[must_use]
    pub const fn of(side: Side, tpsl: Tpsl) -> Self {
        match (side, tpsl) {
            (Side::Ask, Tpsl::TakeProfit) | (Side::Bid, Tpsl::StopLoss) => Self::Rises,
            (Side::Ask, Tpsl::StopLoss) | (Side::Bid, Tpsl::TakeProfit) => Self::Falls,
        }
    }

    /// Whether a mark at `mark` has passed `price`.
    #[must_use]
    pub const fn has_passed(self, price: PriceTicks, mark: PriceTicks) -> bool {
        match self {
            Self::Rises => mark.0 >= price.0,
            Self::Falls => mark.0 <= price.0,
        }
    }

    /// The one of two marks that has passed more.
    #[must_use]
    pub fn farther(self, one: PriceTicks, other: PriceTicks) -> PriceTicks {
        match self {
            Self::Rises => one.max(other),
            Self::Falls => one.min(other),
        }
    }

    /// How far along this way a price stands. Its own inverse, but for the types.
    const fn depth(self, price: u64) -> u64 {
        match self {
            Self::Rises => price,
            Self::Falls => !price,
        }
    }
}

/// A run of the table of triggers: the orders of one market that wait for one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DueTriggers {
    /// Where.
    pub market: MarketId,
    /// Which way.
    pub direction: Direction,
}

impl DueTriggers {
    /// Before all.
    pub const FIRST: Self = Self { market: MarketId(0), direction: Direction::Rises };
    /// The last possible.
    pub const LAST: Self = Self { market: MarketId(u16::MAX), direction: Direction::Falls };

    /// The next, and after the last the first.
    #[must_use]
    pub fn next(self) -> Self {
        match self.direction {
            Direction::Rises => Self { direction: Direction::Falls, ..self },
            Direction::Falls => {
                Self { market: self.market.next().unwrap_or_default(), direction: Direction::Rises }
            }
        }
    }
}

/// A waiting order by its price: in each run, those that the mark meets first come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TriggerKey {
    /// Where.
    pub market: MarketId,
    /// Which way.
    pub direction: Direction,
    depth: u64,
    /// Which.
    pub id: OrderId,
}

impl TriggerKey {
    /// The key of an order.
    #[must_use]
    pub const fn new(run: DueTriggers, price: PriceTicks, id: OrderId) -> Self {
        let DueTriggers { market, direction } = run;
        Self { market, direction, depth: direction.depth(price.0), id }
    }

    /// The least key of a run.
    #[must_use]
    pub const fn first(run: DueTriggers) -> Self {
        Self { market: run.market, direction: run.direction, depth: 0, id: OrderId(0) }
    }

    /// The greatest key of a run.
    #[must_use]
    pub const fn last(run: DueTriggers) -> Self {
        Self { market: run.market, direction: run.direction, depth: u64::MAX, id: OrderId(u64::MAX) }
    }

    /// The run that it is in.
    #[must_use]
    pub const fn run(&self) -> DueTriggers {
        DueTriggers { market: self.market, direction: self.direction }
    }

    /// The greatest key of a run that a mark at `mark` has passed.
    #[must_use]
    pub const fn last_passed(run: DueTriggers, mark: PriceTicks) -> Self {
        Self::new(run, mark, OrderId(u64::MAX))
    }
}

/// An order that waits in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey {
    /// The group: its first order's number.
    pub group: OrderId,
    /// The order.
    pub id: OrderId,
}

/// An order that waits and follows a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PositionTrigger {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// Which.
    pub id: OrderId,
}

impl PositionTrigger {
    /// The first and the last possible of a position.
    #[must_use]
    pub const fn range(of: PositionKey) -> (Self, Self) {
        let PositionKey { account, market } = of;
        (Self { account, market, id: OrderId(0) }, Self { account, market, id: OrderId(u64::MAX) })
    }
}

tandem_codec::record!(DueTriggers { market, direction });
tandem_codec::record!(TriggerKey { market, direction, depth, id });
tandem_codec::record!(GroupKey { group, id });
tandem_codec::record!(PositionTrigger { account, market, id });
keys!(DueTriggers: 3, TriggerKey: 19, GroupKey: 16, PositionTrigger: 14);

/// What an order waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// That the order of its group which opens the position fills.
    Fill,
    /// Its price.
    Price,
    /// Its price has come: that the liquidations of its market are done.
    Liquidations,
}
tandem_codec::tags!(Stage { Fill = 0, Price = 1, Liquidations = 2 });

/// A waiting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggerOrder {
    /// Where.
    pub market: MarketId,
    /// Its side when it enters.
    pub side: Side,
    /// The worst price that it then accepts.
    pub price: PriceRank,
    /// Its size; `None` if it is for the whole of its owner's position.
    pub size: Option<SizeLots>,
    /// Which side of the position it protects.
    pub tpsl: Tpsl,
    /// The mark price that it waits for.
    pub trigger: PriceTicks,
    /// Whether it enters as a market order: at once or not at all.
    pub is_market: bool,
    /// Whether it may only make a position smaller.
    pub reduce_only: bool,
    /// The trader's own id for it.
    pub cloid: Option<Cloid>,
    /// What it does on meeting another order of its owner.
    pub self_trade_prevention: Option<SelfTradePrevention>,
    /// From when on it neither fires nor trades.
    pub expires: Option<BlockTime>,
    /// When it was placed.
    pub time: BlockTime,
    /// With which others it waits.
    pub group: Option<OrderId>,
    /// For what it waits.
    pub stage: Stage,
}
tandem_codec::record!(TriggerOrder {
    market,
    side,
    price,
    size,
    tpsl,
    trigger,
    is_market,
    reduce_only,
    cloid,
    self_trade_prevention,
    expires,
    time,
    group,
    stage,
});

impl TriggerOrder {
    /// The run that it waits in.
    #[must_use]
    pub const fn run(&self) -> DueTriggers {
        DueTriggers { market: self.market, direction: Direction::of(self.side, self.tpsl) }
    }

    /// Its place among those that wait for a price.
    #[must_use]
    pub const fn key(&self, id: OrderId) -> TriggerKey {
        TriggerKey::new(self.run(), self.trigger, id)
    }

    /// The order that it is when it fires, for `size`.
    pub(crate) fn request(
        &self,
        size: SizeLots,
        scale: PriceScale,
        size_decimals: u8,
    ) -> Option<action::Order> {
        let time_in_force = if self.is_market { TimeInForce::FrontendMarket } else { TimeInForce::Gtc };
        Some(action::Order {
            asset: AssetId(u32::from(self.market.0)),
            is_buy: self.side == Side::Bid,
            price: Decimal::new(self.price.to_ticks(scale).0, scale.decimals())?,
            size: Decimal::new(size.0, size_decimals)?,
            reduce_only: self.reduce_only,
            kind: OrderKind::Limit(time_in_force),
            cloid: self.cloid,
            self_trade_prevention: self.self_trade_prevention,
            expires: self.expires,
        })
    }
}

/// An order of a group that has left the book, until its group has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whose.
    pub account: AccountId,
    /// Its group: its own number if it opens the position.
    pub group: OrderId,
    /// How much of it traded.
    pub filled: SizeLots,
    /// Whether all of it did.
    pub whole: bool,
    /// Whether it ended by its owner's wish.
    pub by_owner: bool,
}
tandem_codec::record!(Ended { account, group, filled, whole, by_owner });

/// The first and the last possible waiting order of an account.
pub(crate) const fn of_account(account: AccountId) -> (AccountOrder, AccountOrder) {
    (AccountOrder::first(account), AccountOrder::last(account))
}
