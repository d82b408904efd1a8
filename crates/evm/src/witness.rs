//! The witness of a block: enough of the tries to execute it, and to follow it to the new state root.
//!
//! A witness lists what was read or written, and the trie nodes that show these entries' values before the block. The
//! tables built from it hold what those nodes prove, so nothing in a witness is believed that does not hang below the
//! state root. Making one rehearses the root's update on the witness alone: removing an entry can make a neighbour's
//! node necessary, and the rehearsal finds which.

use crate::changes::{ACCOUNTS, CODES, STORAGE, account_key, storage_key};
use crate::tables::{CODE_BYTES_MAX, Code, EvmRead, EvmTables, EvmView, StorageKey, Word, key_of};
use crate::tries::{EvmTries, TriesError};
use crate::{Nodes, StateChanges};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use core::fmt;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_state::{AnyTable, DeltaError, ReadSet, Tables};

/// Most entries of each kind in a witness; a block's gas allows far fewer.
const ENTRIES_MAX: u32 = 1 << 22;
/// Longest trie node: a branch of 16 hashes has 532 bytes, a leaf less.
const NODE_BYTES_MAX: u32 = 1_024;

/// What a block read or wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TouchedKeys {
    /// Accounts.
    pub accounts: BTreeSet<Address>,
    /// Storage slots.
    pub slots: BTreeSet<(Address, U256)>,
    /// Accounts whose code was read or set.
    pub codes: BTreeSet<Address>,
}

impl TouchedKeys {
    /// The EVM's part of a read set.
    ///
    /// # Errors
    /// [`DeltaError`] if its keys are not the tables'.
    pub fn of(reads: &ReadSet) -> Result<Self, DeltaError> {
        let mut touched = Self::default();
        for key in &reads.keys {
            if key.starts_with(&ACCOUNTS.0) {
                touched.accounts.insert(account_key(key)?);
            } else if key.starts_with(&STORAGE.0) {
                touched.slots.insert(storage_key(key)?);
            } else if key.starts_with(&CODES.0) {
                touched.codes.insert(account_key(key)?);
            }
        }
        Ok(touched)
    }
}

/// The witness of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvmWitness {
    /// What the block touched.
    pub touched: TouchedKeys,
    /// RLP of trie nodes, in the order of their hashes.
    pub nodes: Vec<Bytes>,
    /// Code of contracts, in the order of their addresses, each once.
    pub codes: Vec<Bytes>,
}

/// Why a witness is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WitnessError {
    /// Its nodes are no tries, or do not show what it lists.
    Tries(TriesError),
    /// The code of this contract is not among its codes.
    Code(Address),
    /// An entry does not fit the tables; never for values from tries.
    Entry(DeltaError),
}

impl fmt::Display for WitnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tries(error) => write!(f, "witness: {error}"),
            Self::Code(address) => write!(f, "witness lacks the code of {address}"),
            Self::Entry(error) => write!(f, "witness: {error}"),
        }
    }
}

impl core::error::Error for WitnessError {}

impl From<TriesError> for WitnessError {
    fn from(error: TriesError) -> Self {
        Self::Tries(error)
    }
}

impl From<DeltaError> for WitnessError {
    fn from(error: DeltaError) -> Self {
        Self::Entry(error)
    }
}

impl EvmWitness {
    /// The witness of a block that touched `touched` and made `changes`, from the state before it.
    ///
    /// # Errors
    /// [`WitnessError`] if `tries` and `tables` are not complete copies of one state.
    pub fn of(
        tries: &EvmTries,
        tables: &EvmTables,
        touched: TouchedKeys,
        changes: &StateChanges,
    ) -> Result<Self, WitnessError> {
        let mut nodes = Nodes::default();
        let owners = touched.slots.iter().map(|(address, _)| address);
        for address in touched.accounts.iter().chain(owners).chain(&touched.codes) {
            tries.collect_account(*address, &mut nodes)?;
        }
        for (address, slot) in &touched.slots {
            tries.collect_slot(*address, *slot, &mut nodes)?;
        }
        let root = tries.known_root();
        while let Some((storage_of, at)) = rehearse(root, &nodes, &touched, changes)? {
            let before = nodes.len();
            tries.collect_missing(storage_of, &at, &mut nodes)?;
            if nodes.len() == before {
                return Err(TriesError::Missing { storage_of, at }.into());
            }
        }
        let mut view = EvmView(tables);
        let codes: BTreeMap<B256, Bytes> = touched
            .codes
            .iter()
            .filter_map(|owner| view.code(*owner))
            .map(|code| (keccak256(&code), code))
            .collect();
        Ok(Self { touched, nodes: nodes.into_vec(), codes: codes.into_values().collect() })
    }

