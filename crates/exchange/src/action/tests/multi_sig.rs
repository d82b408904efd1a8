//! Signatures of several keys: what each covers, and that nothing is verified for whoever can't have sent it.

use crate::action::{
    Action, AssetId, CheckError, CoSigned, MultiSig, Network, NetworkKind, Signature, SignedAction,
    UpdateLeverage,
};
use std::{vec, vec::Vec};
use tandem_crypto::secp256k1;
use tandem_types::{Address, ChainId, Hash};

const NONCE: u64 = 1_700_000_000_000;
const USER: Address = Address([5; 20]);

fn network() -> Network {
    Network { kind: NetworkKind::Test, chain_id: ChainId(1), genesis_hash: Hash([3; 32]) }
}

fn key(number: u8) -> secp256k1::SigningKey {
    secp256k1::SigningKey::from_bytes(&[number; 32]).unwrap()
}

fn leverage(leverage: u64) -> Action {
    Action::UpdateLeverage(UpdateLeverage { asset: AssetId(0), is_cross: true, leverage })
}

/// An action signed by co-signers of these numbers, and sent by key 1.
fn signed(action: Action, co_signers: &[u8]) -> (MultiSig, SignedAction) {
    let of = CoSigned { user: USER, outer: key(1).address() };
    let mut multi_sig =
        MultiSig { chain_id: ChainId(0x66eee), signatures: vec![], of, action: action.into() };
    let digest = multi_sig.co_digest(network().source(), NONCE, None, None);
    multi_sig.signatures = co_signers.iter().map(|number| key(*number).sign(&digest)).collect();
    let signed = sent(&multi_sig, 1);
    (multi_sig, signed)
}

fn sent(multi_sig: &MultiSig, outer: u8) -> SignedAction {
    let unsigned = secp256k1::Signature { r: [0; 32], s: [0; 32], y_is_odd: false };
    let mut signed = SignedAction {
        action: Action::MultiSig(multi_sig.clone()).encode(),
        nonce: NONCE,
        vault_address: None,
        expires_after: None,
        signature: Signature::Secp256k1(unsigned),
    };
    signed.signature = Signature::Secp256k1(key(outer).sign(&signed.expected_digest(&network())));
    signed
}

fn co_signers(signed: &SignedAction) -> Result<Vec<Address>, CheckError> {
    signed.check(&network()).map(|checked| checked.co_signers().unwrap().signers.clone())
}

#[test]
fn co_signers_are_found_and_the_action_is_the_one_within() {
    let (_, signed) = signed(leverage(5), &[2, 3]);
    let checked = signed.check(&network()).unwrap();
    assert_eq!(checked.action(), &leverage(5));
    assert_eq!(checked.signer(), key(1).address());
    assert_eq!(checked.co_signers().unwrap().user, USER);
    assert_eq!(co_signers(&signed), Ok(vec![key(2).address(), key(3).address()]));
}

#[test]
fn whoever_signed_twice_or_is_not_the_outer_signer_is_refused() {
    let (multi_sig, _) = signed(leverage(5), &[2, 3, 2]);
    assert_eq!(co_signers(&sent(&multi_sig, 1)), Err(CheckError::CoSignedTwice(key(2).address())));
    // The outer signer is asked for first: what follows is not looked at.
    let (got, expected) = (key(9).address(), key(1).address());
    assert_eq!(co_signers(&sent(&multi_sig, 9)), Err(CheckError::OuterSigner { got, expected }));
    let mut wrong = multi_sig;
    wrong.signatures[1] = secp256k1::Signature { r: [0; 32], s: [0; 32], y_is_odd: false };
    wrong.signatures.truncate(2);
    let refused = co_signers(&sent(&wrong, 1));
    assert!(matches!(refused, Err(CheckError::CoSignature { index: 1, .. })), "{refused:?}");
}

#[test]
fn a_co_signature_holds_for_one_action_one_account_one_sender_and_one_nonce() {
    let (multi_sig, original) = signed(leverage(5), &[2]);
    assert_eq!(co_signers(&original), Ok(vec![key(2).address()]));
    let others = [
        MultiSig { action: leverage(6).into(), ..multi_sig.clone() },
        MultiSig { of: CoSigned { user: Address([6; 20]), ..multi_sig.of }, ..multi_sig.clone() },
    ];
    for other in others {
        assert_ne!(co_signers(&sent(&other, 1)).unwrap_or_default(), vec![key(2).address()]);
    }
    let of = CoSigned { outer: key(9).address(), ..multi_sig.of };
    let stolen = sent(&MultiSig { of, ..multi_sig }, 9);
    assert_ne!(co_signers(&stolen).unwrap_or_default(), vec![key(2).address()]);
    // Beside the action: the outer signature covers it, and so do the co-signatures.
    let mut later = original.clone();
    later.nonce += 1;
    assert!(matches!(co_signers(&later), Err(CheckError::OuterSigner { .. } | CheckError::Secp256k1(_))));
    later.signature = Signature::Secp256k1(key(1).sign(&later.expected_digest(&network())));
    assert_ne!(co_signers(&later).unwrap_or_default(), vec![key(2).address()]);
    let mut vault = original;
    vault.vault_address = Some(Address([7; 20]));
    vault.signature = Signature::Secp256k1(key(1).sign(&vault.expected_digest(&network())));
    assert_ne!(co_signers(&vault).unwrap_or_default(), vec![key(2).address()]);
}

#[test]
fn the_outer_signature_covers_the_co_signatures() {
    let (multi_sig, original) = signed(leverage(5), &[2, 3]);
    let fewer = MultiSig { signatures: multi_sig.signatures[..1].to_vec(), ..multi_sig };
    let changed = SignedAction { action: Action::MultiSig(fewer).encode(), ..original };
    assert!(matches!(co_signers(&changed), Err(CheckError::OuterSigner { .. } | CheckError::Secp256k1(_))));
}

#[test]
fn production_wants_its_own_chain_of_the_outer_signer_too() {
    let (_, original) = signed(leverage(5), &[2]);
    let production = Network { kind: NetworkKind::Production, ..network() };
    let refused = original.check(&production);
    assert_eq!(refused, Err(CheckError::ChainId { got: ChainId(0x66eee), expected: ChainId(1) }));
}
