//! All that can be said of a signed action without state.

use super::proof::{self, Proof};
use super::{
    Action, ActionError, Class, CoSigned, HyperliquidChain, MAX_ACTION_BYTES, MultiSig, SignedAction, Source,
    UserSigned, action_hash, l1_digest,
};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use tandem_crypto::{Keccak256, ed25519::InvalidSignature, secp256k1::RecoverError};
use tandem_types::{Address, ChainId, Hash, TxId};

const TX_ID_TAG: &[u8] = b"tandem/action-id";

/// Whose rules of signing hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkKind {
    /// Signatures of Hyperliquid's form must name this chain.
    Production,
    /// Public, without value: takes the SDKs' form as it is.
    Test,
    /// Local: as [`NetworkKind::Test`].
    Dev,
}

/// Which network a signature must be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Whose rules of signing hold.
    pub kind: NetworkKind,
    /// The chain id, as in EIP-155.
    pub chain_id: ChainId,
    /// The hash of the genesis, which ed25519 keys sign over.
    pub genesis_hash: Hash,
}

impl Network {
    /// What L1 signatures must name. SDKs sign `a` for Hyperliquid's own address and `b` for every other.
    #[must_use]
    pub const fn source(&self) -> Source {
        match self.kind {
            NetworkKind::Production => Source::Mainnet,
            NetworkKind::Test | NetworkKind::Dev => Source::Testnet,
        }
    }

    const fn chain(&self) -> HyperliquidChain {
        match self.kind {
            NetworkKind::Production => HyperliquidChain::Mainnet,
            NetworkKind::Test | NetworkKind::Dev => HyperliquidChain::Testnet,
        }
    }

    /// The chain id that user-signed actions must carry, if one is prescribed.
    const fn signature_chain_id(&self) -> Option<ChainId> {
        match self.kind {
            NetworkKind::Production => Some(self.chain_id),
            NetworkKind::Test | NetworkKind::Dev => None,
        }
    }
}

/// Why a signed action is refused without looking at state, in the order in which it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckError {
    /// More than [`MAX_ACTION_BYTES`].
    TooLong {
        /// Bytes of the action.
        len: usize,
    },
    /// The bytes are no canonical action.
    Action(ActionError),
    /// A user-signed action for another class of network.
    Chain {
        /// What it names as `hyperliquidChain`.
        got: HyperliquidChain,
        /// What this network is.
        expected: HyperliquidChain,
    },
    /// A user-signed action for another chain.
    ChainId {
        /// What it names as `signatureChainId`.
        got: ChainId,
        /// This chain.
        expected: ChainId,
    },
    /// The nonce beside a user-signed action is not the one that was signed.
    Nonce {
        /// Beside the action.
        got: u64,
        /// In the action, as signed.
        expected: u64,
    },
    /// A vault beside a user-signed action, whose signature does not cover it.
    UnsignedVault,
    /// An expiry beside a user-signed action, whose signature does not cover it.
    UnsignedExpiry,
    /// No address can be recovered.
    Secp256k1(RecoverError),
    /// The ed25519 signature does not verify.
    Ed25519,
    /// The signer of a `multiSig` is not the one that its payload names.
    OuterSigner {
        /// Who signed.
        got: Address,
        /// Whom it names.
        expected: Address,
    },
    /// No address can be recovered from a co-signature.
    CoSignature {
        /// Which, from 0.
        index: usize,
        /// Why.
        error: RecoverError,
    },
    /// A co-signer signed twice.
    CoSignedTwice(Address),
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => {
                write!(f, "action has {len} bytes, at most {MAX_ACTION_BYTES} are allowed")
            }
            Self::Action(error) => error.fmt(f),
            Self::Chain { got, expected } => {
                write!(f, "hyperliquidChain is {}, must be {}", got.as_str(), expected.as_str())
            }
            Self::ChainId { got, expected } => write!(f, "signatureChainId is {got}, must be {expected}"),
            Self::Nonce { got, expected } => write!(f, "nonce is {got}, {expected} was signed"),
            Self::UnsignedVault => f.write_str("a user-signed action can't have a vault address"),
            Self::UnsignedExpiry => f.write_str("a user-signed action can't have an expiry"),
            Self::Secp256k1(error) => write!(f, "signature: {error}"),
            Self::Ed25519 => fmt::Display::fmt(&InvalidSignature, f),
            Self::OuterSigner { got, expected } => {
                write!(f, "outer signer is {got}, {expected} was named")
            }
            Self::CoSignature { index, error } => write!(f, "signatures[{index}]: {error}"),
            Self::CoSignedTwice(signer) => write!(f, "{signer} signed twice"),
        }
    }
}

