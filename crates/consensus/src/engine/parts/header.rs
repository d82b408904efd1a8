//! Cutting a block into parts.
//!
//! A part on the wire:
//!
//! | field | type | bytes |
//! |---|---|---|
//! | height | `u64` | 8 |
//! | round | `u32` | 4 |
//! | valid round | tag; if 1, `u32` | 1 (+ 4) |
//! | proposer | address | 20 |
//! | block | id | 32 |
//! | length of the block | `u32` | 4 |
//! | hashes of the parts | count `u32`, then SHA-256 each | 4 + 32 each |
//! | signature | of all of the above | 64 |
//! | index of this part | `u32` | 4 |
//! | bytes of this part | | [`PART_BYTES`], fewer in the last |

use crate::engine::context::Context;
use crate::{
    BLOCK_BYTES_MAX, Domain, PART_BYTES, PARTS_MAX, PrivateKey, ROUND_MAX, Signature, ValidatorAddress,
};
use arc_malachitebft_app_channel::app::types::core;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::{BlockId, Hash, Height, Round};

/// What a proposer signs for the bytes of the block it proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartsHeader {
    pub(crate) height: Height,
    pub(crate) round: Round,
    /// As in the proposal.
    pub(crate) valid_round: Option<Round>,
    pub(crate) proposer: ValidatorAddress,
    pub(crate) block: BlockId,
    /// Bytes of the block, 1 to [`BLOCK_BYTES_MAX`].
    pub(crate) len: u32,
    /// SHA-256 of each part's bytes, as many as `len` needs.
    pub(crate) hashes: Vec<Hash>,
}

/// A header with the proposer's signature over [`Domain::parts_bytes`], not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedHeader {
    pub(crate) header: PartsHeader,
    pub(crate) signature: Signature,
}

/// One piece of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) header: Arc<SignedHeader>,
    pub(crate) index: u32,
    pub(crate) data: Bytes,
}

impl core::ProposalPart<Context> for Part {
    fn is_first(&self) -> bool {
        self.index == 0
    }

    fn is_last(&self) -> bool {
        usize::try_from(self.index).is_ok_and(|index| index + 1 == self.header.header.hashes.len())
    }
}

impl PartsHeader {
    /// Bytes of part `index`; `None` if there is no such part.
    pub(crate) fn part_len(&self, index: usize) -> Option<usize> {
        let start = index.checked_mul(PART_BYTES)?;
        let left = usize::try_from(self.len).ok()?.checked_sub(start)?;
        (left > 0).then_some(left.min(PART_BYTES))
    }
}

impl Encode for PartsHeader {
    fn encode(&self, out: &mut Vec<u8>) {
        self.height.encode(out);
        self.round.encode(out);
        self.valid_round.encode(out);
        self.proposer.encode(out);
        self.block.encode(out);
        self.len.encode(out);
        self.hashes.encode(out);
    }
}

impl Decode for PartsHeader {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let header = Self {
            height: Height::decode(input)?,
            round: Round::decode(input)?,
            valid_round: Option::decode(input)?,
            proposer: ValidatorAddress::decode(input)?,
            block: BlockId::decode(input)?,
            len: u32::decode(input)?,
            hashes: input.list(PARTS_MAX)?,
        };
        if header.round.0 > ROUND_MAX || header.valid_round.is_some_and(|valid| valid >= header.round) {
            return Err(input.invalid("round of proposal parts"));
        }
        if header.len > BLOCK_BYTES_MAX || header.hashes.len() != part_count(header.len) || header.len == 0 {
            return Err(input.invalid("length of a proposed block"));
        }
        Ok(header)
    }
}

impl Encode for Part {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.header.encode(out);
        self.header.signature.encode(out);
        self.index.encode(out);
        out.extend_from_slice(&self.data);
    }
}

/// The data's length is what header and index say; nothing else is taken.
impl Decode for Part {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let header =
            SignedHeader { header: PartsHeader::decode(input)?, signature: Signature::decode(input)? };
        let index = u32::decode(input)?;
        let len = usize::try_from(index).ok().and_then(|index| header.header.part_len(index));
        let len = len.ok_or_else(|| input.invalid("index of a proposal part"))?;
        let data = Bytes::copy_from_slice(input.take(len)?);
        Ok(Self { header: Arc::new(header), index, data })
    }
}

const fn part_count(len: u32) -> usize {
    (len as usize).div_ceil(PART_BYTES)
}

/// The header for proposing `bytes`, 1 to [`BLOCK_BYTES_MAX`] of them, and its signature.
pub(crate) fn sign(
    domain: &Domain,
    key: &PrivateKey,
    mut header: PartsHeader,
    bytes: &[u8],
) -> Arc<SignedHeader> {
    header.hashes = bytes.chunks(PART_BYTES).map(hash).collect();
    let signature = key.sign(&domain.parts_bytes(&header));
    Arc::new(SignedHeader { header, signature })
}

pub(crate) fn hash(data: &[u8]) -> Hash {
    Hash(Sha256::digest(data).into())
}

/// The parts of `bytes`, for which `header` was signed. Nothing is copied.
pub(crate) fn split(header: &Arc<SignedHeader>, bytes: &Bytes) -> impl Iterator<Item = Part> {
    (0u32..).zip(0..header.header.hashes.len()).filter_map(|(index, at)| {
        let start = at * PART_BYTES;
        let end = start + header.header.part_len(at)?;
        (end <= bytes.len()).then(|| Part { header: header.clone(), index, data: bytes.slice(start..end) })
    })
}
