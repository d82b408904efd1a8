//! The consensus layer's state: parameters, validators and the co-processor registry.
//!
//! These are what everyone must agree on before a block can be judged at all, so they have a root of their own in
//! the header. Nothing here knows a market or a contract. Staking, governance and evidence write these tables; blocks
//! of the schedule and the limits of a block are read from them.
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

mod genesis;
mod parameters;
mod registry;
mod tables;
mod validators;

pub use genesis::{GenesisError, SystemGenesis};
pub use parameters::{NetworkKind, Parameters, ParametersError};
pub use registry::{ENSHRINED_MAX, Enshrined, NotEnshrined, require_enshrined};
pub use tables::SystemTables;
pub use validators::{VALIDATORS_MAX, Validator, ValidatorSet, validator_address};
