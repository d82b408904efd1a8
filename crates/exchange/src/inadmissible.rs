//! Why an action is not taken into a block, with stable numbers.
//!
//! They are no rejections: whoever is refused so has no receipt, and pays nothing.

use core::fmt;

/// Why an action may not enter a block at all. Such an action leaves no receipt and uses no nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inadmissible {
    /// No account has this key, and it is nobody's agent.
    UnknownSigner,
    /// The agent was revoked, or its approval ran out.
    AgentExpired,
    /// On this network, orders are taken from approved agents only.
    AgentRequired,
    /// The nonce lies outside the window around the block's time.
    NonceOutOfWindow,
    /// The nonce was used.
    NonceUsed,
    /// The nonce is below the lowest of the highest hundred.
    NonceTooLow,
    /// `expiresAfter` has passed.
    Expired,
    /// The account has used up its budget of actions.
    OverBudget,
    /// The account belongs to several keys: none can act for it alone.
    MultiSigRequired,
    /// The account has one key.
    NotMultiSig,
    /// The outer signer or a co-signer is none of the account's.
    NotAuthorized,
    /// Fewer keys signed than must.
    TooFewSignatures,
}

impl Inadmissible {
    /// Its stable number.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::UnknownSigner => 1001,
            Self::AgentExpired => 1002,
            Self::AgentRequired => 1003,
            Self::NonceOutOfWindow => 1004,
            Self::NonceUsed => 1005,
            Self::NonceTooLow => 1006,
            Self::Expired => 1007,
            Self::OverBudget => 1008,
            Self::MultiSigRequired => 1009,
            Self::NotMultiSig => 1010,
            Self::NotAuthorized => 1011,
            Self::TooFewSignatures => 1012,
        }
    }
}

impl fmt::Display for Inadmissible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownSigner => "user or API wallet does not exist",
            Self::AgentExpired => "API wallet has expired or was revoked",
            Self::AgentRequired => "this network takes orders from approved API wallets only",
            Self::NonceOutOfWindow => {
                "nonce is not within two days before and one day after the block's time"
            }
            Self::NonceUsed => "nonce was used already",
            Self::NonceTooLow => "nonce is below the hundred highest nonces used",
            Self::Expired => "action has expired",
            Self::OverBudget => "too many actions for the volume traded",
            Self::MultiSigRequired => {
                "account is a multi-sig user: a multiSig action of its signers is required"
            }
            Self::NotMultiSig => "multiSigUser is not a multi-sig user",
            Self::NotAuthorized => {
                "outer signer or a co-signer is not an authorized user of the multi-sig user"
            }
            Self::TooFewSignatures => "fewer signatures than the multi-sig user's threshold",
        })
    }
}

impl core::error::Error for Inadmissible {}
