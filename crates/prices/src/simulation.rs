//! Prices for chains without money: a geometric random walk in integers.
//!
//! It keeps nothing: a walk goes on from the oracle price that the chain has, by the tenths of a second since that was
//! updated, and each step follows from the seed, the market's name and the step's time. So validators with one seed
//! report the same, a chain executed again has the same prices, and after a restart prices go on where they were. While
//! a chain stands still so does the walk, but for [`STEPS_MAX`] steps.

use crate::source::{Last, Market, PriceMicros, PriceSource, Sighting, SourceError};
use std::collections::BTreeMap;
use tandem_types::BlockTime;

/// Milliseconds of a step.
const STEP_MS: u64 = 100;
/// Most steps from one price to the next: a minute's.
const STEPS_MAX: u64 = 600;
/// A walk stays within its start divided by this, and times this.
const REACH: u64 = 10;
/// The mean of the sum of four numbers below 2^16, and its standard deviation, `2^16 / √3`.
const NOISE_MEAN: i128 = 2 * 0xffff;
const NOISE_DEVIATION: i128 = 37_837;
/// The square root of a step's part of a second, in thousandths: deviations grow as the root of time.
const STEP_ROOT_THOUSANDTHS: i128 = 316;

/// How a market's price walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// Where it begins.
    pub start: PriceMicros,
    /// Standard deviation of a second's move, in millionths of the price; 100 are some 56 % a year.
    pub volatility_ppm: u32,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Simulation {
    seed: u64,
    walks: BTreeMap<String, Walk>,
}

impl Simulation {
    /// Walks of these markets, by name.
    #[must_use]
    pub const fn new(seed: u64, walks: BTreeMap<String, Walk>) -> Self {
        Self { seed, walks }
    }
}

impl PriceSource for Simulation {
    fn sight(&mut self, market: &Market<'_>, now: BlockTime) -> Result<Sighting, SourceError> {
        let walk = self.walks.get(market.name).ok_or(SourceError::UnknownMarket)?;
        let stream = mix(self.seed ^ digest(market.name));
        let oracle = market.last.map_or(walk.start, |last| walk.go_on(stream, last, now));
        Ok(Sighting { oracle, external: None })
    }
}

impl Walk {
    fn go_on(&self, stream: u64, last: Last, now: BlockTime) -> PriceMicros {
        let (from, to) = (last.time.0 / STEP_MS, now.0 / STEP_MS);
        let steps = (from..to).take(usize::try_from(STEPS_MAX).unwrap_or(usize::MAX));
        let price = steps.fold(last.oracle.0, |price, step| self.step(price, noise(stream, step)));
        PriceMicros(price)
    }

    /// One step, by `noise` standard deviations times [`NOISE_DEVIATION`].
    fn step(&self, price: u64, noise: i128) -> u64 {
        let deviation = i128::from(price) * i128::from(self.volatility_ppm) * STEP_ROOT_THOUSANDTHS;
        let moved = i128::from(price) + deviation * noise / (NOISE_DEVIATION * 1_000_000 * 1_000);
        let (low, high) = (self.start.0 / REACH, self.start.0.saturating_mul(REACH));
        u64::try_from(moved).unwrap_or(0).clamp(low.max(1), high.max(1))
    }
}

/// Four numbers below 2^16 less their mean: close enough to a bell.
const fn noise(stream: u64, step: u64) -> i128 {
    let bits = mix(stream.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    sum as i128 - NOISE_MEAN
}

/// SplitMix64's output function.
const fn mix(from: u64) -> u64 {
    let z = (from ^ (from >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a.
fn digest(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: PriceMicros = PriceMicros(100_000_000_000);

    fn simulation(seed: u64, volatility_ppm: u32) -> Simulation {
        let walk = Walk { start: START, volatility_ppm };
        Simulation::new(seed, [("BTC".to_owned(), walk), ("ETH".to_owned(), walk)].into())
    }

    fn sight(simulation: &mut Simulation, name: &str, last: Option<(u64, u64)>, now: u64) -> u64 {
        let last = last.map(|(price, time)| Last { oracle: PriceMicros(price), time: BlockTime(time) });
        simulation.sight(&Market { name, last }, BlockTime(now)).unwrap().oracle.0
    }

    /// The prices of each second of a chain that asks once a second.
    fn seconds(simulation: &mut Simulation, name: &str, count: u64) -> Vec<u64> {
        let mut prices = vec![sight(simulation, name, None, 0)];
        for second in 1..count {
            let last = prices[prices.len() - 1];
            prices.push(sight(simulation, name, Some((last, (second - 1) * 1_000)), second * 1_000));
        }
        prices
    }

    #[test]
    fn a_walk_begins_at_its_start_and_repeats_itself_by_seed_and_market() {
        let walked = seconds(&mut simulation(1, 100), "BTC", 50);
        assert_eq!(walked[0], START.0);
        assert_eq!(walked, seconds(&mut simulation(1, 100), "BTC", 50));
        assert_ne!(walked, seconds(&mut simulation(2, 100), "BTC", 50));
        assert_ne!(walked, seconds(&mut simulation(1, 100), "ETH", 50));
        assert!(walked.windows(2).all(|pair| pair[0] != pair[1]), "each second moves");
    }

    #[test]
    fn moves_have_the_deviation_asked_for_and_no_direction() {
        let walked = seconds(&mut simulation(7, 100), "BTC", 20_000);
        let move_of = |pair: &[u64]| (pair[1] as f64 / pair[0] as f64 - 1.0) * 1e6;
        let moves: Vec<f64> = walked.windows(2).map(move_of).collect();
        let mean = moves.iter().sum::<f64>() / moves.len() as f64;
        let deviation = (moves.iter().map(|by| (by - mean).powi(2)).sum::<f64>() / moves.len() as f64).sqrt();
        assert!((97.0..103.0).contains(&deviation) && mean.abs() < 3.0, "{deviation} {mean}");
    }

    #[test]
    fn a_price_goes_on_from_the_chains_whoever_made_it() {
        let mut here = simulation(3, 100);
        let moved = sight(&mut here, "BTC", Some((50_000_000_000, 5_000)), 6_000);
        assert!((49_900_000_000..50_100_000_000).contains(&moved), "{moved}");
        assert_eq!(sight(&mut here, "BTC", Some((50_000_000_000, 5_000)), 5_099), 50_000_000_000);
        assert_eq!(sight(&mut here, "BTC", Some((50_000_000_000, 5_000)), 4_000), 50_000_000_000);
    }

    #[test]
    fn a_walk_rests_while_the_chain_does_and_stays_within_reach() {
        let mut wild = simulation(4, 1_000_000);
        let minute = sight(&mut wild, "BTC", Some((START.0, 0)), 60_000);
        assert_eq!(sight(&mut wild, "BTC", Some((START.0, 0)), u64::MAX), minute);
        let walked = seconds(&mut wild, "BTC", 2_000);
        assert!(walked.iter().all(|price| (START.0 / 10..=START.0 * 10).contains(price)));
        assert!(sight(&mut wild, "BTC", Some((u64::MAX, 0)), 1_000) <= START.0 * 10);
    }

    #[test]
    fn a_market_that_was_not_named_has_no_price() {
        let market = Market { name: "SOL", last: None };
        assert_eq!(simulation(1, 1).sight(&market, BlockTime(0)), Err(SourceError::UnknownMarket));
    }
}
