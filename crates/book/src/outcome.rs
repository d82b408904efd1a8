//! What the book answers.

use core::fmt;
use tandem_types::{PriceRank, SizeLots};

/// What became of an order that was placed.
///
/// `filled + decremented` and what [`PlaceOutcome`] says is left always make the order's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// How much of it traded.
    pub filled: SizeLots,
    /// How much of it [`SelfTrade::Decrement`](crate::SelfTrade::Decrement) took off.
    pub decremented: SizeLots,
    /// What became of the rest.
    pub outcome: PlaceOutcome,
    /// Makers visited: the work done. Fill-or-kill visits them twice.
    pub steps: u32,
}

/// What became of the part of an order that did not trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceOutcome {
    /// There is none: all of it traded.
    Filled,
    /// It rests.
    Resting {
        /// How much rests; never zero.
        remaining: SizeLots,
    },
    /// It was cancelled.
    Cancelled {
        /// How much was cancelled: zero only if self-trade prevention decremented all that had not traded.
        remaining: SizeLots,
        /// Why.
        why: TakerCancelReason,
    },
}

/// Why what was left of an incoming order was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakerCancelReason {
    /// Its time in force is immediate-or-cancel, and nothing more crosses.
    IocRemainder,
    /// It met an order of its own owner.
    SelfTrade,
    /// It visited as many makers as one order may.
    FillLimit,
}

/// Why an order is refused. The state is as if it had never come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceRejection {
    /// Its size is zero.
    ZeroSize,
    /// It is post-only and would trade at once.
    PostOnlyWouldCross {
        /// The best price of the other side.
        best: PriceRank,
    },
    /// It is immediate-or-cancel and nothing crosses it.
    NoMatch,
    /// It is fill-or-kill and not all of it would trade at once.
    FillOrKillUnfilled {
        /// Makers visited to find out.
        steps: u32,
    },
}

impl PlaceRejection {
    /// A number for receipts that will not change, in order of precedence.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::ZeroSize => 1,
            Self::PostOnlyWouldCross { .. } => 2,
            Self::NoMatch => 3,
            Self::FillOrKillUnfilled { .. } => 4,
        }
    }
}

impl fmt::Display for PlaceRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ZeroSize => "order has no size",
            Self::PostOnlyWouldCross { .. } => "post-only order would trade at once",
            Self::NoMatch => "immediate-or-cancel order meets no resting order",
            Self::FillOrKillUnfilled { .. } => "fill-or-kill order cannot trade in full",
        })
    }
}

impl core::error::Error for PlaceRejection {}

/// Why an order was not placed. After anything but [`PlaceError::Rejected`] the caller must roll its tables back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceError<E> {
    /// The rules of the book refuse it; nothing was changed.
    Rejected(PlaceRejection),
    /// [`Settlement::admit`](crate::Settlement::admit) refused makers that a fill-or-kill order had counted on, and
    /// those behind them did not suffice. To the order's owner this is [`PlaceRejection::FillOrKillUnfilled`].
    FillOrKillRefused {
        /// Makers visited, in both walks.
        steps: u32,
    },
    /// A step could not be settled.
    Settlement(E),
}

impl<E: fmt::Display> fmt::Display for PlaceError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::FillOrKillRefused { .. } => f.write_str("makers of a fill-or-kill order were not admitted"),
            Self::Settlement(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for PlaceError<E> {}

/// Why a resting order is not reduced. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReduceRejection {
    /// The new size is zero: that is a cancel.
    ZeroSize,
    /// No such order rests in this market.
    NotResting,
    /// The new size is not below what remains: growing would jump the queue.
    NotSmaller,
}

impl ReduceRejection {
    /// A number for receipts that will not change, in order of precedence.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::ZeroSize => 1,
            Self::NotResting => 2,
            Self::NotSmaller => 3,
        }
    }
}

impl fmt::Display for ReduceRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ZeroSize => "order cannot be reduced to nothing",
            Self::NotResting => "no such order rests",
            Self::NotSmaller => "new size is not smaller",
        })
    }
}

impl core::error::Error for ReduceRejection {}
