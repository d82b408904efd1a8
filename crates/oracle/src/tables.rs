//! The last report of each validator, and the prices that follow from all of them.
//!
//! One entry a validator, not one for each of its prices: all of a report changes at once.

use crate::median;
use crate::report::{CheckedReport, Quote, REPORT_MARKETS_MAX, is_quorum};
use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_state::index::Ordered;
use tandem_state::tables;
use tandem_system::ValidatorSet;
use tandem_types::{Address, BlockTime, EngineId, MarketId, PriceTicks};

/// The last report of a validator that said anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastReport {
    /// The time of the block that carried it.
    pub time: BlockTime,
    /// What it said, markets ascending.
    pub quotes: Vec<Quote>,
}

impl Encode for LastReport {
    fn encode(&self, out: &mut Vec<u8>) {
        self.time.encode(out);
        self.quotes.encode(out);
    }
}

impl Decode for LastReport {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { time: Decode::decode(input)?, quotes: input.list(REPORT_MARKETS_MAX)? })
    }
}

tables! {
    /// What validators reported.
    pub struct OracleTables in EngineId(0x11) {
        /// The last report of each validator.
        reports: Ordered<Address, LastReport> = 1,
    }
}

/// What the validators together say of a market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MedianPrices {
    /// The oracle price, if reports of more than two thirds of the power are fresh.
    pub oracle: Option<PriceTicks>,
    /// Where perpetuals trade elsewhere, on the same condition.
    pub external: Option<PriceTicks>,
}

impl OracleTables {
    /// Remembers the reports of a block at `now`. An empty one leaves the validator's last in place.
    pub fn record_reports(&mut self, reports: &[CheckedReport], now: BlockTime) {
        for report in reports.iter().filter(|report| !report.report().quotes().is_empty()) {
            let quotes = report.report().quotes().to_vec();
            self.reports.put(report.validator(), LastReport { time: now, quotes });
        }
    }

    /// The stake-weighted medians of markets `0..markets` over the reports of `validators` not older than `stale_ms`.
    pub fn median_prices(
        &mut self,
        validators: &ValidatorSet,
        now: BlockTime,
        stale_ms: u64,
        markets: u16,
    ) -> Vec<MedianPrices> {
        let mut votes = alloc::vec![Votes::default(); usize::from(markets)];
        for (address, validator) in validators.iter() {
            let Some(last) = self.reports.get(address) else { continue };
            if now.ms_since(last.time).is_none_or(|age| age <= stale_ms) {
                last.quotes.iter().for_each(|quote| cast(&mut votes, quote, validator.power));
            }
        }
        let total = validators.total_power();
        votes.iter_mut().map(|votes| votes.count(total)).collect()
    }
}

/// The prices reported of one market, with the power behind each.
#[derive(Clone, Debug, Default)]
struct Votes {
    oracle: Vec<(PriceTicks, u64)>,
    external: Vec<(PriceTicks, u64)>,
}

fn cast(votes: &mut [Votes], quote: &Quote, power: u64) {
    let MarketId(market) = quote.market;
    let Some(votes) = votes.get_mut(usize::from(market)) else { return };
    votes.oracle.push((quote.oracle, power));
    votes.external.extend(quote.external.map(|price| (price, power)));
}

impl Votes {
    fn count(&mut self, total: u128) -> MedianPrices {
        let counted = |votes: &mut Vec<_>| {
            let enough = is_quorum(median::weight_of(votes), total);
            if enough { median::weighted(votes) } else { None }
        };
        MedianPrices { oracle: counted(&mut self.oracle), external: counted(&mut self.external) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_system::{SystemTables, Validator};

    fn set(powers: &[(u8, u64)]) -> ValidatorSet {
        let mut tables = SystemTables::default();
        for (number, power) in powers {
            tables
                .validators
                .put(Address([*number; 20]), Validator { public_key: [*number; 32], power: *power });
        }
        ValidatorSet::current(&mut tables)
    }

    fn said(tables: &mut OracleTables, who: u8, time: u64, quotes: &[(u16, u64, u64)]) {
        let quote = |(market, oracle, external): &(u16, u64, u64)| Quote {
            market: MarketId(*market),
            oracle: PriceTicks(*oracle),
            external: (*external > 0).then_some(PriceTicks(*external)),
        };
        let quotes = quotes.iter().map(quote).collect();
        tables.reports.put(Address([who; 20]), LastReport { time: BlockTime(time), quotes });
    }

    #[test]
    fn last_reports_count_until_they_are_stale() {
        let set = set(&[(1, 1), (2, 1), (3, 1), (4, 1)]);
        let mut tables = OracleTables::default();
        let oracle = |tables: &mut OracleTables, now| {
            tables.median_prices(&set, BlockTime(now), 100, 2)[0].oracle.map(|price| price.0)
        };
        said(&mut tables, 1, 1_000, &[(0, 10, 0)]);
        said(&mut tables, 2, 1_000, &[(0, 20, 0)]);
        assert_eq!(oracle(&mut tables, 1_000), None, "half of the power is not enough");
        said(&mut tables, 3, 1_050, &[(0, 30, 0)]);
        assert_eq!(oracle(&mut tables, 1_050), Some(20));
        said(&mut tables, 4, 1_100, &[(0, 40, 0)]);
        assert_eq!(oracle(&mut tables, 1_100), Some(20));
        assert_eq!(oracle(&mut tables, 1_101), None, "two are stale");
        said(&mut tables, 2, 1_101, &[(0, 50, 0)]);
        assert_eq!(oracle(&mut tables, 1_101), Some(40));
    }

    #[test]
    fn each_market_and_each_price_has_its_own_quorum() {
        let set = set(&[(1, 5), (2, 2), (3, 2)]);
        let mut tables = OracleTables::default();
        said(&mut tables, 1, 1_000, &[(0, 10, 11), (1, 7, 0)]);
        said(&mut tables, 2, 1_000, &[(0, 12, 0), (1, 9, 8), (700, 1, 1)]);
        said(&mut tables, 9, 1_000, &[(0, 99, 99), (1, 99, 99)]);
        let found = tables.median_prices(&set, BlockTime(1_000), 0, 2);
        assert_eq!(found[0], MedianPrices { oracle: Some(PriceTicks(10)), external: None });
        assert_eq!(found[1], MedianPrices { oracle: Some(PriceTicks(7)), external: None });
        said(&mut tables, 3, 1_000, &[(0, 12, 13)]);
        let found = tables.median_prices(&set, BlockTime(1_000), 0, 2);
        assert_eq!(found[0], MedianPrices { oracle: Some(PriceTicks(10)), external: Some(PriceTicks(11)) });
    }
}
