//! The state transition function: the whole chain as one pure function.
//!
//! `check_block(bytes) -> CheckedBlock` decodes, hashes and verifies signatures, each transaction for itself;
//! `apply_block(chain, parent, block) -> Outcome` executes. Validators run both before they vote, the builder runs the
//! same phases to make a block, and provers and dispute games run them on partial state from a [`Witness`].
//!
//! It never sees a vote, a clock, a disk or a network, and for any bytes it ends in an outcome or [`InvalidBlock`].
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

mod apply;
mod build;
mod chain;
mod check;
mod close;
mod execution;
mod genesis;
mod header;
mod invalid;
mod outcome;
mod supply;
mod witness;

pub use apply::apply_block;
pub use build::{Builder, Built, ClassShares, Taken};
pub use chain::{Chain, ChainTables, Domain, HeadTables, StateTree};
pub use check::{CheckedBlock, Identity, Join, KnownActions, NothingKnown, Sequential, check_block};
pub use genesis::{EvmAllocation, Genesis, GenesisError};
pub use header::{EvmHead, block_id};
pub use invalid::InvalidBlock;
pub use outcome::{BlockReceipts, Outcome};
pub use supply::Refusal;
pub use tandem_evm::CheckedEvmTx;
pub use witness::{Witness, WitnessError};
