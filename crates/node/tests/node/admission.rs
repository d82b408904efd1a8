//! What is refused before its signature is looked at.

use crate::node::Node;
use tandem_crypto::ed25519;
use tandem_exchange::Inadmissible;
use tandem_exchange::action::{Action, CheckError, Signature, SignedAction};
use tandem_mempool::PoolError;
use tandem_node::{PoolLimits, SubmitError};
use tandem_testkit::{Signer, approve};

/// The same with a signature that does not verify.
fn forged(signed: &SignedAction) -> SignedAction {
    let Signature::Ed25519 { public_key, .. } = signed.signature else { panic!("an ed25519 key") };
    let signature = Signature::Ed25519 { public_key, signature: ed25519::Signature([1; 64]) };
    SignedAction { signature, ..signed.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_an_account_is_refused_before_its_signature_is_verified() {
    let mut node = Node::open(PoolLimits::default(), |_| ());
    let (owner, agent, stranger) = (Signer::wallet(1), Signer::key(1), Signer::key(2));
    let nonce = node.nonce();
    let approval = approve(&agent.address(), None, nonce);
    let approved = node.submit(&owner, &approval).await;
    node.block();
    approved.await.unwrap().unwrap();

    let of_stranger = node.sign(&stranger, &Action::Noop);
    let unknown =
        SubmitError::Inadmissible { reason: Inadmissible::UnknownSigner, signer: stranger.address() };
    for signed in [forged(&of_stranger), of_stranger] {
        assert_eq!(node.send(signed).await.unwrap().unwrap_err(), unknown);
    }
    let of_agent = node.sign(&agent, &Action::Noop);
    let wrong = node.send(forged(&of_agent)).await.unwrap().unwrap_err();
    assert_eq!(wrong, SubmitError::Check(CheckError::Ed25519));
    // A nonce of long ago needs no verification either.
    let old = SignedAction { nonce: 1, ..forged(&of_agent) };
    let reason = Inadmissible::NonceOutOfWindow;
    let refused = SubmitError::Inadmissible { reason, signer: agent.address() };
    assert_eq!(node.send(old).await.unwrap().unwrap_err(), refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_what_waits_is_refused() {
    let mut node = Node::open(PoolLimits::default(), |_| ());
    let signed = node.sign(&Signer::wallet(1), &Action::Noop);
    node.fill(vec![signed.clone()]).await;
    let copy = node.send(signed).await.unwrap().unwrap_err();
    assert_eq!(copy, SubmitError::Pool(PoolError::AlreadyWaiting));
    assert_eq!(node.handle.pool().len(), (1, 0));
}
