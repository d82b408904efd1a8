//! Promises about vaults, checked on what a block changed.

use super::record::{VaultHolder, VaultHolding, VaultState};
use crate::promise::{BrokenPromise, difference, key};
use crate::tables::ExchangeTables;
use alloc::collections::BTreeMap;
use tandem_state::{Delta, Prefix};
use tandem_types::AccountId;

const VAULTS: Prefix = Prefix::new(ExchangeTables::ENGINE, 98);
const HOLDINGS: Prefix = Prefix::new(ExchangeTables::ENGINE, 100);

/// What a vault has more of than its holders have gained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Beyond {
    shares: i128,
    holders: i128,
}

/// A vault's shares grow by what its holders' do, and its count of holders by how many come.
pub(crate) fn check(delta: &Delta) -> Result<(), BrokenPromise> {
    let mut vaults: BTreeMap<AccountId, Beyond> = BTreeMap::new();
    for change in delta.changes_under(&VAULTS.0) {
        let beyond = vaults.entry(key(&change)?).or_default();
        beyond.shares = difference(&change, |vault: &VaultState| vault.shares.into())?;
        beyond.holders = difference(&change, |vault: &VaultState| vault.holders.into())?;
    }
    for change in delta.changes_under(&HOLDINGS.0) {
        let VaultHolder { vault, .. } = key(&change)?;
        let beyond = vaults.entry(vault).or_default();
        let shares = difference(&change, |holding: &VaultHolding| holding.shares.into())?;
        beyond.shares = beyond.shares.saturating_sub(shares);
        beyond.holders = beyond.holders.saturating_sub(difference(&change, |_: &VaultHolding| 1)?);
    }
    match vaults.into_iter().find(|(_, beyond)| *beyond != Beyond::default()) {
        Some((vault, _)) => Err(BrokenPromise::Shares { vault }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_state::Tables;
    use tandem_types::{BlockTime, QuoteAtoms};

    const VAULT: AccountId = AccountId(7);

    fn set(tables: &mut ExchangeTables, shares: u64, holders: u32, holdings: &[u64]) {
        let (leader, created) = (AccountId(1), BlockTime(1));
        let state = VaultState { leader, created, shares, holders, allows_deposits: true, closed: false };
        tables.vaults.put(VAULT, state);
        for (holder, shares) in (1..=3).zip(holdings.iter().copied().chain([0; 3])) {
            let key = VaultHolder { vault: VAULT, holder: AccountId(holder) };
            let holding = VaultHolding { shares, basis: QuoteAtoms(1), since: created, unlocks: created };
            if shares == 0 {
                tables.vault_holdings.remove(&key);
            } else {
                tables.vault_holdings.put(key, holding);
            }
        }
    }

    #[test]
    fn shares_and_holders_move_together() {
        let cases: [(u64, u32, &[u64], bool); 7] = [
            (10, 2, &[4, 6], true),
            (10, 2, &[6, 4], true),
            (10, 1, &[10], true),
            (0, 0, &[], true),
            (11, 2, &[4, 6], false),
            (10, 2, &[4, 5], false),
            (10, 3, &[4, 6], false),
        ];
        for (shares, holders, holdings, holds) in cases {
            let mut tables = ExchangeTables::default();
            set(&mut tables, 10, 2, &[4, 6]);
            assert_eq!(check(&tables.seal()), Ok(()));
            set(&mut tables, shares, holders, holdings);
            let expected = if holds { Ok(()) } else { Err(BrokenPromise::Shares { vault: VAULT }) };
            assert_eq!(check(&tables.seal()), expected, "{shares} {holders} {holdings:?}");
        }
    }
}
