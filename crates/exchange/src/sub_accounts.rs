//! Sub-accounts: accounts of their own whose addresses have no key.
//!
//! The master and its agents act for one by naming it in `vaultAddress` (`principal`); orders, positions, balances and
//! budget are the sub-account's. What is signed as a wallet acts for the signer alone, so nothing leaves a sub-account
//! but to its master. Its address is the last 20 bytes of a hash of the master's address and a number: whoever knew a
//! key of it would have inverted keccak256. Somebody may send tokens there before it is made: then it has an account
//! already, which nobody can have used, and which becomes the sub-account.
//! Source of the rules: Hyperliquid, "Sub-accounts", whose condition of volume is a fee here.

use crate::Rejection;
use crate::action::{SubAccountModify, SubAccountSpotTransfer, SubAccountTransfer};
use crate::ledger;
use crate::receipt::{Event, ItemStatus};
use crate::records::{Control, SubAccount, SubAccountName};
use crate::session::Session;
use crate::tables::{ExchangeTables, SubAccountKey};
use crate::transfer::{self, TRANSFER_WORK};
use tandem_coprocessor::Work;
use tandem_crypto::Keccak256;
use tandem_types::{AccountId, Address, QuoteAtoms, TokenAtoms, Usd};

/// Most sub-accounts of an account: Hyperliquid's.
pub const SUB_ACCOUNTS_MAX: u16 = 50;
/// How many more agents an account may have for each of its sub-accounts.
pub const AGENTS_PER_SUB_ACCOUNT: usize = 2;
/// Work of making one.
pub const CREATE_WORK: Work = Work(10_000);
/// Work of renaming one.
pub const MODIFY_WORK: Work = Work(3_000);

const ADDRESS_TAG: &[u8] = b"tandem/sub-account";
const ATOMS_PER_MICRO: u64 = 100;

/// The address of a master's sub-account of this number.
#[must_use]
pub fn sub_account_address(master: &Address, index: u16) -> Address {
    let hash = Keccak256::new().chain(ADDRESS_TAG).chain(&master.0).chain(&index.to_be_bytes()).finalize();
    hash.0.last_chunk().map_or(Address([0; 20]), |bytes| Address(*bytes))
}

/// How many sub-accounts an account has.
pub(crate) fn count(tables: &mut ExchangeTables, account: AccountId) -> u16 {
    match tables.accounts.get(&account).map(|account| account.control) {
        Some(Control::Key { sub_accounts }) => sub_accounts,
        Some(Control::SubAccount { .. } | Control::Vault { .. }) | None => 0,
    }
}

impl Session<'_, '_> {
    /// Executes a `createSubAccount`. The master pays for the new account as for any other that it would bring to be.
    pub(crate) fn create_sub_account(&mut self, name: &str) -> Result<ItemStatus, Rejection> {
        self.meter.charge(CREATE_WORK)?;
        let master = *self.tables.accounts.get(&self.account).ok_or(Rejection::Inactive)?;
        let Control::Key { sub_accounts: index } = master.control else {
            return Err(Rejection::SubAccountNested);
        };
        let name = SubAccountName::new(name).ok_or(Rejection::SubAccountName)?;
        if index >= SUB_ACCOUNTS_MAX {
            return Err(Rejection::TooManySubAccounts);
        }
        let address = sub_account_address(&master.address, index);
        let account = self.recipient(&address, crate::QUOTE, TokenAtoms::ZERO)?;
        // From here it succeeds.
        let control = Control::SubAccount { master: self.account, index };
        self.tables.accounts.update(&account, |account| account.control = control);
        let sub_accounts = index.saturating_add(1);
        self.tables.accounts.update(&self.account, |account| account.control = Control::Key { sub_accounts });
        self.name_sub_account(index, SubAccount { account, name });
        Ok(ItemStatus::AccountMade { address })
    }

