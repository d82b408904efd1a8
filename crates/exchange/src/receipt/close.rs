//! Why an order ended.

/// Why an order left the book, or never came to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Nothing remained.
    Filled,
    /// Its owner cancelled it.
    Cancelled,
    /// Its owner replaced it.
    Modified,
    /// It would have traded with its owner.
    SelfTrade,
    /// The remainder of an immediate-or-cancel order.
    ImmediateOrCancel,
    /// The taker had met as many makers as one order may.
    FillLimit,
    /// Its owner's scheduled cancel came due.
    ScheduledCancel,
    /// Its owner could no longer back it when it was to trade.
    NotAdmitted,
    /// It was to reduce more than the position that is left.
    ReduceOnly,
    /// Its owner is liquidated.
    Liquidation,
    /// Its time was up.
    Expired,
    /// Another order of its group filled.
    SiblingFilled,
    /// The order that it was to protect ended without having opened anything.
    ParentEnded,
    /// The position that it followed is no more.
    PositionClosed,
}
tandem_codec::tags!(CloseReason {
    Filled = 0,
    Cancelled = 1,
    Modified = 2,
    SelfTrade = 3,
    ImmediateOrCancel = 4,
    FillLimit = 5,
    ScheduledCancel = 6,
    NotAdmitted = 7,
    ReduceOnly = 16,
    Liquidation = 17,
    Expired = 32,
    SiblingFilled = 33,
    ParentEnded = 34,
    PositionClosed = 35,
});

impl CloseReason {
    /// Whether its owner took the order back, then or beforehand.
    #[must_use]
    pub const fn is_by_owner(self) -> bool {
        matches!(self, Self::Cancelled | Self::Modified | Self::ScheduledCancel | Self::Expired)
    }
}
