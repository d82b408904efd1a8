//! What waits to get into a block: two lanes, each with its own room.
//!
//! The [`ActionLane`] holds exchange actions by class and arrival, the [`EvmLane`] Ethereum transactions by sender and
//! nonce. A flood in one leaves the other as it was: they share neither count nor bytes, here nor in a block. When a
//! lane is full, whoever has most in it, by bytes, makes room for whoever has less, so one signer can't crowd out
//! another with many small transactions or with few large ones; and nobody falls below the newcomer's share for it.
//! Keys, though, are as cheap as accounts are: what many keys may have together is for the rules' budgets to bound.
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
