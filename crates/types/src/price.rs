//! Prices: exact integers, and their dense rank.
//!
//! A market's prices count units of `10^-scale` quote per base unit ([`PriceTicks`]). A price is *valid* if it has at
//! most five significant figures or is a whole number of quote units. Valid prices are numbered without gaps by
//! [`PriceRank`], a `u32` that orders as the prices do: the book keeps ranks, so it can neither hold an invalid price
//! nor be made deep by an attacker's choice of prices.
//!
//! With `U = 10^scale` ticks to the unit, a price of `p` ticks below `100_000 U` with `k > 5` digits is `m 10^e`,
//! `e = k - 5`, and ranks at `90_000 e + m` (`e = 0` up to five digits); from `100_000 U` on only whole units are
//! valid, and `p` ranks at `90_000 scale + p / U`. Both parts meet without a gap.
//! Source of the validity rule: Hyperliquid, "Tick and lot size".

use core::fmt;

/// Greatest [`PriceScale`]: prices of spot markets with whole-unit lots have eight decimals.
pub const PRICE_SCALE_MAX: u8 = 8;

const FIGURES: u32 = 5;
const MANTISSA_END: u64 = 100_000;
const RANKS_PER_DECADE: u64 = 90_000;

/// Decimals of a market's prices: `8 - szDecimals` on spot, `6 - szDecimals` on perpetuals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PriceScale(u8);

impl PriceScale {
    /// Whole units only.
    pub const UNIT: Self = Self(0);

    /// A scale of at most [`PRICE_SCALE_MAX`] decimals.
    #[must_use]
    pub const fn new(decimals: u8) -> Option<Self> {
        if decimals <= PRICE_SCALE_MAX { Some(Self(decimals)) } else { None }
    }

    /// The number of decimals.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        self.0
    }

    fn unit(self) -> u64 {
        10u64.saturating_pow(u32::from(self.0))
    }
}

/// A price in units of `10^-scale` quote per base unit, valid or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PriceTicks(pub u64);

/// A valid price of one market, by its place among the valid prices; 0 is the price 0, which no order may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PriceRank(pub u32);

/// Why a number is not a price that an order may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceError {
    /// Zero.
    Zero,
    /// More than five significant figures, and not a whole number of quote units.
    SignificantFigures,
    /// Above the greatest rank.
    TooHigh,
}

impl fmt::Display for PriceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "price is zero",
            Self::SignificantFigures => {
                "price has more than five significant figures and is not a whole number"
            }
            Self::TooHigh => "price is above the greatest that a market can hold",
        })
    }
}

impl core::error::Error for PriceError {}

impl PriceRank {
    /// The rank of a price.
    ///
    /// # Errors
    /// [`PriceError`] if no order may have this price.
    pub fn from_ticks(ticks: PriceTicks, scale: PriceScale) -> Result<Self, PriceError> {
        let price = ticks.0;
        if price == 0 {
            return Err(PriceError::Zero);
        }
        let unit = scale.unit();
        let whole = price.checked_div(unit).unwrap_or(0);
        let rank = if whole >= MANTISSA_END {
            exact_quotient(price, unit)?.saturating_add(u64::from(scale.0).saturating_mul(RANKS_PER_DECADE))
        } else {
            let digits = price.checked_ilog10().unwrap_or(0).saturating_add(1);
            let exponent = digits.saturating_sub(FIGURES);
            match exact_quotient(price, 10u64.saturating_pow(exponent)) {
                Ok(mantissa) => u64::from(exponent).saturating_mul(RANKS_PER_DECADE).saturating_add(mantissa),
                Err(error) => return Err(error),
            }
        };
        u32::try_from(rank).map(Self).map_err(|_| PriceError::TooHigh)
    }

    /// The least valid price at or above `ticks`.
    ///
    /// # Errors
    /// [`PriceError::TooHigh`].
    pub fn at_least(ticks: PriceTicks, scale: PriceScale) -> Result<Self, PriceError> {
        let price = ticks.0.max(1);
        let step = step_at(price, scale);
        let above = price.div_ceil(step).saturating_mul(step);
        Self::from_ticks(PriceTicks(above), scale)
    }

    /// The greatest valid price at or below `ticks`.
    ///
    /// # Errors
    /// [`PriceError::Zero`] if there is none, [`PriceError::TooHigh`].
    pub fn at_most(ticks: PriceTicks, scale: PriceScale) -> Result<Self, PriceError> {
        let step = step_at(ticks.0, scale);
        let below = ticks.0.div_euclid(step).saturating_mul(step);
        Self::from_ticks(PriceTicks(below), scale)
    }

