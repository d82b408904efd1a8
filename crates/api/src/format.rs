//! Exact decimals as text.

use serde::{Serialize, Serializer};
use std::fmt;
use tandem_exchange::SPOT_PRICE_DECIMALS;
use tandem_indexer::Listing;
use tandem_oracle::Rate;
use tandem_types::{PriceRank, PriceTicks, SignedLots, SizeLots, TokenAtoms};

/// Digits of the greatest number.
const DIGITS_MAX: usize = 39;
/// Digits of a rate behind the point.
const RATE_DECIMALS: u8 = 12;

/// `±units / 10^decimals`, shown without trailing zeros and serialised as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The number without its point.
    pub units: u128,
    /// Digits behind the point.
    pub decimals: u8,
    /// Whether it is below zero; zero has no sign.
    pub is_negative: bool,
}

impl Fixed {
    /// A number.
    #[must_use]
    pub const fn new(units: u128, decimals: u8) -> Self {
        Self { units, decimals, is_negative: false }
    }

    /// A number that may be below zero.
    #[must_use]
    pub const fn signed(units: i128, decimals: u8) -> Self {
        Self { units: units.unsigned_abs(), decimals, is_negative: units < 0 }
    }

    /// A price of a market.
    #[must_use]
    pub fn price(price: PriceRank, market: &Listing) -> Self {
        let scale = market.price_scale();
        Self::ticks(price.to_ticks(scale), scale.decimals())
    }

    /// A price in ticks of `10^-decimals`.
    #[must_use]
    pub fn ticks(price: PriceTicks, decimals: u8) -> Self {
        Self::new(u128::from(price.0), decimals)
    }

    /// The middle of two prices of a market, exactly: with one more digit.
    #[must_use]
    pub fn mid(bid: PriceRank, ask: PriceRank, market: &Listing) -> Self {
        let scale = market.price_scale();
        let sum = u128::from(bid.to_ticks(scale).0) + u128::from(ask.to_ticks(scale).0);
        Self::new(sum * 5, scale.decimals() + 1)
    }

    /// A size of a market.
    #[must_use]
    pub fn size(size: SizeLots, market: &Listing) -> Self {
        Self::new(u128::from(size.0), market.size_decimals())
    }

    /// The size of a position: above zero if long.
    #[must_use]
    pub fn position(size: SignedLots, decimals: u8) -> Self {
        Self::signed(i128::from(size.0), decimals)
    }

    /// A rate, such as that of an hour's funding.
    #[must_use]
    pub fn rate(rate: Rate) -> Self {
        Self::signed(i128::from(rate.0), RATE_DECIMALS)
    }

    /// Quote atoms that may be below zero.
    #[must_use]
    pub const fn usd(atoms: i128) -> Self {
        Self::signed(atoms, SPOT_PRICE_DECIMALS)
    }

    /// An amount of a token with these decimals.
    #[must_use]
    pub fn amount(amount: TokenAtoms, wei_decimals: u8) -> Self {
        Self::new(u128::from(amount.0), wei_decimals)
    }

    /// Quote atoms.
    #[must_use]
    pub const fn quote(atoms: u128) -> Self {
        Self::new(atoms, SPOT_PRICE_DECIMALS)
    }

    /// `numerator / denominator` of units at `decimals`, rounded down to that many digits.
    #[must_use]
    pub fn quotient(numerator: u128, denominator: u128, decimals: u8) -> Self {
        Self::new(numerator.checked_div(denominator).unwrap_or(0), decimals)
    }
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut units, mut decimals) = (self.units, usize::from(self.decimals));
        if self.is_negative && units > 0 {
            f.write_str("-")?;
        }
        while decimals > 0 && units.is_multiple_of(10) {
            units /= 10;
            decimals -= 1;
        }
        if decimals == 0 {
            return units.fmt(f);
        }
        // The digits from the last to the first, at least one before the point.
        let mut digits = [b'0'; DIGITS_MAX + u8::MAX as usize + 2];
        let mut at = digits.len();
        let mut written = 0;
        while units > 0 || written <= decimals {
            if written == decimals {
                at -= 1;
                digits[at] = b'.';
            }
            at -= 1;
            digits[at] = b'0' + u8::try_from(units % 10).unwrap_or(0);
            units /= 10;
            written += 1;
        }
        f.write_str(std::str::from_utf8(&digits[at..]).unwrap_or_default())
    }
}

impl Serialize for Fixed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_have_no_trailing_zeros_and_one_digit_before_the_point() {
        let rows = [
            (0, 0, "0"),
            (0, 8, "0"),
            (1, 8, "0.00000001"),
            (10, 1, "1"),
            (12_340, 3, "12.34"),
            (100, 0, "100"),
            (100, 2, "1"),
            (105, 2, "1.05"),
            (u128::MAX, 0, "340282366920938463463374607431768211455"),
            (u128::MAX, 39, "0.340282366920938463463374607431768211455"),
        ];
        for (units, decimals, expected) in rows {
            assert_eq!(Fixed::new(units, decimals).to_string(), expected);
        }
        let rows = [(-1, 0, "-1"), (-105, 2, "-1.05"), (0, 2, "0"), (7, 1, "0.7"), (-7, 1, "-0.7")];
        for (units, decimals, expected) in rows {
            assert_eq!(Fixed::signed(units, decimals).to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn text_reads_back_as_the_same_number(units: u128, decimals: u8) {
            let text = Fixed::new(units, decimals).to_string();
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            prop_assert!(fraction.len() <= usize::from(decimals));
            prop_assert!(!fraction.ends_with('0'));
            prop_assert!(whole == "0" || !whole.starts_with('0'));
            let zeros = "0".repeat(usize::from(decimals) - fraction.len());
            let digits = format!("{whole}{fraction}{zeros}");
            let expected = units.to_string();
            prop_assert_eq!(digits.trim_start_matches('0'), expected.trim_start_matches('0'));
        }
    }
}
