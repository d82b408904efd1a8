//! The exchange's tables and their keys.
//!
//! Parts of keys that outsiders choose and that have no meaningful order (addresses, client order ids) enter as a
//! 16-byte hash, so that nobody can grow a deep path in the state tree.

use crate::fees::{DayVolume, VolumeDay};
use crate::multi_sig::MultiSigUser;
use crate::perp::deleverage::Deleverage;
use crate::perp::liquidation::{Liquidation, MarginUnit, TurnKey, Vaults, Waiting};
use crate::perp::position::Position;
use crate::perp::risk::bound::{HolderKey, RiskKey};
use crate::perp::{CrossSums, PerpConfig, PerpEstimates, PerpMarket, PerpPrices, PerpTotals};
use crate::records::{
    Account, Agent, Balance, BuilderFee, Config, Counters, Market, OrderInfo, Signer, SubAccount, Token,
};
use crate::referral::{RefereeKey, Referral, ReferralCode, Referrer};
use crate::scope::Scope;
use crate::trade_group::TradeGroupMember;
use crate::trigger::{DueTriggers, Ended, GroupKey, PositionTrigger, TriggerKey, TriggerOrder};
use crate::twap::{Twap, TwapDue, TwapKey};
use crate::vault::{HolderVault, LeaderVault, VaultHolder, VaultHolding, VaultProfile, VaultState};
use tandem_book::{Order, OrderKey};
use tandem_crypto::sha256;
use tandem_state::index::{Hashed, Ordered};
use tandem_state::{keys, tables};
use tandem_types::{
    AccountId, Address, BlockTime, Cloid, EngineId, MarketId, OrderId, PriceTicks, TokenId, Usd,
};

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

macro_rules! hashed_key {
    ($($name:ident),*) => { $(
        impl tandem_codec::Encode for $name {
            fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
                self.0.encode(out);
            }
        }
        impl tandem_codec::Decode for $name {
            fn decode(input: &mut tandem_codec::Reader<'_>) -> Result<Self, tandem_codec::DecodeError> {
                input.array().map(Self)
            }
        }
    )* };
}
hashed_key!(AddressKey, CloidKey, CodeKey);
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

