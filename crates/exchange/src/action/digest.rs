//! What is hashed and signed.
//!
//! - *Action hash*: `keccak256(action ‖ nonce: u64 ‖ 00 or 01 ‖ vault ‖ nothing or 00 ‖ expiresAfter: u64)`.
//! - *L1 digest*: EIP-712, domain `Exchange`, `Agent{source, connectionId: action hash}`.
//! - *User-signed digest*: EIP-712, domain `HyperliquidSignTransaction` on the signer's chain, the action's fields.
//! - *ed25519 message*: a tag, the genesis hash, and the action hash, or for user-signed actions their digest.
//!
//! An action begins as a msgpack map and a digest's preimage with `19 01`, so the two kinds of hash never coincide.
//! Source: hyperliquid-python-sdk 0.24, `utils/signing.py`; EIP-712.

use super::types::l1_action;
use super::{
    Action, ApproveAgent, ApproveBuilderFee, ApproveScopedAgent, CoSigned, ConvertToMultiSigUser, SpotSend,
    UsdClassTransfer, UsdSend, UserSigned,
};
use alloc::vec::Vec;
use tandem_crypto::{
    Keccak256, ed25519,
    eip712::{self, Domain, StructHasher},
};
use tandem_types::{Address, Hash};

const ED25519_MESSAGE_TAG: &[u8] = b"tandem/ed25519-action";
const ED25519_ADDRESS_TAG: &[u8] = b"tandem/ed25519";

/// The domain `{Exchange, "1", 1337, 0x0}`. This hash and those below are the same for every L1 action: they are six
/// of the eight that its digest takes.
const L1_DOMAIN_SEPARATOR: Hash = Hash([
    0xd7, 0x92, 0x97, 0xfc, 0xdf, 0x2f, 0xfc, 0xd4, 0xae, 0x22, 0x3d, 0x01, 0xed, 0xaa, 0x2b, 0xa2, 0x14,
    0xff, 0x8f, 0x40, 0x1d, 0x7c, 0x93, 0x00, 0xd9, 0x95, 0xd1, 0x7c, 0x82, 0xaa, 0x40, 0x40,
]);

/// Of `Agent(string source,bytes32 connectionId)`.
const AGENT_TYPE_HASH: Hash = Hash([
    0x26, 0xf0, 0x5c, 0x2f, 0x72, 0x39, 0xb6, 0x98, 0x30, 0x75, 0xe5, 0x83, 0x21, 0x29, 0x2d, 0x77, 0xb3,
    0xaa, 0x17, 0x3d, 0x19, 0xb2, 0x72, 0x57, 0xac, 0x96, 0xab, 0x36, 0x25, 0x70, 0xf5, 0x08,
]);

/// Of `a`.
const MAINNET_HASH: Hash = Hash([
    0x3a, 0xc2, 0x25, 0x16, 0x8d, 0xf5, 0x42, 0x12, 0xa2, 0x5c, 0x1c, 0x01, 0xfd, 0x35, 0xbe, 0xbf, 0xea,
    0x40, 0x8f, 0xda, 0xc2, 0xe3, 0x1d, 0xdd, 0x6f, 0x80, 0xa4, 0xbb, 0xf9, 0xa5, 0xf1, 0xcb,
]);

/// Of `b`.
const TESTNET_HASH: Hash = Hash([
    0xb5, 0x55, 0x3d, 0xe3, 0x15, 0xe0, 0xed, 0xf5, 0x04, 0xd9, 0x15, 0x0a, 0xf8, 0x2d, 0xaf, 0xa5, 0xc4,
    0x66, 0x7f, 0xa6, 0x18, 0xed, 0x0a, 0x6f, 0x19, 0xc6, 0x9b, 0x41, 0x16, 0x6c, 0x55, 0x10,
]);

/// The network class that an L1 signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Production, `a`.
    Mainnet,
    /// Everything else, `b`: what SDKs sign for every address but Hyperliquid's own.
    Testnet,
}

impl Source {
    const fn hash(self) -> &'static Hash {
        match self {
            Self::Mainnet => &MAINNET_HASH,
            Self::Testnet => &TESTNET_HASH,
        }
    }
}

/// The hash of an L1 action with everything that its signer vouches for, Hyperliquid's `connectionId`.
#[must_use]
pub fn action_hash(action: &[u8], nonce: u64, vault: Option<&Address>, expires_after: Option<u64>) -> Hash {
    let mut hasher = Keccak256::new().chain(action).chain(&nonce.to_be_bytes());
    match vault {
        None => hasher.update(&[0]),
        Some(vault) => hasher = hasher.chain(&[1]).chain(&vault.0),
    }
    if let Some(expires_after) = expires_after {
        hasher = hasher.chain(&[0]).chain(&expires_after.to_be_bytes());
    }
    hasher.finalize()
}

/// What a wallet or agent signs for an L1 action.
#[must_use]
pub fn l1_digest(source: Source, action_hash: &Hash) -> Hash {
    let agent = StructHasher::with_type_hash(&AGENT_TYPE_HASH).bytes32(source.hash()).bytes32(action_hash);
    eip712::digest(&L1_DOMAIN_SEPARATOR, &agent.finish())
}

/// What an ed25519 key signs: bound to one chain by its genesis hash.
#[must_use]
pub fn ed25519_message(genesis_hash: &Hash, hash: &Hash) -> Vec<u8> {
    [ED25519_MESSAGE_TAG, &genesis_hash.0, &hash.0].concat()
}

