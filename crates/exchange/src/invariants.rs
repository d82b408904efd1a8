//! The exchange's promises, checked on what a block changed.

use crate::ledger::QUOTE;
use crate::perp;
use crate::records::Balance;
use crate::tables::{BalanceKey, ExchangeTables};
use alloc::collections::BTreeMap;
use core::fmt;
use tandem_codec::Decode;
use tandem_state::{Delta, Prefix};
use tandem_types::{MarketId, TokenId};

const BALANCES: Prefix = Prefix::new(ExchangeTables::ENGINE, 9);

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
    /// A changed balance is not one.
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
            Self::Unreadable => f.write_str("a balance does not decode"),
        }
    }
}

impl core::error::Error for BrokenPromise {}

/// Σ new − Σ old of every token is zero, for USD over balances and all that stands in perpetual markets, and no balance holds more than it has. Costs only what changed.
pub(crate) fn check(delta: &Delta) -> Result<(), BrokenPromise> {
    let mut differences: BTreeMap<TokenId, i128> = BTreeMap::new();
    differences.insert(QUOTE, perp::invariants::usd_difference(delta)?);
    for change in delta.changes_under(&BALANCES.0) {
        let key = change.key.get(2..).unwrap_or_default();
        let key = BalanceKey::from_bytes(key).map_err(|_| BrokenPromise::Unreadable)?;
        let (old, new) = (read(change.old)?, read(change.new)?);
        if new.hold > new.total {
            return Err(BrokenPromise::Hold { balance: key });
        }
        let difference = i128::from(new.total.0).saturating_sub(i128::from(old.total.0));
        let sum = differences.entry(key.token).or_default();
        *sum = sum.saturating_add(difference);
    }
    match differences.into_iter().find(|(_, difference)| *difference != 0) {
        Some((token, difference)) => Err(BrokenPromise::Conservation { token, difference }),
        None => Ok(()),
    }
}

fn read(bytes: Option<&[u8]>) -> Result<Balance, BrokenPromise> {
    bytes.map_or(Ok(Balance::default()), |bytes| {
        Balance::from_bytes(bytes).map_err(|_| BrokenPromise::Unreadable)
    })
}
