//! The part of a state that a block needs, proven: from it the block is executed on a machine that has nothing else.
//!
//! A witness lists keys and intervals of the state before the block, with a proof for each of the two trees of entries,
//! and the EVM's part with its trie nodes. [`Witness::open`] believes nothing that does not follow from the parent's
//! header: each listed key must be covered by the proof of *its* tree (the EVM's keys have tries, and are refused here),
//! and an interval must lie within one table. What is listed and covered becomes known, present or absent; whatever else
//! execution asks for ends the block in [`InvalidBlock::MissingWitness`](crate::InvalidBlock::MissingWitness).
//!
//! Nodes make witnesses in the crate `witness`; only the proofs' verification is rule code. The parent must be at a
//! height at which the Core root is computed, since only then its header names the root of its own state.
//!
//! | field | encoding |
//! |---|---|
//! | keys | count, then each with its length; strictly ascending |
//! | ranges | count, then first and last key of each with their lengths; ascending, disjoint |
//! | system proof, core proof | length and bytes |
//! | EVM | [`EvmWitness`] |

use crate::chain::{Chain, ChainTables, Domain};
use alloc::vec::Vec;
use alloy_primitives::B256;
use core::fmt;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_evm::EvmWitness;
use tandem_state::tree::{PartialTree, ProofError};
use tandem_state::{DeltaError, KEY_BYTES_MAX, ReadSet, Tables};
use tandem_types::{CoreRoot, Header};

/// Most keys, and most ranges, of a witness; a block's work limit ends far below.
const ENTRIES_MAX: u32 = 1 << 22;
/// Longest proof in bytes.
const PROOF_BYTES_MAX: u32 = 1 << 30;

/// What a block needs of the state before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// Keys and intervals of both trees, as a recorded execution asked for them.
    pub reads: ReadSet,
    /// Shows the listed entries of the consensus layer's tree.
    pub system_proof: Vec<u8>,
    /// Shows the listed entries of Core's tree.
    pub core_proof: Vec<u8>,
    /// The EVM's part.
    pub evm: EvmWitness,
}

/// Why a witness is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessError {
    /// The proof for this tree is none under the parent's root.
    Proof(Domain, ProofError),
    /// A listed key is in neither tree, or its proof does not cover it.
    Key(Vec<u8>),
    /// A listed interval is not within one table, or its proof does not cover it.
    Range(Vec<u8>, Vec<u8>),
    /// An entry is none of its table's.
    Entry(DeltaError),
    /// The EVM's part.
    Evm(tandem_evm::WitnessError),
}

impl fmt::Display for WitnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proof(domain, error) => write!(f, "witness, {domain:?} tree: {error}"),
            Self::Key(key) => write!(f, "witness does not show the key {key:02x?}"),
            Self::Range(from, to) => write!(f, "witness does not show the range {from:02x?} to {to:02x?}"),
            Self::Entry(error) => write!(f, "witness: {error}"),
            Self::Evm(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for WitnessError {}

impl From<DeltaError> for WitnessError {
    fn from(error: DeltaError) -> Self {
        Self::Entry(error)
    }
}

impl Witness {
    /// The part of the chain after `parent` that this witness shows, to apply the next block to.
    ///
    /// # Errors
    /// [`WitnessError`] if anything in it does not follow from the parent's header.
    pub fn open(&self, parent: &Header) -> Result<Chain<PartialTree<'_>>, WitnessError> {
        let system = open_tree(Domain::System, parent.system_root.0, &self.system_proof)?;
        let core = open_tree(Domain::Core, parent.core_root.0, &self.core_proof)?;
        let (evm, evm_tries) = self.evm.open(B256::new(parent.evm_root.0)).map_err(WitnessError::Evm)?;
        let mut tables = ChainTables::default();
        tables.begin_partial();
        tables.evm = evm;
        let mut chain = Chain { tables, system_tree: system, core_tree: core, evm_tries };
        for key in &self.reads.keys {
            chain.admit(key, key).ok_or_else(|| WitnessError::Key(key.clone()))??;
        }
        for (from, to) in &self.reads.ranges {
            chain.admit(from, to).ok_or_else(|| WitnessError::Range(from.clone(), to.clone()))??;
        }
        Ok(chain)
    }
}

fn open_tree(domain: Domain, root: [u8; 32], proof: &[u8]) -> Result<PartialTree<'_>, WitnessError> {
    PartialTree::from_proof(CoreRoot(root), proof).map_err(|error| WitnessError::Proof(domain, error))
}

impl Chain<PartialTree<'_>> {
    /// Makes an interval within one table known, with its entries; `None` if its tree does not show all of it.
    fn admit(&mut self, from: &[u8], to: &[u8]) -> Option<Result<(), DeltaError>> {
        let tree = match Domain::of(from) {
            Domain::System => &self.system_tree,
            Domain::Core => &self.core_tree,
            Domain::Evm => return None,
        };
        let one_table = from.first_chunk::<2>().is_some_and(|table| to.starts_with(table));
        if !one_table || !tree.covers_range(from, to) {
            return None;
        }
        let tables = &mut self.tables;
        let admitted = if from == to { tables.admit_key(from) } else { tables.admit_range(from, to) };
        let mut entries = tree.entries_in(from, to).iter();
        Some(admitted.and_then(|()| entries.try_for_each(|(key, value)| tables.load(key, value))))
    }
}

fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).encode(out);
    out.extend_from_slice(bytes);
}

fn encode_count(count: usize, out: &mut Vec<u8>) {
    u32::try_from(count).unwrap_or(u32::MAX).encode(out);
}

impl Encode for Witness {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_count(self.reads.keys.len(), out);
        self.reads.keys.iter().for_each(|key| encode_bytes(key, out));
        encode_count(self.reads.ranges.len(), out);
        for (from, to) in &self.reads.ranges {
            encode_bytes(from, out);
            encode_bytes(to, out);
        }
        encode_bytes(&self.system_proof, out);
        encode_bytes(&self.core_proof, out);
        self.evm.encode(out);
    }
}

impl Decode for Witness {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            reads: decode_reads(input)?,
            system_proof: input.bytes(PROOF_BYTES_MAX)?.to_vec(),
            core_proof: input.bytes(PROOF_BYTES_MAX)?.to_vec(),
            evm: Decode::decode(input)?,
        })
    }
}

fn decode_reads(input: &mut Reader<'_>) -> Result<ReadSet, DecodeError> {
    let mut reads = ReadSet::default();
    for _ in 0..input.length(ENTRIES_MAX)? {
        let key = input.bytes(KEY_BYTES_MAX)?;
        if reads.keys.last().is_some_and(|last| key <= last.as_slice()) {
            return Err(input.invalid("ascending keys"));
        }
        reads.keys.push(key.to_vec());
    }
    for _ in 0..input.length(ENTRIES_MAX)? {
        let (from, to) = (input.bytes(KEY_BYTES_MAX)?, input.bytes(KEY_BYTES_MAX)?);
        if from > to || reads.ranges.last().is_some_and(|(_, last)| from <= last.as_slice()) {
            return Err(input.invalid("ascending ranges"));
        }
        reads.ranges.push((from.to_vec(), to.to_vec()));
    }
    Ok(reads)
}
