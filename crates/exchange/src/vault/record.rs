//! What the tables hold of vaults.

use alloc::boxed::Box;
use alloc::vec::Vec;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_state::keys;
use tandem_types::{AccountId, BlockTime, QuoteAtoms};

/// Longest name of a vault in bytes.
pub const VAULT_NAME_MAX: u32 = 64;
/// Longest description of a vault in bytes.
pub const VAULT_DESCRIPTION_MAX: u32 = 512;

/// What a vault is, beside its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultState {
    /// Who trades with it.
    pub leader: AccountId,
    /// Since when.
    pub created: BlockTime,
    /// Shares of all holders.
    pub shares: u64,
    /// How many holders there are, the leader counted.
    pub holders: u32,
    /// Whether others than the leader may deposit.
    pub allows_deposits: bool,
    /// Whether it has paid everyone out for good.
    pub closed: bool,
}
tandem_codec::record!(VaultState { leader, created, shares, holders, allows_deposits, closed });

/// What somebody has in a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultHolding {
    /// Shares.
    pub shares: u64,
    /// What was paid for them, less what the redeemed ones cost.
    pub basis: QuoteAtoms,
    /// Since when there is a holding.
    pub since: BlockTime,
    /// From when on it may be withdrawn.
    pub unlocks: BlockTime,
}
tandem_codec::record!(VaultHolding { shares, basis, since, unlocks });

/// What a vault says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultProfile {
    name: Box<str>,
    description: Box<str>,
}

impl VaultProfile {
    /// Checks a name, which is not empty, and a description: both within bounds and without control characters.
    #[must_use]
    pub fn new(name: &str, description: &str) -> Option<Self> {
        let within = |text: &str, max: u32| {
            u32::try_from(text.len()).is_ok_and(|len| len <= max) && !text.chars().any(char::is_control)
        };
        let good =
            !name.is_empty() && within(name, VAULT_NAME_MAX) && within(description, VAULT_DESCRIPTION_MAX);
        good.then(|| Self { name: name.into(), description: description.into() })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its description.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }
}

impl Encode for VaultProfile {
    fn encode(&self, out: &mut Vec<u8>) {
        self.name.as_bytes().encode(out);
        self.description.as_bytes().encode(out);
    }
}

impl Decode for VaultProfile {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (name, description) = (input.bytes(VAULT_NAME_MAX)?, input.bytes(VAULT_DESCRIPTION_MAX)?);
        let texts = core::str::from_utf8(name).ok().zip(core::str::from_utf8(description).ok());
        let profile = texts.and_then(|(name, description)| Self::new(name, description));
        profile.ok_or_else(|| input.invalid("vault profile"))
    }
}

/// A holder of a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VaultHolder {
    /// The vault.
    pub vault: AccountId,
    /// The holder.
    pub holder: AccountId,
}

/// The same, by holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HolderVault {
    /// The holder.
    pub holder: AccountId,
    /// The vault.
    pub vault: AccountId,
}

/// A vault of a leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderVault {
    /// The leader.
    pub leader: AccountId,
    /// The vault.
    pub vault: AccountId,
}

tandem_codec::record!(VaultHolder { vault, holder });
tandem_codec::record!(HolderVault { holder, vault });
tandem_codec::record!(LeaderVault { leader, vault });
keys!(VaultHolder: 8, HolderVault: 8, LeaderVault: 8);

macro_rules! ranges {
    ($($key:ident { $first:ident, $second:ident })*) => { $(
        impl $key {
            /// The first possible of the first part.
            #[must_use]
            pub const fn first($first: AccountId) -> Self {
                Self { $first, $second: AccountId(0) }
            }

            /// The last possible of the first part.
            #[must_use]
            pub const fn last($first: AccountId) -> Self {
                Self { $first, $second: AccountId(u32::MAX) }
            }
        }
    )* };
}
ranges! {
    VaultHolder { vault, holder }
    HolderVault { holder, vault }
    LeaderVault { leader, vault }
}
