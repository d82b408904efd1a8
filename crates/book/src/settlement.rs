//! What the caller of the book does about each step of a match, as it happens.

use crate::key::OrderKey;
use crate::order::{Order, Owner};
use tandem_types::{PriceRank, SizeLots};

/// One trade between the incoming order and one resting order, at the resting order's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The resting order.
    pub maker: OrderKey,
    /// Whose it is or was.
    pub maker_owner: Owner,
    /// The price of the trade: `maker.price()`.
    pub price: PriceRank,
    /// The size of the trade; never zero.
    pub size: SizeLots,
    /// What is left of the resting order; at zero it has left the book.
    pub maker_remaining: SizeLots,
}

/// Why a resting order was cancelled by a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// It met an order of its own owner, or of one with which that one must not trade.
    SelfTrade,
    /// [`Settlement::admit`] refused it, or a part of it.
    NotAdmitted,
}

/// What the caller does about each step of a match.
///
/// Each call comes after the book has changed its table, except [`Settlement::admit`], which decides what the change
/// will be. Between two calls the book is in order but may be crossed by the order that is being placed.
pub trait Settlement {
    /// Why a step cannot be settled. It ends the match at once: see [`crate::Book::place`].
    type Error;

    /// Whether `maker`, who is not the taker's owner, must not trade with it: self-trade prevention then treats their
    /// orders as those of one owner. Nobody, unless the caller says so.
    fn same_trader(&mut self, maker: Owner) -> bool {
        let _ = maker;
        false
    }

    /// How much of `size`, which both sides have left, `maker` may trade; `order` is its entry. If less than `size`, the
    /// maker trades that much and what is left of it is cancelled as [`CancelReason::NotAdmitted`]. Not asked about
    /// orders that self-trade prevention keeps from trading.
    ///
    /// # Errors
    /// [`Settlement::Error`].
    fn admit(&mut self, maker: &OrderKey, order: &Order, size: SizeLots) -> Result<SizeLots, Self::Error>;

    /// A trade took place.
    ///
    /// # Errors
    /// [`Settlement::Error`].
    fn fill(&mut self, fill: &Fill) -> Result<(), Self::Error>;

    /// A resting order left the book without trading, or without trading all; `order` is its entry as it last was.
    ///
    /// # Errors
    /// [`Settlement::Error`].
    fn maker_cancelled(
        &mut self,
        maker: &OrderKey,
        order: &Order,
        reason: CancelReason,
    ) -> Result<(), Self::Error>;

    /// [`crate::SelfTrade::Decrement`] took `by` off a resting order, which still rests; `order` is its entry as it
    /// now is. One that loses everything is reported by [`Settlement::maker_cancelled`] instead.
    ///
    /// # Errors
    /// [`Settlement::Error`].
    fn maker_reduced(&mut self, maker: &OrderKey, order: &Order, by: SizeLots) -> Result<(), Self::Error>;
}
