//! What all amounts are: whole numbers of one unit, without operators.

/// Declares amounts held in an integer, and the error of a difference that falls below the least of them.
macro_rules! amounts {
    ($integer:ty, less than the least $below:ident; $($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $integer);

        impl $name {
            /// None of it.
            pub const ZERO: Self = Self(0);

            /// Whether there is none.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// The sum.
            ///
            /// # Errors
            /// [`QuantityError::Overflow`](crate::QuantityError::Overflow).
            pub const fn plus(self, other: Self) -> Result<Self, crate::QuantityError> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Ok(Self(sum)),
                    None => Err(crate::QuantityError::Overflow),
                }
            }

            /// The difference.
            ///
            /// # Errors
            #[doc = concat!("[`QuantityError::", stringify!($below), "`](crate::QuantityError::", stringify!($below), ").")]
            pub const fn minus(self, other: Self) -> Result<Self, crate::QuantityError> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Ok(Self(difference)),
                    None => Err(crate::QuantityError::$below),
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
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
                <$integer>::decode(input).map(Self)
            }
        }
    )* };
}
pub(crate) use amounts;
