//! Sizes and amounts of money, exact and unsigned.
//!
//! `PriceTicks × SizeLots` is an exact count of [`QuoteAtoms`] (10^-8 USD): a spot price counts 10^-(8-d) USD and a
//! lot is 10^-d base, so no division and no rounding occurs.

use crate::PriceTicks;
use crate::amount::amounts;
use core::fmt;

/// Arithmetic on quantities left the representable range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// Above the greatest amount.
    Overflow,
    /// Below zero.
    Underflow,
    /// Does not convert exactly: the units differ in fineness and a remainder is left.
    Dust,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "amount is too large",
            Self::Underflow => "amount falls below zero",
            Self::Dust => "amount does not convert exactly",
        })
    }
}

impl core::error::Error for QuantityError {}

/// A number of decimals, at most 18.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimals(u8);

impl Decimals {
    /// At most 18 decimals: 10^18 is the greatest power of ten that a `u64` multiplies safely by single digits.
    #[must_use]
    pub const fn new(decimals: u8) -> Option<Self> {
        if decimals <= 18 { Some(Self(decimals)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.0
    }

    /// `10^decimals`.
    #[must_use]
    pub fn power(self) -> u64 {
        10u64.saturating_pow(u32::from(self.0))
    }
}

amounts! { u64, less than the least Underflow;
    /// A size in lots of `10^-szDecimals` base units.
    SizeLots;
    /// USD in units of 10^-8.
    QuoteAtoms;
    /// Any token in its own smallest unit, `10^-weiDecimals`.
    TokenAtoms;
}

macro_rules! unsigned {
    ($($name:ident),*) => { $(
        impl $name {
            /// The difference, or nothing if `other` is greater.
            #[must_use]
            pub const fn minus_or_zero(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }
    )* };
}
unsigned!(SizeLots, QuoteAtoms, TokenAtoms);

impl SizeLots {
    /// The notional at `price`: exact.
    ///
    /// # Errors
    /// [`QuantityError::Overflow`] above `u64::MAX` quote atoms (184 billion USD).
    pub const fn notional(self, price: PriceTicks) -> Result<QuoteAtoms, QuantityError> {
        match self.0.checked_mul(price.0) {
            Some(atoms) => Ok(QuoteAtoms(atoms)),
            None => Err(QuantityError::Overflow),
        }
    }

    /// The base token's atoms in this many lots, where a lot holds `atoms_per_lot`.
    ///
    /// # Errors
    /// [`QuantityError::Overflow`].
    pub const fn base_atoms(self, atoms_per_lot: u64) -> Result<TokenAtoms, QuantityError> {
        match self.0.checked_mul(atoms_per_lot) {
            Some(atoms) => Ok(TokenAtoms(atoms)),
            None => Err(QuantityError::Overflow),
        }
    }
}

impl QuoteAtoms {
    /// The share `rate_ppm / 1_000_000`, rounded up: a fee rounds against whoever pays it.
    ///
    /// # Errors
    /// [`QuantityError::Overflow`] if the rate is above 1 and the product leaves the range.
    pub fn share_ppm_ceil(self, rate_ppm: u32) -> Result<Self, QuantityError> {
        let product = u128::from(self.0).saturating_mul(u128::from(rate_ppm));
        u64::try_from(product.div_ceil(1_000_000)).map(Self).map_err(|_| QuantityError::Overflow)
    }

    /// The share `rate_ppm / 1_000_000`, rounded down: a rebate rounds against whoever receives it.
    ///
    /// # Errors
    /// [`QuantityError::Overflow`] if the rate is above 1 and the product leaves the range.
    pub fn share_ppm_floor(self, rate_ppm: u32) -> Result<Self, QuantityError> {
        let product = u128::from(self.0).saturating_mul(u128::from(rate_ppm));
        let share = product.checked_div(1_000_000).unwrap_or(0);
        u64::try_from(share).map(Self).map_err(|_| QuantityError::Overflow)
    }

    /// As atoms of the quote token, which has the same unit.
    #[must_use]
    pub const fn to_token_atoms(self) -> TokenAtoms {
        TokenAtoms(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notional_is_exact_and_bounded() {
        assert_eq!(SizeLots(3).notional(PriceTicks(7)), Ok(QuoteAtoms(21)));
        assert_eq!(SizeLots(u64::MAX).notional(PriceTicks(2)), Err(QuantityError::Overflow));
    }

    #[test]
    fn a_fee_rounds_up() {
        assert_eq!(QuoteAtoms(1).share_ppm_ceil(700), Ok(QuoteAtoms(1)));
        assert_eq!(QuoteAtoms(1_000_000).share_ppm_ceil(700), Ok(QuoteAtoms(700)));
        assert_eq!(QuoteAtoms(0).share_ppm_ceil(700), Ok(QuoteAtoms(0)));
        assert_eq!(QuoteAtoms(1).share_ppm_floor(700), Ok(QuoteAtoms(0)));
        assert_eq!(QuoteAtoms(1_000_001).share_ppm_floor(700), Ok(QuoteAtoms(700)));
    }
}