tables! {
    /// Accounts, balances, markets and orders.
    pub struct ExchangeTables in EngineId(0x10) {
        /// Settings of the whole exchange.
        config: Ordered<(), Config> = 1,
        /// What is numbered next.
        counters: Ordered<(), Counters> = 2,
        /// Tokens.
        tokens: Hashed<TokenId, Token> = 3,
        /// Markets.
        markets: Hashed<MarketId, Market> = 4,
        /// Who may sign, and for which account.
        signers: Ordered<AddressKey, Signer> = 5,
        /// Nonces used, at most [`NONCES_KEPT`](crate::NONCES_KEPT) a signer.
        nonces: Ordered<NonceKey, ()> = 6,
        /// The agents of accounts, by name.
        agents: Ordered<AgentSlot, Agent> = 7,
        /// Accounts.
        accounts: Hashed<AccountId, Account> = 8,
        /// Balances.
        balances: Hashed<BalanceKey, Balance> = 9,
        /// The books of all markets, each in price-time priority.
        orders: Ordered<OrderKey, Order> = 10,
        /// Open orders by account.
        account_orders: Ordered<AccountOrder, OrderInfo> = 11,
        /// Open orders by client order id.
        cloids: Ordered<CloidKey, OrderId> = 12,
        /// Client order ids cancelled in this block before they were placed; empty between blocks.
        cancelled_cloids: Ordered<CloidKey, ()> = 13,
        /// Accounts whose orders are to be cancelled at a time.
        scheduled_cancels: Ordered<ScheduledCancel, ()> = 14,
        /// Accounts whose orders were cancelled so and wait to be taken out.
        sweeps: Ordered<AccountId, ()> = 15,
        /// From which of them on the next turn is.
        sweep_cursor: Ordered<(), AccountId> = 16,
        /// Settings of perpetual markets.
        perp_config: Ordered<(), PerpConfig> = 32,
        /// Perpetual markets, numbered from 0 without gaps.
        perp_markets: Hashed<MarketId, PerpMarket> = 33,
        /// Their prices.
        perp_prices: Hashed<MarketId, PerpPrices> = 34,
        /// What price updates remember.
        perp_estimates: Hashed<MarketId, PerpEstimates> = 35,
        /// What trades change of them.
        perp_totals: Hashed<MarketId, PerpTotals> = 36,
        /// Collateral for perpetuals, below zero if profits elsewhere make up for it. Zero is not kept.
        collaterals: Hashed<AccountId, Usd> = 37,
        /// Positions, and the sizes of open orders beside them.
        positions: Ordered<PositionKey, Position> = 38,
        /// Open reduce-only orders by position, the newest first.
        reduce_only_orders: Ordered<ReduceOnlyKey, ()> = 39,
        /// Open orders that expire, the earliest first.
        expiries: Ordered<Expiry, ()> = 48,
        /// Orders that wait for the mark price, by market, direction, price and age.
        triggers: Ordered<TriggerKey, AccountId> = 49,
        /// All orders that wait, by account.
        trigger_orders: Ordered<AccountOrder, TriggerOrder> = 50,
        /// Where the mark price has passed some of them, and how far.
        due_triggers: Ordered<DueTriggers, PriceTicks> = 51,
        /// Whose turn is next, if a block could not fire all.
        trigger_cursor: Ordered<(), DueTriggers> = 52,
        /// Orders that wait in groups.
        groups: Ordered<GroupKey, AccountId> = 53,
        /// Orders of groups that have left the book, until their groups are told.
        ended_orders: Ordered<OrderId, Ended> = 54,
        /// Waiting orders that follow a position.
        position_triggers: Ordered<PositionTrigger, ()> = 55,
        /// Positions with such orders that are no more, until those have ended.
        ended_positions: Ordered<PositionKey, ()> = 56,
        /// Running TWAP orders by account.
        twaps: Ordered<TwapKey, Twap> = 57,
        /// The same by when their next part is due.
        twap_due: Ordered<TwapDue, AccountId> = 58,
        /// The number of the next.
        next_twap: Ordered<(), u64> = 59,
        /// Where accounts are to be looked at, by market, side and risk price.
        risk_index: Ordered<RiskKey, ()> = 64,
        /// Who holds something, by market and side.
        holders: Ordered<HolderKey, ()> = 65,
        /// Markets whose risk index is to be gone through, and since when.
        risk_due: Ordered<MarketId, BlockTime> = 66,
        /// From which of them on the next turn is.
        risk_cursor: Ordered<(), MarketId> = 67,
        /// What is being liquidated, by when its next turn is.
        liquidation_queue: Ordered<TurnKey, ()> = 68,
        /// What is being liquidated.
        liquidations: Ordered<MarginUnit, Liquidation> = 69,
        /// Markets with liquidations that have not had their first turn.
        liquidations_waiting: Ordered<MarketId, Waiting> = 70,
        /// When a position was last liquidated in part.
        partial_liquidations: Ordered<MarginUnit, BlockTime> = 71,
        /// Who takes what nobody else does.
        perp_vaults: Ordered<(), Vaults> = 72,
        /// Markets in which the insurance fund's position is being deleveraged.
        deleverages: Ordered<MarketId, Deleverage> = 73,
        /// Sub-accounts, by their masters.
        sub_accounts: Ordered<SubAccountKey, SubAccount> = 80,
        /// What agents may do, of whom that is said.
        agent_scopes: Ordered<AddressKey, Scope> = 81,
        /// What accounts have traded on earlier days, for their fee tiers.
        volume_days: Ordered<VolumeDay, DayVolume> = 82,
        /// What all have traded, by day, in 10^-6 USD, spot counted double.
        exchange_days: Ordered<u32, u64> = 83,
        /// What stakes take off fees, in basis points. Nothing writes it until there is staking.
        fee_discounts: Ordered<AccountId, u16> = 84,
        /// Builders that accounts have approved, up to a rate in tenths of a basis point.
        builder_approvals: Ordered<BuilderKey, u16> = 96,
        /// Open and waiting orders of whose fills a builder gets a fee.
        order_builders: Ordered<OrderId, BuilderFee> = 97,
        /// Vaults that others put money into.
        vaults: Ordered<AccountId, VaultState> = 98,
        /// What they say of themselves.
        vault_profiles: Ordered<AccountId, VaultProfile> = 99,
        /// What their holders have.
        vault_holdings: Ordered<VaultHolder, VaultHolding> = 100,
        /// The same by holder.
        holder_vaults: Ordered<HolderVault, ()> = 101,
        /// Vaults by leader.
        leader_vaults: Ordered<LeaderVault, ()> = 102,
        /// Accounts of several keys.
        multi_sigs: Ordered<AccountId, MultiSigUser> = 103,
        /// Accounts that refer others.
        referrers: Hashed<AccountId, Referrer> = 104,
        /// The same by their codes.
        referral_codes: Ordered<CodeKey, AccountId> = 105,
        /// Accounts that were referred.
        referrals: Hashed<AccountId, Referral> = 106,
        /// The same by who referred them.
        referees: Ordered<RefereeKey, ()> = 107,
        /// Whom leaders of trade groups have invited.
        trade_group_members: Ordered<TradeGroupMember, ()> = 108,
        /// How many those are, by leader.
        trade_groups: Ordered<AccountId, u16> = 109,
        /// Waiting orders whose prices came while liquidations of their markets were pending, and that open something.
        held_triggers: Ordered<TriggerKey, AccountId> = 112,
    }
    within a block {
        /// What accounts' positions come to.
        cross_sums: <AccountId, CrossSums>,
    }
}
