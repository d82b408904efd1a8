//! Price-time priority matching.
//!
//! The orders of all markets are entries of one ordered table, [`Orders`], under keys that sort as priority does: a
//! book is a run of that table, a level is a run of the book, and matching takes the first entry again and again. So
//! the rules need no structure beside the state itself, and what is proven about the state is proven about the book.
//!
//! - [`Book`] changes one market: [`Book::place`], [`Book::cancel`], [`Book::reduce`].
//! - [`Settlement`] is told of each step of a match as it happens: who may trade, who traded, what was cancelled.
//! - [`resting`] and [`levels`] read books for those who look on.
//!
//! The book does not know what an account is: it compares [`Owner`]s, and never asks what they have. It does not
//! know fees, ticks, margin, expiry, triggers or time.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::let_underscore_must_use,
        clippy::wildcard_enum_match_arm,
        clippy::disallowed_types,
        clippy::disallowed_methods
    )
)]

extern crate alloc;

mod book;
mod depth;
mod fill_or_kill;
mod key;
mod order;
mod outcome;
mod settlement;
mod walk;

pub use book::Book;
pub use depth::{Level, Resting, levels, resting};
pub use key::{OrderKey, Side};
pub use order::{Incoming, Limits, Order, Orders, Owner, SelfTrade, TimeInForce};
pub use outcome::{PlaceError, PlaceOutcome, PlaceRejection, Placed, ReduceRejection, TakerCancelReason};
pub use settlement::{CancelReason, Fill, Settlement};
