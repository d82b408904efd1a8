//! What a block may break, and how its changes are read to tell.

use crate::keys::BalanceKey;
use core::fmt;
use tandem_codec::Decode;
use tandem_state::Change;
use tandem_types::{AccountId, MarketId, TokenId};

/// A promise that a block broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenPromise {
    /// The total of a token changed, by this many atoms.
    Conservation {
        /// The token.
        token: TokenId,
        /// New total less old total.
        difference: i128,
    },
    /// More is on hold than there is.
    Hold {
        /// Whose balance.
        balance: BalanceKey,
    },
    /// The sizes held in a market don't sum to nothing, or those held long are not its open interest.
    OpenInterest {
        /// The market.
        market: MarketId,
    },
    /// What referrers may claim grew by more than what the treasury has, by so many atoms of USD.
    Rewards {
        /// How many.
        missing: i128,
    },
    /// A vault's shares are not its holders', or their count is not how many they are.
    Shares {
        /// The vault.
        vault: AccountId,
    },
    /// A changed entry is not one.
    Unreadable,
}

impl fmt::Display for BrokenPromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conservation { token, difference } => {
                write!(f, "token {token} changed by {difference} atoms")
            }
            Self::Hold { balance } => write!(f, "account {} holds more than it has", balance.account),
            Self::OpenInterest { market } => write!(f, "sizes held in market {market} don't balance"),
            Self::Rewards { missing } => {
                write!(f, "referrers may claim {missing} atoms that the treasury did not receive")
            }
            Self::Shares { vault } => write!(f, "shares of vault {vault} are not its holders'"),
            Self::Unreadable => f.write_str("a changed entry does not decode"),
        }
    }
}

impl core::error::Error for BrokenPromise {}

/// The key of a change, without its prefix.
pub(crate) fn key<K: Decode>(change: &Change<'_>) -> Result<K, BrokenPromise> {
    K::from_bytes(change.key.get(2..).unwrap_or_default()).map_err(|_| BrokenPromise::Unreadable)
}

/// New less old of what `of` picks.
pub(crate) fn difference<V: Decode>(
    change: &Change<'_>,
    of: impl Fn(&V) -> i128,
) -> Result<i128, BrokenPromise> {
    let pick = |bytes: Option<&[u8]>| match bytes {
        None => Ok(0),
        Some(bytes) => V::from_bytes(bytes).map(|value| of(&value)).map_err(|_| BrokenPromise::Unreadable),
    };
    Ok(pick(change.new)?.saturating_sub(pick(change.old)?))
}
