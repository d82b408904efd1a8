//! The section of `config.toml` that says where this validator's prices come from.

use crate::markets::PERPETUALS;
use eyre::{Result, eyre};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tandem_prices::{PriceMicros, PriceSource, Simulation, Walk};

/// The section. A home without it reports no prices.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum PriceConfig {
    /// Reports are empty.
    #[default]
    None,
    /// A random walk.
    Simulation {
        /// Validators with one seed report the same.
        seed: u64,
        markets: BTreeMap<String, WalkEntry>,
    },
}

/// How a market's price walks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WalkEntry {
    /// In USD.
    start: String,
    /// Standard deviation of a second's move, in millionths.
    volatility_ppm: u32,
}

impl PriceConfig {
    /// The source that it describes.
    pub(crate) fn source(&self) -> Result<Option<Box<dyn PriceSource>>> {
        match self {
            Self::None => Ok(None),
            Self::Simulation { seed, markets } => {
                let walk = |(name, entry): (&String, &WalkEntry)| Ok((name.clone(), entry.to_walk(name)?));
                let walks: Result<_> = markets.iter().map(walk).collect();
                Ok(Some(Box::new(Simulation::new(*seed, walks?))))
            }
        }
    }
}

impl WalkEntry {
    fn to_walk(&self, name: &str) -> Result<Walk> {
        let start = PriceMicros::parse(&self.start)
            .ok_or_else(|| eyre!("start of {name} in [prices] is {:?}, wanted a number", self.start))?;
        Ok(Walk { start, volatility_ppm: self.volatility_ppm })
    }
}

/// The section of a new home: a simulation of the markets that generated chains begin with.
pub(crate) fn text() -> String {
    let mut text = String::from(
        r#"
# Where this validator's price reports come from, for chains with perpetual markets:
# "none" reports nothing; "simulation" is a random walk, for chains without money.
[prices]
source = "simulation"

# Validators with the same seed report the same prices.
seed = 1

# Where each market begins, in USD, and the standard deviation of a second's move, in millionths.
[prices.markets]
"#,
    );
    for market in &PERPETUALS {
        let (name, start, ppm) = (market.name, market.start, market.volatility_ppm);
        // Writing to a string does not fail.
        writeln!(text, "{name} = {{ start = {start:?}, volatility_ppm = {ppm} }}").ok();
    }
    text
}
