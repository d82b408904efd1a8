//! What a source of prices is.

use std::fmt;
use tandem_types::BlockTime;

/// A price in units of 10^-6 USD, the finest in which any perpetual market quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PriceMicros(pub u64);

/// Decimals of [`PriceMicros`].
const DECIMALS: usize = 6;

impl PriceMicros {
    /// Reads a decimal number without sign or exponent, such as `64123.5`. Digits beyond the sixth decimal round to the
    /// nearest, halves up. `None` for anything else, and beyond the greatest.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
            return None;
        }
        let kept = fraction.get(..DECIMALS).unwrap_or(fraction);
        let up = fraction.as_bytes().get(DECIMALS).is_some_and(|digit| *digit >= b'5');
        let micros: u64 = format!("{whole}{kept:0<DECIMALS$}").parse().ok()?;
        micros.checked_add(u64::from(up)).map(Self)
    }
}

impl fmt::Display for PriceMicros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// The oracle price that the chain has of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// The price.
    pub oracle: PriceMicros,
    /// When it was last updated.
    pub time: BlockTime,
}

/// A market that a price is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market<'a> {
    /// Its name.
    pub name: &'a str,
    /// The oracle price that the chain has; `None` before the first.
    pub last: Option<Last>,
}

/// What a source saw of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Where the underlying trades.
    pub oracle: PriceMicros,
    /// Where perpetuals on it trade elsewhere.
    pub external: Option<PriceMicros>,
}

/// Why a source has no price of a market.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It was not told how to find it.
    #[error("the price source does not know this market")]
    UnknownMarket,
    /// There has been none yet.
    #[error("the price source has had no price yet")]
    NotYet,
    /// It never had one, and this is why.
    #[error("{0}")]
    Failed(String),
    /// The last one is too old.
    #[error("the last price is too old{}", .failure.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    Stale {
        /// Why there was none since, if that is known.
        failure: Option<String>,
    },
}

/// Somewhere that prices come from.
pub trait PriceSource: fmt::Debug + Send {
    /// What it sees of a market when the block of time `now` is voted for. Answers from memory: the vote waits for it.
    ///
    /// # Errors
    /// [`SourceError`]; the report then goes without this market.
    fn sight(&mut self, market: &Market<'_>, now: BlockTime) -> Result<Sighting, SourceError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_exactly_and_finer_ones_rounded() {
        for (text, micros) in [
            ("0", Some(0)),
            ("1", Some(1_000_000)),
            ("64123.5", Some(64_123_500_000)),
            ("0.000001", Some(1)),
            ("0.0000005", Some(1)),
            ("0.00000049", Some(0)),
            ("9.9999999", Some(10_000_000)),
            ("18446744073709.551615", Some(u64::MAX)),
            ("18446744073709.5516155", None),
            ("18446744073710", None),
            ("", None),
            (".5", None),
            ("5.", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("1.2.3", None),
            ("١", None),
        ] {
            assert_eq!(PriceMicros::parse(text), micros.map(PriceMicros), "{text:?}");
        }
    }

    #[test]
    fn a_price_shows_all_its_decimals() {
        assert_eq!(PriceMicros(64_123_500_001).to_string(), "64123.500001");
    }
}
