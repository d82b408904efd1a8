//! What a signature has to prove, and the proving of it: the costly part of a check.

use super::{CheckError, Network, Signature, SignedAction, ed25519_address, ed25519_message, l1_digest};
use alloc::vec::Vec;
use tandem_crypto::ed25519::{self, Claim, InvalidSignature};
use tandem_crypto::secp256k1;
use tandem_types::{Address, Hash};

/// A signature and the bytes that it must be over.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    /// The signer is whoever the signature leads to.
    Secp256k1 { signature: secp256k1::Signature, digest: Hash },
    /// The signer is named.
    Ed25519 { key: ed25519::PublicKey, signature: ed25519::Signature, message: Vec<u8> },
}

impl Proof {
    /// What the signature of `signed` has to prove.
    pub(super) fn of(
        signed: &SignedAction,
        user_digest: Option<Hash>,
        action_hash: &Hash,
        network: &Network,
    ) -> Self {
        match &signed.signature {
            Signature::Secp256k1(signature) => Self::Secp256k1 {
                signature: *signature,
                digest: user_digest.unwrap_or_else(|| l1_digest(network.source(), action_hash)),
            },
            Signature::Ed25519 { public_key, signature } => Self::Ed25519 {
                key: *public_key,
                signature: *signature,
                message: ed25519_message(&network.genesis_hash, user_digest.as_ref().unwrap_or(action_hash)),
            },
        }
    }

    fn claim(&self) -> Option<Claim<'_>> {
        match self {
            Self::Secp256k1 { .. } => None,
            Self::Ed25519 { key, signature, message } => {
                Some(Claim { key: *key, message, signature: *signature })
            }
        }
    }
}

/// The signers of these proofs, or why there is none.
pub(super) fn signers<'a>(
    proofs: impl Iterator<Item = &'a Proof> + Clone,
) -> Vec<Result<Address, CheckError>> {
    let claims: Vec<Claim<'_>> = proofs.clone().filter_map(Proof::claim).collect();
    let mut verdicts = ed25519::verify_each(&claims).into_iter();
    let signer = |proof: &Proof| match proof {
        Proof::Secp256k1 { signature, digest } => signature.recover(digest).map_err(CheckError::Secp256k1),
        Proof::Ed25519 { key, .. } => match verdicts.next() {
            Some(Ok(())) => Ok(ed25519_address(key)),
            Some(Err(InvalidSignature)) | None => Err(CheckError::Ed25519),
        },
    };
    proofs.map(signer).collect()
}
