//! Amounts that may be owed as well as had.
//!
//! Like the unsigned quantities they have no operators: arithmetic is checked, and only what means something exists.

use crate::amount::amounts;
use crate::{QuantityError, QuoteAtoms, SizeLots};

amounts! { i64, less than the least Overflow;
    /// USD in units of 10^-8, had or owed.
    Usd;
    /// A position's size in lots: long above zero, short below.
    SignedLots;
}

macro_rules! signed {
    ($($name:ident),*) => { $(
        impl $name {
            /// Whether it is below zero.
            #[must_use]
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }
        }
    )* };
}
signed!(Usd, SignedLots);

impl Usd {
    /// The amount `atoms`, if it is in range.
    ///
    /// # Errors
    /// [`QuantityError::Overflow`] beyond 92 billion USD either way.
    pub fn from_atoms(atoms: i128) -> Result<Self, QuantityError> {
        i64::try_from(atoms).map(Self).map_err(|_| QuantityError::Overflow)
    }

    /// The amount had.
    ///
    /// # Errors
    /// [`QuantityError::Overflow`].
    pub fn had(amount: QuoteAtoms) -> Result<Self, QuantityError> {
        i64::try_from(amount.0).map(Self).map_err(|_| QuantityError::Overflow)
    }
}

impl SignedLots {
    /// How many lots, long or short.
    #[must_use]
    pub const fn magnitude(self) -> SizeLots {
        SizeLots(self.0.unsigned_abs())
    }

    /// `size` lots long.
    ///
    /// # Errors
    /// [`QuantityError::Overflow`].
    pub fn long(size: SizeLots) -> Result<Self, QuantityError> {
        i64::try_from(size.0).map(Self).map_err(|_| QuantityError::Overflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_checked_at_both_ends() {
        assert_eq!(Usd(i64::MAX).plus(Usd(1)), Err(QuantityError::Overflow));
        assert_eq!(Usd(i64::MIN).minus(Usd(1)), Err(QuantityError::Overflow));
        assert_eq!(Usd(3).minus(Usd(5)), Ok(Usd(-2)));
        assert_eq!(SignedLots(i64::MIN).magnitude(), SizeLots(1 << 63));
        assert_eq!(SignedLots::long(SizeLots(u64::MAX)), Err(QuantityError::Overflow));
    }
}
