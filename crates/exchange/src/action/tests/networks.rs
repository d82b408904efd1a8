//! Which network a signature is for, and what its signer vouches for.

use crate::action::{
    Action, AddressText, Amount, ApproveAgent, CheckError, HyperliquidChain, MAX_ACTION_BYTES,
    MAX_SIGNED_ACTION_BYTES, Network, NetworkKind, Signature, SignedAction, SpotSend, UserSigned,
    ed25519_address, ed25519_message, l1_digest,
};
use std::vec;
use tandem_codec::{Decode, Encode};
use tandem_crypto::{ed25519, secp256k1};
use tandem_types::{Address, ChainId, Hash};

const NONCE: u64 = 1_700_000_000_000;

fn network(kind: NetworkKind) -> Network {
    Network { kind, chain_id: ChainId(0x7a), genesis_hash: Hash([9; 32]) }
}

fn wallet(seed: u8) -> secp256k1::SigningKey {
    secp256k1::SigningKey::from_bytes(&[seed; 32]).unwrap()
}

fn agent() -> ed25519::SigningKey {
    ed25519::SigningKey::from_seed([5; 32])
}

fn user(chain_id: u64, chain: HyperliquidChain) -> UserSigned {
    UserSigned { chain_id: ChainId(chain_id), chain, nonce: NONCE }
}

fn approve(user: UserSigned) -> Action {
    Action::ApproveAgent(ApproveAgent { agent: Address([7; 20]), name: None, user })
}

fn unsigned(action: &Action) -> SignedAction {
    let signature = secp256k1::Signature { r: [1; 32], s: [1; 32], y_is_odd: false };
    SignedAction {
        action: action.encode(),
        nonce: NONCE,
        vault_address: None,
        expires_after: None,
        signature: Signature::Secp256k1(signature),
    }
}

/// Signed by a wallet for a network.
fn by_wallet(action: &Action, key: &secp256k1::SigningKey, network: &Network) -> SignedAction {
    let mut signed = unsigned(action);
    let digest = action.user_digest().unwrap_or_else(|| l1_digest(network.source(), &signed.action_hash()));
    signed.signature = Signature::Secp256k1(key.sign(&digest));
    signed
}

/// Signed by an ed25519 key for a network.
fn by_agent(action: &Action, key: &ed25519::SigningKey, network: &Network) -> SignedAction {
    let mut signed = unsigned(action);
    let hash = action.user_digest().unwrap_or_else(|| signed.action_hash());
    let signature = key.sign(&ed25519_message(&network.genesis_hash, &hash));
    signed.signature = Signature::Ed25519 { public_key: key.public_key(), signature };
    signed
}

#[test]
fn user_signed_actions_must_be_for_this_network() {
    use HyperliquidChain::{Mainnet, Testnet};
    let chain = |got, expected| Err(CheckError::Chain { got, expected });
    let chain_id = |got| Err(CheckError::ChainId { got: ChainId(got), expected: ChainId(0x7a) });
    let rows = [
        (NetworkKind::Production, 0x7a, Mainnet, Ok(())),
        (NetworkKind::Production, 0x66eee, Mainnet, chain_id(0x66eee)),
        (NetworkKind::Production, 0x7a, Testnet, chain(Testnet, Mainnet)),
        (NetworkKind::Production, 0x66eee, Testnet, chain(Testnet, Mainnet)),
        (NetworkKind::Test, 0x66eee, Testnet, Ok(())),
        (NetworkKind::Test, 0x7a, Mainnet, chain(Mainnet, Testnet)),
        (NetworkKind::Dev, 0x66eee, Testnet, Ok(())),
        (NetworkKind::Dev, 0x7a, Testnet, Ok(())),
        (NetworkKind::Dev, 0x7a, Mainnet, chain(Mainnet, Testnet)),
    ];
    for (kind, id, named, expected) in rows {
        let network = network(kind);
        let action = approve(user(id, named));
        for signed in [by_wallet(&action, &wallet(1), &network), by_agent(&action, &agent(), &network)] {
            assert_eq!(signed.check(&network).map(|_| ()), expected, "{kind:?} {id:#x} {named:?}");
        }
    }
}

#[test]
fn nothing_unsigned_stands_beside_a_user_signed_action() {
    let network = network(NetworkKind::Dev);
    let action = Action::SpotSend(SpotSend {
        destination: AddressText::new("0x5e9Ee1089755c3435139848E47e6635505D5a13A").unwrap(),
        token: "USD".into(),
        amount: Amount::new("1.0").unwrap(),
        user: user(0x66eee, HyperliquidChain::Testnet),
    });
    let signed = by_wallet(&action, &wallet(1), &network);
    assert_eq!(signed.check(&network).unwrap().signer(), wallet(1).address());
    let other = SignedAction { nonce: NONCE + 1, ..signed.clone() };
    assert_eq!(other.check(&network), Err(CheckError::Nonce { got: NONCE + 1, expected: NONCE }));
    let other = SignedAction { vault_address: Some(Address([1; 20])), ..signed.clone() };
    assert_eq!(other.check(&network), Err(CheckError::UnsignedVault));
    let other = SignedAction { expires_after: Some(1), ..signed };
    assert_eq!(other.check(&network), Err(CheckError::UnsignedExpiry));
}

