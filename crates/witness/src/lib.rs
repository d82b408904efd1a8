//! Makes the witness of a block: the part of the state before it that executing it needs, with proofs.
//!
//! [`record`] applies a block and remembers what it asked for; [`build`] proves that from the state before the block.
//! A node with one chain does the one, goes back by the block's delta and does the other; [`make`] is that in one call.
//! What a witness is and how it is verified is rule code: [`Witness`].
//!
//! Cost: a proof has some 40 bytes for each level of the tree that is not shared between the keys asked for.
#![forbid(unsafe_code)]

use std::borrow::Cow;
use tandem_evm::{EvmWitness, StateChanges, TouchedKeys};
use tandem_state::tree::{NoProof, Query, Tree};
use tandem_state::{Delta, DeltaError, Direction, ReadSet, Tables};
use tandem_stf::{Chain, CheckedBlock, Domain, InvalidBlock, Outcome, Witness, apply_block};
use tandem_types::Header;

/// Why no witness could be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BuildError {
    /// The block is invalid.
    #[error("block: {0}")]
    Block(#[from] InvalidBlock),
    /// Tables and trees are not of one state.
    #[error("proof of the state tree: {0}")]
    Tree(#[from] NoProof),
    /// Tables and tries are not of one state.
    #[error("proof of the tries: {0}")]
    Tries(#[from] tandem_evm::WitnessError),
    /// The delta or the reads are not of this chain.
    #[error("delta: {0}")]
    Delta(#[from] DeltaError),
}

/// Applies `block` as [`apply_block`] does, and returns also what it asked of the state.
///
/// # Errors
/// As [`apply_block`].
pub fn record(
    chain: &mut Chain,
    parent: &Header,
    block: &CheckedBlock,
) -> Result<(Outcome, ReadSet), InvalidBlock> {
    chain.tables.record(true);
    let applied = apply_block(chain, parent, block);
    let reads = chain.tables.take_reads();
    chain.tables.record(false);
    applied.map(|outcome| (outcome, reads))
}

/// The witness of a block that asked for `reads` and made `delta`, from the chain before it.
///
/// # Errors
/// [`BuildError`] if `before` is not the state that the block was executed on.
pub fn build(before: &Chain, reads: &ReadSet, delta: &Delta) -> Result<Witness, BuildError> {
    let changes = StateChanges::of(delta, Direction::Forward)?;
    let evm = EvmWitness::of(&before.evm_tries, &before.tables.evm, TouchedKeys::of(reads)?, &changes)?;
    let reads = without_evm(reads);
    Ok(Witness {
        system_proof: prove(before, Domain::System, &before.system_tree, &reads, delta)?,
        core_proof: prove(before, Domain::Core, &before.core_tree, &reads, delta)?,
        reads,
        evm,
    })
}

/// Applies `block` and makes its witness. The chain stands after the block.
///
/// # Errors
/// [`BuildError`]; after [`BuildError::Block`] the chain stands as before.
pub fn make(
    chain: &mut Chain,
    parent: &Header,
    block: &CheckedBlock,
) -> Result<(Outcome, Witness), BuildError> {
    let (outcome, reads) = record(chain, parent, block)?;
    chain.follow(&outcome.delta, Direction::Backward)?;
    let witness = build(chain, &reads, &outcome.delta)?;
    chain.follow(&outcome.delta, Direction::Forward)?;
    Ok((outcome, witness))
}

fn without_evm(reads: &ReadSet) -> ReadSet {
    let listed = |key: &Vec<u8>| Domain::of(key) != Domain::Evm;
    ReadSet {
        keys: reads.keys.iter().filter(|key| listed(key)).cloned().collect(),
        ranges: reads.ranges.iter().filter(|(from, _)| listed(from)).cloned().collect(),
    }
}

fn prove(
    before: &Chain,
    domain: Domain,
    tree: &Tree,
    reads: &ReadSet,
    delta: &Delta,
) -> Result<Vec<u8>, NoProof> {
    let here = |key: &[u8]| Domain::of(key) == domain;
    let read = reads.keys.iter().map(Vec::as_slice).filter(|key| here(key));
    let changed = delta.changes().map(|change| change.key).filter(|key| here(key));
    let ranges = reads.ranges.iter().filter(|(from, _)| here(from));
    let ranges = ranges.map(|(from, to)| (from.as_slice(), to.as_slice()));
    tree.prove(&Query::new(read.chain(changed), ranges), |key| before.tables.entry(key).map(Cow::Owned))
}
