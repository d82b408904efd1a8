//! Prices and sizes as actions spell them: exact decimals with one spelling each.
//!
//! A decimal is `mantissa × 10^-decimals`, kept in lowest terms. Its text has no sign, exponent, leading zeros beyond
//! the one before a point, or trailing zeros behind it: what Hyperliquid's SDKs sign after normalising.

use alloc::{format, string::String};
use core::fmt;

/// Longest text of a price or size: the 20 digits of `u64::MAX` and a point.
pub const DECIMAL_BYTES_MAX: usize = 21;

/// Most decimals of any market's prices and sizes.
const DECIMALS_MAX: u8 = 8;

/// Most decimals of any token's amounts.
const AMOUNT_DECIMALS_MAX: u8 = 18;

/// An exact, non-negative decimal number in lowest terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: u64,
    decimals: u8,
}

/// Why a text is no canonical decimal, in the order in which it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// No digit before or behind the point, or nothing at all.
    NoDigits,
    /// Something other than digits and one point: signs, exponents, spaces.
    NotADigit,
    /// A zero before other digits of the whole part.
    LeadingZero,
    /// A zero at the end of the part behind the point.
    TrailingZero,
    /// More digits behind the point than any market has.
    TooManyDecimals,
    /// Above `u64::MAX` units of its last digit.
    TooLarge,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoDigits => "no digits before or behind the decimal point",
            Self::NotADigit => "a character other than digits and one decimal point",
            Self::LeadingZero => "leading zeros",
            Self::TrailingZero => "trailing zeros behind the decimal point",
            Self::TooManyDecimals => "too many decimals",
            Self::TooLarge => "too large",
        })
    }
}

impl core::error::Error for DecimalError {}

impl Decimal {
    /// `mantissa × 10^-decimals`; `None` if in lowest terms it has more than 8 decimals.
    #[must_use]
    pub fn new(mantissa: u64, decimals: u8) -> Option<Self> {
        let value = Self::in_lowest_terms(mantissa, decimals);
        (value.decimals <= DECIMALS_MAX).then_some(value)
    }

    /// The digits without the point.
    #[must_use]
    pub const fn mantissa(self) -> u64 {
        self.mantissa
    }

