//! Project Wycheproof's vectors, as far as our semantics are theirs.
//!
//! Theirs verify against a public key, ours recover an address: a signature passes if the address recovered with one
//! of the two recovery ids is the key's. High-s signatures, which they call valid, must fail here. Their ed25519
//! follows RFC 8032, ours ZIP-215: the vectors on which the two differ are listed, and must pass here.

use sha2::{Digest, Sha256};
use tandem_crypto::{ed25519, keccak256, secp256k1};
use tandem_types::{Address, Hash};
use wycheproof::{TestResult, ecdsa, eddsa};

/// Half the order of secp256k1, big-endian: the greatest low `s`.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d,
    0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// Vectors that RFC 8032 refuses and ZIP-215 accepts. 151: `R` has `y = 1` and the sign bit of `x = 0` set, an
/// encoding that is not canonical; ZIP-215 says that such encodings of `A` and `R` must be accepted.
const ACCEPTED_BY_ZIP_215: [usize; 1] = [151];

fn address(uncompressed: &[u8]) -> Address {
    assert_eq!((uncompressed.len(), uncompressed[0]), (65, 4));
    Address(keccak256(&uncompressed[1..]).0[12..].try_into().unwrap())
}

#[test]
fn secp256k1_recovers_the_key_exactly_for_valid_low_s_signatures() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256k1Sha256P1363).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for group in &set.test_groups {
        let expected = address(&group.key.key);
        for test in &group.tests {
            let digest = Hash(Sha256::digest(&*test.msg).into());
            let recovered = <[u8; 64]>::try_from(test.sig.as_slice()).ok().is_some_and(|signature| {
                let (r, s) = signature.split_at(32);
                let (r, s) = (r.try_into().unwrap(), s.try_into().unwrap());
                [false, true].iter().any(|y_is_odd| {
                    secp256k1::Signature { r, s, y_is_odd: *y_is_odd }.recover(&digest) == Ok(expected)
                })
            });
            let low_s = test.sig.get(32..64).is_some_and(|s| s <= &HALF_ORDER[..]);
            // With r = x - n for the nonce point's x, the recovery id is 2 or 3.
            let wrapped = test.comment.contains("r,s are large")
                || test.comment.contains("k*G has a large x-coordinate");
            let valid = test.result == TestResult::Valid && low_s && !wrapped;
            assert_eq!(recovered, valid, "{}: {}", test.tc_id, test.comment);
            *(if valid { &mut accepted } else { &mut refused }) += 1;
        }
    }
    assert!(accepted > 50 && refused > 50, "{accepted} accepted, {refused} refused");
}

#[test]
fn ed25519_agrees_singly_and_batched() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for group in &set.test_groups {
        let key = ed25519::PublicKey(group.key.pk[..].try_into().unwrap());
        for test in &group.tests {
            let verifies = <[u8; 64]>::try_from(test.sig.as_slice()).ok().is_some_and(|signature| {
                let signature = ed25519::Signature(signature);
                let single = key.verify(&test.msg, &signature).is_ok();
                let claim = ed25519::Claim { key, message: &test.msg, signature };
                let each = ed25519::verify_each(&[claim, claim]);
                assert!(each.iter().all(|verdict| verdict.is_ok() == single), "{}", test.tc_id);
                single
            });
            let valid = test.result == TestResult::Valid || ACCEPTED_BY_ZIP_215.contains(&test.tc_id);
            assert_eq!(verifies, valid, "{}: {}", test.tc_id, test.comment);
            *(if verifies { &mut accepted } else { &mut refused }) += 1;
        }
    }
    assert!(accepted > 50 && refused > 50, "{accepted} accepted, {refused} refused");
}
