//! The EVM's tables, and how execution reads them.
//!
//! Accounts, storage and code are keyed by raw addresses and slots, which anyone chooses freely: hence ordered
//! indexes. Code lies under the *address* that has it, not under its hash: whether an address had code before is then
//! provable from its leaf in the account trie, which the presence of a hash in a shared store would not be. Clones
//! therefore cost their length again, which the 200 gas per byte of deployment pays for.

use alloc::vec::Vec;
use alloy_eips::{eip2935, eip4788};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_state::{VALUE_BYTES_MAX, index::Ordered, keys, tables};
use tandem_types::EngineId;

/// Longest code that is read back. Deployment stops at EIP-170's 24,576 bytes; genesis may go further.
pub(crate) const CODE_BYTES_MAX: u32 = VALUE_BYTES_MAX;

/// An account without its storage and code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvmAccount {
    /// Number of transactions sent (accounts with keys) or contracts created (contracts).
    pub nonce: u64,
    /// Native coin in units of 10^-18.
    pub balance: U256,
    /// Keccak-256 of the code; that of the empty string for accounts without.
    pub code_hash: B256,
}

impl EvmAccount {
    /// An account without code that holds `balance`.
    #[must_use]
    pub const fn with_balance(balance: U256) -> Self {
        Self { nonce: 0, balance, code_hash: KECCAK256_EMPTY }
    }

    /// Whether the account is as good as absent (EIP-161).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nonce == 0 && self.balance.is_zero() && !self.has_code()
    }

    /// Whether there is code.
    #[must_use]
    pub fn has_code(&self) -> bool {
        self.code_hash != KECCAK256_EMPTY
    }
}

impl Encode for EvmAccount {
    fn encode(&self, out: &mut Vec<u8>) {
        self.nonce.encode(out);
        self.balance.to_be_bytes::<32>().encode(out);
        self.code_hash.0.encode(out);
    }
}

impl Decode for EvmAccount {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            nonce: u64::decode(input)?,
            balance: U256::from_be_bytes(input.array::<32>()?),
            code_hash: B256::new(input.array()?),
        })
    }
}

/// A storage slot of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorageKey {
    /// The account.
    pub address: tandem_types::Address,
    /// The slot's number, big-endian.
    pub slot: [u8; 32],
}
tandem_codec::record!(StorageKey { address, slot });
keys!(StorageKey: 52);

impl StorageKey {
    /// Slot `slot` of `address`.
    #[must_use]
    pub const fn new(address: Address, slot: U256) -> Self {
        Self { address: key_of(address), slot: slot.to_be_bytes::<32>() }
    }
}

/// The value of a storage slot; zero is held as an absent entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(pub U256);

impl Encode for Word {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.to_be_bytes::<32>().encode(out);
    }
}

impl Decode for Word {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.array::<32>().map(|bytes| Self(U256::from_be_bytes(bytes)))
    }
}

/// A contract's code, or an EIP-7702 delegation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code(pub Bytes);

impl Encode for Code {
    fn encode(&self, out: &mut Vec<u8>) {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX).encode(out);
        out.extend_from_slice(&self.0);
    }
}

impl Decode for Code {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.bytes(CODE_BYTES_MAX).map(|bytes| Self(Bytes::copy_from_slice(bytes)))
    }
}

tables! {
    /// The state of the EVM.
    pub struct EvmTables in EngineId(0x80) {
        /// Accounts that are not empty.
        accounts: Ordered<tandem_types::Address, EvmAccount> = 1,
        /// Storage slots that are not zero.
        storage: Ordered<StorageKey, Word> = 2,
        /// Code of accounts that have some.
        codes: Ordered<tandem_types::Address, Code> = 3,
    }
}

