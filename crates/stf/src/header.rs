//! The header's hash, and what is kept of the last EVM block.

use alloc::vec::Vec;
use tandem_codec::Encode;
use tandem_crypto::sha256;
use tandem_evm::{EvmHeader, next_base_fee};
use tandem_types::{BlockId, Hash, Header};

/// The id of a block: SHA-256 of its header's encoding under a domain tag.
#[must_use]
pub fn block_id(header: &Header) -> BlockId {
    let mut bytes = b"tandem/block/1".to_vec();
    header.encode(&mut bytes);
    BlockId(sha256(&bytes))
}

/// SHA-256 of `bytes` under a domain tag.
pub(crate) fn tagged_hash(domain: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut input: Vec<u8> = domain.to_vec();
    input.extend_from_slice(bytes);
    sha256(&input)
}

/// What the next EVM block needs of the last one; at genesis, of block 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvmHead {
    /// Its number.
    pub number: u64,
    /// The hash of its header.
    pub hash: Hash,
    /// Gas it used.
    pub gas_used: u64,
    /// Its gas limit.
    pub gas_limit: u64,
    /// Its base fee, in 10^-18 native coin per gas.
    pub base_fee: u64,
}
tandem_codec::record!(EvmHead { number, hash, gas_used, gas_limit, base_fee });

impl EvmHead {
    /// What is kept of the block with this header.
    #[must_use]
    pub(crate) fn of(header: &EvmHeader) -> Self {
        Self {
            number: header.number,
            hash: Hash(header.hash_slow().0),
            gas_used: header.gas_used,
            gas_limit: header.gas_limit,
            base_fee: header.base_fee_per_gas.unwrap_or_default(),
        }
    }

    /// The base fee of the EVM block after this one.
    #[must_use]
    pub fn next_base_fee(&self) -> u64 {
        next_base_fee(self.gas_used, self.gas_limit, self.base_fee)
    }
}
