//! Prices: what validators report, and what the rules make of it.
//!
//! - [`report`]: a validator's report, its one encoding, and what is signed of it.
//! - [`OracleTables`]: the last report of each validator, and the [`stake-weighted median`](median) over them.
//! - [`average`]: the time-weighted average with fixed-point decay.
//! - [`mark`]: the mark price from its three inputs.
//! - [`premium`]: impact prices, the premium, the funding rate.
//!
//! Everything but the one table is a pure function, total on all inputs. It does not know orders, accounts or margin;
//! who reports, and when, is for `stf` to check. Formulas, roundings and decisions: `docs/exchange-rules.md`.
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

pub mod average;
pub mod mark;
pub mod median;
pub mod premium;
pub mod report;
mod tables;

pub use average::Average;
pub use premium::{Depth, Rate};
pub use report::{CheckedReport, Quote, Report, ReportError, ReportsError, SignedReport};
pub use tables::{LastReport, MedianPrices, OracleTables};

/// Every price is below this many ticks: 28 million USD in units of 10^-7, far above any price in units of 10^-1.
pub const PRICE_TICKS_END: u64 = 1 << 48;