#[test]
fn an_ed25519_signature_holds_on_one_chain_only() {
    let here = network(NetworkKind::Dev);
    let there = Network { genesis_hash: Hash([8; 32]), ..here };
    let signed = by_agent(&Action::Noop, &agent(), &here);
    assert_eq!(signed.check(&here).unwrap().signer(), ed25519_address(&agent().public_key()));
    assert_eq!(signed.check(&there), Err(CheckError::Ed25519));
}

#[test]
fn an_l1_signature_covers_nonce_vault_and_expiry() {
    let network = network(NetworkKind::Dev);
    let signed = by_wallet(&Action::Noop, &wallet(1), &network);
    let agents = by_agent(&Action::Noop, &agent(), &network);
    let changes: [fn(&mut SignedAction); 4] = [
        |signed| signed.nonce += 1,
        |signed| signed.vault_address = Some(Address([0; 20])),
        |signed| signed.expires_after = Some(0),
        |signed| signed.action = Action::ScheduleCancel(None).encode(),
    ];
    for change in changes {
        let (mut signed, mut agents) = (signed.clone(), agents.clone());
        change(&mut signed);
        change(&mut agents);
        assert_ne!(signed.check(&network).map(|checked| checked.signer()), Ok(wallet(1).address()));
        assert_eq!(agents.check(&network), Err(CheckError::Ed25519));
    }
}

#[test]
fn ids_bind_chain_signer_and_action_but_not_the_signature() {
    let here = network(NetworkKind::Dev);
    let there = Network { genesis_hash: Hash([8; 32]), ..here };
    let id = |signed: &SignedAction, network: &Network| signed.check(network).unwrap().tx_id();
    let first = by_wallet(&Action::Noop, &wallet(1), &here);
    let second = by_wallet(&Action::Noop, &wallet(2), &here);
    assert_ne!(id(&first, &here), id(&second, &here));
    assert_ne!(id(&first, &here), id(&first, &there));
    // Keys of small order sign everything with any R of small order: two signatures, one transaction.
    let identity = [&[1][..], &[0; 31]].concat();
    let small = [&[0xec][..], &[0xff; 30], &[0x7f]].concat();
    let with = |r: &[u8]| SignedAction {
        signature: Signature::Ed25519 {
            public_key: ed25519::PublicKey(identity.clone().try_into().unwrap()),
            signature: ed25519::Signature([r, &[0; 32]].concat().try_into().unwrap()),
        },
        ..first.clone()
    };
    let (one, other) = (with(&identity), with(&small));
    assert_eq!(id(&one, &here), id(&other, &here));
    assert_ne!(one.cache_key(&here.genesis_hash), other.cache_key(&here.genesis_hash));
    assert_ne!(one.cache_key(&here.genesis_hash), one.cache_key(&there.genesis_hash));
}

#[test]
fn actions_above_the_limit_are_refused_before_they_are_read() {
    let network = network(NetworkKind::Dev);
    let mut signed = unsigned(&Action::Noop);
    signed.action = vec![0xc1; MAX_ACTION_BYTES as usize + 1];
    assert_eq!(signed.check(&network), Err(CheckError::TooLong { len: MAX_ACTION_BYTES as usize + 1 }));
    assert!(SignedAction::from_bytes(&signed.to_bytes()).is_err());
}

#[test]
fn transactions_come_back_from_their_bytes_and_the_longest_is_known() {
    let network = network(NetworkKind::Dev);
    let mut signed = by_agent(&Action::Noop, &agent(), &network);
    assert_eq!(SignedAction::from_bytes(&signed.to_bytes()), Ok(signed.clone()));
    signed.vault_address = Some(Address([1; 20]));
    signed.expires_after = Some(1);
    signed.action = vec![0; MAX_ACTION_BYTES as usize];
    assert_eq!(SignedAction::from_bytes(&signed.to_bytes()), Ok(signed.clone()));
    assert_eq!(signed.to_bytes().len(), MAX_SIGNED_ACTION_BYTES as usize);
    let signed = by_wallet(&Action::Noop, &wallet(1), &network);
    assert_eq!(SignedAction::from_bytes(&signed.to_bytes()), Ok(signed));
}

/// Any mixture of schemes, true and false signatures and broken forms: checked together as one by one.
#[test]
fn many_checks_at_once_give_what_one_by_one_gives() {
    let network = network(NetworkKind::Dev);
    let action = approve(user(0x66eee, HyperliquidChain::Testnet));
    let mut false_agent = by_agent(&action, &agent(), &network);
    if let Signature::Ed25519 { signature, .. } = &mut false_agent.signature {
        signature.0[40] ^= 1;
    }
    let broken = SignedAction { action: vec![0xc1], ..unsigned(&action) };
    let kinds = [
        by_agent(&action, &agent(), &network),
        by_wallet(&action, &wallet(3), &network),
        broken,
        by_agent(&Action::Noop, &agent(), &network),
        false_agent,
    ];
    let mut outcomes = [0; 2];
    // Every list of up to five of them, by the digits of its number.
    for number in 0..5usize.pow(5) {
        let list: std::vec::Vec<_> =
            (0..number % 6).map(|at| kinds[number / 5usize.pow(at as u32) % 5].clone()).collect();
        let singly: std::vec::Vec<_> = list.iter().map(|signed| signed.check(&network)).collect();
        singly.iter().for_each(|outcome| outcomes[usize::from(outcome.is_ok())] += 1);
        assert_eq!(SignedAction::check_each(&list, &network), singly);
    }
    assert!(outcomes.iter().all(|count| *count > 1_000), "{outcomes:?}");
}
