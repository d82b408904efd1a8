//! Encodings of the built-in types.

use crate::{Decode, DecodeError, Encode, Reader};
use alloc::vec::Vec;

macro_rules! integers {
    ($($type:ty),*) => { $(
        impl Encode for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
        }
        impl Decode for $type {
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(Self::from_be_bytes(input.array()?))
            }
        }
    )* };
}
integers!(u16, u32, u64, u128, i64, i128);

impl Encode for u8 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn encode_each(values: &[Self], out: &mut Vec<u8>) {
        out.extend_from_slice(values);
    }
}

impl Decode for u8 {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.array::<1>().map(|[byte]| byte)
    }
}

impl Encode for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Decode for bool {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(input.invalid("boolean")),
        }
    }
}

impl Encode for () {
    fn encode(&self, _: &mut Vec<u8>) {}
}

impl Decode for () {
    fn decode(_: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(())
    }
}

impl<const N: usize> Encode for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl<const N: usize> Decode for [u8; N] {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.array()
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                value.encode(out);
            }
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(input)? {
            0 => Ok(None),
            1 => T::decode(input).map(Some),
            _ => Err(input.invalid("option tag")),
        }
    }
}

/// A count as `u32`, then the values. Lists longer than `u32::MAX` do not occur: each has a limit far below.
impl<T: Encode> Encode for [T] {
    fn encode(&self, out: &mut Vec<u8>) {
        u32::try_from(self.len()).unwrap_or(u32::MAX).encode(out);
        T::encode_each(self, out);
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_slice().encode(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn each_wrong_spelling_has_its_own_error() {
        let long = [0, 0, 0, 9];
        assert_eq!(u32::from_bytes(&[1, 2]), Err(DecodeError::Truncated { at: 0, needed: 2 }));
        assert_eq!(u8::from_bytes(&[1, 2]), Err(DecodeError::Trailing { at: 1, excess: 1 }));
        assert_eq!(bool::from_bytes(&[2]), Err(DecodeError::Invalid { at: 1, what: "boolean" }));
        assert_eq!(Option::<u8>::from_bytes(&[7]), Err(DecodeError::Invalid { at: 1, what: "option tag" }));
        let mut reader = Reader::new(&long);
        assert_eq!(reader.list::<u8>(8), Err(DecodeError::TooLong { at: 0, len: 9, max: 8 }));
    }

    #[test]
    fn a_list_claiming_more_than_it_holds_is_truncated() {
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 1]);
        assert_eq!(reader.list::<u64>(u32::MAX), Err(DecodeError::Truncated { at: 4, needed: 7 }));
    }

    #[test]
    fn values_come_back_from_their_bytes() {
        let list = vec![Some(7u16), None];
        let bytes = list.to_bytes();
        assert_eq!(bytes, [0, 0, 0, 2, 1, 0, 7, 0]);
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.list::<Option<u16>>(2), Ok(list));
        assert_eq!(reader.finish(), Ok(()));
    }
}
