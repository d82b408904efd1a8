//! `vectors/hyperliquid-signing.txt`: what Hyperliquid's SDK signs, we recover, and sign alike.

use crate::action::{
    Action, CheckError, HyperliquidChain, Network, NetworkKind, Reason, Signature, SignedAction, Source,
    action_hash, l1_digest,
};
use std::collections::BTreeMap;
use std::{string::ToString, vec::Vec};
use tandem_crypto::secp256k1;
use tandem_types::{Address, ChainId, Hash};

const FILE: &str = include_str!("../../../../../vectors/hyperliquid-signing.txt");

/// The chain that the SDK's wallets name, whatever chain they are on.
const SDK_CHAIN_ID: ChainId = ChainId(0x66eee);

/// Types of action in the file that the exchange does not take.
const FOREIGN: [&str; 1] = ["dummy"];

fn hex(text: &str) -> Vec<u8> {
    let digits = text.trim_start_matches("0x");
    assert!(digits.len().is_multiple_of(2), "{text}");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

fn key() -> secp256k1::SigningKey {
    secp256k1::SigningKey::from_bytes(&array(
        "0123456789012345678901234567890123456789012345678901234567890123",
    ))
    .unwrap()
}

struct Vector {
    name: &'static str,
    published: bool,
    is_user_signed: bool,
    is_multi_sig: bool,
    network: Network,
    signed: SignedAction,
    hash: Hash,
    signature: secp256k1::Signature,
}

impl Vector {
    fn read(paragraph: &'static str) -> Self {
        let fields: BTreeMap<_, _> =
            paragraph.lines().filter_map(|line| line.split_once(' ')).map(|(k, v)| (k, v.trim())).collect();
        assert_eq!(fields.len(), 12, "{paragraph}");
        let given = |name: &str| Some(fields[name]).filter(|value| *value != "-");
        let kind = match fields["network"] {
            "mainnet" => NetworkKind::Production,
            "testnet" => NetworkKind::Test,
            other => panic!("network {other}"),
        };
        let v = fields["v"].parse().unwrap();
        let signature = secp256k1::Signature::from_rsv(array(fields["r"]), array(fields["s"]), v).unwrap();
        Self {
            name: fields["name"],
            published: fields["origin"] == "published",
            is_user_signed: fields["scheme"] == "user",
            is_multi_sig: fields["scheme"] == "multisig",
            network: Network { kind, chain_id: SDK_CHAIN_ID, genesis_hash: Hash([3; 32]) },
            signed: SignedAction {
                action: hex(fields["action"]),
                nonce: fields["nonce"].parse().unwrap(),
                vault_address: given("vault").map(|vault| Address(array(vault))),
                expires_after: given("expires").map(|expires| expires.parse().unwrap()),
                signature: Signature::Secp256k1(signature),
            },
            hash: Hash(array(fields["hash"])),
            signature,
        }
    }

    fn digest(&self) -> Hash {
        if self.is_multi_sig {
            return self.signed.expected_digest(&self.network);
        }
        if self.is_user_signed {
            return Action::decode(&self.signed.action).unwrap().user_digest().unwrap();
        }
        let source = match self.network.kind {
            NetworkKind::Production => Source::Mainnet,
            NetworkKind::Test | NetworkKind::Dev => Source::Testnet,
        };
        l1_digest(source, &self.hash)
    }
}

fn vectors() -> Vec<Vector> {
    let body = FILE.split("\n\n").filter(|paragraph| paragraph.starts_with("name"));
    body.map(Vector::read).collect()
}

#[test]
fn the_file_is_read_whole() {
    let vectors = vectors();
    assert_eq!(vectors.len(), FILE.matches("\nname ").count());
    assert_eq!(vectors.len(), 107);
    assert_eq!(vectors.iter().filter(|vector| vector.published).count(), 19);
}

#[test]
fn hashes_and_signatures_are_the_sdks() {
    for vector in vectors() {
        let signed = &vector.signed;
        let hash =
            action_hash(&signed.action, signed.nonce, signed.vault_address.as_ref(), signed.expires_after);
        assert_eq!(hash, vector.hash, "{}", vector.name);
        let digest = vector.digest();
        assert_eq!(key().sign(&digest), vector.signature, "{}", vector.name);
        assert_eq!(vector.signature.recover(&digest), Ok(key().address()), "{}", vector.name);
    }
}

#[test]
fn actions_pass_the_check_and_spell_themselves() {
    let mut foreign = 0;
    for vector in vectors() {
        let checked = match vector.signed.check(&vector.network) {
            Ok(checked) => checked,
            Err(CheckError::Action(error)) => {
                let Reason::UnknownWord(word) = error.reason else { panic!("{}: {error}", vector.name) };
                assert!(FOREIGN.contains(&word.to_string().as_str()), "{}: {error}", vector.name);
                foreign += 1;
                continue;
            }
            Err(error) => panic!("{}: {error}", vector.name),
        };
        assert_eq!(checked.signer(), key().address(), "{}", vector.name);
        assert_eq!(checked.action_hash(), vector.hash, "{}", vector.name);
        let decoded = Action::decode(&vector.signed.action).unwrap();
        assert_eq!(decoded.is_user_signed(), vector.is_user_signed, "{}", vector.name);
        assert_eq!(decoded.encode(), vector.signed.action, "{}", vector.name);
        let co_signers =
            [0x11, 0x22].map(|byte| secp256k1::SigningKey::from_bytes(&[byte; 32]).unwrap().address());
        let expected = vector.is_multi_sig.then_some(&co_signers[..]);
        assert_eq!(checked.co_signers().map(|found| &found.signers[..]), expected, "{}", vector.name);
    }
    assert_eq!(foreign, 4);
}

#[test]
fn a_signature_for_the_other_network_is_not_the_signers() {
    for mut vector in vectors() {
        vector.network.kind = match vector.network.kind {
            NetworkKind::Production => NetworkKind::Dev,
            NetworkKind::Test | NetworkKind::Dev => NetworkKind::Production,
        };
        match vector.signed.check(&vector.network) {
            Ok(checked) => assert_ne!(checked.signer(), key().address(), "{}", vector.name),
            Err(CheckError::Chain { got, expected }) => {
                assert!(vector.is_user_signed || vector.is_multi_sig, "{}", vector.name);
                assert_eq!(got == HyperliquidChain::Mainnet, expected == HyperliquidChain::Testnet);
            }
            Err(CheckError::Action(_)) => {}
            Err(CheckError::OuterSigner { .. }) => assert!(vector.is_multi_sig, "{}", vector.name),
            // The other digest may also have no key for this r.
            Err(CheckError::Secp256k1(_)) => assert!(!vector.is_user_signed, "{}", vector.name),
            Err(error) => panic!("{}: {error}", vector.name),
        }
    }
}
