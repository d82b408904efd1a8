//! What trading costs: a schedule, what accounts have traded, and the rates that follow.
//!
//! An account's tier follows from what it and its sub-accounts have traded in the fourteen days before today, spot counted
//! double; a rebate tier from its makers' part of everybody's volume. Days are those of UTC, and a tier holds for a day:
//! it is worked out with an account's first trade of the day and then stands in the account's record, so that a fill
//! reads nothing that it would not read anyway, and writes nothing more.
//!
//! Rates are millionths, volumes 10^-6 USD rounded down. Fees round up, rebates down; a rebate is paid out of the
//! taker's fee of the same trade and is never more than that. Source of the tables: Hyperliquid, "Fees".

pub(crate) mod day;
pub(crate) mod rates;
pub(crate) mod schedule;
mod volume;

pub(crate) use day::Role;
pub use day::{DAYS, DayVolume, VolumeDay, day_of};
pub use rates::{FeeRates, FeeStanding, Today};
pub use schedule::{FeeSchedule, FeeTier, REBATE_TIERS_MAX, Rates, RebateTier, VOLUME_TIERS_MAX};
pub use volume::{FeeState, fee_state};
pub(crate) use volume::{Fees, Kind, count_trades, fees};
