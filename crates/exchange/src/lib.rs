//! The exchange: accounts, balances, spot and perpetual markets, and every action on them.
//!
//! An action arrives signed ([`action`]), is admitted ([`Claim::judge`]: who signs, which nonce, within the budget),
//! runs as a call of the co-processor [`Exchange`], and leaves a [`Receipt`]. Matching is `book`'s; this crate checks
//! before it and settles each of its steps.
//!
//! Invariants: per token, the total over all balances never changes by an action, for USD with what stands in perpetual
//! markets; no balance holds more than it has; what stands behind an open order on spot is exactly its notional or its
//! size; no signed action is executed twice. Those of perpetual markets are in [`perp`].
//! Spec: DESIGN §5, §7. It does not know blocks, votes, contracts or the network.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::let_underscore_must_use,
        clippy::wildcard_enum_match_arm,
        clippy::disallowed_types,
        clippy::disallowed_methods
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod action;
mod agents;
mod builder;
mod cancel;
mod claim;
mod engine;
mod expiry;
pub mod fees;
mod fill;
mod form;
mod genesis;
mod inadmissible;
mod invariants;
mod keys;
mod ledger;
mod multi_sig;
mod orders;
pub mod perp;
mod place;
mod principal;
mod promise;
mod receipt;
mod records;
pub mod referral;
mod rejection;
mod schedule;
mod scope;
mod session;
mod settle;
mod short_text;
mod signers;
mod sub_accounts;
mod tables;
mod trade_group;
mod transaction;
mod transfer;
pub mod trigger;
pub mod twap;
pub mod vault;

pub use agents::{AGENT_LIFE_MAX_MS, AGENTS_MAX, APPROVE_WORK};
pub use builder::{BUILDER_FEE_PERP_MAX, BUILDER_FEE_SPOT_MAX, BUILDER_WORK, BUILDERS_MAX};
pub use cancel::{CANCEL_WORK, LOOKUP_WORK};
pub use claim::{Claim, SharedClaim, SharedStanding, Standing};
pub use engine::{Call, Exchange, Reply, end_block};
pub use expiry::{EXPIRIES_PER_BLOCK, EXPIRY_WORK};
pub use form::{FILLS_MAX, MAKER_WORK, ORDER_WORK};
pub use genesis::{Allocation, ExchangeGenesis, GenesisError, TREASURY_ADDRESS};
pub use inadmissible::Inadmissible;
pub use ledger::{QUOTE, TREASURY};
pub use multi_sig::{CO_SIGNATURE_WORK, CONVERT_WORK, MultiSigUser};
pub use perp::SPOT_ASSET_BASE;
pub use principal::{Capacity, Principal};
pub use promise::BrokenPromise;
pub use receipt::{
    BuilderPaid, CloseReason, Deleveraged, Event, ItemStatus, LiquidationOrder, PositionChange, Receipt,
    Takeover, Trade, Vault, VaultWithdrawal,
};
pub use records::{
    AGENT_NAME_MAX, Account, Agency, Agent, AgentName, Balance, BuilderFee, Config, Control, Counters,
    Market, OrderInfo, SPOT_PRICE_DECIMALS, SUB_ACCOUNT_NAME_MAX, Signer, SubAccount, SubAccountName,
    TOKEN_NAME_MAX, Token, TokenName,
};
pub use rejection::Rejection;
pub use schedule::{DUE_WORK, SCHEDULE_LEAD_MIN_MS, SCHEDULE_USES_MAX, SWEEP_ORDERS, TURN_WORK};
pub use scope::{SCOPE_WORK, Scope};
pub use signers::{
    NONCE_AGE_MAX_MS, NONCE_LEAD_MAX_MS, NONCES_KEPT, OVERDRAFT_INTERVAL_MS, claim_of, early_claim_of,
};
pub use sub_accounts::{
    AGENTS_PER_SUB_ACCOUNT, CREATE_WORK, MODIFY_WORK, SUB_ACCOUNTS_MAX, sub_account_address,
};
pub use tables::{
    AccountOrder, AddressKey, AgentSlot, BalanceKey, BuilderKey, CloidKey, CodeKey, ExchangeTables, Expiry,
    NonceKey, PositionKey, ReduceOnlyKey, ScheduledCancel, SubAccountKey,
};
pub use trade_group::{TRADE_GROUP_MAX, TRADE_GROUP_WORK, TradeGroupMember};
pub use transaction::{Transaction, TransactionError, transaction_hash};
pub use transfer::TRANSFER_WORK;
