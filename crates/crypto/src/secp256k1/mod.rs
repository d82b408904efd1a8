//! ECDSA on secp256k1 as Ethereum uses it: the signer's address is recovered from the signature.
//!
//! Two spellings are refused so that a signer has one signature per nonce of the scheme: `s` above half the group
//! order (EIP-2), and recovery ids 2 and 3 (an `x` that wrapped around the order, which nobody meets by chance).
//! Signing is deterministic (RFC 6979 with SHA-256), as in Ethereum's wallets.
//! Source: SEC 1 version 2, §4.1.6; Ethereum yellow paper, appendix F.

mod recovery;

use crate::keccak256;
use core::fmt;
use k256::{
    ecdsa::{self, VerifyingKey},
    elliptic_curve::scalar::IsHigh,
};
use tandem_types::{Address, Hash};

/// A signature from which the signer's address can be recovered. Not yet known to be valid.
///
/// | field | bytes | |
/// |---|---|---|
/// | `r` | 32 | big-endian, 1 to the group order less 1 |
/// | `s` | 32 | big-endian, 1 to half the group order |
/// | `y_is_odd` | 1 | 0 or 1; `v - 27` on Ethereum's wire |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signature {
    /// The nonce point's x coordinate.
    pub r: [u8; 32],
    /// The proof.
    pub s: [u8; 32],
    /// Whether the nonce point's y coordinate is odd: the recovery id.
    pub y_is_odd: bool,
}

tandem_codec::record!(Signature { r, s, y_is_odd });

/// Why no address could be recovered, in the order in which it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoverError {
    /// `r` or `s` is zero, or not below the group order.
    OutOfRange,
    /// `s` is above half the group order.
    HighS,
    /// `r` is no point's x coordinate, or the key would be the point at infinity.
    NoKey,
}

impl fmt::Display for RecoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfRange => "r or s is zero or not below the group order",
            Self::HighS => "s is above half the group order",
            Self::NoKey => "no public key matches the signature",
        })
    }
}

impl core::error::Error for RecoverError {}

impl Signature {
    /// From Ethereum's `(r, s, v)`; `None` unless `v` is 27 or 28.
    #[must_use]
    pub const fn from_rsv(r: [u8; 32], s: [u8; 32], v: u8) -> Option<Self> {
        match v {
            27 => Some(Self { r, s, y_is_odd: false }),
            28 => Some(Self { r, s, y_is_odd: true }),
            _ => None,
        }
    }

    /// Ethereum's `v`: 27 or 28.
    #[must_use]
    pub const fn v(&self) -> u8 {
        if self.y_is_odd { 28 } else { 27 }
    }

    /// The address whose key made this signature over `digest`.
    ///
    /// Any well-formed signature gives *some* address; that it is the expected one is for the caller to check.
    ///
    /// # Errors
    /// [`RecoverError`].
    pub fn recover(&self, digest: &Hash) -> Result<Address, RecoverError> {
        let signature =
            ecdsa::Signature::from_scalars(self.r, self.s).map_err(|_| RecoverError::OutOfRange)?;
        if bool::from(signature.s().is_high()) {
            return Err(RecoverError::HighS);
        }
        let key = recovery::recover(&signature, self.y_is_odd, digest).ok_or(RecoverError::NoKey)?;
        Ok(last_20(&keccak256(&key)))
    }
}

/// A private key. Its bytes are wiped when it is dropped and never shown.
#[derive(Clone)]
pub struct SigningKey(ecdsa::SigningKey);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.address())
    }
}

impl SigningKey {
    /// A key from its 32 bytes, big-endian; `None` if they are zero or not below the group order.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        ecdsa::SigningKey::from_slice(bytes).ok().map(Self)
    }

    /// The address of this key.
    #[must_use]
    pub fn address(&self) -> Address {
        address_of(self.0.verifying_key())
    }

    /// Signs a digest: low `s`, the same signature each time.
    #[must_use]
    pub fn sign(&self, digest: &Hash) -> Signature {
        let (signature, id) = self.0.sign_prehash_recoverable(&digest.0);
        let (r, s) = signature.split_bytes();
        Signature { r: r.into(), s: s.into(), y_is_odd: id.is_y_odd() }
    }
}

