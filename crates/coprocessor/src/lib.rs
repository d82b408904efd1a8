//! What a co-processor is, and the one way to run it.
//!
//! A co-processor is an engine of Core: a type implementing [`Coprocessor`]. Its calls receive a [`Handle`] with *its own*
//! tables, the block's context and a work meter, and whatever other engines lend it through [`Coprocessor::Interfaces`];
//! it can name nothing else, so isolation is checked by the compiler. [`run`] makes every call atomic: a rejected one
//! leaves no trace.
//!
//! Which co-processors exist on a chain, at which version and with which limits, is the registry's word (`system`).
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

mod meter;
mod run;

pub use meter::{OutOfWork, Work, WorkMeter};
pub use run::{BlockContext, CallError, Coprocessor, Description, Function, Handle, Lent, Limits, run};
