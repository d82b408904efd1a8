//! The state that the engines work on: typed tables, written in place, with an undo log.
//!
//! - [`tables!`] declares an engine's tables; [`Table`] is one of them. Rules read with [`Table::get`] and
//!   [`Table::first`] and write with [`Table::put`], [`Table::update`] and [`Table::remove`]: there is no other way.
//! - [`Tables`] does to a whole set what every block needs: nested checkpoints, the block's [`Delta`], the
//!   [`ReadSet`], following by deltas in both directions, and partial state built from a witness.
//! - [`Scratch`] is what rules have worked out within a block: no state, undone with the tables and gone with the block.
//! - Keys in bytes are `engine ‖ table ‖ key`; their order is the order of meaning, and the state tree's.
//!
//! Nothing here knows what an account or an order is, and nothing here does I/O.
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
#[cfg(test)]
extern crate std;

mod delta;
pub mod index;
mod key;
mod partial;
mod readset;
mod scratch;
mod table;
mod tables;
pub mod tree;

pub use delta::{CHANGES_MAX, Change, Delta, DeltaError, Direction, KEY_BYTES_MAX, VALUE_BYTES_MAX};
pub use key::{Key, Value};
pub use readset::ReadSet;
pub use scratch::Scratch;
pub use table::Table;
#[doc(hidden)]
pub use tables::are_ascending as __are_ascending;
pub use tables::{AnyTable, Prefix, Tables};
