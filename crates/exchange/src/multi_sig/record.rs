//! What the tables hold of accounts of several keys.

use crate::action::MULTI_SIG_MAX;
use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::Address;

/// The keys of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiSigUser {
    /// How many must sign.
    pub threshold: u8,
    /// Whose they are, as they were given.
    pub signers: Vec<Address>,
}

impl Encode for MultiSigUser {
    fn encode(&self, out: &mut Vec<u8>) {
        self.threshold.encode(out);
        self.signers.encode(out);
    }
}

impl Decode for MultiSigUser {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let max = u32::try_from(MULTI_SIG_MAX).unwrap_or(u32::MAX);
        Ok(Self { threshold: Decode::decode(input)?, signers: input.list(max)? })
    }
}
