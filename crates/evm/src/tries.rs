//! The tries of the whole EVM state: one of accounts, and one of storage for each account that has some.
//!
//! They follow the tables block by block through [`StateChanges`], forwards and backwards. The same type holds a full
//! node's tries and those opened from a witness: a storage trie that isn't held yet is a sealed one with the root that
//! the account's leaf names.
//!
//! An account that goes takes its storage along. Under the rules in force it has none: storage belongs to accounts with
//! a nonce (EIP-161, EIP-7702), and nonces don't fall.

use crate::trie::{Missing, Nodes, Trie, TrieError};
use crate::{EvmAccount, StateChanges};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::{EMPTY_ROOT_HASH, TrieAccount};
use core::fmt;

/// Why tries could not answer or follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriesError {
    /// A sealed subtree is needed.
    Missing {
        /// Whose storage trie; `None` for the trie of accounts.
        storage_of: Option<Address>,
        /// Where.
        at: Missing,
    },
    /// Witness nodes are no trie.
    Trie(TrieError),
    /// The leaf of this address is not an account.
    NotAnAccount(Address),
}

impl fmt::Display for TriesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { storage_of: Some(address), at } => write!(f, "storage of {address}: {at}"),
            Self::Missing { storage_of: None, at } => write!(f, "accounts: {at}"),
            Self::Trie(error) => error.fmt(f),
            Self::NotAnAccount(address) => write!(f, "the leaf of {address} is not an account"),
        }
    }
}

impl core::error::Error for TriesError {}

impl From<TrieError> for TriesError {
    fn from(error: TrieError) -> Self {
        Self::Trie(error)
    }
}

const fn in_accounts(at: Missing) -> TriesError {
    TriesError::Missing { storage_of: None, at }
}

const fn in_storage(address: Address) -> impl Fn(Missing) -> TriesError {
    move |at| TriesError::Missing { storage_of: Some(address), at }
}

/// An account with its proof (EIP-1186).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// The account, if there is one.
    pub account: Option<EvmAccount>,
    /// Root of its storage trie.
    pub storage_root: B256,
    /// Nodes from the state root to the account's leaf, or to where the path ends.
    pub proof: Vec<Bytes>,
    /// The slots asked for, in the order asked.
    pub storage: Vec<StorageProof>,
}

/// A storage slot with its proof (EIP-1186).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageProof {
    /// Number of the slot.
    pub slot: U256,
    /// Its value; zero if it was never set.
    pub value: U256,
    /// Nodes from the storage root to the slot's leaf, or to where the path ends.
    pub proof: Vec<Bytes>,
}

/// The tries of the EVM state.
#[derive(Clone, Debug, Default)]
pub struct EvmTries {
    accounts: Trie,
    storages: BTreeMap<Address, Trie>,
}

impl EvmTries {
    /// The tries of which `nodes` are known, under a state root.
    ///
    /// # Errors
    /// [`TriesError::Trie`].
    pub fn open(root: B256, nodes: &Nodes) -> Result<Self, TriesError> {
        Ok(Self { accounts: Trie::open(root, nodes)?, storages: BTreeMap::new() })
    }

    /// Opens the storage trie of an account from `nodes`; an account that is absent or without storage has none.
    ///
    /// # Errors
    /// [`TriesError`].
    pub(crate) fn open_storage(&mut self, address: Address, nodes: &Nodes) -> Result<(), TriesError> {
        if !self.storages.contains_key(&address) {
            let root = self.leaf(address)?.map_or(EMPTY_ROOT_HASH, |leaf| leaf.storage_root);
            self.storages.insert(address, Trie::open(root, nodes)?);
        }
        Ok(())
    }

    /// The state root.
    pub fn root(&mut self) -> B256 {
        self.accounts.root()
    }

    /// The state root, as of the last change by [`EvmTries::apply`].
    pub(crate) fn known_root(&self) -> B256 {
        self.accounts.known_root()
    }

    /// Follows a block; returns the new state root.
    ///
    /// # Errors
    /// [`TriesError`], on tries from a witness; they are then to be dropped.
    pub fn apply(&mut self, changes: &StateChanges) -> Result<B256, TriesError> {
        let none = BTreeMap::new();
        for (address, slots) in &changes.storage {
            if !changes.accounts.contains_key(address) {
                let account = self.leaf(*address)?.map(account_of);
                self.apply_account(*address, account, slots)?;
            }
        }
        // Accounts that go come last: what is added before may spare looking at a neighbour's node.
        for gone in [false, true] {
            for (address, account) in changes.accounts.iter().filter(|(_, after)| after.is_none() == gone) {
                self.apply_account(*address, *account, changes.storage.get(address).unwrap_or(&none))?;
            }
        }
        Ok(self.accounts.root())
    }

    fn apply_account(
        &mut self,
        address: Address,
        account: Option<EvmAccount>,
        slots: &BTreeMap<U256, U256>,
    ) -> Result<(), TriesError> {
        let hashed = keccak256(address);
        let Some(account) = account else {
            self.storages.remove(&address);
            return self.accounts.set(&hashed, None).map_err(in_accounts);
        };
        let old_root = self.leaf(address)?.map_or(EMPTY_ROOT_HASH, |leaf| leaf.storage_root);
        let storage_root =
            if slots.is_empty() { old_root } else { self.apply_slots(address, old_root, slots)? };
        let leaf = TrieAccount::new(account.nonce, account.balance, storage_root, account.code_hash);
        self.accounts.set(&hashed, Some(alloy_rlp::encode(leaf))).map_err(in_accounts)
    }

