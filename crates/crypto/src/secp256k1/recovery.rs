//! From a signature to the key that made it: the one costly step of verification, by two backends.
//!
//! `k256` is Rust throughout and runs in the guest. `libsecp256k1`, the C library of Bitcoin Core, takes about half the
//! time and is what native programs use (feature `native`). Both are given signatures whose `r` and `s` are in range
//! and whose `s` is low, and must agree on every one: the tests compare them.

use k256::ecdsa::{Signature, VerifyingKey};
use tandem_types::Hash;

/// The two coordinates of a public key, big-endian, `x` first.
pub(super) type Coordinates = [u8; 64];

/// The key's coordinates; `None` if there is no key.
#[cfg(feature = "native")]
pub(super) fn recover(signature: &Signature, y_is_odd: bool, digest: &Hash) -> Option<Coordinates> {
    libsecp256k1(signature, y_is_odd, digest)
}

/// The key's coordinates; `None` if there is no key.
#[cfg(not(feature = "native"))]
pub(super) fn recover(signature: &Signature, y_is_odd: bool, digest: &Hash) -> Option<Coordinates> {
    k256(signature, y_is_odd, digest)
}

#[cfg(any(test, not(feature = "native")))]
pub(super) fn k256(signature: &Signature, y_is_odd: bool, digest: &Hash) -> Option<Coordinates> {
    let id = k256::ecdsa::RecoveryId::new(y_is_odd, false);
    let key = VerifyingKey::recover_from_prehash(&digest.0, signature, id).ok()?;
    coordinates(&key)
}

#[cfg(feature = "native")]
pub(super) fn libsecp256k1(signature: &Signature, y_is_odd: bool, digest: &Hash) -> Option<Coordinates> {
    use secp256k1::Message;
    use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};

    let id = if y_is_odd { RecoveryId::One } else { RecoveryId::Zero };
    let signature = RecoverableSignature::from_compact(&signature.to_bytes(), id).ok()?;
    let key = signature.recover_ecdsa(Message::from_digest(digest.0)).ok()?;
    without_tag(&key.serialize_uncompressed())
}

/// The coordinates of a key.
pub(super) fn coordinates(key: &VerifyingKey) -> Option<Coordinates> {
    without_tag(key.to_sec1_point(false).as_bytes())
}

/// Without the first byte, which says "uncompressed".
fn without_tag(sec1: &[u8]) -> Option<Coordinates> {
    sec1.get(1..)?.try_into().ok()
}

#[cfg(all(test, feature = "native"))]
mod tests {
    use super::{k256, libsecp256k1};
    use k256::ecdsa::Signature;
    use proptest::prelude::*;
    use tandem_types::Hash;

    proptest! {
        /// Made-up signatures: about half of the `r` belong to a point.
        #[test]
        fn the_backends_agree_on_any_signature(r: [u8; 32], s: [u8; 32], digest: [u8; 32], y_is_odd: bool) {
            let Ok(signature) = Signature::from_scalars(r, s) else { return Ok(()) };
            let digest = Hash(digest);
            prop_assert_eq!(k256(&signature, y_is_odd, &digest), libsecp256k1(&signature, y_is_odd, &digest));
        }
    }

    /// `r`, `s` and digests at the ends of their ranges, where a scalar or a point may vanish.
    #[test]
    fn the_backends_agree_at_the_ends_of_the_ranges() {
        let small = |value: u8| [&[0; 31][..], &[value]].concat().try_into().expect("32 bytes");
        let digests = [[0; 32], [0xff; 32], small(1), small(2)];
        let mut keys = 0;
        for r in (1..=40).map(small) {
            for (s, digest) in (1..=3).map(small).flat_map(|s| digests.map(|digest| (s, Hash(digest)))) {
                for y_is_odd in [false, true] {
                    let signature = Signature::from_scalars(r, s).expect("in range");
                    let key = k256(&signature, y_is_odd, &digest);
                    assert_eq!(key, libsecp256k1(&signature, y_is_odd, &digest), "{r:?} {s:?} {digest:?}");
                    keys += u32::from(key.is_some());
                }
            }
        }
        assert!(keys > 100, "only {keys}");
    }
}