    /// How many of the digits are behind the point.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        self.decimals
    }

    /// Whether it is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// As a count of units of `10^-decimals`; `None` if that is not exact or too large.
    #[must_use]
    pub fn to_units(self, decimals: u8) -> Option<u64> {
        let more = decimals.checked_sub(self.decimals)?;
        self.mantissa.checked_mul(10u64.checked_pow(u32::from(more))?)
    }

    /// Reads the one spelling of a price or size.
    ///
    /// # Errors
    /// [`DecimalError`].
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let (whole, fraction) = split(text)?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(DecimalError::LeadingZero);
        }
        if fraction.ends_with('0') {
            return Err(DecimalError::TrailingZero);
        }
        Self::from_parts(whole, fraction, DECIMALS_MAX)
    }

    /// Reads an amount, which is signed as text and so may have zeros at either end and up to 18 decimals.
    pub(super) fn parse_amount(text: &str) -> Result<Self, DecimalError> {
        let (whole, fraction) = split(text)?;
        Self::from_parts(whole, fraction.trim_end_matches('0'), AMOUNT_DECIMALS_MAX)
    }

    fn from_parts(whole: &str, fraction: &str, decimals_max: u8) -> Result<Self, DecimalError> {
        let decimals = u8::try_from(fraction.len())
            .ok()
            .filter(|decimals| *decimals <= decimals_max)
            .ok_or(DecimalError::TooManyDecimals)?;
        let mut mantissa = 0u64;
        for digit in whole.bytes().chain(fraction.bytes()) {
            let digit = u64::from(digit.saturating_sub(b'0'));
            let next = mantissa.checked_mul(10).and_then(|tens| tens.checked_add(digit));
            mantissa = next.ok_or(DecimalError::TooLarge)?;
        }
        Ok(Self { mantissa, decimals })
    }

    fn in_lowest_terms(mut mantissa: u64, mut decimals: u8) -> Self {
        while let (Some(fewer), true) = (decimals.checked_sub(1), mantissa.is_multiple_of(10)) {
            mantissa = mantissa.checked_div(10).unwrap_or(0);
            decimals = fewer;
        }
        Self { mantissa, decimals }
    }

    /// The one spelling of this number.
    #[must_use]
    pub fn to_text(self) -> String {
        if self.decimals == 0 {
            return format!("{}", self.mantissa);
        }
        let decimals = usize::from(self.decimals);
        // One digit at least stands before the point.
        let digits = format!("{:0width$}", self.mantissa, width = decimals.saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(decimals));
        format!("{whole}.{fraction}")
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

/// The digits before and behind the point; none behind if there is no point.
fn split(text: &str) -> Result<(&str, &str), DecimalError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(DecimalError::NoDigits),
        Some(parts) => parts,
        None => (text, ""),
    };
    if whole.is_empty() {
        return Err(DecimalError::NoDigits);
    }
    if whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        Ok((whole, fraction))
    } else {
        Err(DecimalError::NotADigit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn one_spelling_of_each_number_is_accepted() {
        for (text, mantissa, decimals) in [
            ("0", 0, 0),
            ("1", 1, 0),
            ("100", 100, 0),
            ("0.5", 5, 1),
            ("1670.1", 16701, 1),
            ("0.00000001", 1, 8),
            ("18446744073709551615", u64::MAX, 0),
            ("184467440737.09551615", u64::MAX, 8),
        ] {
            let value = Decimal::parse(text);
            assert_eq!(value, Ok(Decimal { mantissa, decimals }), "{text}");
            assert_eq!(value.unwrap().to_text(), text);
            assert!(text.len() <= DECIMAL_BYTES_MAX);
        }
    }

    #[test]
    fn each_other_spelling_has_its_error() {
        use DecimalError::*;
        for (text, error) in [
            ("", NoDigits),
            (".", NoDigits),
            (".5", NoDigits),
            ("1.", NoDigits),
            ("+1", NotADigit),
            ("-1", NotADigit),
            ("1e3", NotADigit),
            ("1.2.3", NotADigit),
            (" 1", NotADigit),
            ("1_000", NotADigit),
            ("٣", NotADigit),
            ("00", LeadingZero),
            ("01", LeadingZero),
            ("00.50", LeadingZero),
            ("0.0", TrailingZero),
            ("1.50", TrailingZero),
            ("0.123456789", TooManyDecimals),
            ("18446744073709551616", TooLarge),
            ("184467440737.09551616", TooLarge),
        ] {
            assert_eq!(Decimal::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn amounts_may_have_zeros_at_either_end() {
        for (text, expected) in [
            ("1.0", Ok((1, 0))),
            ("007.50", Ok((75, 1))),
            ("0.000000000000000001", Ok((1, 18))),
            ("0.0000000000000000001", Err(DecimalError::TooManyDecimals)),
            ("1e-05", Err(DecimalError::NotADigit)),
        ] {
            let value = Decimal::parse_amount(text).map(|value| (value.mantissa, value.decimals));
            assert_eq!(value, expected, "{text}");
        }
    }

    #[test]
    fn units_are_exact_or_none() {
        let price = Decimal::parse("1670.1").unwrap();
        assert_eq!(price.to_units(1), Some(16_701));
        assert_eq!(price.to_units(3), Some(1_670_100));
        assert_eq!(price.to_units(0), None);
        assert_eq!(price.to_units(18), None);
        assert_eq!(price.to_units(255), None);
    }

    proptest! {
        #[test]
        fn text_and_number_are_one_to_one(mantissa: u64, decimals in 0u8..=8) {
            let value = Decimal::new(mantissa, decimals).unwrap();
            prop_assert_eq!(Decimal::parse(&value.to_string()), Ok(value));
        }

        #[test]
        fn what_parses_spells_itself(text in "[0-9.]{0,12}") {
            if let Ok(value) = Decimal::parse(&text) {
                prop_assert_eq!(value.to_text(), text);
            }
        }
    }
}
