//! From what an account has traded to what it pays. Pure.

use super::day::DayVolume;
use super::schedule::{FeeSchedule, Rates};

const MICROS_PER_USD: u128 = 1_000_000;
const MILLION: u128 = 1_000_000;
/// A whole, in basis points.
const WHOLE_BPS: u32 = 10_000;

/// Where an account stands for a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeStanding {
    /// Its tier by volume; 0 is none.
    pub tier: u8,
    /// Its tier of rebates; 0 is none.
    pub rebate: u8,
    /// What its stake takes off its fees, in basis points.
    pub discount_bps: u16,
}
tandem_codec::record!(FeeStanding { tier, rebate, discount_bps });

/// What an account pays on markets of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeRates {
    /// As taker, in millionths.
    pub taker_ppm: u32,
    /// As maker, in millionths.
    pub maker_ppm: u32,
    /// What it receives as maker, in millionths; if not zero, it pays nothing as maker.
    pub rebate_ppm: u32,
    /// Whether its referrer gets a part of what it pays.
    pub shared: bool,
}

impl FeeRates {
    /// What is paid at so many basis points less. A rebate is none of it.
    pub(crate) fn less(self, discount_bps: u16) -> Self {
        let taker_ppm = discounted(self.taker_ppm, discount_bps);
        Self { taker_ppm, maker_ppm: discounted(self.maker_ppm, discount_bps), ..self }
    }
}

/// What stands in an account's record: the last day on which it traded, and what holds on that day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Today {
    /// The day, in days since the Unix epoch.
    pub day: u32,
    /// What it has traded on it.
    pub volume: DayVolume,
    /// Where it stands on it.
    pub standing: FeeStanding,
}
tandem_codec::record!(Today { day, volume, standing });

impl Today {
    /// Of an account that has not traded.
    pub(crate) const NEVER: Self = Self {
        day: 0,
        volume: DayVolume::ZERO,
        standing: FeeStanding { tier: 0, rebate: 0, discount_bps: 0 },
    };
}

impl FeeStanding {
    /// Where an account stands that has traded `own` in the last days, in which everybody together has traded `all`.
    #[must_use]
    pub fn new(schedule: &FeeSchedule, own: DayVolume, all: u64, discount_bps: u16) -> Self {
        let volume = u128::from(own.taker).saturating_add(u128::from(own.maker));
        let passed = |above_usd: u64| volume > u128::from(above_usd).saturating_mul(MICROS_PER_USD);
        let part = u128::from(own.maker).saturating_mul(MILLION);
        let exceeds = |share_ppm: u32| part > u128::from(all).saturating_mul(u128::from(share_ppm));
        Self {
            tier: count(schedule.tiers().iter().filter(|tier| passed(tier.above_usd))),
            rebate: count(schedule.rebates().iter().filter(|tier| exceeds(tier.above_share_ppm))),
            discount_bps,
        }
    }

    /// What it pays where whoever has no tier pays `base`, and tiers say what `of` picks.
    #[must_use]
    pub fn rates(
        &self,
        schedule: &FeeSchedule,
        base: Rates,
        of: impl Fn(&super::FeeTier) -> Rates,
    ) -> FeeRates {
        let at = |tier: u8| usize::from(tier).checked_sub(1);
        let tier = at(self.tier).and_then(|at| schedule.tiers().get(at)).map_or(base, of);
        let rebate = at(self.rebate).and_then(|at| schedule.rebates().get(at));
        let rebate_ppm = rebate.map_or(0, |tier| tier.rebate_ppm);
        let maker_ppm = if rebate_ppm > 0 { 0 } else { tier.maker_ppm };
        let rates = FeeRates { taker_ppm: tier.taker_ppm, maker_ppm, rebate_ppm, shared: false };
        rates.less(self.discount_bps)
    }
}

/// A rate less a discount, rounded up.
fn discounted(rate_ppm: u32, discount_bps: u16) -> u32 {
    let left = WHOLE_BPS.saturating_sub(u32::from(discount_bps));
    let rate = u64::from(rate_ppm).saturating_mul(u64::from(left)).div_ceil(u64::from(WHOLE_BPS));
    u32::try_from(rate).unwrap_or(u32::MAX)
}

