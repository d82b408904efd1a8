//! Exact fractions, and the two ways in which they are rounded.

use num_bigint::BigInt;
use num_rational::BigRational;

/// An exact fraction.
pub type Number = BigRational;

/// Nothing.
#[must_use]
pub fn zero() -> Number {
    whole(0)
}

/// A whole number.
#[must_use]
pub fn whole(value: i128) -> Number {
    Number::from_integer(BigInt::from(value))
}

/// `numerator / denominator`.
#[must_use]
pub fn fraction(numerator: i128, denominator: i128) -> Number {
    Number::new(BigInt::from(numerator), BigInt::from(denominator))
}

fn cent() -> Number {
    whole(100_000_000)
}

/// Rounded up to 10^-8.
#[must_use]
pub fn up(value: &Number) -> Number {
    (value * cent()).ceil() / cent()
}

/// Rounded down to 10^-8.
#[must_use]
pub fn down(value: &Number) -> Number {
    (value * cent()).floor() / cent()
}

/// How many units of `1 / per` a number is.
///
/// # Panics
/// If it is no whole number of them, or too many.
#[must_use]
pub fn units(value: &Number, per: i128) -> i128 {
    let units = value * whole(per);
    assert!(units.is_integer(), "{value} is no multiple of 1/{per}");
    i128::try_from(units.to_integer()).expect("a number within 128 bits")
}