    /// Executes a `subAccountModify`.
    pub(crate) fn modify_sub_account(&mut self, request: &SubAccountModify) -> Result<ItemStatus, Rejection> {
        self.meter.charge(MODIFY_WORK)?;
        let name = SubAccountName::new(&request.name).ok_or(Rejection::SubAccountName)?;
        let (account, index) = self.sub_account(&request.sub_account)?;
        self.name_sub_account(index, SubAccount { account, name });
        Ok(ItemStatus::Done)
    }

    fn name_sub_account(&mut self, index: u16, sub_account: SubAccount) {
        let (master, account) = (self.account, sub_account.account);
        self.tables.sub_accounts.put(SubAccountKey { master, index }, sub_account);
        self.events.push(Event::SubAccountNamed { master, account });
    }

    /// Executes a `subAccountTransfer`: what leaves must not be needed where it was.
    pub(crate) fn sub_account_transfer(
        &mut self,
        request: &SubAccountTransfer,
    ) -> Result<ItemStatus, Rejection> {
        self.meter.charge(TRANSFER_WORK)?;
        if request.micros == 0 {
            return Err(Rejection::AmountZero);
        }
        let atoms = request.micros.checked_mul(ATOMS_PER_MICRO).ok_or(Rejection::AmountTooLarge)?;
        let amount = Usd::had(QuoteAtoms(atoms)).map_err(|_| Rejection::AmountTooLarge)?;
        let (from, to) = self.sides(&request.sub_account, request.is_deposit)?;
        self.move_collateral(from, to, amount)?;
        self.events.push(Event::SubAccountTransfer { from, to, amount: QuoteAtoms(atoms) });
        Ok(ItemStatus::Done)
    }

    /// Executes a `subAccountSpotTransfer`.
    pub(crate) fn sub_account_spot_transfer(
        &mut self,
        request: &SubAccountSpotTransfer,
    ) -> Result<ItemStatus, Rejection> {
        self.meter.charge(TRANSFER_WORK)?;
        let (token, amount) = transfer::amount_of(self.tables, &request.token, &request.amount)?;
        let (from, to) = self.sides(&request.sub_account, request.is_deposit)?;
        ledger::transfer(self.tables, from, to, token, amount)?;
        self.events.push(Event::Transfer { from, to, token, amount });
        Ok(ItemStatus::Done)
    }

    /// From whom to whom a transfer goes.
    fn sides(&mut self, address: &Address, is_deposit: bool) -> Result<(AccountId, AccountId), Rejection> {
        let (sub_account, _) = self.sub_account(address)?;
        Ok(if is_deposit { (self.account, sub_account) } else { (sub_account, self.account) })
    }

    /// The account's sub-account of this address, and its number.
    fn sub_account(&mut self, address: &Address) -> Result<(AccountId, u16), Rejection> {
        let account = transfer::find_account(self.tables, address).ok_or(Rejection::UnknownSubAccount)?;
        match self.tables.accounts.get(&account).map(|account| account.control) {
            Some(Control::SubAccount { master, index }) if master == self.account => Ok((account, index)),
            Some(Control::SubAccount { .. } | Control::Key { .. } | Control::Vault { .. }) | None => {
                Err(Rejection::UnknownSubAccount)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_number_of_each_master_has_an_address_of_its_own() {
        let masters = [Address([1; 20]), Address([2; 20])];
        let all = masters.iter().flat_map(|master| (0..100).map(|index| sub_account_address(master, index)));
        assert_eq!(all.collect::<BTreeSet<_>>().len(), 200);
    }

    #[test]
    fn names_have_one_to_sixteen_letters() {
        for (name, good) in [
            ("a", true),
            ("exactly sixteen.", true),
            ("ääääääääääääääää", true),
            ("", false),
            ("seventeen letters", false),
            ("a\nb", false),
        ] {
            assert_eq!(SubAccountName::new(name).is_some(), good, "{name:?}");
        }
    }
}