impl core::error::Error for CheckError {}

/// A signed action whose form, network and signature have been checked. Made by [`SignedAction::check`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedAction {
    action: Action,
    class: Class,
    signer: Address,
    nonce: u64,
    vault_address: Option<Address>,
    expires_after: Option<u64>,
    action_hash: Hash,
    tx_id: TxId,
    co_signed: Option<Box<CoSigners>>,
}

/// For which account of several keys an action is, and who of them signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoSigners {
    /// The account.
    pub user: Address,
    /// The keys that signed, each once, in the order of their signatures.
    pub signers: Vec<Address>,
}

impl CheckedAction {
    /// What is asked for: of a `multiSig`, the action within.
    #[must_use]
    pub const fn action(&self) -> &Action {
        &self.action
    }

    /// Where in a block it stands.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Whose key signed: an account or an agent.
    #[must_use]
    pub const fn signer(&self) -> Address {
        self.signer
    }

    /// The nonce that was signed.
    #[must_use]
    pub const fn nonce(&self) -> u64 {
        self.nonce
    }

    /// The vault or sub-account acted for.
    #[must_use]
    pub const fn vault_address(&self) -> Option<Address> {
        self.vault_address
    }

    /// Block time in milliseconds after which it is refused.
    #[must_use]
    pub const fn expires_after(&self) -> Option<u64> {
        self.expires_after
    }

    /// The hash of the action with nonce, vault and expiry.
    #[must_use]
    pub const fn action_hash(&self) -> Hash {
        self.action_hash
    }

    /// Who agreed, if it is for an account of several keys.
    #[must_use]
    pub fn co_signers(&self) -> Option<&CoSigners> {
        self.co_signed.as_deref()
    }

    /// The transaction's id. It binds chain, signer and action hash, not the signature: another signature of the same
    /// signer over the same action is the same transaction, the same action of another signer is not.
    #[must_use]
    pub const fn tx_id(&self) -> TxId {
        self.tx_id
    }
}

/// An action whose form and network have been checked, but not yet who signed.
#[derive(Debug)]
struct Unproven {
    action: Action,
    action_hash: Hash,
    proof: Proof,
}

impl SignedAction {
    /// Checks size, form, network and signature, and finds the signer.
    ///
    /// Any well-formed secp256k1 signature has *some* signer; whether it may act is for the rules with state.
    ///
    /// # Errors
    /// [`CheckError`].
    pub fn check(&self, network: &Network) -> Result<CheckedAction, CheckError> {
        let unproven = self.check_form(network)?;
        let signer =
            proof::signers(core::iter::once(&unproven.proof)).pop().unwrap_or(Err(CheckError::Ed25519))?;
        self.proven(unproven, signer, network)
    }

    /// [`SignedAction::check`] of each. Native programs verify the ed25519 signatures among them together.
    #[must_use]
    pub fn check_each(actions: &[Self], network: &Network) -> Vec<Result<CheckedAction, CheckError>> {
        let forms: Vec<_> = actions.iter().map(|action| action.check_form(network)).collect();
        let proofs = forms.iter().filter_map(|form| form.as_ref().ok()).map(|unproven| &unproven.proof);
        let mut signers = proof::signers(proofs).into_iter();
        let checked = |(action, form): (&Self, Result<Unproven, CheckError>)| {
            let unproven = form?;
            let signer = signers.next().unwrap_or(Err(CheckError::Ed25519))?;
            action.proven(unproven, signer, network)
        };
        actions.iter().zip(forms).map(checked).collect()
    }

    fn check_form(&self, network: &Network) -> Result<Unproven, CheckError> {
        let len = self.action.len();
        if u32::try_from(len).map_or(true, |len| len > MAX_ACTION_BYTES) {
            return Err(CheckError::TooLong { len });
        }
        let action = Action::decode(&self.action).map_err(CheckError::Action)?;
        let within = if let Action::MultiSig(multi_sig) = &action { &multi_sig.action } else { &action };
        if let Some(user) = within.user_signed() {
            self.check_user_signed(user, network)?;
        }
        if let Action::MultiSig(multi_sig) = &action {
            check_chain_id(multi_sig.chain_id, network)?;
        }
        let action_hash = self.action_hash();
        let proof = Proof::of(self, self.typed_digest(&action, network), &action_hash, network);
        Ok(Unproven { action, action_hash, proof })
    }

