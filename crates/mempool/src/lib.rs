//! What waits to get into a block: two lanes, each with its own room.
//!
//! The [`ActionLane`] holds exchange actions by class and account, the [`EvmLane`] Ethereum transactions by sender and
//! nonce. A flood in one leaves the other as it was: they share neither count nor bytes, here nor in a block. When a
//! lane is full, whoever has most in it, by bytes, makes room for whoever has less, so nobody can crowd out another with
//! many small transactions or with few large ones; and nobody falls below the newcomer's share for it. Each class of
//! actions has a third of its lane for itself if it wants it, and accounts take turns within a class. How many accounts
//! somebody has is a matter of what they cost: the rules' activation fee.
//!
//! The pool judges nothing that the rules judge: callers admit with the rules' own functions and pass what was checked.
//! It keeps no time and does no I/O.
#![forbid(unsafe_code)]

mod actions;
mod error;
mod evm;
mod shares;

pub use actions::{ActionLane, ActionLimits};
pub use error::PoolError;
pub use evm::{EvmLane, EvmLimits};
