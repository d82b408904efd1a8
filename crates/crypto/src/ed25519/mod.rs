//! ed25519 under the rules of ZIP-215.
//!
//! Implementations of ed25519 differ at the edges: non-canonical encodings, points of small order, the cofactor. In a
//! consensus each difference is a fork. ZIP-215 settles them: encodings of `A` and `R` need not be canonical, `s` must
//! be below the group order, and `[8][s]B = [8]R + [8][k]A`. It is also the only rule under which one by one and batch
//! verification agree, so a node may batch what the guest verifies singly.
//! Source: ZIP-215; RFC 8032 for keys and signing.

#[cfg(feature = "native")]
mod batch;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::fmt;
use ed25519_zebra as zebra;

/// A public key, as encoded. Not yet known to be a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// A signature, `R ‖ s`. Not yet known to be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signature(pub [u8; 64]);

/// The signature is not the key's over the message, or one of them is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSignature;

impl fmt::Display for InvalidSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ed25519 signature does not verify")
    }
}

impl core::error::Error for InvalidSignature {}

impl tandem_codec::Encode for PublicKey {
    fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        self.0.encode(out);
    }
}

impl tandem_codec::Decode for PublicKey {
    fn decode(input: &mut tandem_codec::Reader<'_>) -> Result<Self, tandem_codec::DecodeError> {
        input.array().map(Self)
    }
}

impl tandem_codec::Encode for Signature {
    fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        self.0.encode(out);
    }
}

impl tandem_codec::Decode for Signature {
    fn decode(input: &mut tandem_codec::Reader<'_>) -> Result<Self, tandem_codec::DecodeError> {
        input.array().map(Self)
    }
}

impl PublicKey {
    /// Checks that `signature` is this key's over `message`.
    ///
    /// # Errors
    /// [`InvalidSignature`].
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), InvalidSignature> {
        let key = zebra::VerificationKey::try_from(self.0).map_err(|_| InvalidSignature)?;
        key.verify(&zebra::Signature::from_bytes(&signature.0), message).map_err(|_| InvalidSignature)
    }
}

/// A claim: `key` signed `message`.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Who signed.
    pub key: PublicKey,
    /// What was signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: Signature,
}

impl Claim<'_> {
    /// Checks this claim alone.
    ///
    /// # Errors
    /// [`InvalidSignature`].
    pub fn verify(&self) -> Result<(), InvalidSignature> {
        self.key.verify(self.message, &self.signature)
    }
}

/// Checks each claim. Native programs check them all at once, at about half the price, and one by one only if not all
/// are true; the answers are the same.
#[must_use]
pub fn verify_each(claims: &[Claim<'_>]) -> Vec<Result<(), InvalidSignature>> {
    #[cfg(feature = "native")]
    if claims.len() > 1 && batch::verify(claims).is_ok() {
        return claims.iter().map(|_| Ok(())).collect();
    }
    claims.iter().map(Claim::verify).collect()
}

/// A private key. Its seed is never shown.
#[derive(Clone)]
pub struct SigningKey(zebra::SigningKey);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public_key()).finish()
    }
}

impl SigningKey {
    /// The key of a 32-byte seed; every seed is one.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(zebra::SigningKey::from(seed))
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(zebra::VerificationKeyBytes::from(&self.0).into())
    }

    /// Signs `message`: the same signature each time.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}
