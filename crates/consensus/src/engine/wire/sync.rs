//! Messages by which a node that is behind catches up.
//!
//! A decided value's bytes begin with the block's id. Decoding checks it against the certificate, so that the host
//! knows, when it compares the id of the bytes themselves, which side is wrong: see [`claim`] and [`claimed`].

use super::{Frame, read_list, write_list};
use crate::BLOCK_BYTES_MAX;
use crate::engine::context::{Context, Height};
use arc_malachitebft_app_channel::app::types::PeerId;
use arc_malachitebft_app_channel::app::types::core::ExtendedCommitCertificate;
use arc_malachitebft_app_channel::app::types::sync::{RawDecidedValue, Request, Response, Status};
use arc_malachitebft_sync::{ValueRequest, ValueResponse};
use bytes::Bytes;
use tandem_codec::{DecodeError, Encode, Reader};
use tandem_types::BlockId;

/// Blocks in one response. Requests ask for fewer.
const BLOCKS_PER_RESPONSE_MAX: u32 = 64;
const ID_BYTES: usize = 32;

/// `block` with its id in front, as a value in sync.
pub(crate) fn claim(id: BlockId, block: &[u8]) -> Bytes {
    [id.as_bytes().as_slice(), block].concat().into()
}

/// The id that a value in sync claims, and the block's bytes.
pub(crate) fn claimed(value: &Bytes) -> Option<(BlockId, Bytes)> {
    let id = value.first_chunk::<ID_BYTES>()?;
    Some((BlockId(*id), value.slice(ID_BYTES..)))
}

impl Frame for RawDecidedValue<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        self.certificate.write(out);
        u32::try_from(self.value_bytes.len()).unwrap_or(u32::MAX).encode(out);
        out.extend_from_slice(&self.value_bytes);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let certificate = ExtendedCommitCertificate::read(input)?;
        let value_bytes = Bytes::copy_from_slice(input.bytes(BLOCK_BYTES_MAX + ID_BYTES as u32)?);
        match claimed(&value_bytes) {
            Some((id, _)) if id == certificate.value_id => Ok(Self::new(value_bytes, certificate)),
            _ => Err(input.invalid("id of a decided block")),
        }
    }
}

impl Frame for Status<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        self.peer_id.write(out);
        self.tip_height.write(out);
        self.history_min_height.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            peer_id: PeerId::read(input)?,
            tip_height: Height::read(input)?,
            history_min_height: Height::read(input)?,
        })
    }
}

impl Frame for Request<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        let Self::ValueRequest(request) = self;
        request.range.start().write(out);
        request.range.end().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (start, end) = (Height::read(input)?, Height::read(input)?);
        if start > end {
            return Err(input.invalid("range of heights"));
        }
        Ok(Self::ValueRequest(ValueRequest::new(start..=end)))
    }
}

impl Frame for Response<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        let Self::ValueResponse(response) = self;
        response.start_height.write(out);
        write_list(&response.values, out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = Height::read(input)?;
        Ok(Self::ValueResponse(ValueResponse::new(start, read_list(input, BLOCKS_PER_RESPONSE_MAX)?)))
    }
}
