//! What each event tells of: the one list of all events, which says where a new one belongs.
//!
//! Views pick their events by it, or by name if they want few. Funding and the sizes of positions are read off the
//! block's changes, so their events are passed over.

use tandem_exchange::{BuilderPaid, Event, LiquidationOrder, PositionChange, Trade};

/// What an event tells of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'e> {
    /// What became of an order: [`LiveOrders`](crate::live::LiveOrders).
    Order,
    /// A trade: [`Tape`](crate::tape::Tape), and the orders that traded.
    Trade(&'e Trade),
    /// What a trade did to a position: the trade's row.
    Position(&'e PositionChange),
    /// Money moved other than by trades: [`ledger`](crate::ledger), and what traders held before.
    Money,
    /// An order that follows is a liquidation: its trades say so.
    Liquidation(&'e LiquidationOrder),
    /// A position was closed without a trade: [`Fills`](crate::fills::Fills).
    Settled,
    /// What a builder got of a trade's fee: the trade's row, and what it held before.
    Builder(&'e BuilderPaid),
    /// A TWAP order: [`twaps`](crate::twaps).
    Twap,
    /// Nothing that is kept as it is told.
    Aside,
}

impl<'e> Subject<'e> {
    pub(crate) const fn of(event: &'e Event) -> Self {
        match event {
            Event::Opened { .. }
            | Event::Reduced { .. }
            | Event::Closed { .. }
            | Event::Waiting { .. }
            | Event::Armed { .. }
            | Event::Triggered { .. }
            | Event::TriggerRefused { .. } => Self::Order,
            Event::Trade(trade) => Self::Trade(trade),
            Event::Position(change) => Self::Position(change),
            Event::Transfer { .. }
            | Event::UsdTransfer { .. }
            | Event::ClassTransfer { .. }
            | Event::SubAccountTransfer { .. }
            | Event::SubAccountNamed { .. }
            | Event::VaultCreated { .. }
            | Event::VaultDeposit { .. }
            | Event::VaultWithdrawal(_)
            | Event::RewardsClaimed { .. }
            | Event::AccountCreated { .. } => Self::Money,
            Event::LiquidationOrder(order) => Self::Liquidation(order),
            Event::Takeover(_) | Event::Deleveraged(_) => Self::Settled,
            Event::BuilderPaid(paid) => Self::Builder(paid),
            Event::TwapStarted { .. } | Event::TwapPart { .. } | Event::TwapEnded { .. } => Self::Twap,
            Event::AgentApproved { .. }
            | Event::Funding { .. }
            | Event::FundingRate { .. }
            | Event::IsolatedMargin { .. }
            | Event::TradeGroup { .. }
            | Event::TakenCollateral { .. } => Self::Aside,
        }
    }
}
