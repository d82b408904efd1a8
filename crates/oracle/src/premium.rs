//! Impact prices, the premium over the oracle price, and the funding rate that follows.
//!
//! Rates count 10^-12. Roundings make premiums smaller: impact bids round down, impact asks up, quotients toward zero.
//! Source: Hyperliquid, "Funding"; what it leaves open is decided in `docs/exchange-rules.md`.

use tandem_types::{PriceTicks, SizeLots};

/// A rate in units of 10^-12.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(pub i64);

impl Rate {
    /// One, or 100 %.
    pub const ONE: Self = Self(1_000_000_000_000);
}

impl tandem_codec::Encode for Rate {
    fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        self.0.encode(out);
    }
}

impl tandem_codec::Decode for Rate {
    fn decode(input: &mut tandem_codec::Reader<'_>) -> Result<Self, tandem_codec::DecodeError> {
        i64::decode(input).map(Self)
    }
}

/// Interest per eight hours: 0.01 %.
const INTEREST: i64 = 100_000_000;
/// How far interest may pull the rate of eight hours: 0.05 %.
const INTEREST_PULL_MAX: i64 = 500_000_000;
/// Most funding of one hour: 4 %.
pub const HOURLY_MAX: Rate = Rate(40_000_000_000);
/// Most orders that are visited on a side for its impact price.
pub const IMPACT_ORDERS_MAX: u32 = 1_024;

/// Takes orders from the best on until a notional is reached; then it knows their average price.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    /// Ticks × lots, 10^-6 USD.
    wanted: u128,
    notional: u128,
    size: u128,
    /// The price at which `wanted` was reached.
    last: Option<PriceTicks>,
}

impl Depth {
    /// Looks for `wanted` in units of 10^-6 USD.
    #[must_use]
    pub fn new(wanted: u64) -> Self {
        Self { wanted: u128::from(wanted), notional: 0, size: 0, last: None }
    }

    /// Whether it has found what it looks for.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.last.is_some()
    }

    /// Takes the next order. Once full, nothing changes any more.
    pub fn take(&mut self, price: PriceTicks, size: SizeLots) {
        if self.is_full() {
            return;
        }
        let (ticks, lots) = (u128::from(price.0), u128::from(size.0));
        let notional = self.notional.saturating_add(ticks.saturating_mul(lots));
        if notional >= self.wanted {
            self.last = Some(price);
        } else {
            self.notional = notional;
            self.size = self.size.saturating_add(lots);
        }
    }

    /// The average price of selling the wanted notional into bids, rounded down; `None` if there was less.
    #[must_use]
    pub fn bid(&self) -> Option<PriceTicks> {
        let (numerator, denominator) = self.average()?;
        ticks(numerator.checked_div(denominator)?)
    }

    /// The average price of buying the wanted notional from asks, rounded up; `None` if there was less.
    #[must_use]
    pub fn ask(&self) -> Option<PriceTicks> {
        let (numerator, denominator) = self.average()?;
        ticks(numerator.checked_add(denominator.checked_sub(1)?)?.checked_div(denominator)?)
    }

    /// `N / (S + (N - M) / p)` as a fraction: `S` lots of notional `M` in full, the rest at the last price.
    fn average(&self) -> Option<(u128, u128)> {
        let last = u128::from(self.last?.0);
        let rest = self.wanted.saturating_sub(self.notional);
        Some((self.wanted.checked_mul(last)?, self.size.checked_mul(last)?.checked_add(rest)?))
    }
}

fn ticks(value: u128) -> Option<PriceTicks> {
    u64::try_from(value).ok().map(PriceTicks)
}

/// The premium of impact prices over `oracle`, within ±100 %. A side without an impact price adds nothing.
#[must_use]
pub fn premium(oracle: PriceTicks, bid: Option<PriceTicks>, ask: Option<PriceTicks>) -> Rate {
    let above = bid.map_or(0, |bid| bid.0.saturating_sub(oracle.0));
    let below = ask.map_or(0, |ask| oracle.0.saturating_sub(ask.0));
    let difference = i128::from(above).saturating_sub(i128::from(below));
    let premium = difference.saturating_mul(i128::from(Rate::ONE.0)).checked_div(i128::from(oracle.0));
    let one = i128::from(Rate::ONE.0);
    let bounded = premium.unwrap_or(0).clamp(one.saturating_neg(), one);
    Rate(i64::try_from(bounded).unwrap_or(0))
}

