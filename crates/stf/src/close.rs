//! The end of a block: invariants, roots, header.

use crate::chain::{Chain, Domain, StateTree};
use crate::execution::{Given, Phases};
use crate::header::{EvmHead, block_id, tagged_hash};
use crate::invalid::InvalidBlock;
use crate::outcome::Outcome;
use alloc::vec::Vec;
use alloy_primitives::keccak256;
use tandem_coprocessor::Coprocessor;
use tandem_crypto::merkle::{ListName, list_root};
use tandem_evm::StateChanges;
use tandem_exchange::Exchange;
use tandem_oracle::CheckedReport;
use tandem_state::{Delta, Direction, Tables};
use tandem_types::{
    ActionsRoot, BLOCK_VERSION, CommitRoot, CrossRoot, DecisionsRoot, EvidenceRoot, EvmRoot,
    EvmTransactionsRoot, Hash, Header, PriceReportsRoot, RegistryRoot,
};

/// Seals the tables, moves the trees and writes the header.
///
/// # Errors
/// [`InvalidBlock::Invariant`], or that a tree is full, the chain being put back; or what only partial state can lack.
pub(crate) fn close(
    chain: &mut Chain<impl StateTree>,
    given: &Given<'_>,
    mut phases: Phases,
) -> Result<Outcome, InvalidBlock> {
    let exchange = seal_exchange(chain)?;
    let evm = chain.tables.evm.seal();
    let evm_root = follow_evm(chain, &evm)?;
    let evm_header = write_evm_head(chain, &mut phases, evm_root);

    let mut delta = chain.tables.system.seal();
    for later in [chain.tables.head.seal(), exchange, chain.tables.oracle.seal(), evm] {
        delta.append(&later);
    }
    if let Err(error) = follow_entries(chain, &delta) {
        put_back(chain, &delta)?;
        return Err(error);
    }
    let header = header(chain, given, &phases, &delta, evm_root, evm_header);
    Ok(Outcome { header, delta, receipts: phases.receipts })
}

/// The exchange's changes, if they keep its promises.
fn seal_exchange(chain: &mut Chain<impl StateTree>) -> Result<Delta, InvalidBlock> {
    let delta = chain.tables.exchange.seal();
    let Err(broken) = Exchange::check_invariants(&delta) else { return Ok(delta) };
    chain.tables.revert_block();
    chain.tables.exchange.apply(&delta, Direction::Backward).map_err(|_| InvalidBlock::State)?;
    Err(InvalidBlock::Invariant(broken))
}

/// Moves both trees of entries, or neither.
fn follow_entries(chain: &mut Chain<impl StateTree>, delta: &Delta) -> Result<(), InvalidBlock> {
    chain.follow_tree(delta, Domain::System, Direction::Forward)?;
    let Err(error) = chain.follow_tree(delta, Domain::Core, Direction::Forward) else { return Ok(()) };
    chain.follow_tree(delta, Domain::System, Direction::Backward)?;
    Err(error)
}

/// Takes tables and tries back after the trees refused the block: they are full, or partial and then dropped.
fn put_back(chain: &mut Chain<impl StateTree>, delta: &Delta) -> Result<(), InvalidBlock> {
    chain.tables.apply(delta, Direction::Backward).map_err(|_| InvalidBlock::State)?;
    let changes = StateChanges::of(delta, Direction::Backward).map_err(|_| InvalidBlock::State)?;
    chain.evm_tries.apply(&changes).map(|_| ()).map_err(InvalidBlock::MissingTrieNode)
}

fn follow_evm(chain: &mut Chain<impl StateTree>, delta: &Delta) -> Result<EvmRoot, InvalidBlock> {
    let changes = StateChanges::of(delta, Direction::Forward).map_err(|_| InvalidBlock::State)?;
    chain.evm_tries.apply(&changes).map(|root| EvmRoot(root.0)).map_err(InvalidBlock::MissingTrieNode)
}

/// On EVM heights, completes the EVM header with its state root and remembers it; returns its hash.
fn write_evm_head(chain: &mut Chain<impl StateTree>, phases: &mut Phases, evm_root: EvmRoot) -> Hash {
    let Some((env, outcome)) = phases.evm.take() else { return Hash::default() };
    let header = outcome.header(&env, evm_root.0.into());
    let head = EvmHead::of(&header);
    chain.tables.head.evm.put((), head);
    phases.receipts.evm_header = Some(header);
    phases.receipts.evm = outcome.receipts;
    head.hash
}

fn price_reports_root(given: &Given<'_>) -> [u8; 32] {
    let leaves: Vec<Hash> = given.price_reports.iter().map(CheckedReport::hash).collect();
    list_root(ListName::new("price reports"), &leaves).0
}

fn header(
    chain: &Chain<impl StateTree>,
    given: &Given<'_>,
    phases: &Phases,
    delta: &Delta,
    evm_root: EvmRoot,
    evm_header: Hash,
) -> Header {
    let parent = given.parent;
    let is_root_height = phases.parameters.is_root_height(phases.block.height);
    let transactions = phases.receipts.evm_header.as_ref().map(|header| header.transactions_root.0);
    let empty = |name: &'static str| list_root(ListName::new(name), []).0;
    Header {
        version: BLOCK_VERSION,
        chain_id: phases.parameters.chain_id,
        height: phases.block.height,
        evm_height: phases.receipts.evm_header.as_ref().map_or(parent.evm_height, |header| header.number),
        time: given.time,
        parent: block_id(parent),
        proposer: given.proposer,
        actions_root: ActionsRoot(list_root(ListName::new("actions"), &phases.action_leaves).0),
        evm_transactions_root: EvmTransactionsRoot(transactions.unwrap_or_default()),
        commit_root: CommitRoot(tagged_hash(b"tandem/commit/1", given.last_commit)),
        price_reports_root: PriceReportsRoot(price_reports_root(given)),
        evidence_root: EvidenceRoot(empty("evidence")),
        decisions_root: DecisionsRoot(empty("decisions")),
        registry_root: RegistryRoot(empty("registry updates")),
        receipts_root: phases.receipts.root(),
        evm_root,
        core_root: if is_root_height { chain.core_tree.root() } else { parent.core_root },
        cross_root: CrossRoot(keccak256([]).0),
        system_root: chain.system_root(),
        delta_hash: delta.hash(),
        validators: parent.next_validators,
        next_validators: phases.validators,
        parameters: phases.parameters.hash(),
        evm_header,
    }
}
