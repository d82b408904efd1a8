//! Certificates of the engine: of a polka, of a round, of a commit.

use super::{Frame, read_list, read_round, write_list};
use crate::engine::context::{Context, Height, engine_round, round_of};
use crate::{
    Certificate, CommitSignature, ROUND_MAX, Signature, SignedExtension, VALIDATORS_MAX, ValidatorAddress,
};
use arc_malachitebft_app_channel::app::types::core::{
    CommitCertificate, ExtendedCommitCertificate, ExtendedCommitSignature, NilOrVal, PolkaCertificate,
    PolkaSignature, RoundCertificate, RoundCertificateType, RoundSignature, SignedMessage, VoteExtensions,
    VoteType,
};
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::BlockId;

impl Frame for PolkaSignature<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        self.address.write(out);
        self.signature.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { address: ValidatorAddress::read(input)?, signature: Signature::read(input)? })
    }
}

impl Frame for PolkaCertificate<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        self.height.write(out);
        self.round.write(out);
        self.value_id.write(out);
        write_list(&self.polka_signatures, out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            height: Height::read(input)?,
            round: read_round(input)?,
            value_id: BlockId::read(input)?,
            polka_signatures: read_list(input, VALIDATORS_MAX)?,
        })
    }
}

impl Frame for RoundSignature<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        self.vote_type.write(out);
        self.value_id.write(out);
        self.address.write(out);
        self.signature.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            vote_type: VoteType::read(input)?,
            value_id: NilOrVal::read(input)?,
            address: ValidatorAddress::read(input)?,
            signature: Signature::read(input)?,
        })
    }
}

impl Frame for RoundCertificate<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        self.height.write(out);
        self.round.write(out);
        out.push(match self.cert_type {
            RoundCertificateType::Skip => 1,
            RoundCertificateType::Precommit => 2,
        });
        write_list(&self.round_signatures, out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            height: Height::read(input)?,
            round: read_round(input)?,
            cert_type: match u8::decode(input)? {
                1 => RoundCertificateType::Skip,
                2 => RoundCertificateType::Precommit,
                _ => return Err(input.invalid("round certificate type")),
            },
            // A validator may sign both votes of a round.
            round_signatures: read_list(input, 2 * VALIDATORS_MAX)?,
        })
    }
}

/// Its encoding is [`Certificate`]'s.
impl Frame for ExtendedCommitCertificate<Context> {
    fn write(&self, out: &mut Vec<u8>) {
        certificate(self.clone()).encode(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let certificate = Certificate::decode(input)?;
        if certificate.round().0 > ROUND_MAX {
            return Err(input.invalid("round"));
        }
        Ok(extended(certificate))
    }
}

/// The engine's certificate as ours.
pub(crate) fn certificate(from: ExtendedCommitCertificate<Context>) -> Certificate {
    let signature = |from: ExtendedCommitSignature<Context>| CommitSignature {
        validator: from.address,
        signature: from.signature,
        extension: from
            .extension
            .map(|SignedMessage { message, signature }| SignedExtension { bytes: message, signature }),
    };
    let signatures = from.commit_signatures.into_iter().map(signature).collect();
    Certificate::new(from.height.into(), round_of(from.round).unwrap_or_default(), from.value_id, signatures)
}

/// The engine's certificate and extensions, which it hands over apart, as our certificate.
pub(crate) fn certificate_of(
    commit: CommitCertificate<Context>,
    extensions: VoteExtensions<Context>,
) -> Certificate {
    certificate(ExtendedCommitCertificate::from_commit_certificate_and_extensions(commit, extensions))
}

/// Our certificate as the engine's.
pub(crate) fn extended(from: Certificate) -> ExtendedCommitCertificate<Context> {
    let signature = |from: &CommitSignature| ExtendedCommitSignature {
        address: from.validator,
        signature: from.signature,
        extension: from
            .extension
            .clone()
            .map(|extension| SignedMessage::new(extension.bytes, extension.signature)),
    };
    ExtendedCommitCertificate {
        height: from.height().into(),
        round: engine_round(Some(from.round())),
        value_id: from.block(),
        commit_signatures: from.signatures().iter().map(signature).collect(),
    }
}
