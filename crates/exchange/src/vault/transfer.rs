//! Making vaults, and money into and out of them.

use super::record::{HolderVault, LeaderVault, VaultHolder, VaultHolding, VaultProfile, VaultState};
use super::shares;
use crate::Rejection;
use crate::action::{CreateVault, VaultTransfer};
use crate::ledger::QUOTE;
use crate::perp::clearing;
use crate::receipt::{Event, ItemStatus, VaultWithdrawal};
use crate::records::Control;
use crate::session::Session;
use crate::transfer;
use tandem_coprocessor::Work;
use tandem_crypto::Keccak256;
use tandem_types::{AccountId, Address, QuoteAtoms, TokenAtoms, Usd};

/// Work of an action on a vault, before positions are margined.
pub const VAULT_WORK: Work = Work(10_000);
/// Work of paying one holder among all.
pub const HOLDER_WORK: Work = Work(12_000);
/// Most vaults of a leader.
pub const VAULTS_MAX: usize = 10;
/// Most holders of a vault: so many can be paid by one action, whatever they hold.
pub const HOLDERS_MAX: u32 = 500;
/// Least that a vault begins with: 100 USD.
pub const VAULT_MIN: QuoteAtoms = QuoteAtoms(100 * ATOMS_PER_USD);
/// Least deposit: 5 USD.
pub const DEPOSIT_MIN: QuoteAtoms = QuoteAtoms(5 * ATOMS_PER_USD);
/// How long a deposit stays at least, in milliseconds: a day.
pub const LOCKUP_MS: u64 = 24 * 3_600_000;
/// The leader keeps at least one of so many shares: 5 %.
pub const LEADER_PART: u64 = 20;

const ATOMS_PER_USD: u64 = 100_000_000;
const ATOMS_PER_MICRO: u64 = 100;
const ADDRESS_TAG: &[u8] = b"tandem/vault";

/// An amount of millionths of USD.
pub(super) fn atoms_of(micros: u64) -> Result<QuoteAtoms, Rejection> {
    micros.checked_mul(ATOMS_PER_MICRO).map(QuoteAtoms).ok_or(Rejection::AmountTooLarge)
}

/// The address of a vault, of which nobody has the key: it follows from its leader's and its account's number.
fn vault_address(leader: &Address, account: AccountId) -> Address {
    let hash =
        Keccak256::new().chain(ADDRESS_TAG).chain(&leader.0).chain(&account.0.to_be_bytes()).finalize();
    hash.0.last_chunk().map_or(Address([0; 20]), |bytes| Address(*bytes))
}

impl Session<'_, '_> {
    /// Executes a `createVault`: the leader pays for the account as for any other, and puts in the first money.
    pub(crate) fn create_vault(&mut self, request: &CreateVault) -> Result<ItemStatus, Rejection> {
        self.meter.charge(VAULT_WORK)?;
        let profile =
            VaultProfile::new(&request.name, &request.description).ok_or(Rejection::VaultProfile)?;
        let amount = atoms_of(request.initial_micros)?;
        if amount < VAULT_MIN {
            return Err(Rejection::VaultDepositTooSmall);
        }
        self.check_leader()?;
        self.check_vaults()?;
        self.check_withdrawal(self.account, Usd::had(amount)?)?;
        let leader = self.account;
        let address = self.tables.accounts.get(&leader).ok_or(Rejection::UnknownVault)?.address;
        let number = self.tables.counters.get(&()).copied().unwrap_or_default().account;
        let vault_address = vault_address(&address, number);
        let vault = self.recipient(&vault_address, QUOTE, TokenAtoms::ZERO)?;
        if vault != number {
            return Err(Rejection::Overflow);
        }
        let now = self.block.time;
        let state =
            VaultState { leader, created: now, shares: 0, holders: 0, allows_deposits: true, closed: false };
        self.tables.accounts.update(&vault, |account| account.control = Control::Vault { leader });
        self.tables.vault_profiles.put(vault, profile);
        self.tables.vaults.put(vault, state);
        self.tables.leader_vaults.put(LeaderVault { leader, vault }, ());
        self.events.push(Event::VaultCreated { vault, leader, amount });
        self.take_deposit(vault, state, amount, 0)?;
        Ok(ItemStatus::AccountMade { address: vault_address })
    }

