//! Prices over time, as a file has them.
//!
//! ```text
//! # time in ms since the Unix epoch, market, oracle price, price of perpetuals elsewhere (may be absent)
//! 1795274080000,BTC,100000.5
//! 1795274081000,BTC,100003,100010.5
//! ```

use crate::source::{PriceMicros, Sighting, SourceError};
use std::collections::BTreeMap;
use tandem_types::BlockTime;

/// See the module. Times may come in any order; of two lines for one time the later counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Series(BTreeMap<String, BTreeMap<u64, Sighting>>);

impl Series {
    /// Reads a file's text; the number of the first line that is none otherwise.
    pub(crate) fn parse(text: &str) -> Result<Self, usize> {
        let mut series = Self::default();
        for (number, line) in (1usize..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (time, market, sighting) = entry(line).ok_or(number)?;
            series.0.entry(market).or_default().insert(time, sighting);
        }
        Ok(series)
    }

    /// The last sighting of a market at `now`, and its time.
    pub(crate) fn at(&self, market: &str, now: BlockTime) -> Result<(Sighting, BlockTime), SourceError> {
        let prices = self.0.get(market).ok_or(SourceError::UnknownMarket)?;
        let last = prices.range(..=now.0).next_back();
        last.map(|(time, sighting)| (*sighting, BlockTime(*time))).ok_or(SourceError::NotYet)
    }
}

fn entry(line: &str) -> Option<(u64, String, Sighting)> {
    let mut fields = line.split(',').map(str::trim);
    let time = fields.next()?.parse().ok()?;
    let market = fields.next().filter(|name| !name.is_empty())?;
    let oracle = PriceMicros::parse(fields.next()?)?;
    let external = match fields.next() {
        Some("") | None => None,
        Some(text) => Some(PriceMicros::parse(text)?),
    };
    fields.next().is_none().then(|| (time, market.to_owned(), Sighting { oracle, external }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_price_at_a_time_is_found() {
        let text =
            "# prices\n\n 2000 , BTC, 20, 21 \n1000,BTC,10\n1000,ETH,5,\n3000,BTC,30\n3000,BTC,31,33.5\n";
        let series = Series::parse(text).unwrap();
        let at = |market: &str, now| {
            series.at(market, BlockTime(now)).map(|(seen, time)| {
                (seen.oracle.0 / 1_000_000, seen.external.map(|price| price.0 / 100_000), time.0)
            })
        };
        for (market, now, expected) in [
            ("BTC", 999, Err(SourceError::NotYet)),
            ("BTC", 1_000, Ok((10, None, 1_000))),
            ("BTC", 2_999, Ok((20, Some(210), 2_000))),
            ("BTC", u64::MAX, Ok((31, Some(335), 3_000))),
            ("ETH", 5_000, Ok((5, None, 1_000))),
            ("SOL", 5_000, Err(SourceError::UnknownMarket)),
        ] {
            assert_eq!(at(market, now), expected, "{market} at {now}");
        }
    }

    #[test]
    fn the_first_line_that_is_none_is_named() {
        let broken = ["x,BTC,1", "-1,BTC,1", "1,,1", "1,BTC", "1,BTC,x", "1,BTC,1,x", "1,BTC,1,2,3", "1"];
        for line in broken {
            assert_eq!(Series::parse(&format!("1,BTC,1\n\n{line}\n")), Err(3), "{line}");
        }
        assert_eq!(Series::parse(""), Ok(Series::default()));
    }
}
