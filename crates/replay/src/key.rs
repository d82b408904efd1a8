//! What signs requests: an account's own key, or the key of an agent that acts for it.

use tandem_crypto::{ed25519, secp256k1};
use tandem_exchange::action::{
    Action, HyperliquidChain, Network, NetworkKind, Signature, UserSigned, action_hash, ed25519_address,
    ed25519_message, l1_digest,
};
use tandem_types::{Address, Hash};

/// What signs requests.
#[derive(Debug)]
pub enum RequestKey {
    /// An account's own key.
    Secp256k1(secp256k1::SigningKey),
    /// The key of an agent that the account has approved.
    Ed25519(ed25519::SigningKey),
}

impl RequestKey {
    /// The address that its signatures lead to.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::Secp256k1(key) => key.address(),
            Self::Ed25519(key) => ed25519_address(&key.public_key()),
        }
    }

    /// The signature over an action that is encoded as `packed`.
    #[must_use]
    pub(crate) fn sign_packed(
        &self,
        action: &Action,
        packed: &[u8],
        nonce: u64,
        network: &Network,
    ) -> Signature {
        let user_digest = action.user_digest();
        let l1_hash = || action_hash(packed, nonce, None, None);
        match self {
            Self::Secp256k1(key) => {
                let digest = user_digest.unwrap_or_else(|| l1_digest(network.source(), &l1_hash()));
                Signature::Secp256k1(key.sign(&digest))
            }
            Self::Ed25519(key) => {
                let hash: Hash = user_digest.unwrap_or_else(l1_hash);
                let signature = key.sign(&ed25519_message(&network.genesis_hash, &hash));
                Signature::Ed25519 { public_key: key.public_key(), signature }
            }
        }
    }
}

/// What an action that wallets sign as typed data says of its network.
#[must_use]
pub const fn user_signed(network: &Network, nonce: u64) -> UserSigned {
    let chain = match network.kind {
        NetworkKind::Production => HyperliquidChain::Mainnet,
        NetworkKind::Test | NetworkKind::Dev => HyperliquidChain::Testnet,
    };
    UserSigned { chain_id: network.chain_id, chain, nonce }
}