    fn apply_slots(
        &mut self,
        address: Address,
        old_root: B256,
        slots: &BTreeMap<U256, U256>,
    ) -> Result<B256, TriesError> {
        let trie = self.storages.entry(address).or_insert_with(|| Trie::sealed(old_root));
        for cleared in [false, true] {
            for (slot, value) in slots.iter().filter(|(_, value)| value.is_zero() == cleared) {
                let value = (!cleared).then(|| alloy_rlp::encode(value));
                trie.set(&hashed_slot(*slot), value).map_err(in_storage(address))?;
            }
        }
        let root = trie.root();
        if trie.is_empty() {
            self.storages.remove(&address);
        }
        Ok(root)
    }

    /// The account at `address`.
    ///
    /// # Errors
    /// [`TriesError`], on tries from a witness.
    pub fn account(&self, address: Address) -> Result<Option<EvmAccount>, TriesError> {
        Ok(self.leaf(address)?.map(account_of))
    }

    /// The value of a storage slot.
    ///
    /// # Errors
    /// [`TriesError`], on tries from a witness.
    pub fn storage(&self, address: Address, slot: U256) -> Result<U256, TriesError> {
        let Some(trie) = self.storages.get(&address) else {
            let root = self.leaf(address)?.map_or(EMPTY_ROOT_HASH, |leaf| leaf.storage_root);
            let sealed = Trie::sealed(root);
            return sealed.get(&hashed_slot(slot)).map(|_| U256::ZERO).map_err(in_storage(address));
        };
        let value = trie.get(&hashed_slot(slot)).map_err(in_storage(address))?;
        let Some(mut value) = value else { return Ok(U256::ZERO) };
        U256::decode(&mut value).map_err(|_| TriesError::NotAnAccount(address))
    }

    /// An account and some of its slots with their proofs, as `eth_getProof` returns them. [`EvmTries::root`] or
    /// [`EvmTries::apply`] must have been the last change.
    ///
    /// # Errors
    /// [`TriesError`], on tries from a witness.
    pub fn prove(&self, address: Address, slots: &[U256]) -> Result<AccountProof, TriesError> {
        let leaf = self.leaf(address)?;
        let storage = slots.iter().map(|slot| self.prove_slot(address, *slot));
        Ok(AccountProof {
            account: leaf.map(account_of),
            storage_root: leaf.map_or(EMPTY_ROOT_HASH, |leaf| leaf.storage_root),
            proof: self.accounts.prove(&keccak256(address)).map_err(in_accounts)?,
            storage: storage.collect::<Result<_, _>>()?,
        })
    }

    fn prove_slot(&self, address: Address, slot: U256) -> Result<StorageProof, TriesError> {
        let value = self.storage(address, slot)?;
        let trie = self.storages.get(&address);
        let proof =
            trie.map(|trie| trie.prove(&hashed_slot(slot))).transpose().map_err(in_storage(address))?;
        Ok(StorageProof { slot, value, proof: proof.unwrap_or_default() })
    }

    /// Adds the nodes that show an account, present or absent.
    pub(crate) fn collect_account(&self, address: Address, nodes: &mut Nodes) -> Result<(), TriesError> {
        self.accounts.collect(&keccak256(address), nodes).map_err(in_accounts)
    }

    /// Adds the nodes that show a slot, set or not.
    pub(crate) fn collect_slot(
        &self,
        address: Address,
        slot: U256,
        nodes: &mut Nodes,
    ) -> Result<(), TriesError> {
        let Some(trie) = self.storages.get(&address) else { return Ok(()) };
        trie.collect(&hashed_slot(slot), nodes).map_err(in_storage(address))
    }

    /// Adds the nodes on the way to a place that a shorter witness missed.
    pub(crate) fn collect_missing(
        &self,
        storage_of: Option<Address>,
        at: &Missing,
        nodes: &mut Nodes,
    ) -> Result<(), TriesError> {
        match storage_of {
            None => self.accounts.collect_path(&at.path, nodes).map_err(in_accounts),
            Some(address) => match self.storages.get(&address) {
                Some(trie) => trie.collect_path(&at.path, nodes).map_err(in_storage(address)),
                None => Ok(()),
            },
        }
    }

    fn leaf(&self, address: Address) -> Result<Option<TrieAccount>, TriesError> {
        let rlp = self.accounts.get(&keccak256(address)).map_err(in_accounts)?;
        let Some(mut rlp) = rlp else { return Ok(None) };
        TrieAccount::decode(&mut rlp).map(Some).map_err(|_| TriesError::NotAnAccount(address))
    }
}

const fn account_of(leaf: TrieAccount) -> EvmAccount {
    EvmAccount { nonce: leaf.nonce, balance: leaf.balance, code_hash: leaf.code_hash }
}

fn hashed_slot(slot: U256) -> B256 {
    keccak256(slot.to_be_bytes::<32>())
}