/// The address of an ed25519 key: the last 20 bytes of `keccak256(tag ‖ key)`.
#[must_use]
pub fn ed25519_address(key: &ed25519::PublicKey) -> Address {
    let hash = Keccak256::new().chain(ED25519_ADDRESS_TAG).chain(&key.0).finalize();
    hash.0.last_chunk().map_or(Address([0; 20]), |bytes| Address(*bytes))
}

impl Action {
    /// What a wallet signs for a user-signed action; `None` for L1 actions.
    #[must_use]
    pub fn user_digest(&self) -> Option<Hash> {
        self.typed_digest(None)
    }

    /// The same for a co-signer, who signs also for which account of several keys and whose sending it is.
    pub(super) fn typed_digest(&self, of: Option<&CoSigned>) -> Option<Hash> {
        let user = self.user_signed()?;
        let typed = Typed { user, of };
        Some(user.digest(match self {
            Self::SpotSend(send) => typed.spot_send(send),
            Self::ApproveAgent(approve) => typed.approve_agent(approve),
            Self::ApproveScopedAgent(approve) => typed.approve_scoped_agent(approve),
            Self::UsdClassTransfer(transfer) => typed.class_transfer(transfer),
            Self::UsdSend(send) => typed.usd_send(send),
            Self::ApproveBuilderFee(approve) => typed.approve_builder_fee(approve),
            Self::ConvertToMultiSigUser(convert) => typed.convert(convert),
            l1_action!() => return None,
        }))
    }
}

/// The typed data of one action.
struct Typed<'a> {
    user: &'a UserSigned,
    of: Option<&'a CoSigned>,
}

impl Typed<'_> {
    /// Begins a struct: its type, with the fields that all have first.
    fn begin(&self, name: &str, fields: &str) -> StructHasher {
        self.begin_in("HyperliquidTransaction", name, fields)
    }

    /// The same of one's family of types.
    fn begin_in(&self, family: &str, name: &str, fields: &str) -> StructHasher {
        let co_signed =
            if self.of.is_some() { ",address payloadMultiSigUser,address outerSigner" } else { "" };
        let encode_type = alloc::format!("{family}:{name}(string hyperliquidChain{co_signed},{fields})");
        let hasher = StructHasher::new(&encode_type).string(self.user.chain.as_str());
        match self.of {
            None => hasher,
            Some(of) => hasher.address(&of.user).address(&of.outer),
        }
    }

    fn spot_send(&self, send: &SpotSend) -> StructHasher {
        self.begin("SpotSend", "string destination,string token,string amount,uint64 time")
            .string(send.destination.text())
            .string(&send.token)
            .string(send.amount.text())
            .uint(self.user.nonce)
    }

    fn approve_agent(&self, approve: &ApproveAgent) -> StructHasher {
        self.begin("ApproveAgent", "address agentAddress,string agentName,uint64 nonce")
            .address(&approve.agent)
            .string(approve.name.as_deref().unwrap_or_default())
            .uint(self.user.nonce)
    }

    fn approve_scoped_agent(&self, approve: &ApproveScopedAgent) -> StructHasher {
        let hasher = self.begin_in("TandemTransaction", "ApproveScopedAgent", ApproveScopedAgent::TYPES);
        approve.hash_fields(hasher)
    }

    fn class_transfer(&self, transfer: &UsdClassTransfer) -> StructHasher {
        self.begin("UsdClassTransfer", "string amount,bool toPerp,uint64 nonce")
            .string(transfer.amount.text())
            .uint(u64::from(transfer.to_perp))
            .uint(self.user.nonce)
    }

    fn usd_send(&self, send: &UsdSend) -> StructHasher {
        self.begin("UsdSend", "string destination,string amount,uint64 time")
            .string(send.destination.text())
            .string(send.amount.text())
            .uint(self.user.nonce)
    }

    fn approve_builder_fee(&self, approve: &ApproveBuilderFee) -> StructHasher {
        self.begin("ApproveBuilderFee", "string maxFeeRate,address builder,uint64 nonce")
            .string(approve.max_fee_rate.text())
            .address(&approve.builder)
            .uint(self.user.nonce)
    }

    fn convert(&self, convert: &ConvertToMultiSigUser) -> StructHasher {
        self.begin("ConvertToMultiSigUser", "string signers,uint64 nonce")
            .string(convert.signers.text())
            .uint(self.user.nonce)
    }
}

impl UserSigned {
    pub(super) fn digest(&self, fields: StructHasher) -> Hash {
        let domain = Domain {
            name: "HyperliquidSignTransaction",
            version: "1",
            chain_id: self.chain_id,
            verifying_contract: Address([0; 20]),
        };
        eip712::digest(&domain.separator(), &fields.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_crypto::keccak256;
    use tandem_types::ChainId;

    #[test]
    fn the_constant_hashes_are_those_of_their_definitions() {
        let domain = Domain {
            name: "Exchange",
            version: "1",
            chain_id: ChainId(1337),
            verifying_contract: Address([0; 20]),
        };
        assert_eq!(domain.separator(), L1_DOMAIN_SEPARATOR);
        assert_eq!(keccak256(b"Agent(string source,bytes32 connectionId)"), AGENT_TYPE_HASH);
        assert_eq!(keccak256(b"a"), MAINNET_HASH);
        assert_eq!(keccak256(b"b"), TESTNET_HASH);
    }
}