fn count<T>(passed: impl Iterator<Item = T>) -> u8 {
    u8::try_from(passed.count()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fees::{FeeTier, RebateTier};
    use proptest::prelude::*;

    const MICROS: u64 = 1_000_000;

    /// Hyperliquid's.
    fn schedule() -> FeeSchedule {
        let tier = |millions: u64, [perp_taker, perp_maker, spot_taker, spot_maker]: [u32; 4]| FeeTier {
            above_usd: millions * 1_000_000,
            perp: Rates { taker_ppm: perp_taker, maker_ppm: perp_maker },
            spot: Rates { taker_ppm: spot_taker, maker_ppm: spot_maker },
        };
        let tiers = [
            tier(5, [400, 120, 600, 300]),
            tier(25, [350, 80, 500, 200]),
            tier(100, [300, 40, 400, 100]),
            tier(500, [280, 0, 350, 0]),
            tier(2_000, [260, 0, 300, 0]),
            tier(7_000, [240, 0, 250, 0]),
        ];
        let rebates = [(5_000, 10), (15_000, 20), (30_000, 30)]
            .map(|(above_share_ppm, rebate_ppm)| RebateTier { above_share_ppm, rebate_ppm });
        FeeSchedule::new(&tiers, &rebates).unwrap()
    }

    const PERP: Rates = Rates { taker_ppm: 450, maker_ppm: 150 };

    #[test]
    fn the_published_table_comes_out() {
        // Tier, discount: taker and maker on perpetuals.
        for (tier, discount_bps, taker, maker) in [
            (0, 0, 450, 150),
            (0, 4_000, 270, 90),
            (0, 3_000, 315, 105),
            (0, 2_000, 360, 120),
            (0, 1_500, 383, 128),
            (0, 1_000, 405, 135),
            (0, 500, 428, 143),
            (1, 0, 400, 120),
            (2, 1_500, 298, 68),
            (3, 500, 285, 38),
            (4, 500, 266, 0),
            (5, 4_000, 156, 0),
            (6, 0, 240, 0),
        ] {
            let standing = FeeStanding { tier, rebate: 0, discount_bps };
            let rates = standing.rates(&schedule(), PERP, |tier| tier.perp);
            assert_eq!((rates.taker_ppm, rates.maker_ppm), (taker, maker), "{tier} {discount_bps}");
        }
    }

    #[test]
    fn tiers_begin_above_their_volume_and_shares() {
        let stands = |taker, maker, all| {
            let standing = FeeStanding::new(&schedule(), DayVolume { taker, maker }, all, 0);
            (standing.tier, standing.rebate)
        };
        let million = 1_000_000 * MICROS;
        for (taker, maker, all, expected) in [
            (0, 0, 0, (0, 0)),
            (5 * million, 0, 0, (0, 0)),
            (5 * million, 1, 1_000, (1, 0)),
            (3 * million, 3 * million, 600 * million, (1, 0)),
            (3 * million, 3 * million, 599 * million, (1, 1)),
            (0, 15 * million + 1, 1_000 * million, (1, 2)),
            (0, 31 * million, 1_000 * million, (2, 3)),
            (7_000 * million, 1, u64::MAX, (6, 0)),
            (u64::MAX, u64::MAX, u64::MAX, (6, 3)),
        ] {
            assert_eq!(stands(taker, maker, all), expected, "{taker} {maker} {all}");
        }
    }

    #[test]
    fn whoever_has_a_rebate_pays_nothing_as_maker() {
        let standing = FeeStanding { tier: 1, rebate: 2, discount_bps: 500 };
        let rates = standing.rates(&schedule(), PERP, |tier| tier.perp);
        assert_eq!(rates, FeeRates { taker_ppm: 380, maker_ppm: 0, rebate_ppm: 20, shared: false });
    }

    proptest! {
        #[test]
        fn more_volume_never_costs_more(taker: u64, maker: u64, more: u64, all: u64, discount in 0u16..20_000) {
            let schedule = schedule();
            let stands = |taker| FeeStanding::new(&schedule, DayVolume { taker, maker }, all, discount);
            let (less, more) = (stands(taker), stands(taker.saturating_add(more)));
            let of = |standing: FeeStanding| standing.rates(&schedule, PERP, |tier| tier.perp);
            prop_assert!(of(more).taker_ppm <= of(less).taker_ppm);
            prop_assert!(of(more).maker_ppm <= of(less).maker_ppm);
            prop_assert!(of(less).taker_ppm <= PERP.taker_ppm);
        }
    }
}
