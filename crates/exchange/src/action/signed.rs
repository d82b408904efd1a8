//! The exchange transaction: an action's bytes and what its signer vouches for.
//!
//! | field | encoding |
//! |---|---|
//! | action | `u32` length, msgpack bytes as signed |
//! | nonce | `u64`, by convention milliseconds |
//! | vault address | option tag, 20 bytes |
//! | expires after | option tag, `u64` milliseconds |
//! | signature | 00 ‖ r ‖ s ‖ recovery id, or 01 ‖ public key ‖ signature |

use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_crypto::{Keccak256, ed25519, secp256k1};
use tandem_types::{Address, Hash};

/// Most bytes of an action: the largest batch of the longest modifications fits.
pub const MAX_ACTION_BYTES: u32 = 32 * 1024;

/// Most bytes of an encoded transaction: the action and 139 bytes around it.
pub const MAX_SIGNED_ACTION_BYTES: u32 = MAX_ACTION_BYTES + 4 + 8 + 21 + 9 + 97;

const CACHE_TAG: &[u8] = b"tandem/signed-action";

/// A signed action as it arrives. Nothing about it is known to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAction {
    /// The action in msgpack, byte by byte as signed.
    pub action: Vec<u8>,
    /// Never used twice by one signer.
    pub nonce: u64,
    /// The vault or sub-account acted for.
    pub vault_address: Option<Address>,
    /// Block time in milliseconds after which the action is refused.
    pub expires_after: Option<u64>,
    /// Who signed.
    pub signature: Signature,
}

/// A signature of either scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Hyperliquid's: the address is recovered.
    Secp256k1(secp256k1::Signature),
    /// An addition for speed: the key is given.
    Ed25519 {
        /// Who signed.
        public_key: ed25519::PublicKey,
        /// The signature.
        signature: ed25519::Signature,
    },
}

impl Encode for Signature {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Secp256k1(signature) => {
                out.push(0);
                signature.encode(out);
            }
            Self::Ed25519 { public_key, signature } => {
                out.push(1);
                public_key.encode(out);
                signature.encode(out);
            }
        }
    }
}

impl Decode for Signature {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(input)? {
            0 => secp256k1::Signature::decode(input).map(Self::Secp256k1),
            1 => Ok(Self::Ed25519 { public_key: Decode::decode(input)?, signature: Decode::decode(input)? }),
            _ => Err(input.invalid("signature scheme")),
        }
    }
}

impl Encode for SignedAction {
    fn encode(&self, out: &mut Vec<u8>) {
        self.action.encode(out);
        self.nonce.encode(out);
        self.vault_address.encode(out);
        self.expires_after.encode(out);
        self.signature.encode(out);
    }
}

impl Decode for SignedAction {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            action: input.bytes(MAX_ACTION_BYTES)?.to_vec(),
            nonce: Decode::decode(input)?,
            vault_address: Decode::decode(input)?,
            expires_after: Decode::decode(input)?,
            signature: Decode::decode(input)?,
        })
    }
}

impl SignedAction {
    /// Under which a successful check may be remembered: unlike a transaction's id it binds the signature too, so a
    /// false signature never finds a true one's result.
    #[must_use]
    pub fn cache_key(&self, genesis_hash: &Hash) -> Hash {
        Keccak256::new().chain(CACHE_TAG).chain(&genesis_hash.0).chain(&self.to_bytes()).finalize()
    }
}
