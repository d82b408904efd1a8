//! Vaults for tests: what is done with them in few words, and what must hold of them.

use crate::invariants::rows;
use std::collections::BTreeMap;
use tandem_exchange::ExchangeTables;
use tandem_exchange::action::{Action, CreateVault, VaultDistribute, VaultModify, VaultTransfer};
use tandem_exchange::vault::{HolderVault, LeaderVault, VaultHolder, VaultHolding, VaultState};
use tandem_types::{AccountId, Address};

/// Makes a vault of so many 10^-6 USD.
#[must_use]
pub fn create_vault(name: &str, micros: u64) -> Action {
    let (name, description) = (name.into(), "for tests".into());
    Action::CreateVault(CreateVault { name, description, initial_micros: micros, nonce: 0 })
}

/// Puts 10^-6 USD into a vault.
#[must_use]
pub const fn vault_deposit(vault: Address, micros: u64) -> Action {
    Action::VaultTransfer(VaultTransfer { vault, is_deposit: true, micros })
}

/// Takes 10^-6 USD out of a vault.
#[must_use]
pub const fn vault_withdraw(vault: Address, micros: u64) -> Action {
    Action::VaultTransfer(VaultTransfer { vault, is_deposit: false, micros })
}

/// Opens a vault to deposits, or closes it to them.
#[must_use]
pub const fn vault_modify(vault: Address, allow_deposits: Option<bool>) -> Action {
    Action::VaultModify(VaultModify { vault, allow_deposits, always_close: None })
}

/// Pays so many 10^-6 USD to a vault's holders, or with nothing ends it.
#[must_use]
pub const fn vault_distribute(vault: Address, micros: u64) -> Action {
    Action::VaultDistribute(VaultDistribute { vault, micros })
}

/// Checks that a vault's shares and holders are those of its holdings, and that the lists agree.
pub(crate) fn assert_vaults(tables: &ExchangeTables) {
    let holdings = rows::<VaultHolder, VaultHolding>(&tables.vault_holdings);
    let mut by_holder: Vec<HolderVault> =
        holdings.iter().map(|(key, _)| HolderVault { holder: key.holder, vault: key.vault }).collect();
    by_holder.sort();
    let listed: Vec<HolderVault> =
        rows::<HolderVault, ()>(&tables.holder_vaults).into_iter().map(|(key, ())| key).collect();
    assert_eq!(listed, by_holder, "holdings by holder");
    let mut sums: BTreeMap<AccountId, (u64, u32)> = BTreeMap::new();
    for (key, holding) in &holdings {
        assert!(holding.shares > 0, "{key:?} holds nothing");
        let (shares, holders) = sums.entry(key.vault).or_default();
        (*shares, *holders) = (*shares + holding.shares, *holders + 1);
    }
    let leaders = rows::<LeaderVault, ()>(&tables.leader_vaults);
    let vaults = rows::<AccountId, VaultState>(&tables.vaults);
    assert_eq!(leaders.len(), vaults.len(), "every vault is its leader's");
    for (vault, state) in vaults {
        let (shares, holders) = sums.remove(&vault).unwrap_or_default();
        assert_eq!((state.shares, state.holders), (shares, holders), "vault {vault}");
        let key = LeaderVault { leader: state.leader, vault };
        assert!(leaders.iter().any(|(found, ())| *found == key), "vault {vault}");
        assert!(!state.closed || shares == 0, "vault {vault} has ended");
    }
    assert!(sums.is_empty(), "holdings in no vault: {sums:?}");
}