    /// Executes a `vaultTransfer`.
    pub(crate) fn vault_transfer(&mut self, request: &VaultTransfer) -> Result<ItemStatus, Rejection> {
        self.meter.charge(VAULT_WORK)?;
        let vault = transfer::find_account(self.tables, &request.vault).ok_or(Rejection::UnknownVault)?;
        let state = *self.tables.vaults.get(&vault).ok_or(Rejection::UnknownVault)?;
        let amount = atoms_of(request.micros)?;
        if amount.is_zero() {
            return Err(Rejection::AmountZero);
        }
        let value = self.vault_value(vault)?;
        if request.is_deposit {
            self.deposit(vault, state, amount, value)?;
        } else {
            self.withdraw(vault, state, amount, value)?;
        }
        Ok(ItemStatus::Done)
    }

    fn deposit(
        &mut self,
        vault: AccountId,
        state: VaultState,
        amount: QuoteAtoms,
        value: u64,
    ) -> Result<(), Rejection> {
        self.check_no_vault()?;
        let open = state.allows_deposits || self.account == state.leader;
        if state.closed || !open {
            return Err(Rejection::VaultClosed);
        }
        if amount < DEPOSIT_MIN {
            return Err(Rejection::VaultDepositTooSmall);
        }
        self.check_withdrawal(self.account, Usd::had(amount)?)?;
        let state = self.take_deposit(vault, state, amount, value)?;
        self.check_leader_part(vault, &state)
    }

    /// Moves `amount` into a vault that is worth `value`, and gives shares for it.
    fn take_deposit(
        &mut self,
        vault: AccountId,
        mut state: VaultState,
        amount: QuoteAtoms,
        value: u64,
    ) -> Result<VaultState, Rejection> {
        let (holder, now) = (self.account, self.block.time);
        let issued = shares::issued(amount.0, state.shares, value).ok_or(Rejection::VaultSharesTooDear)?;
        let key = VaultHolder { vault, holder };
        let mut holding = match self.tables.vault_holdings.get(&key).copied() {
            Some(holding) => holding,
            None if state.holders >= HOLDERS_MAX => return Err(Rejection::VaultFull),
            None => {
                state.holders = state.holders.saturating_add(1);
                self.tables.holder_vaults.put(HolderVault { holder, vault }, ());
                VaultHolding { shares: 0, basis: QuoteAtoms::ZERO, since: now, unlocks: now }
            }
        };
        holding.shares = holding.shares.checked_add(issued).ok_or(Rejection::Overflow)?;
        holding.basis = holding.basis.plus(amount)?;
        holding.unlocks = now.plus_ms(LOCKUP_MS);
        state.shares = state.shares.checked_add(issued).ok_or(Rejection::Overflow)?;
        self.tables.vault_holdings.put(key, holding);
        self.tables.vaults.put(vault, state);
        self.pay_collateral(holder, vault, amount)?;
        self.events.push(Event::VaultDeposit { vault, account: holder, amount });
        self.reindex(holder)?;
        self.reindex(vault)?;
        Ok(state)
    }

    fn withdraw(
        &mut self,
        vault: AccountId,
        mut state: VaultState,
        amount: QuoteAtoms,
        value: u64,
    ) -> Result<(), Rejection> {
        let holder = self.account;
        let key = VaultHolder { vault, holder };
        let holding = *self.tables.vault_holdings.get(&key).ok_or(Rejection::NoVaultHolding)?;
        if holding.unlocks > self.block.time {
            return Err(Rejection::VaultLocked);
        }
        let own = shares::worth(holding.shares, state.shares, value).ok_or(Rejection::NoVaultHolding)?;
        if amount.0 > own {
            return Err(Rejection::NoVaultHolding);
        }
        // Who takes all that can be written in millionths leaves the rest, which is less than one, to the others.
        let takes_all = own.saturating_sub(amount.0) < ATOMS_PER_MICRO;
        let redeemed =
            if takes_all { Some(holding.shares) } else { shares::redeemed(amount.0, state.shares, value) };
        let redeemed = redeemed.ok_or(Rejection::NoVaultHolding)?;
        let margin = clearing!(self.tables, self.meter).cross_margin(vault)?;
        if margin.withdrawable() < amount {
            return Err(Rejection::VaultFundsInUse);
        }
        self.redeem(key, &mut state, holding, (redeemed, amount))?;
        self.check_leader_part(vault, &state)?;
        self.reindex(holder)?;
        self.reindex(state.leader)?;
        self.reindex(vault)
    }

