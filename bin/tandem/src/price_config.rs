//! The section of `config.toml` that says where this validator's prices come from.

use crate::markets::PERPETUALS;
use eyre::{Result, WrapErr, eyre};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tandem_prices::{FileConfig, HttpConfig, PriceMicros, PriceSource, Simulation, Walk};

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
    /// A file of times and prices.
    File {
        path: PathBuf,
        #[serde(default = "poll_ms")]
        poll_ms: u64,
        /// Absent: a line counts until the next one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        age_ms_max: Option<u64>,
    },
    /// A server that answers with JSON.
    Http {
        url: String,
        pointer: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        external_pointer: Option<String>,
        #[serde(default = "poll_ms")]
        poll_ms: u64,
        #[serde(default = "timeout_ms")]
        timeout_ms: u64,
        #[serde(default = "age_ms_max")]
        age_ms_max: u64,
        /// Symbols by the names of markets.
        markets: BTreeMap<String, String>,
    },
}

const fn poll_ms() -> u64 {
    500
}

const fn timeout_ms() -> u64 {
    1_000
}

const fn age_ms_max() -> u64 {
    5_000
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
    /// Whether prices are made up.
    pub(crate) const fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulation { .. })
    }

    /// The source that it describes. A file that is named by a relative path is one of the home.
    pub(crate) fn source(&self, home: &Path) -> Result<Option<Box<dyn PriceSource>>> {
        match self.clone() {
            Self::None => Ok(None),
            Self::Simulation { seed, markets } => {
                let walk = |(name, entry): (String, WalkEntry)| entry.to_walk(&name).map(|walk| (name, walk));
                let walks: Result<_> = markets.into_iter().map(walk).collect();
                Ok(Some(Box::new(Simulation::new(seed, walks?))))
            }
            Self::File { path, poll_ms, age_ms_max } => {
                let interval = Duration::from_millis(poll_ms.max(1));
                let file = FileConfig { path: home.join(path), interval, age_ms_max };
                file.start().map(Some).wrap_err("starting the thread that reads prices")
            }
            Self::Http { url, pointer, external_pointer, poll_ms, timeout_ms, age_ms_max, markets } => {
                let (interval, timeout) =
                    (Duration::from_millis(poll_ms.max(1)), Duration::from_millis(timeout_ms.max(1)));
                let server = HttpConfig {
                    url,
                    pointer,
                    external_pointer,
                    symbols: markets,
                    interval,
                    timeout,
                    age_ms_max,
                };
                server.start().map(Some).wrap_err("[prices] in config.toml")
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
# Where this validator's price reports come from, for chains with perpetual markets. A market without a price is left
# out of the report, and the log and the metrics say so. One of:
#
#   source = "none"               # empty reports
#
#   source = "file"               # the last line that is not later than the block
#   path = "prices.csv"           # lines of time_ms,market,price[,price of perpetuals elsewhere]; read when it changes
#   poll_ms = 500                 # how often it is looked at
#   age_ms_max = 5000             # older lines don't count; absent: they do
#
#   source = "http"               # a process beside the node that answers with JSON; plain HTTP, no proxy
#   url = "http://127.0.0.1:8080/price/{symbol}"
#   pointer = "/price"            # where in the answer the price is (RFC 6901); {symbol} as in the URL
#   external_pointer = "/perp"    # where the price of perpetuals elsewhere is; absent: nowhere
#   poll_ms = 500                 # how often it is asked
#   timeout_ms = 1000             # how long an answer may take
#   age_ms_max = 5000             # older answers don't count
#   markets = { BTC = "BTCUSD" }  # each market's symbol
#
# and "simulation", a random walk for chains without money:
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

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_prices::Market;
    use tandem_types::BlockTime;

    #[derive(Deserialize)]
    struct Config {
        #[serde(default)]
        prices: PriceConfig,
    }

    fn source(text: &str) -> Result<Option<Box<dyn PriceSource>>> {
        let config: Config = toml::from_str(text).wrap_err("config")?;
        config.prices.source(Path::new("/nowhere"))
    }

    #[test]
    fn a_new_home_simulates_every_market_that_its_genesis_has() {
        let mut source = source(&text()).unwrap().unwrap();
        for market in &PERPETUALS {
            let market = Market { name: market.name, last: None };
            assert!(source.sight(&market, BlockTime(0)).is_ok(), "{market:?}");
        }
    }

    #[test]
    fn each_source_is_made_from_its_section() {
        let http =
            "[prices]\nsource = 'http'\nurl = 'http://127.0.0.1:1/'\npointer = ''\nmarkets = { BTC = 'X' }";
        for (text, is_source) in [
            ("", Some(false)),
            ("[prices]\nsource = 'none'", Some(false)),
            ("[prices]\nsource = 'file'\npath = 'prices.csv'", Some(true)),
            (http, Some(true)),
            (&http.replace("http:", "https:"), None),
            ("[prices]\nsource = 'file'", None),
            ("[prices]\nsource = 'oracle'", None),
            ("[prices]\nsource = 'file'\npath = 'prices.csv'\nseed = 1", None),
            (
                "[prices]\nsource = 'simulation'\nseed = 1\n[prices.markets]\nBTC = { start = 'x', volatility_ppm = 1 }",
                None,
            ),
        ] {
            assert_eq!(source(text).ok().map(|source| source.is_some()), is_source, "{text}");
        }
    }
}
