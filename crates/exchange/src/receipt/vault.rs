//! What left a vault.

use tandem_types::{AccountId, QuoteAtoms};

/// What a holder of a vault was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultWithdrawal {
    /// The vault.
    pub vault: AccountId,
    /// The holder.
    pub account: AccountId,
    /// What left the vault.
    pub amount: QuoteAtoms,
    /// The part of it that went to the leader.
    pub commission: QuoteAtoms,
    /// What the redeemed shares had cost.
    pub basis: QuoteAtoms,
}
tandem_codec::record!(VaultWithdrawal { vault, account, amount, commission, basis });
