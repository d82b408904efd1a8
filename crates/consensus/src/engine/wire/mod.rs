//! Encodings of everything that the engine sends, stores in its write-ahead log, or asks for.
//!
//! They follow `tandem-codec`: one spelling per value, limits before allocation, no panic on any bytes. The types are
//! the engine's, so they get their encodings through a trait of this module, [`Frame`]; where a type of our own has
//! the same content (a certificate), its encoding is used.

pub(crate) mod certificates;
mod messages;
pub(crate) mod sync;
#[cfg(test)]
mod tests;

use arc_malachitebft_app_channel::app::types::PeerId;
use arc_malachitebft_app_channel::app::types::codec::{Codec, HasEncodedLen};
use arc_malachitebft_app_channel::app::types::core::Round;
use bytes::Bytes;
use tandem_codec::{Decode, DecodeError, Encode, Reader};

/// Bytes of a peer id: a multihash of at most 64 bytes with its two prefixes.
const PEER_ID_BYTES_MAX: u32 = 68;

/// A type of the engine with a canonical encoding.
trait Frame: Sized {
    fn write(&self, out: &mut Vec<u8>);
    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// The codec handed to the engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire;

impl<T: Frame> Codec<T> for Wire {
    type Error = DecodeError;

    fn decode(&self, bytes: Bytes) -> Result<T, DecodeError> {
        let mut input = Reader::new(&bytes);
        let value = T::read(&mut input)?;
        input.finish()?;
        Ok(value)
    }

    fn encode(&self, value: &T) -> Result<Bytes, DecodeError> {
        let mut out = Vec::new();
        value.write(&mut out);
        Ok(out.into())
    }
}

impl<T: Frame> HasEncodedLen<T> for Wire {
    fn encoded_len(&self, value: &T) -> Result<usize, DecodeError> {
        self.encode(value).map(|bytes| bytes.len())
    }
}

/// A count, then the values.
fn write_list<T: Frame>(list: &[T], out: &mut Vec<u8>) {
    u32::try_from(list.len()).unwrap_or(u32::MAX).encode(out);
    list.iter().for_each(|value| value.write(out));
}

/// At most `max` values; memory grows with what is read.
fn read_list<T: Frame>(input: &mut Reader<'_>, max: u32) -> Result<Vec<T>, DecodeError> {
    let count = input.length(max)?;
    let mut list = Vec::new();
    for _ in 0..count {
        list.push(T::read(input)?);
    }
    Ok(list)
}

/// Nil is tag 0. Rounds above [`crate::ROUND_MAX`] are refused: the engine adds to rounds without looking.
impl Frame for Round {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_u32().encode(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match Option::<u32>::decode(input)? {
            Some(round) if round > crate::ROUND_MAX => Err(input.invalid("round")),
            round => Ok(round.into()),
        }
    }
}

/// A round that is not nil.
fn read_round(input: &mut Reader<'_>) -> Result<Round, DecodeError> {
    let round = Round::read(input)?;
    if round.is_nil() { Err(input.invalid("round")) } else { Ok(round) }
}

impl Frame for PeerId {
    fn write(&self, out: &mut Vec<u8>) {
        self.to_bytes().encode(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = input.bytes(PEER_ID_BYTES_MAX)?;
        let peer = Self::from_bytes(bytes).map_err(|_| input.invalid("peer id"))?;
        // A multihash may be spelt with longer integers than it needs.
        if peer.to_bytes() == bytes { Ok(peer) } else { Err(input.invalid("peer id")) }
    }
}

/// Types of ours that have a plain encoding keep it.
macro_rules! plain {
    ($($type:ty),* $(,)?) => { $(
        impl Frame for $type {
            fn write(&self, out: &mut Vec<u8>) {
                Encode::encode(self, out);
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Decode::decode(input)
            }
        }
    )* };
}
plain!(crate::engine::parts::Part, crate::Signature, crate::ValidatorAddress, tandem_types::BlockId);

impl Frame for crate::engine::context::Height {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        u64::decode(input).map(Self)
    }
}
