//! Amounts that may be owed as well as had.
//!
//! Like the unsigned quantities they have no operators: arithmetic is checked, and only what means something exists.

use crate::{QuantityError, QuoteAtoms, SizeLots};
use core::fmt;

macro_rules! signed {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl $name {
            /// None of it.
            pub const ZERO: Self = Self(0);

            /// Whether there is none.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// Whether it is below zero.
            #[must_use]
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }

            /// The sum.
            ///
            /// # Errors
            /// [`QuantityError::Overflow`].
            pub const fn plus(self, other: Self) -> Result<Self, QuantityError> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Ok(Self(sum)),
                    None => Err(QuantityError::Overflow),
                }
            }

            /// The difference.
            ///
            /// # Errors
            /// [`QuantityError::Overflow`].
            pub const fn minus(self, other: Self) -> Result<Self, QuantityError> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Ok(Self(difference)),
                    None => Err(QuantityError::Overflow),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl tandem_codec::Encode for $name {
            fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
                self.0.encode(out);
            }
        }

        impl tandem_codec::Decode for $name {
            fn decode(input: &mut tandem_codec::Reader<'_>) -> Result<Self, tandem_codec::DecodeError> {
                i64::decode(input).map(Self)
            }
        }
    )* };
}

signed! {
    /// USD in units of 10^-8, had or owed.
    Usd;
    /// A position's size in lots: long above zero, short below.
    SignedLots;
}

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
