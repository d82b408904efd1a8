//! The fee schedule: tiers by volume, rebates by makers' part of it.

use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};

/// Most tiers by volume, beside the rates without any.
pub const VOLUME_TIERS_MAX: usize = 8;
/// Most tiers of rebates.
pub const REBATE_TIERS_MAX: usize = 4;

/// Highest rate: a twentieth.
const RATE_PPM_MAX: u32 = 50_000;

/// What taker and maker pay, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// The taker's rate.
    pub taker_ppm: u32,
    /// The maker's rate.
    pub maker_ppm: u32,
}
tandem_codec::record!(Rates { taker_ppm, maker_ppm });

/// What is paid above a volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeTier {
    /// The volume of fourteen days, in whole USD, that must be exceeded.
    pub above_usd: u64,
    /// On perpetual markets.
    pub perp: Rates,
    /// On spot markets.
    pub spot: Rates,
}
tandem_codec::record!(FeeTier { above_usd, perp, spot });

/// What makers receive above a part of all volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RebateTier {
    /// The part of everybody's volume, in millionths, that an account's makers must exceed.
    pub above_share_ppm: u32,
    /// What they receive, in millionths.
    pub rebate_ppm: u32,
}
tandem_codec::record!(RebateTier { above_share_ppm, rebate_ppm });

/// Tiers beside the rates without any, which stand with the other settings. Empty by default: everyone pays those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeSchedule {
    tiers: [FeeTier; VOLUME_TIERS_MAX],
    rebates: [RebateTier; REBATE_TIERS_MAX],
    tier_count: u8,
    rebate_count: u8,
}

impl FeeSchedule {
    /// Checks tiers: volumes and parts rise, rates don't, rebates do; `None` if they are not tiers.
    #[must_use]
    pub fn new(tiers: &[FeeTier], rebates: &[RebateTier]) -> Option<Self> {
        let falling = |a: &Rates, b: &Rates| a.taker_ppm >= b.taker_ppm && a.maker_ppm >= b.maker_ppm;
        let good = tiers.is_sorted_by(|a, b| {
            a.above_usd < b.above_usd && falling(&a.perp, &b.perp) && falling(&a.spot, &b.spot)
        });
        let rising =
            rebates.is_sorted_by(|a, b| a.above_share_ppm < b.above_share_ppm && a.rebate_ppm < b.rebate_ppm);
        let rates = tiers.iter().flat_map(|tier| [tier.perp, tier.spot]);
        let fees = rates.flat_map(|rates| [rates.taker_ppm, rates.maker_ppm]);
        let bounded = fees.chain(rebates.iter().map(|tier| tier.rebate_ppm)).all(|ppm| ppm <= RATE_PPM_MAX);
        if !good || !rising || !bounded {
            return None;
        }
        let mut schedule = Self {
            tier_count: u8::try_from(tiers.len()).ok()?,
            rebate_count: u8::try_from(rebates.len()).ok()?,
            ..Self::default()
        };
        schedule.tiers.get_mut(..tiers.len())?.copy_from_slice(tiers);
        schedule.rebates.get_mut(..rebates.len())?.copy_from_slice(rebates);
        Some(schedule)
    }

    /// The tiers by volume, the lowest first.
    #[must_use]
    pub fn tiers(&self) -> &[FeeTier] {
        self.tiers.get(..usize::from(self.tier_count)).unwrap_or_default()
    }

    /// The tiers of rebates, the lowest first.
    #[must_use]
    pub fn rebates(&self) -> &[RebateTier] {
        self.rebates.get(..usize::from(self.rebate_count)).unwrap_or_default()
    }
}

impl Encode for FeeSchedule {
    fn encode(&self, out: &mut Vec<u8>) {
        self.tiers().to_vec().encode(out);
        self.rebates().to_vec().encode(out);
    }
}

impl Decode for FeeSchedule {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let max = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let tiers: Vec<FeeTier> = input.list(max(VOLUME_TIERS_MAX))?;
        let rebates: Vec<RebateTier> = input.list(max(REBATE_TIERS_MAX))?;
        Self::new(&tiers, &rebates).ok_or_else(|| input.invalid("fee schedule"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(above_usd: u64, taker_ppm: u32) -> FeeTier {
        let rates = Rates { taker_ppm, maker_ppm: 100 };
        FeeTier { above_usd, perp: rates, spot: rates }
    }

    fn rebate(above_share_ppm: u32, rebate_ppm: u32) -> RebateTier {
        RebateTier { above_share_ppm, rebate_ppm }
    }

    #[test]
    fn tiers_rise_and_rates_do_not() {
        let nine: Vec<_> = (0..9).map(|at| tier(at, 400)).collect();
        for (tiers, rebates, good) in [
            (&[][..], &[][..], true),
            (&[tier(5, 400), tier(25, 350)], &[rebate(5_000, 10), rebate(15_000, 20)], true),
            (&[tier(5, 400), tier(25, 400)], &[], true),
            (&[tier(25, 400), tier(5, 350)], &[], false),
            (&[tier(5, 400), tier(5, 350)], &[], false),
            (&[tier(5, 350), tier(25, 400)], &[], false),
            (&[tier(5, RATE_PPM_MAX + 1)], &[], false),
            (&[], &[rebate(15_000, 10), rebate(5_000, 20)], false),
            (&[], &[rebate(5_000, 20), rebate(15_000, 20)], false),
            (&nine[..8], &[], true),
            (&nine, &[], false),
        ] {
            let schedule = FeeSchedule::new(tiers, rebates);
            assert_eq!(schedule.is_some(), good, "{tiers:?} {rebates:?}");
            if let Some(schedule) = schedule {
                assert_eq!(FeeSchedule::from_bytes(&schedule.to_bytes()), Ok(schedule));
            }
        }
    }
}