    /// The partial tables and tries that the witness shows below a state root.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub fn open(&self, root: B256) -> Result<(EvmTables, EvmTries), WitnessError> {
        let nodes: Nodes = self.nodes.iter().cloned().collect();
        let tries = open_tries(root, &nodes, &self.touched)?;
        let mut tables = EvmTables::default();
        tables.begin_partial();
        for address in &self.touched.accounts {
            let account = tries.account(*address)?;
            admit(&mut tables.accounts, &key_of(*address), account.as_ref())?;
        }
        for (address, slot) in &self.touched.slots {
            let value = tries.storage(*address, *slot)?;
            let word = (!value.is_zero()).then_some(Word(value));
            admit(&mut tables.storage, &StorageKey::new(*address, *slot), word.as_ref())?;
        }
        self.admit_codes(&mut tables, &tries)?;
        Ok((tables, tries))
    }

    fn admit_codes(&self, tables: &mut EvmTables, tries: &EvmTries) -> Result<(), WitnessError> {
        let known: BTreeMap<B256, &Bytes> = self.codes.iter().map(|code| (keccak256(code), code)).collect();
        for address in &self.touched.codes {
            let account = tries.account(*address)?.filter(crate::EvmAccount::has_code);
            let code = match account {
                None => None,
                Some(account) => {
                    let code = known.get(&account.code_hash).ok_or(WitnessError::Code(*address))?;
                    Some(Code(Bytes::clone(code)))
                }
            };
            admit(&mut tables.codes, &key_of(*address), code.as_ref())?;
        }
        Ok(())
    }
}

/// Makes an entry of a partial table known.
fn admit(table: &mut dyn AnyTable, key: &impl Encode, value: Option<&impl Encode>) -> Result<(), DeltaError> {
    let key = key.to_bytes();
    table.admit_key(&key)?;
    table.set(&key, value.map(Encode::to_bytes).as_deref())
}

/// The tries that nodes show, with the storage of each account of which slots were touched.
fn open_tries(root: B256, nodes: &Nodes, touched: &TouchedKeys) -> Result<EvmTries, TriesError> {
    let mut tries = EvmTries::open(root, nodes)?;
    for (address, _) in &touched.slots {
        tries.open_storage(*address, nodes)?;
    }
    Ok(tries)
}

/// Follows the changes on the witness alone; returns what is missing for it, if anything is.
fn rehearse(
    root: B256,
    nodes: &Nodes,
    touched: &TouchedKeys,
    changes: &StateChanges,
) -> Result<Option<(Option<Address>, crate::Missing)>, TriesError> {
    let followed = open_tries(root, nodes, touched).and_then(|mut tries| tries.apply(changes));
    match followed {
        Ok(_) => Ok(None),
        Err(TriesError::Missing { storage_of, at }) => Ok(Some((storage_of, at))),
        Err(error) => Err(error),
    }
}

fn encode_count(count: usize, out: &mut Vec<u8>) {
    u32::try_from(count).unwrap_or(u32::MAX).encode(out);
}

fn encode_blobs(blobs: &[Bytes], out: &mut Vec<u8>) {
    encode_count(blobs.len(), out);
    for blob in blobs {
        encode_count(blob.len(), out);
        out.extend_from_slice(blob);
    }
}

fn decode_blobs(input: &mut Reader<'_>, bytes_max: u32) -> Result<Vec<Bytes>, DecodeError> {
    let count = input.length(ENTRIES_MAX)?;
    let mut blobs = Vec::new();
    for _ in 0..count {
        blobs.push(Bytes::copy_from_slice(input.bytes(bytes_max)?));
    }
    Ok(blobs)
}

/// Reads a set whose items stand in strictly ascending order.
fn decode_set<T: Ord>(
    input: &mut Reader<'_>,
    item: fn(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<BTreeSet<T>, DecodeError> {
    let count = input.length(ENTRIES_MAX)?;
    let mut set = BTreeSet::new();
    for _ in 0..count {
        let next = item(input)?;
        if set.last().is_some_and(|last| *last >= next) {
            return Err(input.invalid("ascending set"));
        }
        set.insert(next);
    }
    Ok(set)
}

fn decode_address(input: &mut Reader<'_>) -> Result<Address, DecodeError> {
    input.array().map(Address::new)
}

fn decode_slot(input: &mut Reader<'_>) -> Result<(Address, U256), DecodeError> {
    Ok((decode_address(input)?, U256::from_be_bytes(input.array::<32>()?)))
}

impl Encode for EvmWitness {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_count(self.touched.accounts.len(), out);
        self.touched.accounts.iter().for_each(|address| address.0.0.encode(out));
        encode_count(self.touched.slots.len(), out);
        for (address, slot) in &self.touched.slots {
            address.0.0.encode(out);
            slot.to_be_bytes::<32>().encode(out);
        }
        encode_count(self.touched.codes.len(), out);
        self.touched.codes.iter().for_each(|address| address.0.0.encode(out));
        encode_blobs(&self.nodes, out);
        encode_blobs(&self.codes, out);
    }
}

impl Decode for EvmWitness {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            touched: TouchedKeys {
                accounts: decode_set(input, decode_address)?,
                slots: decode_set(input, decode_slot)?,
                codes: decode_set(input, decode_address)?,
            },
            nodes: decode_blobs(input, NODE_BYTES_MAX)?,
            codes: decode_blobs(input, CODE_BYTES_MAX)?,
        })
    }
}