/// The last 20 bytes of the Keccak hash of the key's two coordinates.
fn address_of(key: &VerifyingKey) -> Address {
    last_20(&keccak256(&recovery::coordinates(key).unwrap_or([0; 64])))
}

/// The last 20 bytes of a hash, as an address.
pub(crate) const fn last_20(hash: &Hash) -> Address {
    match hash.0.last_chunk() {
        Some(bytes) => Address(*bytes),
        None => Address([0; 20]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
        0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ];

    /// `ORDER - value`, digit by digit.
    fn negate(value: &[u8; 32]) -> [u8; 32] {
        let mut out = [0; 32];
        let mut borrow = 0i16;
        for i in (0..32).rev() {
            let digit = i16::from(ORDER[i]) - i16::from(value[i]) - borrow;
            borrow = i16::from(digit < 0);
            out[i] = digit.rem_euclid(256) as u8;
        }
        out
    }

    fn one() -> [u8; 32] {
        let mut one = [0; 32];
        one[31] = 1;
        one
    }

    #[test]
    fn the_first_account_of_every_test_chain_has_its_address() {
        let bytes = [
            0xac, 0x09, 0x74, 0xbe, 0xc3, 0x9a, 0x17, 0xe3, 0x6b, 0xa4, 0xa6, 0xb4, 0xd2, 0x38, 0xff, 0x94,
            0x4b, 0xac, 0xb4, 0x78, 0xcb, 0xed, 0x5e, 0xfc, 0xae, 0x78, 0x4d, 0x7b, 0xf4, 0xf2, 0xff, 0x80,
        ];
        let key = SigningKey::from_bytes(&bytes).unwrap();
        assert_eq!(format!("{}", key.address()), "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
        assert_eq!(format!("{key:?}"), "SigningKey(0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266)");
    }

    #[test]
    fn keys_outside_the_group_are_refused() {
        assert!(SigningKey::from_bytes(&[0; 32]).is_none());
        assert!(SigningKey::from_bytes(&ORDER).is_none());
        assert!(SigningKey::from_bytes(&negate(&one())).is_some());
    }

    #[test]
    fn each_bad_signature_has_its_own_error() {
        let (zero, one) = ([0; 32], one());
        let five = [&[0; 31][..], &[5]].concat().try_into().unwrap();
        let rows = [
            (zero, one, RecoverError::OutOfRange),
            (one, zero, RecoverError::OutOfRange),
            (ORDER, one, RecoverError::OutOfRange),
            (one, ORDER, RecoverError::OutOfRange),
            (one, negate(&one), RecoverError::HighS),
            // High s comes before a missing point: 5 is no x coordinate on the curve.
            (five, negate(&one), RecoverError::HighS),
            (five, one, RecoverError::NoKey),
        ];
        for (r, s, error) in rows {
            assert_eq!(
                Signature { r, s, y_is_odd: false }.recover(&Hash([7; 32])),
                Err(error),
                "{r:?} {s:?}"
            );
        }
    }

    #[test]
    fn only_27_and_28_are_a_v() {
        for v in 0..=255 {
            let signature = Signature::from_rsv(one(), one(), v);
            assert_eq!(signature.map(|signature| signature.v()), matches!(v, 27 | 28).then_some(v));
        }
    }

    proptest! {
        #[test]
        fn the_signer_is_recovered_and_the_mirror_image_refused(key in any::<[u8; 32]>(), digest in any::<[u8; 32]>()) {
            prop_assume!(SigningKey::from_bytes(&key).is_some());
            let key = SigningKey::from_bytes(&key).unwrap();
            let signature = key.sign(&Hash(digest));
            prop_assert_eq!(signature.recover(&Hash(digest)), Ok(key.address()));
            let mirror = Signature { s: negate(&signature.s), y_is_odd: !signature.y_is_odd, ..signature };
            prop_assert_eq!(mirror.recover(&Hash(digest)), Err(RecoverError::HighS));
        }

        #[test]
        fn arbitrary_bytes_never_panic(r in any::<[u8; 32]>(), s in any::<[u8; 32]>(), y_is_odd: bool) {
            let _ = Signature { r, s, y_is_odd }.recover(&Hash(s));
        }
    }
}
