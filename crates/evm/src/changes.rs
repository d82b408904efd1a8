//! A block's changes to accounts and storage, as the tries take them.

use crate::tables::{EvmAccount, EvmTables, StorageKey, Word};
use alloc::collections::BTreeMap;
use alloy_primitives::{Address, U256};
use tandem_codec::Decode;
use tandem_state::{AnyTable, Change, Delta, DeltaError, Direction, Prefix, Tables};

/// The prefix of the accounts' table.
pub(crate) const ACCOUNTS: Prefix = Prefix::new(EvmTables::ENGINE, 1);
/// The prefix of the storage's table.
pub(crate) const STORAGE: Prefix = Prefix::new(EvmTables::ENGINE, 2);
/// The prefix of the codes' table. Code is committed through its hash in the account.
pub(crate) const CODES: Prefix = Prefix::new(EvmTables::ENGINE, 3);

/// Values after a step: of accounts (`None`: none), and of storage slots (zero: none).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateChanges {
    /// Accounts by address.
    pub accounts: BTreeMap<Address, Option<EvmAccount>>,
    /// Slots by address and number.
    pub storage: BTreeMap<Address, BTreeMap<U256, U256>>,
}

impl StateChanges {
    /// The EVM's part of a block's delta, in either direction.
    ///
    /// # Errors
    /// [`DeltaError`] if keys or values are not the tables'.
    pub fn of(delta: &Delta, direction: Direction) -> Result<Self, DeltaError> {
        let after = |change: Change<'_>| match direction {
            Direction::Forward => change.new.map(<[u8]>::to_vec),
            Direction::Backward => change.old.map(<[u8]>::to_vec),
        };
        let mut changes = Self::default();
        for change in delta.changes_under(&ACCOUNTS.0) {
            changes.account(change.key, after(change).as_deref())?;
        }
        for change in delta.changes_under(&STORAGE.0) {
            changes.slot(change.key, after(change).as_deref())?;
        }
        Ok(changes)
    }

    /// All that is in the tables, as changes to the empty state.
    ///
    /// # Errors
    /// [`DeltaError`], for tables that are not what they encode: never.
    pub fn whole(tables: &EvmTables) -> Result<Self, DeltaError> {
        let mut changes = Self::default();
        let mut outcome = Ok(());
        tables.visit(&mut |prefix, table: &dyn AnyTable| {
            table.for_each(prefix, &mut |key, value| {
                let taken = match prefix {
                    ACCOUNTS => changes.account(&key, Some(&value)),
                    STORAGE => changes.slot(&key, Some(&value)),
                    _ => Ok(()),
                };
                outcome = outcome.and(taken);
            });
        });
        outcome.map(|()| changes)
    }

    fn account(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), DeltaError> {
        let address = account_key(key)?;
        let account = value.map(EvmAccount::from_bytes).transpose().map_err(DeltaError::Value)?;
        self.accounts.insert(address, account);
        Ok(())
    }

    fn slot(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), DeltaError> {
        let (address, slot) = storage_key(key)?;
        let word = value.map(Word::from_bytes).transpose().map_err(DeltaError::Value)?;
        self.storage.entry(address).or_default().insert(slot, word.map_or(U256::ZERO, |word| word.0));
        Ok(())
    }
}

/// The address in a prefixed key of the accounts' or codes' table.
pub(crate) fn account_key(key: &[u8]) -> Result<Address, DeltaError> {
    let key = key.get(2..).unwrap_or_default();
    let address = tandem_types::Address::from_bytes(key).map_err(DeltaError::Key)?;
    Ok(Address::new(address.0))
}

/// The address and slot in a prefixed key of the storage's table.
pub(crate) fn storage_key(key: &[u8]) -> Result<(Address, U256), DeltaError> {
    let key = StorageKey::from_bytes(key.get(2..).unwrap_or_default()).map_err(DeltaError::Key)?;
    Ok((Address::new(key.address.0), U256::from_be_bytes(key.slot)))
}
