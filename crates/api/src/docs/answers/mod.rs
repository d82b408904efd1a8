//! The shapes of answers. Every field is named, and none that is not named is sent: a test compares them with what the
//! server answers.

mod accounts;
mod markets;
mod orders;
mod perpetuals;
mod questions;
mod referrals;
mod requests;
mod vaults;

use accounts::accounts;
use markets::{markets, spot_metadata};
use orders::orders;
use perpetuals::perpetuals;
use serde_json::{Map, Value};

pub(super) use questions::of_question;
pub(super) use requests::{exchange, health, item_status};

/// The parts that answers share, by name.
pub(super) fn components() -> Map<String, Value> {
    let rows =
        orders().into_iter().chain(markets()).chain(accounts()).chain(spot_metadata()).chain(perpetuals());
    rows.map(|(name, schema)| (name.to_owned(), schema)).collect()
}
