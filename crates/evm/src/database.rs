//! The tables as revm's database.
//!
//! revm asks for code by hash, the tables hold it by address: the adapter remembers which address it last saw with a
//! hash. Analysed code is kept for the block, so that a contract called by every transaction is analysed once.

use crate::tables::{EvmAccount, EvmRead, EvmTables};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use alloy_eips::eip2935::{HISTORY_SERVE_WINDOW, HISTORY_STORAGE_ADDRESS};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use core::fmt;
use revm::Database;
use revm::database_interface::DBErrorMarker;
use revm::state::{Account, AccountInfo, Bytecode, EvmState};

/// The state lacks the code of an account that has some: only a short witness can do this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MissingCode;

impl fmt::Display for MissingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the state lacks the code of a contract")
    }
}

impl core::error::Error for MissingCode {}
impl DBErrorMarker for MissingCode {}

/// revm's view of state `R`.
#[derive(Debug)]
pub(crate) struct StateDb<R> {
    pub(crate) state: R,
    owners: BTreeMap<B256, Address>,
    codes: BTreeMap<B256, Bytecode>,
}

impl<R> StateDb<R> {
    pub(crate) const fn new(state: R) -> Self {
        Self { state, owners: BTreeMap::new(), codes: BTreeMap::new() }
    }
}

impl<R: EvmRead> Database for StateDb<R> {
    type Error = MissingCode;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, MissingCode> {
        let Some(account) = self.state.account(address) else { return Ok(None) };
        if account.has_code() {
            self.owners.insert(account.code_hash, address);
        }
        let EvmAccount { nonce, balance, code_hash } = account;
        let code = (!account.has_code()).then(Bytecode::default);
        Ok(Some(AccountInfo { nonce, balance, code_hash, code, ..AccountInfo::default() }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, MissingCode> {
        if hash == KECCAK256_EMPTY {
            return Ok(Bytecode::default());
        }
        if let Some(code) = self.codes.get(&hash) {
            return Ok(code.clone());
        }
        let owner = self.owners.get(&hash).ok_or(MissingCode)?;
        let code = self.state.code(*owner).ok_or(MissingCode)?;
        let code = Bytecode::new_raw_checked(code).map_err(|_| MissingCode)?;
        self.codes.insert(hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, MissingCode> {
        Ok(self.state.storage(address, slot))
    }

    /// `BLOCKHASH` from the ring that EIP-2935 keeps in the state; revm has checked that `number` is one of the 256
    /// before this block.
    fn block_hash(&mut self, number: u64) -> Result<B256, MissingCode> {
        let window = u64::try_from(HISTORY_SERVE_WINDOW).unwrap_or(u64::MAX);
        let slot = U256::from(number.checked_rem(window).unwrap_or(0));
        Ok(self.state.storage(HISTORY_STORAGE_ADDRESS, slot).into())
    }
}

/// A database whose changes can be kept.
pub(crate) trait Keep {
    /// Writes a transaction's changes.
    fn keep(&mut self, changes: EvmState);
}

impl Keep for StateDb<&mut EvmTables> {
    /// Maps from revm are not ordered: addresses and slots are sorted before they reach the tables.
    fn keep(&mut self, changes: EvmState) {
        let mut accounts: Vec<(Address, Account)> =
            changes.into_iter().filter(|(_, account)| account.is_touched()).collect();
        accounts.sort_unstable_by_key(|(address, _)| *address);
        for (address, account) in accounts {
            keep_account(self.state, address, &account);
        }
    }
}

fn keep_account(tables: &mut EvmTables, address: Address, account: &Account) {
    let AccountInfo { nonce, balance, code_hash, .. } = account.info;
    let destroyed = account.is_selfdestructed() || account.is_empty();
    let after = (!destroyed).then_some(EvmAccount { nonce, balance, code_hash });
    let before = tables.account(address);
    if before != after {
        tables.set_account(address, after);
    }
    let had_code = before.map_or(KECCAK256_EMPTY, |account| account.code_hash);
    let has_code = after.map_or(KECCAK256_EMPTY, |account| account.code_hash);
    if had_code != has_code {
        let code = account.info.code.as_ref().filter(|_| after.is_some());
        tables.set_code(address, code.map(Bytecode::original_bytes).unwrap_or_default());
    }
    let mut slots: Vec<(U256, U256)> =
        account.changed_storage_slots().map(|(slot, value)| (*slot, value.present_value)).collect();
    slots.sort_unstable();
    for (slot, value) in slots {
        // Since EIP-6780 only an account created in the same transaction is destroyed: its slots were never kept.
        tables.set_storage(address, slot, if destroyed { U256::ZERO } else { value });
    }
}
