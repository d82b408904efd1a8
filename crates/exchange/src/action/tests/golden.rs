//! `vectors/exchange-action.txt`: hashes, messages and bytes of our own, computed apart from this code.

use crate::action::{
    Action, ActionError, Network, NetworkKind, Signature, SignedAction, ed25519_address, ed25519_message,
};
use std::{collections::BTreeMap, format, string::String, vec::Vec};
use tandem_codec::Encode;
use tandem_crypto::{ed25519, merkle};
use tandem_types::{Address, ChainId, Hash};

const FILE: &str = include_str!("../../../../../vectors/exchange-action.txt");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_transaction_has_the_bytes_and_hashes_that_were_computed_apart() {
    let network =
        Network { kind: NetworkKind::Production, chain_id: ChainId(1), genesis_hash: Hash([3; 32]) };
    let key = ed25519::SigningKey::from_seed([5; 32]);
    let public_key = key.public_key();
    let vault = [
        0x17, 0x19, 0x88, 0x4e, 0xb8, 0x66, 0xcb, 0x12, 0xb2, 0x28, 0x73, 0x99, 0xb1, 0x5f, 0x7d, 0xb5, 0xe7,
        0xd7, 0x75, 0xea,
    ];
    let mut signed = SignedAction {
        action: Action::Noop.encode(),
        nonce: 1_700_000_000_007,
        vault_address: Some(Address(vault)),
        expires_after: Some(1_700_000_060_000),
        signature: Signature::Ed25519 { public_key, signature: ed25519::Signature([0; 64]) },
    };
    let message = ed25519_message(&network.genesis_hash, &signed.action_hash());
    let signature = key.sign(&message);
    signed.signature = Signature::Ed25519 { public_key, signature };
    let items = [0, 1, 2].map(|byte| Hash([byte; 32]));
    let name = merkle::ListName::new("test");
    let actual = [
        ("action-hash", hex(&signed.action_hash().0)),
        ("public-key", hex(&public_key.0)),
        ("signer", hex(&ed25519_address(&public_key).0)),
        ("message", hex(&message)),
        ("signature", hex(&signature.0)),
        ("tx-id", hex(&signed.check(&network).unwrap().tx_id().0)),
        ("transaction", hex(&signed.to_bytes())),
        ("cache-key", hex(&signed.cache_key(&network.genesis_hash).0)),
        ("list-root", hex(&merkle::list_root(name, &items).0)),
        ("empty-list-root", hex(&merkle::list_root(name, &[]).0)),
    ];
    let expected: Vec<_> = FILE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .map(|(name, value)| (name, String::from(value.trim())))
        .collect();
    assert_eq!(actual.iter().cloned().collect::<BTreeMap<_, _>>(), expected.into_iter().collect());
}

#[test]
fn an_error_is_small_enough_to_be_returned_by_value() {
    assert!(size_of::<ActionError>() <= 48, "{} bytes", size_of::<ActionError>());
}
