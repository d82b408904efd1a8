//! What the tables hold of liquidations: units, their turns, and who takes what nobody else does.

use super::mode::MarginMode;
use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_state::keys;
use tandem_types::{AccountId, Address, BlockTime, MarketId};

/// What is judged and liquidated together: an account's cross positions with its collateral, or an isolated position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarginUnit {
    /// Whose.
    pub account: AccountId,
    /// The isolated position's market; `None` for all cross positions.
    pub isolated: Option<MarketId>,
}
keys!(MarginUnit: 6, TurnKey: 14);

impl MarginUnit {
    /// An account's cross positions.
    #[must_use]
    pub const fn cross(account: AccountId) -> Self {
        Self { account, isolated: None }
    }

    /// An isolated position.
    #[must_use]
    pub const fn isolated(account: AccountId, market: MarketId) -> Self {
        Self { account, isolated: Some(market) }
    }

    /// Whether a position in `market` with `mode` belongs to it.
    #[must_use]
    pub fn has(&self, market: MarketId, mode: MarginMode) -> bool {
        match self.isolated {
            None => mode == MarginMode::Cross,
            Some(isolated) => mode == MarginMode::Isolated && isolated == market,
        }
    }
}

/// Encoded as the account, then zero for cross or the market's number plus one.
impl Encode for MarginUnit {
    fn encode(&self, out: &mut Vec<u8>) {
        self.account.encode(out);
        self.isolated.map_or(0, |market| market.0.saturating_add(1)).encode(out);
    }
}

impl Decode for MarginUnit {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (account, number) = (Decode::decode(input)?, u16::decode(input)?);
        Ok(Self { account, isolated: number.checked_sub(1).map(MarketId) })
    }
}

/// When whose turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnKey {
    /// When it is due, in milliseconds.
    pub due: u64,
    /// Whose.
    pub unit: MarginUnit,
}
tandem_codec::record!(TurnKey { due, unit });

/// A unit that is being liquidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liquidation {
    /// When its next turn is due.
    pub due: BlockTime,
    /// From which market on its positions have not had an order in this round.
    pub next: MarketId,
    /// The market that waits for its first turn; `None` when it has had one.
    pub waiting: Option<MarketId>,
}
tandem_codec::record!(Liquidation { due, next, waiting });

/// Units of a market that wait for their first turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Since when there are any.
    pub since: BlockTime,
    /// How many.
    pub count: u32,
}
tandem_codec::record!(Waiting { since, count });

/// Who takes what nobody else does. Accounts like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vaults {
    /// Takes the positions and collateral of units below two thirds of their maintenance margin.
    pub backstop: AccountId,
    /// Receives liquidation fees, and pays for units that are worth less than nothing.
    pub insurance: AccountId,
}
tandem_codec::record!(Vaults { backstop, insurance });

/// The vaults' addresses at genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultAddresses {
    /// The backstop's.
    pub backstop: Address,
    /// The insurance fund's.
    pub insurance: Address,
}
tandem_codec::record!(VaultAddresses { backstop, insurance });

/// Addresses that nobody has the key of.
impl Default for VaultAddresses {
    fn default() -> Self {
        Self { backstop: Address([0xbb; 20]), insurance: Address([0xfd; 20]) }
    }
}
