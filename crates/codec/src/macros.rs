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

/// Encodes types that wrap an array of bytes as those bytes, without a length.
#[macro_export]
macro_rules! bytes {
    ($($type:ty),* $(,)?) => { $(
        impl $crate::Encode for $type {
            fn encode(&self, out: &mut $crate::__private::Vec<u8>) {
                self.0.encode(out);
            }
        }
        impl $crate::Decode for $type {
            fn decode(input: &mut $crate::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                input.array().map(Self)
            }
        }
    )* };
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

/// Implements [`Encode`](crate::Encode) and [`Decode`](crate::Decode) for an enum whose variants have fields, one value,
/// or nothing: a byte that says which, then what it has in the order listed. Leaving a variant or a field out does not
/// compile. The text names the enum in [`DecodeError`](crate::DecodeError).
///
/// ```
/// enum Shape { Point, Circle(u32), Box { width: u32, height: u32 } }
/// tandem_codec::variants!(Shape as "shape" {
///     Point = 0,
///     Circle(radius) = 1,
///     Box { width, height } = 2,
/// });
/// ```
#[macro_export]
macro_rules! variants {
    ($type:ident as $name:literal {
        $( $variant:ident $({ $($field:ident),* $(,)? })? $(($value:ident))? = $tag:literal ),* $(,)?
    }) => {
        impl $crate::Encode for $type {
            fn encode(&self, out: &mut $crate::__private::Vec<u8>) {
                match self {
                    $( Self::$variant $({ $($field),* })? $(($value))? => {
                        out.push($tag);
                        $( $( $crate::Encode::encode($field, out); )* )?
                        $( $crate::Encode::encode($value, out); )?
                    } )*
                }
            }
        }
        impl $crate::Decode for $type {
            fn decode(input: &mut $crate::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                match <u8 as $crate::Decode>::decode(input)? {
                    $( $tag => {
                        $( $( let $field = $crate::Decode::decode(input)?; )* )?
                        $( let $value = $crate::Decode::decode(input)?; )?
                        Ok(Self::$variant $({ $($field),* })? $(($value))?)
                    } )*
                    _ => Err(input.invalid($name)),
                }
            }
        }
    };
}
