//! Field lists of records, written once.

/// Implements [`Encode`](crate::Encode) and [`Decode`](crate::Decode) for a struct whose encoding is its fields in
/// the order listed. Leaving a field out does not compile.
///
/// ```
/// struct Point { x: u32, y: u32 }
/// tandem_codec::record!(Point { x, y });
/// ```
#[macro_export]
macro_rules! record {
    ($type:ty { $($field:ident),* $(,)? }) => {
        impl $crate::Encode for $type {
            fn encode(&self, out: &mut $crate::__private::Vec<u8>) {
                $( $crate::Encode::encode(&self.$field, out); )*
            }
        }
        impl $crate::Decode for $type {
            fn decode(input: &mut $crate::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                $( let $field = $crate::Decode::decode(input)?; )*
                Ok(Self { $($field),* })
            }
        }
    };
}

/// Implements [`Encode`](crate::Encode) and [`Decode`](crate::Decode) for an enum without data as one byte.
///
/// ```
/// #[derive(Clone, Copy)]
/// enum Side { Bid, Ask }
/// tandem_codec::tags!(Side { Bid = 0, Ask = 1 });
/// ```
#[macro_export]
macro_rules! tags {
    ($type:ident { $($variant:ident = $tag:literal),* $(,)? }) => {
        impl $crate::Encode for $type {
            fn encode(&self, out: &mut $crate::__private::Vec<u8>) {
                out.push(match self { $( Self::$variant => $tag ),* });
            }
        }
        impl $crate::Decode for $type {
            fn decode(input: &mut $crate::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                match <u8 as $crate::Decode>::decode(input)? {
                    $( $tag => Ok(Self::$variant), )*
                    _ => Err(input.invalid(stringify!($type))),
                }
            }
        }
    };
}
