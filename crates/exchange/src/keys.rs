//! The keys of the exchange's tables.
//!
//! Parts of keys that outsiders choose and that have no meaningful order (addresses, client order ids) enter as a
//! 16-byte hash, so that nobody can grow a deep path in the state tree.

use crate::referral::record::ReferralCode;
use tandem_crypto::sha256;
use tandem_state::keys;
use tandem_types::{AccountId, Address, BlockTime, Cloid, MarketId, OrderId, TokenId};

/// An address, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressKey(pub [u8; 16]);

/// An account and one of its client order ids, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloidKey(pub [u8; 16]);

/// A referral code, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeKey(pub [u8; 16]);

/// An account's holding of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BalanceKey {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub token: TokenId,
}

/// A nonce that a signer has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NonceKey {
    /// Who signed.
    pub signer: AddressKey,
    /// The nonce, milliseconds since the Unix epoch by custom.
    pub nonce: u64,
}

/// An open order, by whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountOrder {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub id: OrderId,
}

/// An agent of an account, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentSlot {
    /// Whose agent.
    pub account: AccountId,
    /// The agent's name, hashed; the unnamed agent has the empty name.
    pub name: AddressKey,
}

/// When an account's orders are due to be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScheduledCancel {
    /// When.
    pub time: u64,
    /// Whose.
    pub account: AccountId,
}

/// A sub-account, by its master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubAccountKey {
    /// Whose.
    pub master: AccountId,
    /// Which, from 0.
    pub index: u16,
}

/// An open order with an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expiry {
    /// From when on it may not trade.
    pub time: u64,
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub id: OrderId,
}

/// What an account has in a perpetual market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PositionKey {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
}

/// An open reduce-only order, the newest of an account and market first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReduceOnlyKey {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// The order's number from the end of the range.
    newest_first: u64,
}

/// A builder that an account has approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuilderKey {
    /// Whose approval.
    pub account: AccountId,
    /// The builder's address, hashed.
    pub builder: AddressKey,
}

tandem_codec::bytes!(AddressKey, CloidKey, CodeKey);
tandem_codec::record!(BalanceKey { account, token });
tandem_codec::record!(NonceKey { signer, nonce });
tandem_codec::record!(AccountOrder { account, id });
tandem_codec::record!(PositionKey { account, market });
tandem_codec::record!(ReduceOnlyKey { account, market, newest_first });
tandem_codec::record!(AgentSlot { account, name });
tandem_codec::record!(BuilderKey { account, builder });
tandem_codec::record!(ScheduledCancel { time, account });
tandem_codec::record!(Expiry { time, account, id });
tandem_codec::record!(SubAccountKey { master, index });
keys!(PositionKey: 6, ReduceOnlyKey: 14, Expiry: 20, SubAccountKey: 6, BuilderKey: 20);
keys!(CodeKey: 16);
keys!(AddressKey: 16, CloidKey: 16, BalanceKey: 6, NonceKey: 24, AccountOrder: 12, AgentSlot: 20, ScheduledCancel: 12);

impl AddressKey {
    /// The key of an address.
    #[must_use]
    pub fn of(address: &Address) -> Self {
        Self(short_hash(b"address", &address.0))
    }

    /// The key of an agent's name.
    #[must_use]
    pub fn of_name(name: &[u8]) -> Self {
        Self(short_hash(b"agent name", name))
    }
}

impl CloidKey {
    /// The key of a client order id of `account`.
    #[must_use]
    pub fn of(account: AccountId, cloid: &Cloid) -> Self {
        let mut bytes = [0; 20];
        let (head, tail) = bytes.split_at_mut(4);
        head.copy_from_slice(&account.0.to_be_bytes());
        tail.copy_from_slice(&cloid.0);
        Self(short_hash(b"cloid", &bytes))
    }
}

impl CodeKey {
    /// The key of a referral code.
    #[must_use]
    pub fn of(code: &ReferralCode) -> Self {
        Self(short_hash(b"referral code", code.as_str().as_bytes()))
    }
}

impl AccountOrder {
    /// The first possible order of `account`.
    #[must_use]
    pub const fn first(account: AccountId) -> Self {
        Self { account, id: OrderId(0) }
    }

    /// The last possible order of `account`.
    #[must_use]
    pub const fn last(account: AccountId) -> Self {
        Self { account, id: OrderId(u64::MAX) }
    }
}

impl PositionKey {
    /// The first possible market of `account`.
    #[must_use]
    pub const fn first(account: AccountId) -> Self {
        Self { account, market: MarketId(0) }
    }

    /// The last possible market of `account`.
    #[must_use]
    pub const fn last(account: AccountId) -> Self {
        Self { account, market: MarketId(u16::MAX) }
    }
}

impl ReduceOnlyKey {
    /// The key of an order.
    #[must_use]
    pub const fn new(account: AccountId, market: MarketId, order: OrderId) -> Self {
        Self { account, market, newest_first: !order.0 }
    }

    /// Where the newest possible order of `account` in `market` would be.
    #[must_use]
    pub const fn first(account: AccountId, market: MarketId) -> Self {
        Self { account, market, newest_first: 0 }
    }

    /// Where the oldest would be.
    #[must_use]
    pub const fn last(account: AccountId, market: MarketId) -> Self {
        Self { account, market, newest_first: u64::MAX }
    }

    /// The order.
    #[must_use]
    pub const fn order(&self) -> OrderId {
        OrderId(!self.newest_first)
    }
}

impl ScheduledCancel {
    /// Before everything scheduled.
    pub const START: Self = Self { time: 0, account: AccountId(0) };

    /// The last that is due at `now`.
    #[must_use]
    pub const fn due_until(now: BlockTime) -> Self {
        Self { time: now.0, account: AccountId(u32::MAX) }
    }
}

impl Expiry {
    /// Before everything that expires.
    pub const START: Self = Self { time: 0, account: AccountId(0), id: OrderId(0) };

    /// The last that has expired at `now`.
    #[must_use]
    pub const fn due_until(now: BlockTime) -> Self {
        Self { time: now.0, account: AccountId(u32::MAX), id: OrderId(u64::MAX) }
    }
}

/// The first 16 bytes of SHA-256 over `domain ‖ 0 ‖ bytes`.
fn short_hash(domain: &[u8], bytes: &[u8]) -> [u8; 16] {
    let mut input = domain.to_vec();
    input.push(0);
    input.extend_from_slice(bytes);
    let hash = sha256(&input);
    let (head, _) = hash.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    *head
}
