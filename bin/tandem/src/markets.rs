//! The perpetual markets that generated chains begin with, and how their prices walk in a simulation.
//!
//! Lots, leverages and tiers are those of Hyperliquid's markets of the same names; AAPL is a share, for recorded order
//! flow. Prices are some that these had.

use crate::genesis_file::{PerpetualEntry, PerpetualsEntry, TierEntry};

/// A market of generated chains.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Perpetual {
    pub(crate) name: &'static str,
    size_decimals: u8,
    /// From which notional in USD on which leverage is the greatest.
    tiers: &'static [(&'static str, u8)],
    /// In units of the underlying.
    open_interest_max: &'static str,
    /// In USD.
    open_interest_notional_max: &'static str,
    /// In USD.
    impact_notional: &'static str,
    /// Where its price begins in a simulation, in USD.
    pub(crate) start: &'static str,
    /// Standard deviation of a second's move, in millionths.
    pub(crate) volatility_ppm: u32,
}

/// The markets in the order of their asset numbers.
pub(crate) const PERPETUALS: [Perpetual; 6] = [
    Perpetual {
        name: "BTC",
        size_decimals: 5,
        tiers: &[("0", 40), ("150000000", 20)],
        open_interest_max: "50000",
        open_interest_notional_max: "3000000000",
        impact_notional: "20000",
        start: "100000",
        volatility_ppm: 90,
    },
    Perpetual {
        name: "ETH",
        size_decimals: 4,
        tiers: &[("0", 25), ("100000000", 15)],
        open_interest_max: "1000000",
        open_interest_notional_max: "2000000000",
        impact_notional: "20000",
        start: "3500",
        volatility_ppm: 120,
    },
    Perpetual {
        name: "SOL",
        size_decimals: 2,
        tiers: &[("0", 20), ("70000000", 10)],
        open_interest_max: "10000000",
        open_interest_notional_max: "1000000000",
        impact_notional: "6000",
        start: "180",
        volatility_ppm: 150,
    },
    Perpetual {
        name: "XRP",
        size_decimals: 0,
        tiers: &[("0", 20), ("40000000", 10)],
        open_interest_max: "500000000",
        open_interest_notional_max: "500000000",
        impact_notional: "6000",
        start: "2.2",
        volatility_ppm: 150,
    },
    Perpetual {
        name: "DOGE",
        size_decimals: 0,
        tiers: &[("0", 10), ("20000000", 5)],
        open_interest_max: "5000000000",
        open_interest_notional_max: "500000000",
        impact_notional: "6000",
        start: "0.18",
        volatility_ppm: 180,
    },
    Perpetual {
        name: "AAPL",
        size_decimals: 0,
        tiers: &[("0", 10)],
        open_interest_max: "100000000",
        open_interest_notional_max: "10000000000",
        impact_notional: "6000",
        start: "585",
        volatility_ppm: 60,
    },
];

/// All of them, for a genesis.
pub(crate) fn perpetuals() -> PerpetualsEntry {
    PerpetualsEntry::of(PERPETUALS.iter().map(Perpetual::entry).collect())
}

impl Perpetual {
    fn entry(&self) -> PerpetualEntry {
        let tier = |(from, leverage_max): &(&str, u8)| TierEntry {
            from: (*from).to_owned(),
            leverage_max: *leverage_max,
        };
        PerpetualEntry {
            name: self.name.to_owned(),
            size_decimals: self.size_decimals,
            open_interest_max: self.open_interest_max.to_owned(),
            open_interest_notional_max: self.open_interest_notional_max.to_owned(),
            impact_notional: self.impact_notional.to_owned(),
            tiers: self.tiers.iter().map(tier).collect(),
        }
    }
}
