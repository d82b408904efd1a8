//! ed25519: single and batch verification agree.

use super::*;
use proptest::prelude::*;

/// The eight points of small order in all their encodings: eight canonical, six not.
/// Source: Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs", table 1, and the sign bit of x = 0.
const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

/// The order of the group, little-endian: the smallest `s` that is too large.
const GROUP_ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

fn hex<const N: usize>(text: &str) -> [u8; N] {
    let bytes: Vec<u8> =
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect();
    bytes.try_into().unwrap()
}

fn signature(r: &str, s: &str) -> Signature {
    Signature([hex::<32>(r), hex::<32>(s)].concat().try_into().unwrap())
}

/// Verifies one by one and in a batch, which must agree.
fn verifies(key: PublicKey, message: &[u8], signature: Signature) -> bool {
    let single = key.verify(message, &signature).is_ok();
    let batch = batch::verify(&[Claim { key, message, signature }]).is_ok();
    assert_eq!(single, batch, "{key:?} {signature:?}");
    single
}

#[test]
fn rfc_8032_test_2() {
    let key = SigningKey::from_seed(hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
    let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    assert_eq!(key.public_key(), PublicKey(public));
    let expected = signature(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
    assert_eq!(key.sign(&[0x72]), expected);
    assert!(verifies(key.public_key(), &[0x72], expected));
    assert!(!verifies(key.public_key(), &[0x73], expected));
}

#[test]
fn zip_215_accepts_every_pair_of_small_order_points() {
    for key in SMALL_ORDER {
        for r in SMALL_ORDER {
            let signature = signature(r, SMALL_ORDER[6]);
            assert!(verifies(PublicKey(hex(key)), b"Zcash", signature), "A {key} R {r}");
        }
    }
}

#[test]
fn s_must_be_below_the_group_order() {
    // With A and R of small order, s = 0 verifies; the group order is the same scalar spelt differently.
    assert!(!verifies(PublicKey(hex(SMALL_ORDER[0])), b"", signature(SMALL_ORDER[0], GROUP_ORDER)));
}

#[test]
fn keys_and_nonces_that_are_no_points_fail() {
    // y = 2 has no x on the curve.
    let none = "0200000000000000000000000000000000000000000000000000000000000000";
    assert!(!verifies(PublicKey(hex(none)), b"", signature(SMALL_ORDER[0], SMALL_ORDER[6])));
    assert!(!verifies(PublicKey(hex(SMALL_ORDER[0])), b"", signature(none, SMALL_ORDER[6])));
}

#[test]
fn an_empty_batch_verifies() {
    assert_eq!(batch::verify(&[]), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_batch_verifies_exactly_if_each_item_does(
        seeds in prop::collection::vec((0u8..4, any::<[u8; 8]>(), prop::option::weighted(0.1, 0usize..64)), 0..12),
    ) {
        let signed: Vec<_> = seeds
            .iter()
            .map(|(seed, message, broken)| {
                let key = SigningKey::from_seed([*seed; 32]);
                let mut signature = key.sign(message);
                broken.iter().for_each(|at| signature.0[*at] ^= 1);
                Claim { key: key.public_key(), message, signature }
            })
            .collect();
        let each = signed.iter().all(|item| item.key.verify(item.message, &item.signature).is_ok());
        prop_assert_eq!(batch::verify(&signed).is_ok(), each);
        prop_assert_eq!(each, seeds.iter().all(|(_, _, broken)| broken.is_none()));
    }

    #[test]
    fn arbitrary_bytes_verify_alike_and_never_panic(
        key in any::<[u8; 32]>(), r in any::<[u8; 32]>(), s in any::<[u8; 32]>(), small in any::<[bool; 2]>(), at in 0usize..14,
    ) {
        let key = if small[0] { hex(SMALL_ORDER[at]) } else { key };
        let r = if small[1] { hex(SMALL_ORDER[13 - at]) } else { r };
        let mut s = s;
        s[31] &= 0x1f;
        verifies(PublicKey(key), b"message", Signature([r, s].concat().try_into().unwrap()));
    }
}