    /// The price of a rank. Inverse of [`PriceRank::from_ticks`]; saturates for ranks that it never gives.
    #[must_use]
    pub fn to_ticks(self, scale: PriceScale) -> PriceTicks {
        let rank = u64::from(self.0);
        let whole_start = u64::from(scale.0).saturating_mul(RANKS_PER_DECADE).saturating_add(MANTISSA_END);
        if rank >= whole_start {
            let whole = rank.saturating_sub(whole_start).saturating_add(MANTISSA_END);
            return PriceTicks(whole.saturating_mul(scale.unit()));
        }
        if rank < MANTISSA_END {
            return PriceTicks(rank);
        }
        let decades =
            rank.saturating_sub(MANTISSA_END).checked_div(RANKS_PER_DECADE).unwrap_or(0).saturating_add(1);
        let mantissa = rank.saturating_sub(decades.saturating_mul(RANKS_PER_DECADE));
        let exponent = u32::try_from(decades).unwrap_or(u32::MAX);
        PriceTicks(mantissa.saturating_mul(10u64.saturating_pow(exponent)))
    }
}

/// Ticks between valid prices around `price`: those of five figures, at most a unit.
fn step_at(price: u64, scale: PriceScale) -> u64 {
    let digits = price.checked_ilog10().unwrap_or(0).saturating_add(1);
    10u64.saturating_pow(digits.saturating_sub(FIGURES)).min(scale.unit()).max(1)
}

const fn exact_quotient(price: u64, divisor: u64) -> Result<u64, PriceError> {
    match (price.checked_div(divisor), price.checked_rem(divisor)) {
        (Some(quotient), Some(0)) => Ok(quotient),
        _ => Err(PriceError::SignificantFigures),
    }
}

impl tandem_codec::Encode for PriceTicks {
    fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        self.0.encode(out);
    }
}

impl tandem_codec::Decode for PriceTicks {
    fn decode(input: &mut tandem_codec::Reader<'_>) -> Result<Self, tandem_codec::DecodeError> {
        u64::decode(input).map(Self)
    }
}

impl tandem_codec::Encode for PriceRank {
    fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        self.0.encode(out);
    }
}

impl tandem_codec::Decode for PriceRank {
    fn decode(input: &mut tandem_codec::Reader<'_>) -> Result<Self, tandem_codec::DecodeError> {
        u32::decode(input).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_number_the_valid_prices_without_gaps() {
        for decimals in 0..=PRICE_SCALE_MAX {
            let scale = PriceScale::new(decimals).unwrap();
            let mut last = PriceTicks(0);
            let edges = [1u32, 9_999, 99_990, 100_000, 189_990, 190_000, 90_000 * 8 + 99_990, 4_000_000_000];
            for start in edges {
                last.0 = PriceRank(start - 1).to_ticks(scale).0;
                for rank in start..start + 30 {
                    let ticks = PriceRank(rank).to_ticks(scale);
                    assert!(ticks > last, "rank {rank} at {decimals} decimals");
                    assert_eq!(PriceRank::from_ticks(ticks, scale), Ok(PriceRank(rank)));
                    last = ticks;
                }
            }
        }
    }

    #[test]
    fn validity_follows_the_published_examples() {
        // (price, decimals of the market, valid): Hyperliquid, "Tick and lot size", and spot with szDecimals 0 and 2.
        let rows = [
            (1_234_500_000u64, 6, true),
            (1_234_560_000, 6, false),
            (1_234, 6, true),
            (123_456_000_000, 6, true),
            (12_345_600_000, 6, false),
            (12_340, 8, true),
            (123_450, 8, true),
            (1_234_560, 8, false),
        ];
        for (ticks, decimals, valid) in rows {
            let rank = PriceRank::from_ticks(PriceTicks(ticks), PriceScale::new(decimals).unwrap());
            assert_eq!(rank.is_ok(), valid, "{ticks} at {decimals} decimals");
        }
    }

    #[test]
    fn any_price_lies_between_the_valid_ones_around_it() {
        // (ticks, decimals, at most, at least)
        let rows = [
            (123_456u64, 6, 123_450u64, 123_460u64),
            (999_999, 6, 999_990, 1_000_000),
            (99_999, 6, 99_999, 99_999),
            (12_345_678, 2, 12_345_600, 12_345_700),
            (12_345_678, 0, 12_345_678, 12_345_678),
        ];
        for (ticks, decimals, below, above) in rows {
            let scale = PriceScale::new(decimals).unwrap();
            let at = |rank: Result<PriceRank, PriceError>| rank.map(|rank| rank.to_ticks(scale).0);
            assert_eq!(at(PriceRank::at_most(PriceTicks(ticks), scale)), Ok(below), "{ticks}");
            assert_eq!(at(PriceRank::at_least(PriceTicks(ticks), scale)), Ok(above), "{ticks}");
        }
        let scale = PriceScale::new(2).unwrap();
        assert_eq!(PriceRank::at_most(PriceTicks(0), scale), Err(PriceError::Zero));
        assert_eq!(PriceRank::at_least(PriceTicks(0), scale), Ok(PriceRank(1)));
    }

    #[test]
    fn zero_and_too_high_have_names() {
        let scale = PriceScale::new(0).unwrap();
        assert_eq!(PriceRank::from_ticks(PriceTicks(0), scale), Err(PriceError::Zero));
        assert_eq!(PriceRank::from_ticks(PriceTicks(u64::MAX), scale), Err(PriceError::TooHigh));
        assert_eq!(PriceRank::from_ticks(PriceTicks(u64::from(u32::MAX)), scale), Ok(PriceRank(u32::MAX)));
    }
}
