//! Sub-accounts: what is done with them in few words, and what must hold of them.

use crate::genesis::token_text;
use crate::invariants::rows;
use std::collections::BTreeMap;
use tandem_exchange::action::{Action, Amount, SubAccountModify, SubAccountSpotTransfer, SubAccountTransfer};
use tandem_exchange::{
    Account, AddressKey, Control, ExchangeTables, SUB_ACCOUNTS_MAX, SubAccount, SubAccountKey,
    sub_account_address,
};
use tandem_types::{AccountId, Address, TokenId};

/// Makes a sub-account of this name.
#[must_use]
pub fn create_sub_account(name: &str) -> Action {
    Action::CreateSubAccount(name.into())
}

/// Gives a sub-account another name.
#[must_use]
pub fn rename_sub_account(sub_account: &Address, name: &str) -> Action {
    Action::SubAccountModify(SubAccountModify { sub_account: *sub_account, name: name.into() })
}

/// Moves collateral to a sub-account, or from it, in 10^-6 USD.
#[must_use]
pub const fn sub_account_transfer(sub_account: &Address, is_deposit: bool, micros: u64) -> Action {
    Action::SubAccountTransfer(SubAccountTransfer { sub_account: *sub_account, is_deposit, micros })
}

/// Moves a token to a sub-account, or from it.
///
/// # Panics
/// If the amount is none.
#[must_use]
pub fn sub_account_spot_transfer(
    sub_account: &Address,
    is_deposit: bool,
    token: TokenId,
    amount: &str,
) -> Action {
    let amount = Amount::new(amount).expect("an amount");
    let token = token_text(token).into();
    Action::SubAccountSpotTransfer(SubAccountSpotTransfer {
        sub_account: *sub_account,
        is_deposit,
        token,
        amount,
    })
}

/// Checks that masters and sub-accounts agree about each other, and that no sub-account's address has signed.
///
/// # Panics
/// If one of these is not so.
pub(crate) fn assert_sub_accounts(tables: &ExchangeTables) {
    let accounts: BTreeMap<AccountId, Account> = rows(&tables.accounts).into_iter().collect();
    let listed: Vec<(SubAccountKey, SubAccount)> = rows(&tables.sub_accounts);
    for (SubAccountKey { master, index }, SubAccount { account, .. }) in &listed {
        let address = accounts[account].address;
        assert_eq!(accounts[account].control, Control::SubAccount { master: *master, index: *index });
        assert_eq!(address, sub_account_address(&accounts[master].address, *index));
        let signer = tables.signers.peek(&AddressKey::of(&address)).expect("it can be found");
        assert_eq!((signer.own, signer.nonces), (Some(*account), 0));
    }
    let mut count = 0;
    for (id, account) in &accounts {
        match account.control {
            Control::Key { sub_accounts } => {
                assert!(sub_accounts <= SUB_ACCOUNTS_MAX);
                let all = (0..sub_accounts).map(|index| SubAccountKey { master: *id, index });
                assert!(all.into_iter().all(|key| tables.sub_accounts.peek(&key).is_some()));
                count += usize::from(sub_accounts);
            }
            Control::SubAccount { master, .. } => {
                assert!(matches!(accounts[&master].control, Control::Key { .. }), "masters have keys");
            }
            Control::Vault { leader } => {
                assert!(matches!(accounts[&leader].control, Control::Key { .. }), "leaders have keys");
                assert_eq!(tables.vaults.peek(id).map(|vault| vault.leader), Some(leader));
            }
        }
    }
    assert_eq!(listed.len(), count, "each is counted by its master");
}
