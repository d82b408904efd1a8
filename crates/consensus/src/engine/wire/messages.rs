//! Votes, proposals, proposal parts, and the proof that a peer is a validator.

use super::{Frame, PEER_ID_BYTES_MAX, Wire, read_round};
use crate::engine::context::{Context, Height, Proposal, Value, Vote};
use crate::engine::parts::Part;
use crate::{EXTENSION_BYTES_MAX, Signature, ValidatorAddress};
use arc_malachitebft_app_channel::app::consensus::{LivenessMsg, ProposedValue, SignedConsensusMsg};
use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app_channel::app::types::core::{
    NilOrVal, PolkaCertificate, Round, RoundCertificate, SignedMessage, ValidatorProof, Validity, VoteType,
};
use bytes::Bytes;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::BlockId;

/// Bytes of the id of a stream of parts. Ours have 20: height, round, start of the block id.
const STREAM_ID_BYTES_MAX: u32 = 32;

impl Frame for VoteType {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Self::Prevote => 1,
            Self::Precommit => 2,
        });
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(input)? {
            1 => Ok(Self::Prevote),
            2 => Ok(Self::Precommit),
            _ => Err(input.invalid("vote type")),
        }
    }
}

impl Frame for NilOrVal<BlockId> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Nil => None,
            Self::Val(block) => Some(*block),
        }
        .encode(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Option::decode(input)?.map_or(Self::Nil, Self::Val))
    }
}

/// A vote extension with its signature.
impl Frame for SignedMessage<Context, Vec<u8>> {
    fn write(&self, out: &mut Vec<u8>) {
        self.message.encode(out);
        self.signature.encode(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let extension = input.bytes(EXTENSION_BYTES_MAX)?.to_vec();
        Ok(Self::new(extension, Signature::decode(input)?))
    }
}

impl Frame for Option<SignedMessage<Context, Vec<u8>>> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        self.iter().for_each(|extension| extension.write(out));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if bool::decode(input)? { SignedMessage::read(input).map(Some) } else { Ok(None) }
    }
}

impl Frame for SignedMessage<Context, Vote> {
    fn write(&self, out: &mut Vec<u8>) {
        self.kind.write(out);
        self.height.write(out);
        self.round.write(out);
        self.block.write(out);
        self.validator.write(out);
        self.extension.write(out);
        self.signature.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let vote = Vote {
            kind: VoteType::read(input)?,
            height: Height::read(input)?,
            round: read_round(input)?,
            block: NilOrVal::read(input)?,
            validator: ValidatorAddress::read(input)?,
            extension: Option::<SignedMessage<Context, Vec<u8>>>::read(input)?,
        };
        Ok(Self::new(vote, Signature::read(input)?))
    }
}

impl Frame for SignedMessage<Context, Proposal> {
    fn write(&self, out: &mut Vec<u8>) {
        self.height.write(out);
        self.round.write(out);
        self.value.0.write(out);
        self.valid_round.write(out);
        self.proposer.write(out);
        self.signature.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let proposal = Proposal {
            height: Height::read(input)?,
            round: read_round(input)?,
            value: Value(BlockId::read(input)?),
            valid_round: Round::read(input)?,
            proposer: ValidatorAddress::read(input)?,
        };
        Ok(Self::new(proposal, Signature::read(input)?))
    }
}

impl Frame for SignedConsensusMsg<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Vote(vote) => {
                out.push(1);
                vote.write(out);
            }
            Self::Proposal(proposal) => {
                out.push(2);
                proposal.write(out);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(input)? {
            1 => SignedMessage::read(input).map(Self::Vote),
            2 => SignedMessage::read(input).map(Self::Proposal),
            _ => Err(input.invalid("consensus message")),
        }
    }
}

impl Frame for LivenessMsg<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Vote(vote) => {
                out.push(1);
                vote.write(out);
            }
            Self::PolkaCertificate(certificate) => {
                out.push(2);
                certificate.write(out);
            }
            Self::SkipRoundCertificate(certificate) => {
                out.push(3);
                certificate.write(out);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(input)? {
            1 => SignedMessage::read(input).map(Self::Vote),
            2 => PolkaCertificate::read(input).map(Self::PolkaCertificate),
            3 => RoundCertificate::read(input).map(Self::SkipRoundCertificate),
            _ => Err(input.invalid("liveness message")),
        }
    }
}

/// Written to the log only.
impl Frame for ProposedValue<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        self.height.write(out);
        self.round.write(out);
        self.valid_round.write(out);
        self.proposer.write(out);
        self.value.0.write(out);
        self.validity.to_bool().encode(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            height: Height::read(input)?,
            round: read_round(input)?,
            valid_round: Round::read(input)?,
            proposer: ValidatorAddress::read(input)?,
            value: Value(BlockId::read(input)?),
            validity: Validity::from_bool(bool::decode(input)?),
        })
    }
}

impl Frame for StreamMessage<Part> {
    fn write(&self, out: &mut Vec<u8>) {
        self.stream_id.to_bytes().to_vec().encode(out);
        self.sequence.encode(out);
        match &self.content {
            StreamContent::Fin => out.push(0),
            StreamContent::Data(part) => {
                out.push(1);
                part.write(out);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = StreamId::new(Bytes::copy_from_slice(input.bytes(STREAM_ID_BYTES_MAX)?));
        let sequence = u64::decode(input)?;
        let content = match u8::decode(input)? {
            0 => StreamContent::Fin,
            1 => StreamContent::Data(Part::read(input)?),
            _ => return Err(input.invalid("stream content")),
        };
        Ok(Self::new(id, sequence, content))
    }
}

impl Frame for ValidatorProof<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        self.public_key.encode(out);
        self.peer_id.encode(out);
        self.signature.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let public_key = input.bytes(32)?.to_vec();
        let peer_id = input.bytes(PEER_ID_BYTES_MAX)?.to_vec();
        Ok(Self::new(public_key, peer_id, Signature::read(input)?))
    }
}

impl Wire {
    /// The bytes of a validator's proof, which the network shows to peers.
    pub(crate) fn proof_bytes(proof: &ValidatorProof<Context>) -> Bytes {
        let mut out = Vec::new();
        proof.write(&mut out);
        out.into()
    }
}
