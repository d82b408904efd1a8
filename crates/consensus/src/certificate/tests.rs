//! Certificates: what verifies and what does not.

use super::*;
use crate::{PrivateKey, Validator};
use tandem_types::{ChainId, Hash};

const DOMAIN: Domain = Domain { chain: ChainId(7), genesis: Hash([1; 32]) };
const BLOCK: BlockId = BlockId([2; 32]);

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed([seed; 32])
}

fn set(powers: &[(u8, u64)]) -> ValidatorSet {
    let validator = |(seed, power): &(u8, u64)| Validator::new(key(*seed).public_key(), *power);
    ValidatorSet::new(powers.iter().map(validator).collect()).unwrap()
}

fn precommit(seed: u8, extension: Option<&[u8]>) -> CommitSignature {
    let (key, height, round) = (key(seed), Height(5), Round(1));
    let validator = ValidatorAddress::of(&key.public_key());
    let vote = Vote { kind: VoteKind::Precommit, height, round, block: Some(BLOCK), validator };
    let scope = ExtensionScope { height, round, block: BLOCK, validator };
    let extension = extension.map(|bytes| SignedExtension {
        bytes: bytes.to_vec(),
        signature: key.sign(&DOMAIN.extension_bytes(&scope, bytes)),
    });
    CommitSignature { validator, signature: DOMAIN.sign_vote(vote, &key).signature, extension }
}

fn certificate(seeds: &[u8]) -> Certificate {
    let signatures = seeds.iter().map(|seed| precommit(*seed, Some(&[*seed]))).collect();
    Certificate::new(Height(5), Round(1), BLOCK, signatures)
}

fn address(seed: u8) -> ValidatorAddress {
    ValidatorAddress::of(&key(seed).public_key())
}

#[test]
fn more_than_two_thirds_of_the_power_are_wanted() {
    let set = set(&[(1, 1), (2, 1), (3, 1), (4, 3)]);
    for (seeds, signed, quorum) in
        [(&[1, 2, 3][..], 3, false), (&[4, 1], 4, false), (&[4, 1, 2], 5, true), (&[1, 2, 3, 4], 6, true)]
    {
        let expect = if quorum { Ok(()) } else { Err(CertificateError::NoQuorum { signed, total: 6 }) };
        assert_eq!(verify_certificate(&certificate(seeds), &set, &DOMAIN), expect, "{seeds:?}");
    }
}

#[test]
fn a_signer_is_counted_once() {
    let set = set(&[(1, 1), (2, 1)]);
    let twice = certificate(&[1, 1]);
    assert_eq!(
        verify_certificate(&twice, &set, &DOMAIN),
        Err(CertificateError::NoQuorum { signed: 1, total: 2 })
    );
}

#[test]
fn any_wrong_signature_spoils_a_certificate() {
    let set = set(&[(1, 1), (2, 1), (3, 1), (4, 1)]);
    let whole = certificate(&[1, 2, 3, 4]);
    let verify = |change: &dyn Fn(&mut Certificate)| {
        let mut changed = whole.clone();
        change(&mut changed);
        verify_certificate(&changed, &set, &DOMAIN)
    };
    let first = whole.signatures()[0].validator;
    let invalid = Err(CertificateError::InvalidSignature(first));
    assert_eq!(verify(&|_| ()), Ok(()));
    assert_eq!(verify(&|changed| changed.height = Height(6)), invalid);
    assert_eq!(verify(&|changed| changed.round = Round(0)), invalid);
    assert_eq!(verify(&|changed| changed.block = BlockId([3; 32])), invalid);
    assert_eq!(verify(&|changed| changed.signatures[0].signature.0[0] ^= 1), invalid);
    let extension = Err(CertificateError::InvalidExtension(first));
    let change = |changed: &mut Certificate| changed.signatures[0].extension.as_mut().unwrap().bytes.push(0);
    assert_eq!(verify(&change), extension);
}

#[test]
fn strangers_and_other_chains_do_not_sign() {
    let set = set(&[(1, 1), (2, 1)]);
    let stranger = verify_certificate(&certificate(&[9]), &set, &DOMAIN);
    assert_eq!(stranger, Err(CertificateError::UnknownValidator(address(9))));
    let elsewhere = Domain { genesis: Hash([9; 32]), ..DOMAIN };
    assert!(verify_certificate(&certificate(&[1, 2]), &set, &elsewhere).is_err());
}

#[test]
fn a_certificate_has_one_encoding() {
    let certificate = certificate(&[3, 1, 2]);
    let bytes = certificate.to_bytes();
    assert_eq!(Certificate::from_bytes(&bytes), Ok(certificate.clone()));
    let mut swapped = certificate;
    swapped.signatures.swap(0, 1);
    assert!(Certificate::from_bytes(&swapped.to_bytes()).is_err());
    for len in 0..bytes.len() {
        assert!(Certificate::from_bytes(&bytes[..len]).is_err());
    }
}
