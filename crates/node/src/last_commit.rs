//! What the block on top of the tip carries of the votes for it: the certificate, and the price reports.
//!
//! The reports are the extensions of the certificate's precommits, so there is no second place in which they could be
//! lost: whoever decided the parent has both, on disk, before anybody is told (ADR-0007). The body carries the certificate
//! without them; their signatures are apart from the votes'.

use bytes::Bytes;
use tandem_codec::{Decode, DecodeError, Encode};
use tandem_consensus::{Certificate, CommitSignature};
use tandem_crypto::ed25519;
use tandem_oracle::report::Scope;
use tandem_oracle::{CheckedReport, SignedReport};
use tandem_stf::Join;
use tandem_system::SystemTables;
use tandem_types::Address;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastCommit {
    /// As a body carries it; empty at genesis.
    bytes: Bytes,
    certificate: Option<Certificate>,
}

impl LastCommit {
    /// Of a certificate with its extensions.
    pub(crate) fn new(certificate: Certificate) -> Self {
        let plain = |signature: &CommitSignature| CommitSignature { extension: None, ..signature.clone() };
        let signatures = certificate.signatures().iter().map(plain).collect();
        let (height, round, block) = (certificate.height(), certificate.round(), certificate.block());
        let bytes = Certificate::new(height, round, block, signatures).to_bytes();
        Self { bytes: Bytes::from(bytes), certificate: Some(certificate) }
    }

    /// Of the bytes in a block's record; none at genesis.
    ///
    /// # Errors
    /// [`DecodeError`] if they are no certificate.
    pub(crate) fn from_record(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.is_empty() { Ok(Self::default()) } else { Certificate::from_bytes(bytes).map(Self::new) }
    }

    /// The certificate as a body carries it.
    pub(crate) const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The price reports as a body carries them, in the order of validators.
    pub(crate) fn reports(
        &self,
        scope: &Scope,
        system: &SystemTables,
        join: &impl Join,
    ) -> Vec<CheckedReport> {
        let Some(certificate) = &self.certificate else { return Vec::new() };
        let signed = |signature| signed_report(certificate, signature, system);
        let signed: Vec<SignedReport> = certificate.signatures().iter().filter_map(signed).collect();
        // All were verified when the votes came.
        let checked = join.map(&signed, |report| CheckedReport::from_raw(&report.to_bytes(), scope).ok());
        checked.into_iter().flatten().collect()
    }
}

/// A precommit's extension as the rules want it.
fn signed_report(
    certificate: &Certificate,
    signature: &CommitSignature,
    system: &SystemTables,
) -> Option<SignedReport> {
    let extension = signature.extension.as_ref()?;
    let validator = system.validators.peek(&Address(signature.validator.0))?;
    Some(SignedReport {
        public_key: ed25519::PublicKey(validator.public_key),
        round: certificate.round(),
        signature: ed25519::Signature(extension.signature.0),
        report: extension.bytes.clone(),
    })
}
