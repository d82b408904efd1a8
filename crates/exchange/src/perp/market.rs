//! Perpetual markets: what is fixed of one, what it costs to trade, and what changes with prices and with trades.
//!
//! Three small entries a market, by what changes them: [`PerpPrices`] at price updates and read for every margin,
//! [`PerpEstimates`] at price updates alone, [`PerpTotals`] with trades.

use super::mode::MarginMode;
use super::risk::FundingDrift;
use super::tiers::MarginTiers;
use crate::records::TokenName;
use tandem_oracle::Rate;
use tandem_oracle::mark::MarkMemory;
use tandem_types::{BlockTime, PriceRank, PriceScale, PriceTicks, QuoteAtoms, SizeLots, Usd};

/// Decimals of perpetual prices plus those of sizes.
pub const PERP_PRICE_DECIMALS: u8 = 6;
/// The leverage of an account that has not set it, unless the market allows less.
pub const LEVERAGE_DEFAULT: u8 = 20;

const ATOMS_PER_USD: u64 = 100_000_000;

/// Settings of all perpetual markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerpConfig {
    /// The taker's fee, in millionths of the notional.
    pub taker_fee_ppm: u32,
    /// The maker's fee, in millionths of the notional.
    pub maker_fee_ppm: u32,
    /// Age in milliseconds above which reports and oracle prices no longer count.
    pub price_stale_ms: u64,
}
tandem_codec::record!(PerpConfig { taker_fee_ppm, maker_fee_ppm, price_stale_ms });

impl Default for PerpConfig {
    fn default() -> Self {
        Self { taker_fee_ppm: 450, maker_fee_ppm: 150, price_stale_ms: 15_000 }
    }
}

/// What is fixed of a perpetual market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerpMarket {
    /// Its name.
    pub name: TokenName,
    /// Decimals of a lot, at most six.
    pub size_decimals: u8,
    /// Margin requirements.
    pub tiers: MarginTiers,
    /// Most open interest in lots.
    pub open_interest_max: SizeLots,
    /// Most open interest in notional at mark.
    pub open_interest_notional_max: QuoteAtoms,
    /// What impact prices trade, in units of 10^-6 USD.
    pub impact_notional_micros: u64,
}
tandem_codec::record!(PerpMarket {
    name,
    size_decimals,
    tiers,
    open_interest_max,
    open_interest_notional_max,
    impact_notional_micros,
});

impl PerpMarket {
    /// The decimals of prices: `6 - szDecimals`. Markets with more than six size decimals can't be made.
    #[must_use]
    pub fn price_scale(&self) -> PriceScale {
        PriceScale::new(PERP_PRICE_DECIMALS.saturating_sub(self.size_decimals)).unwrap_or(PriceScale::UNIT)
    }

    /// Leverage and mode of an account that has set neither.
    #[must_use]
    pub fn default_leverage(&self) -> (u8, MarginMode) {
        (self.tiers.leverage_max().min(LEVERAGE_DEFAULT), MarginMode::Cross)
    }

    /// Most notional of an order that can't rest; one that can may have ten times as much.
    #[must_use]
    pub fn order_notional_max(&self, may_rest: bool) -> QuoteAtoms {
        let usd = match self.tiers.leverage_max() {
            25.. => 30_000_000u64,
            20.. => 5_000_000,
            10.. => 2_000_000,
            _ => 500_000,
        };
        let times = if may_rest { 10 } else { 1 };
        QuoteAtoms(usd.saturating_mul(times).saturating_mul(ATOMS_PER_USD))
    }
}

/// What margins depend on besides positions. Changes at price updates alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerpPrices {
    /// The oracle price.
    pub oracle: PriceTicks,
    /// The mark price.
    pub mark: PriceTicks,
    /// The sum of all hours' oracle price × rate, in 10^-10 quote atoms per lot.
    pub funding_index: i128,
    /// When the oracle price was last updated.
    pub time: BlockTime,
    /// What funding has moved the risk prices by.
    pub drift: FundingDrift,
}
tandem_codec::record!(PerpPrices { oracle, mark, funding_index, time, drift });

impl PerpPrices {
    /// Whether the oracle price is older than `stale_ms`.
    #[must_use]
    pub fn is_stale(&self, now: BlockTime, stale_ms: u64) -> bool {
        now.ms_since(self.time).is_some_and(|age| age > stale_ms)
    }
}

/// What price updates remember from one to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerpEstimates {
    /// The averages behind the mark price.
    pub mark: MarkMemory,
    /// The last sample's impact bid.
    pub impact_bid: Option<PriceTicks>,
    /// The last sample's impact ask.
    pub impact_ask: Option<PriceTicks>,
    /// The last premium sampled.
    pub premium: Rate,
    /// Sum of the hour's samples.
    pub premium_sum: i64,
    /// How many there are.
    pub samples: u32,
    /// When the last one was taken.
    pub sampled: BlockTime,
    /// The hour, since the Unix epoch, that samples are of.
    pub hour: u64,
    /// The rate that was paid last.
    pub rate: Rate,
}
tandem_codec::record!(PerpEstimates {
    mark,
    impact_bid,
    impact_ask,
    premium,
    premium_sum,
    samples,
    sampled,
    hour,
    rate,
});

/// What trades change of a market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerpTotals {
    /// Lots held long, which is as many as are held short.
    pub open_interest: SizeLots,
    /// Funding paid in less funding paid out so far.
    pub funding_pool: Usd,
    /// The last trade's price.
    pub last: Option<PriceRank>,
}
tandem_codec::record!(PerpTotals { open_interest, funding_pool, last });