/// The funding rate of an hour whose mean premium was `mean`: an eighth of `P + clamp(0.01 % - P, ±0.05 %)`, capped.
#[must_use]
pub fn hourly_funding(mean: Rate) -> Rate {
    let pull = INTEREST.saturating_sub(mean.0).clamp(-INTEREST_PULL_MAX, INTEREST_PULL_MAX);
    let eight_hours = mean.0.saturating_add(pull);
    Rate(eight_hours.checked_div(8).unwrap_or(0).clamp(-HOURLY_MAX.0, HOURLY_MAX.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn premium_and_funding_follow_the_published_example() {
        // Oracle 10,000, impact bid 10,100: a premium of 1 %, 0.95 % for eight hours.
        let one_percent = premium(PriceTicks(10_000), Some(PriceTicks(10_100)), Some(PriceTicks(10_200)));
        assert_eq!(one_percent, Rate(10_000_000_000));
        assert_eq!(hourly_funding(one_percent), Rate(9_500_000_000 / 8));
    }

    #[test]
    fn funding_is_interest_near_the_oracle_and_capped_far_from_it() {
        // Mean premium and hourly rate, in 10^-12.
        let rows = [
            (0, 12_500_000),
            (400_000_000, 12_500_000),
            (600_000_000, 12_500_000),
            (600_000_008, 12_500_001),
            (-400_000_000, 12_500_000),
            (-400_000_008, 12_499_999),
            (-500_000_000, 0),
            (-10_000_000_000, -1_187_500_000),
            (Rate::ONE.0, HOURLY_MAX.0),
            (-Rate::ONE.0, -HOURLY_MAX.0),
        ];
        for (mean, rate) in rows {
            assert_eq!(hourly_funding(Rate(mean)), Rate(rate), "{mean}");
        }
    }

    #[test]
    fn premium_needs_depth_on_the_side_that_makes_it() {
        let (p, none) = (|ticks| Some(PriceTicks(ticks)), None);
        let rows = [
            (p(990), p(1_010), 0),
            (p(1_010), p(1_020), 10_000_000_000),
            (p(980), p(990), -10_000_000_000),
            (none, p(990), -10_000_000_000),
            (p(1_010), none, 10_000_000_000),
            (none, none, 0),
            (p(u64::MAX), none, Rate::ONE.0),
        ];
        for (bid, ask, expected) in rows {
            assert_eq!(premium(PriceTicks(1_000), bid, ask), Rate(expected), "{bid:?} {ask:?}");
        }
        assert_eq!(premium(PriceTicks(0), p(5), none), Rate(0));
    }

    #[test]
    fn an_impact_price_averages_what_it_needs() {
        // Wanted notional, orders (price, size), bid, ask (0 for none).
        type Row = (u64, &'static [(u64, u64)], u64, u64);
        let rows: [Row; 6] = [
            (100, &[(10, 10)], 10, 10),
            (100, &[(10, 9)], 0, 0),
            (100, &[(10, 100), (1, 100)], 10, 10),
            // 5 lots at 10, then 50 of notional at 5: 10 lots; 100 / 15.
            (100, &[(10, 5), (5, 100)], 6, 7),
            (0, &[(10, 1)], 0, 0),
            (100, &[], 0, 0),
        ];
        for (wanted, orders, bid, ask) in rows {
            let mut depth = Depth::new(wanted);
            orders.iter().for_each(|(price, size)| depth.take(PriceTicks(*price), SizeLots(*size)));
            let found = |price: Option<PriceTicks>| price.map_or(0, |price| price.0);
            assert_eq!((found(depth.bid()), found(depth.ask())), (bid, ask), "{wanted} {orders:?}");
        }
    }

    proptest! {
        #[test]
        fn an_impact_price_lies_between_best_and_worst(
            wanted in 1u64..1 << 40, orders in proptest::collection::vec((1u64..1 << 40, 1u64..1 << 20), 1..20),
        ) {
            let mut depth = Depth::new(wanted);
            let mut met = Vec::new();
            for (price, size) in orders {
                if !depth.is_full() {
                    met.push(price);
                }
                depth.take(PriceTicks(price), SizeLots(size));
            }
            let (bid, ask) = (depth.bid(), depth.ask());
            prop_assert_eq!(bid.is_some(), depth.is_full());
            if let (Some(bid), Some(ask)) = (bid, ask) {
                let (least, most) = (*met.iter().min().unwrap(), *met.iter().max().unwrap());
                prop_assert!(least <= bid.0 && bid <= ask && ask.0 <= most && ask.0 - bid.0 <= 1);
            }
        }

        #[test]
        fn more_premium_is_never_less_funding(a: i64, b: i64) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(hourly_funding(Rate(low)) <= hourly_funding(Rate(high)));
            prop_assert!(hourly_funding(Rate(a)).0.abs() <= HOURLY_MAX.0);
        }

        #[test]
        fn a_premium_is_odd_about_the_oracle(oracle in 1_000u64..1 << 40, off in 0u64..1_000) {
            let over = premium(PriceTicks(oracle), Some(PriceTicks(oracle + off)), None);
            let under = premium(PriceTicks(oracle), None, Some(PriceTicks(oracle - off)));
            prop_assert_eq!(over.0, -under.0);
        }
    }
}
