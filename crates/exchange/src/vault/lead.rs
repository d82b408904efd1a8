//! What only a vault's leader may do with the vault itself: open and close it to deposits, pay out, end it.

use super::record::{VaultHolder, VaultState};
use super::shares;
use super::transfer::{HOLDER_WORK, VAULT_WORK, atoms_of};
use crate::Rejection;
use crate::action::{VaultDistribute, VaultModify};
use crate::perp::clearing;
use crate::receipt::ItemStatus;
use crate::session::Session;
use crate::transfer;
use alloc::vec::Vec;
use tandem_types::{AccountId, Address, QuoteAtoms};

impl Session<'_, '_> {
    /// Executes a `vaultModify`. Nothing is closed on withdrawal, so that can't be asked for.
    pub(crate) fn modify_vault(&mut self, request: &VaultModify) -> Result<ItemStatus, Rejection> {
        self.meter.charge(VAULT_WORK)?;
        let (vault, mut state) = self.led_vault(&request.vault)?;
        if request.always_close == Some(true) {
            return Err(Rejection::VaultClosesNothing);
        }
        if let Some(allows) = request.allow_deposits {
            state.allows_deposits = allows;
            self.tables.vaults.put(vault, state);
        }
        Ok(ItemStatus::Done)
    }

    /// Executes a `vaultDistribute`: pays everyone in proportion to shares, or with nothing named pays out all that
    /// there is and ends the vault.
    pub(crate) fn distribute_vault(&mut self, request: &VaultDistribute) -> Result<ItemStatus, Rejection> {
        self.meter.charge(VAULT_WORK)?;
        let (vault, state) = self.led_vault(&request.vault)?;
        if request.micros == 0 {
            self.end_vault(vault, state)?;
        } else {
            self.distribute(vault, state, atoms_of(request.micros)?)?;
        }
        Ok(ItemStatus::Done)
    }

    fn led_vault(&mut self, address: &Address) -> Result<(AccountId, VaultState), Rejection> {
        let vault = transfer::find_account(self.tables, address).ok_or(Rejection::UnknownVault)?;
        let state = *self.tables.vaults.get(&vault).ok_or(Rejection::UnknownVault)?;
        if state.leader != self.account || state.closed {
            return Err(Rejection::UnknownVault);
        }
        Ok((vault, state))
    }

    fn distribute(
        &mut self,
        vault: AccountId,
        mut state: VaultState,
        amount: QuoteAtoms,
    ) -> Result<(), Rejection> {
        let value = self.vault_value(vault)?;
        let margin = clearing!(self.tables, self.meter).cross_margin(vault)?;
        if amount.0 > value || margin.withdrawable() < amount {
            return Err(Rejection::VaultFundsInUse);
        }
        let shares = state.shares;
        for key in self.holders_of(vault) {
            self.meter.charge(HOLDER_WORK)?;
            let holding = *self.tables.vault_holdings.get(&key).ok_or(Rejection::NoVaultHolding)?;
            let part = shares::worth(holding.shares, shares, amount.0).ok_or(Rejection::Overflow)?;
            let redeemed = shares::redeemed(part, shares, value).ok_or(Rejection::Overflow)?;
            if part > 0 {
                self.redeem(key, &mut state, holding, (redeemed, QuoteAtoms(part)))?;
                self.reindex(key.holder)?;
            }
        }
        self.reindex(vault)
    }

    /// Pays out a vault that holds nothing but collateral. What rounding leaves is the leader's.
    fn end_vault(&mut self, vault: AccountId, mut state: VaultState) -> Result<(), Rejection> {
        let open = self.tables.accounts.get(&vault).map_or(0, |account| account.open_orders);
        if open > 0 || !clearing!(self.tables, self.meter).held(vault)?.is_empty() {
            return Err(Rejection::VaultFundsInUse);
        }
        let (value, shares) = (self.vault_value(vault)?, state.shares);
        for key in self.holders_of(vault) {
            self.meter.charge(HOLDER_WORK)?;
            let holding = *self.tables.vault_holdings.get(&key).ok_or(Rejection::NoVaultHolding)?;
            let part = shares::worth(holding.shares, shares, value).ok_or(Rejection::Overflow)?;
            self.redeem(key, &mut state, holding, (holding.shares, QuoteAtoms(part)))?;
            self.reindex(key.holder)?;
        }
        let left = self.vault_value(vault)?;
        self.pay_collateral(vault, state.leader, QuoteAtoms(left))?;
        self.tables.vaults.put(vault, VaultState { closed: true, allows_deposits: false, ..state });
        self.reindex(state.leader)
    }

    /// The holders of a vault, in the order of their accounts: no more than may be at once.
    fn holders_of(&mut self, vault: AccountId) -> Vec<VaultHolder> {
        let (mut from, last) = (VaultHolder::first(vault), VaultHolder::last(vault));
        let mut holders = Vec::new();
        while let Some((key, _)) = self.tables.vault_holdings.first(&from, &last) {
            holders.push(key);
            let Some(holder) = key.holder.next() else { break };
            from.holder = holder;
        }
        holders
    }
}
