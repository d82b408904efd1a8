//! The fee schedule in the genesis file.

use eyre::{OptionExt, Result};
use serde::{Deserialize, Serialize};
use tandem_exchange::fees::{FeeSchedule, FeeTier, Rates, RebateTier};

/// What is paid above a volume, in millionths.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeeTierEntry {
    /// In whole USD, spot counted double.
    pub(crate) above_usd: u64,
    pub(crate) perp_taker_ppm: u32,
    pub(crate) perp_maker_ppm: u32,
    pub(crate) spot_taker_ppm: u32,
    pub(crate) spot_maker_ppm: u32,
}

/// What makers receive above a part of all volume, in millionths.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RebateTierEntry {
    pub(crate) above_share_ppm: u32,
    pub(crate) rebate_ppm: u32,
}

/// Checks tiers.
pub(super) fn schedule(tiers: &[FeeTierEntry], rebates: &[RebateTierEntry]) -> Result<FeeSchedule> {
    let tier = |entry: &FeeTierEntry| FeeTier {
        above_usd: entry.above_usd,
        perp: Rates { taker_ppm: entry.perp_taker_ppm, maker_ppm: entry.perp_maker_ppm },
        spot: Rates { taker_ppm: entry.spot_taker_ppm, maker_ppm: entry.spot_maker_ppm },
    };
    let rebate = |entry: &RebateTierEntry| RebateTier {
        above_share_ppm: entry.above_share_ppm,
        rebate_ppm: entry.rebate_ppm,
    };
    let tiers: Vec<_> = tiers.iter().map(tier).collect();
    let rebates: Vec<_> = rebates.iter().map(rebate).collect();
    FeeSchedule::new(&tiers, &rebates).ok_or_eyre("fee tiers must rise, and their rates must not")
}

/// The tiers that chains begin with: Hyperliquid's.
pub(crate) fn default_tiers() -> (Vec<FeeTierEntry>, Vec<RebateTierEntry>) {
    let tiers = [
        (5, [400, 120, 600, 300]),
        (25, [350, 80, 500, 200]),
        (100, [300, 40, 400, 100]),
        (500, [280, 0, 350, 0]),
        (2_000, [260, 0, 300, 0]),
        (7_000, [240, 0, 250, 0]),
    ];
    let tier = |(millions, ppm): (u64, [u32; 4])| {
        let [perp_taker_ppm, perp_maker_ppm, spot_taker_ppm, spot_maker_ppm] = ppm;
        let above_usd = millions * 1_000_000;
        FeeTierEntry { above_usd, perp_taker_ppm, perp_maker_ppm, spot_taker_ppm, spot_maker_ppm }
    };
    let rebates = [(5_000, 10), (15_000, 20), (30_000, 30)];
    let rebate = |(above_share_ppm, rebate_ppm)| RebateTierEntry { above_share_ppm, rebate_ppm };
    (tiers.map(tier).into(), rebates.map(rebate).into())
}
