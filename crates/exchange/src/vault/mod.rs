//! Vaults: accounts that a leader trades with and others put money into.
//!
//! A vault is an account without a key. It has collateral and positions like any other; who put money into it holds
//! shares of what it is worth at mark. A deposit is issued shares rounded down, a withdrawal redeems shares rounded up,
//! so that neither makes any other holder poorer ([`shares`]). A deposit that rounding would cost more than a millionth
//! is refused: nobody can make shares so dear that others' deposits are swallowed.
//!
//! | file | what |
//! |---|---|
//! | `record.rs` | what the tables hold |
//! | `shares.rs` | shares and money, as pure functions |
//! | `transfer.rs` | creating, deposits, withdrawals |
//! | `lead.rs` | what only the leader may do with the vault itself |
//! | `invariants.rs` | what must hold of each block's changes |
//!
//! Invariants: a vault's shares are the sum of its holders'; money moves only between collaterals.
//! Source: Hyperliquid, "Vaults". Rounding, the guard of deposits and what is refused are in `docs/exchange-rules.md`.

pub(crate) mod invariants;
mod lead;
pub(crate) mod record;
pub mod shares;
mod transfer;

pub use record::{
    HolderVault, LeaderVault, VAULT_DESCRIPTION_MAX, VAULT_NAME_MAX, VaultHolder, VaultHolding, VaultProfile,
    VaultState,
};
pub use transfer::{
    DEPOSIT_MIN, HOLDER_WORK, HOLDERS_MAX, LEADER_PART, LOCKUP_MS, VAULT_MIN, VAULT_WORK, VAULTS_MAX,
};