    /// Pays `amount` for so many shares of a holder; the leader gets a part of what is profit.
    pub(super) fn redeem(
        &mut self,
        key: VaultHolder,
        state: &mut VaultState,
        mut holding: VaultHolding,
        (redeemed, amount): (u64, QuoteAtoms),
    ) -> Result<(), Rejection> {
        let VaultHolder { vault, holder } = key;
        let basis = shares::worth(redeemed, holding.shares, holding.basis.0).map(QuoteAtoms);
        let basis = basis.ok_or(Rejection::Overflow)?;
        let profit = if holder == state.leader { 0 } else { amount.0.saturating_sub(basis.0) };
        let commission = QuoteAtoms(shares::profit_share(profit));
        self.pay_collateral(vault, holder, amount.minus(commission)?)?;
        self.pay_collateral(vault, state.leader, commission)?;
        holding.shares = holding.shares.checked_sub(redeemed).ok_or(Rejection::Overflow)?;
        holding.basis = holding.basis.minus(basis)?;
        state.shares = state.shares.checked_sub(redeemed).ok_or(Rejection::Overflow)?;
        if holding.shares == 0 {
            state.holders = state.holders.saturating_sub(1);
            self.tables.vault_holdings.remove(&key);
            self.tables.holder_vaults.remove(&HolderVault { holder, vault });
        } else {
            self.tables.vault_holdings.put(key, holding);
        }
        self.tables.vaults.put(vault, *state);
        let paid = VaultWithdrawal { vault, account: holder, amount, commission, basis };
        self.events.push(Event::VaultWithdrawal(paid));
        Ok(())
    }

    pub(super) fn pay_collateral(
        &mut self,
        from: AccountId,
        to: AccountId,
        amount: QuoteAtoms,
    ) -> Result<(), Rejection> {
        let amount = Usd::had(amount)?;
        let mut clearing = clearing!(self.tables, self.meter);
        clearing.add_collateral(from, Usd::ZERO.minus(amount)?)?;
        clearing.add_collateral(to, amount)
    }

    /// What a vault is worth at mark; nothing if that is less than nothing. Stale prices say nothing of it.
    pub(super) fn vault_value(&mut self, vault: AccountId) -> Result<u64, Rejection> {
        let stale_ms = self.tables.perp_config.get(&()).copied().unwrap_or_default().price_stale_ms;
        let now = self.block.time;
        let mut clearing = clearing!(self.tables, self.meter);
        if clearing.held(vault)?.iter().any(|held| held.priced.prices.is_stale(now, stale_ms)) {
            return Err(Rejection::VaultUnpriced);
        }
        let value = clearing.account_value(vault)?;
        u64::try_from(value.max(0)).map_err(|_| Rejection::Overflow)
    }

    /// A leader has a key of its own, and so are others who act for it.
    fn check_leader(&mut self) -> Result<(), Rejection> {
        let control = self.tables.accounts.get(&self.account).map(|account| account.control);
        if matches!(control, Some(Control::Key { .. })) { Ok(()) } else { Err(Rejection::VaultInVault) }
    }

    /// A vault puts no money into vaults.
    fn check_no_vault(&mut self) -> Result<(), Rejection> {
        if self.tables.vaults.contains(&self.account) { Err(Rejection::VaultInVault) } else { Ok(()) }
    }

    fn check_vaults(&mut self) -> Result<(), Rejection> {
        let (mut from, last) = (LeaderVault::first(self.account), LeaderVault::last(self.account));
        for _ in 0..VAULTS_MAX {
            let Some((found, ())) = self.tables.leader_vaults.first(&from, &last) else { return Ok(()) };
            let Some(vault) = found.vault.next() else { return Ok(()) };
            from.vault = vault;
        }
        Err(Rejection::TooManyVaults)
    }

    /// The leader holds one share of twenty, or nobody holds any.
    fn check_leader_part(&mut self, vault: AccountId, state: &VaultState) -> Result<(), Rejection> {
        let key = VaultHolder { vault, holder: state.leader };
        let own = self.tables.vault_holdings.get(&key).map_or(0, |holding| holding.shares);
        let enough = u128::from(own).saturating_mul(u128::from(LEADER_PART)) >= u128::from(state.shares);
        if enough { Ok(()) } else { Err(Rejection::VaultLeaderPart) }
    }
}