/// Deploys the contracts that every genesis needs: the histories of block hashes (EIP-2935, from which `BLOCKHASH` is
/// answered) and of parent block ids (EIP-4788).
pub fn deploy_system_contracts(tables: &mut EvmTables) {
    tables.deploy(eip2935::HISTORY_STORAGE_ADDRESS, U256::ZERO, eip2935::HISTORY_STORAGE_CODE.clone());
    tables.deploy(eip4788::BEACON_ROOTS_ADDRESS, U256::ZERO, eip4788::BEACON_ROOTS_CODE.clone());
}

/// The table key of an address.
pub(crate) const fn key_of(address: Address) -> tandem_types::Address {
    tandem_types::Address(address.0.0)
}

/// State that execution reads: the writer's tables, where reads are recorded or checked against the witness, or a view.
pub trait EvmRead {
    /// The account at `address`.
    fn account(&mut self, address: Address) -> Option<EvmAccount>;
    /// The value of a slot; zero if it was never set.
    fn storage(&mut self, address: Address, slot: U256) -> U256;
    /// The code of the account at `address`.
    fn code(&mut self, address: Address) -> Option<Bytes>;
}

impl EvmRead for EvmTables {
    fn account(&mut self, address: Address) -> Option<EvmAccount> {
        self.accounts.get(&key_of(address)).copied()
    }

    fn storage(&mut self, address: Address, slot: U256) -> U256 {
        self.storage.get(&StorageKey::new(address, slot)).map_or(U256::ZERO, |word| word.0)
    }

    fn code(&mut self, address: Address) -> Option<Bytes> {
        self.codes.get(&key_of(address)).map(|code| code.0.clone())
    }
}

/// A complete copy of the tables, read from outside the rules.
#[derive(Clone, Copy, Debug)]
pub struct EvmView<'a>(pub &'a EvmTables);

impl EvmRead for EvmView<'_> {
    fn account(&mut self, address: Address) -> Option<EvmAccount> {
        self.0.accounts.peek(&key_of(address)).copied()
    }

    fn storage(&mut self, address: Address, slot: U256) -> U256 {
        self.0.storage.peek(&StorageKey::new(address, slot)).map_or(U256::ZERO, |word| word.0)
    }

    fn code(&mut self, address: Address) -> Option<Bytes> {
        self.0.codes.peek(&key_of(address)).map(|code| code.0.clone())
    }
}

impl EvmTables {
    /// Sets or removes an account; an empty account is an absent one (EIP-161).
    pub fn set_account(&mut self, address: Address, account: Option<EvmAccount>) {
        match account.filter(|account| !account.is_empty()) {
            Some(account) => self.accounts.put(key_of(address), account),
            None => {
                self.accounts.remove(&key_of(address));
            }
        }
    }

    /// Sets a storage slot; zero clears it.
    pub fn set_storage(&mut self, address: Address, slot: U256, value: U256) {
        let key = StorageKey::new(address, slot);
        if value.is_zero() {
            self.storage.remove(&key);
        } else {
            self.storage.put(key, Word(value));
        }
    }

    /// Puts a contract in place, as genesis does: nonce 1 (EIP-161), this balance in 10^-18 native coin, this code.
    pub fn deploy(&mut self, address: Address, balance: U256, code: Bytes) {
        let code_hash = keccak256(&code);
        self.set_account(address, Some(EvmAccount { nonce: 1, balance, code_hash }));
        self.set_code(address, code);
    }

    /// Sets the code of `address`; the account's code hash is the caller's to set.
    pub(crate) fn set_code(&mut self, address: Address, code: Bytes) {
        if code.is_empty() {
            self.codes.remove(&key_of(address));
        } else {
            self.codes.put(key_of(address), Code(code));
        }
    }
}

impl<R: EvmRead + ?Sized> EvmRead for &mut R {
    fn account(&mut self, address: Address) -> Option<EvmAccount> {
        (**self).account(address)
    }

    fn storage(&mut self, address: Address, slot: U256) -> U256 {
        (**self).storage(address, slot)
    }

    fn code(&mut self, address: Address) -> Option<Bytes> {
        (**self).code(address)
    }
}
