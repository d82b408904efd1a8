//! What an action claims of whoever signed it, and what the state says about that.
//!
//! Data alone: for whom a claim is made is `principal`'s to say, whether it is good `signers`'.

use crate::action::MULTI_SIG_MAX;
use crate::records::{Account, Config, Signer};
use crate::tables::AddressKey;
use tandem_types::{AccountId, Address};

/// What must be known of an action to admit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The signer, hashed.
    pub signer: AddressKey,
    /// Its nonce.
    pub nonce: u64,
    /// After when it must not be executed.
    pub expires_after: Option<u64>,
    /// Items in it, at least 1.
    pub items: u64,
    /// Whether it only cancels.
    pub cancels_only: bool,
    /// Whether an agent must have signed it.
    pub agent_required: bool,
    /// Whether a wallet signed it as typed data, for its own account.
    pub user_signed: bool,
    /// The account that it names, in `vaultAddress`.
    pub names: Option<Address>,
    /// For which account of several keys it is, and who agreed.
    pub shared: Option<SharedClaim>,
}

/// What is claimed for an account of several keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedClaim {
    /// The account's address, hashed.
    pub user: AddressKey,
    /// Who signed the whole.
    pub outer: Address,
    /// Who signed the action within; nobody, as long as that was not verified.
    pub signers: [Option<Address>; MULTI_SIG_MAX],
}

/// What the state says about a [`SharedClaim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedStanding {
    /// The account.
    pub account: AccountId,
    /// Its record.
    pub record: Account,
    /// Whether everyone who signed is one of its keys.
    pub authorized: bool,
    /// Whether as many signed as must.
    pub enough: bool,
}

/// What the state says about a [`Claim`]; gathered by the rules from their tables and by admission from a reader's copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The signer's record.
    pub signer: Option<Signer>,
    /// The lowest of its kept nonces.
    pub lowest_nonce: Option<u64>,
    /// Whether the claim's nonce is among them.
    pub nonce_used: bool,
    /// The signer's own account.
    pub own: Option<Account>,
    /// The account whose agent the signer is or was until its time ran out.
    pub master: Option<Account>,
    /// The account that the claim names, if it is neither of these.
    pub named: Option<(AccountId, Account)>,
    /// The exchange's settings.
    pub config: Option<Config>,
    /// The account of several keys that the claim is for.
    pub shared: Option<SharedStanding>,
}