    /// What the signature covers, if it is typed data beside the action's hash.
    fn typed_digest(&self, action: &Action, network: &Network) -> Option<Hash> {
        let Action::MultiSig(multi_sig) = action else { return action.user_digest() };
        let beside = (self.nonce, self.vault_address.as_ref(), self.expires_after);
        Some(multi_sig.outer_digest(network.chain(), beside))
    }

    /// The digest that the signer's wallet must sign.
    #[must_use]
    pub fn expected_digest(&self, network: &Network) -> Hash {
        let typed = Action::decode(&self.action).ok().and_then(|action| self.typed_digest(&action, network));
        typed.unwrap_or_else(|| l1_digest(network.source(), &self.action_hash()))
    }

    fn proven(
        &self,
        unproven: Unproven,
        signer: Address,
        network: &Network,
    ) -> Result<CheckedAction, CheckError> {
        let Unproven { action, action_hash, .. } = unproven;
        let (action, co_signed) = if let Action::MultiSig(multi_sig) = action {
            let co_signers = self.co_signers(&multi_sig, signer, network)?;
            (*multi_sig.action, Some(Box::new(co_signers)))
        } else {
            (action, None)
        };
        Ok(CheckedAction {
            class: action.class(),
            action,
            signer,
            nonce: self.nonce,
            vault_address: self.vault_address,
            expires_after: self.expires_after,
            action_hash,
            tx_id: tx_id(network, &signer, &action_hash),
            co_signed,
        })
    }

    /// Who co-signed. Nobody is asked for before the outer signer is who the payload says: whatever anyone else sends
    /// costs one signature, not eleven.
    fn co_signers(
        &self,
        multi_sig: &MultiSig,
        outer: Address,
        network: &Network,
    ) -> Result<CoSigners, CheckError> {
        let CoSigned { user, outer: expected } = multi_sig.of;
        if outer != expected {
            return Err(CheckError::OuterSigner { got: outer, expected });
        }
        let (nonce, vault) = (self.nonce, self.vault_address.as_ref());
        let digest = multi_sig.co_digest(network.source(), nonce, vault, self.expires_after);
        let mut signers: Vec<Address> = Vec::with_capacity(multi_sig.signatures.len());
        for (index, signature) in multi_sig.signatures.iter().enumerate() {
            let signer =
                signature.recover(&digest).map_err(|error| CheckError::CoSignature { index, error })?;
            if signers.contains(&signer) {
                return Err(CheckError::CoSignedTwice(signer));
            }
            signers.push(signer);
        }
        Ok(CoSigners { user, signers })
    }

    /// The hash of the action with nonce, vault and expiry.
    #[must_use]
    pub fn action_hash(&self) -> Hash {
        action_hash(&self.action, self.nonce, self.vault_address.as_ref(), self.expires_after)
    }

    /// Holds what stands beside a user-signed action against what its signature covers: nonce and network.
    fn check_user_signed(&self, user: &UserSigned, network: &Network) -> Result<(), CheckError> {
        let expected = network.chain();
        if user.chain != expected {
            return Err(CheckError::Chain { got: user.chain, expected });
        }
        check_chain_id(user.chain_id, network)?;
        if user.nonce != self.nonce {
            return Err(CheckError::Nonce { got: self.nonce, expected: user.nonce });
        }
        if self.vault_address.is_some() {
            return Err(CheckError::UnsignedVault);
        }
        if self.expires_after.is_some() {
            return Err(CheckError::UnsignedExpiry);
        }
        Ok(())
    }
}

/// A wallet must have been told this chain, where one is prescribed.
fn check_chain_id(got: ChainId, network: &Network) -> Result<(), CheckError> {
    match network.signature_chain_id().filter(|expected| *expected != got) {
        Some(expected) => Err(CheckError::ChainId { got, expected }),
        None => Ok(()),
    }
}

fn tx_id(network: &Network, signer: &Address, action_hash: &Hash) -> TxId {
    let hasher = Keccak256::new().chain(TX_ID_TAG).chain(&network.genesis_hash.0);
    TxId(hasher.chain(&signer.0).chain(&action_hash.0).finalize().0)
}
