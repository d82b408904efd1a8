//! Keys by number, and what they sign.

use tandem_crypto::{ed25519, secp256k1};
use tandem_exchange::Transaction;
use tandem_exchange::action::{
    Action, CoSigned, MultiSig, Network, Signature, SignedAction, ed25519_address, ed25519_message, l1_digest,
};
use tandem_types::Address;

/// A key of either scheme.
#[derive(Clone, Debug)]
pub enum Signer {
    /// An account's own, as wallets have.
    Wallet(secp256k1::SigningKey),
    /// An ed25519 API key.
    Key(Box<ed25519::SigningKey>),
}

impl Signer {
    /// The wallet of this number, which is not 0.
    #[must_use]
    pub fn wallet(number: u8) -> Self {
        Self::Wallet(secp256k1::SigningKey::from_bytes(&[number; 32]).expect("small numbers are keys"))
    }

    /// The API key of this number.
    #[must_use]
    pub fn key(number: u8) -> Self {
        Self::Key(Box::new(ed25519::SigningKey::from_seed([number; 32])))
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::Wallet(key) => key.address(),
            Self::Key(key) => ed25519_address(&key.public_key()),
        }
    }

    /// Signs an action as clients do.
    #[must_use]
    pub fn sign(
        &self,
        action: &Action,
        nonce: u64,
        expires_after: Option<u64>,
        network: &Network,
    ) -> SignedAction {
        self.sign_around(action, (nonce, None, expires_after), network)
    }

    /// Signs an action with what stands beside it: nonce, the account that it names, expiry.
    fn sign_around(
        &self,
        action: &Action,
        (nonce, vault_address, expires_after): (u64, Option<Address>, Option<u64>),
        network: &Network,
    ) -> SignedAction {
        let unsigned = secp256k1::Signature { r: [0; 32], s: [0; 32], y_is_odd: false };
        let mut signed = SignedAction {
            action: action.encode(),
            nonce,
            vault_address,
            expires_after,
            signature: Signature::Secp256k1(unsigned),
        };
        let user_digest = action.user_digest();
        signed.signature = match self {
            Self::Wallet(key) => {
                let l1 = || l1_digest(network.source(), &signed.action_hash());
                Signature::Secp256k1(key.sign(&user_digest.unwrap_or_else(l1)))
            }
            Self::Key(key) => {
                let hash = user_digest.unwrap_or_else(|| signed.action_hash());
                let signature = key.sign(&ed25519_message(&network.genesis_hash, &hash));
                Signature::Ed25519 { public_key: key.public_key(), signature }
            }
        };
        signed
    }

    /// Signs an action for an account of several keys, as those who send it do; `co_signers` are wallets.
    ///
    /// # Panics
    /// If one of them is not.
    #[must_use]
    pub fn sign_for(
        &self,
        user: &Address,
        co_signers: &[&Self],
        action: &Action,
        nonce: u64,
        network: &Network,
    ) -> SignedAction {
        let of = CoSigned { user: *user, outer: self.address() };
        let mut multi_sig = MultiSig {
            chain_id: network.chain_id,
            signatures: Vec::new(),
            of,
            action: action.clone().into(),
        };
        let digest = multi_sig.co_digest(network.source(), nonce, None, None);
        let sign = |signer: &&Self| match signer {
            Self::Wallet(key) => key.sign(&digest),
            Self::Key(_) => panic!("co-signers are wallets"),
        };
        multi_sig.signatures = co_signers.iter().map(sign).collect();
        let mut signed = self.sign(&Action::MultiSig(multi_sig), nonce, None, network);
        let digest = signed.expected_digest(network);
        if let Self::Wallet(key) = self {
            signed.signature = Signature::Secp256k1(key.sign(&digest));
        }
        signed
    }

    /// Signs and checks.
    #[must_use]
    pub fn transaction(&self, action: &Action, nonce: u64, network: &Network) -> Transaction {
        let signed = self.sign(action, nonce, None, network);
        Transaction::from_signed(&signed, network).expect("a well-signed action passes")
    }

    /// Signs an action for the account with this address, and checks.
    #[must_use]
    pub fn transaction_for(
        &self,
        account: &Address,
        action: &Action,
        nonce: u64,
        network: &Network,
    ) -> Transaction {
        let signed = self.sign_around(action, (nonce, Some(*account), None), network);
        Transaction::from_signed(&signed, network).expect("a well-signed action passes")
    }
}
