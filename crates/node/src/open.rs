//! From a home on disk to a node that stands at the last decided block.

use crate::decided::DecidedBlock;
use crate::error::NodeError;
use crate::executor::{Executor, Start};
use crate::follower::Follower;
use crate::handle::{NodeHandle, Shared};
use crate::history;
use crate::identity::{consensus_domain, identity};
use crate::last_commit::LastCommit;
use crate::pool::{Pool, PoolLimits};
use crate::verifier::Verifier;
use crate::wal::Wal;
use crate::workers::Workers;
use bytes::Bytes;
use std::ops::ControlFlow;
use std::sync::Arc;
use tandem_codec::Decode;
use tandem_consensus::ValidatorAddress;
use tandem_state::{Direction, Tables};
use tandem_stf::{Chain, Genesis, block_id};
use tandem_storage::{Effects, Files, Recovered, Store};
use tandem_types::{Block, Hash, Header, Height};

const GENESIS_HASH: &[u8] = b"genesis";

/// A node's parts, ready to be handed to consensus and to the faces.
#[derive(Debug)]
pub struct Opened {
    /// For consensus.
    pub executor: Executor,
    /// For consensus, too.
    pub wal: Box<Wal>,
    /// For the faces.
    pub handle: NodeHandle,
}

/// Opens a home, or makes one with the chain's genesis. `proposer` is the address under which this node builds blocks.
///
/// # Errors
/// [`NodeError`].
pub fn open(
    files: Arc<dyn Files>,
    config: tandem_storage::Config,
    limits: PoolLimits,
    genesis: Genesis,
    proposer: ValidatorAddress,
) -> Result<Opened, NodeError> {
    let (store, recovered) = Store::open(files, config)?;
    let expected = genesis.hash();
    let recovered_chain = match recovered.checkpoint {
        None => initialise(&store, &genesis)?,
        Some(_) => recover(&store, &genesis, &recovered)?,
    };
    let RecoveredChain { chain, tip, certificate } = recovered_chain;
    let last_commit = LastCommit::from_record(&certificate)
        .map_err(|error| NodeError::Record { height: tip.height, error })?;
    let identity = identity(&genesis);
    let follower = Follower::new(&chain, tip.clone(), block_id(&tip));
    let shared = Arc::new(Shared::new(Pool::new(limits), follower));
    let wal = store.take_wal().expect("a store that was just opened has its log");
    let store = Arc::new(store);
    let executor = Executor::new(Start {
        chain,
        tip,
        last_commit,
        proposer,
        domain: consensus_domain(expected, genesis.system.parameters.chain_id),
        identity,
        store: Arc::clone(&store),
        shared: Arc::clone(&shared),
    })?;
    let verifier = Verifier::new(identity.network, Workers::new("actions")?);
    let evm_workers = Workers::new("evm")?;
    let genesis = Arc::new(genesis);
    let handle = NodeHandle { shared, store, identity, genesis, verifier, evm_workers };
    Ok(Opened { executor, wal: Box::new(Wal(wal)), handle })
}

struct RecoveredChain {
    chain: Chain,
    tip: Header,
    certificate: Bytes,
}

fn initialise(store: &Store, genesis: &Genesis) -> Result<RecoveredChain, NodeError> {
    let (chain, tip) = genesis.chain().map_err(NodeError::Genesis)?;
    let changes = chain.tables.entries().into_iter().map(|(key, value)| (key, Some(value)));
    let meta = vec![(GENESIS_HASH.to_vec(), genesis.hash().0.to_vec())];
    store.initialise(Height(0), Effects { changes: changes.collect(), index: Vec::new(), meta })?;
    Ok(RecoveredChain { chain, tip, certificate: Bytes::new() })
}

/// Loads the checkpoint, follows the log's deltas from there, rebuilds the trees and compares their roots.
fn recover(store: &Store, genesis: &Genesis, recovered: &Recovered) -> Result<RecoveredChain, NodeError> {
    let checkpoint = store.checkpoint()?;
    let found =
        checkpoint.meta(GENESIS_HASH)?.and_then(|bytes| Hash::from_bytes(&bytes).ok()).unwrap_or_default();
    if found != genesis.hash() {
        return Err(NodeError::OtherChain { found, expected: genesis.hash() });
    }
    let height = checkpoint.height();
    let mut chain = Chain::default();
    let mut fault = None;
    checkpoint.scan(&[], &mut |key, value| {
        fault = chain.tables.load(key, value).err();
        if fault.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if let Some(error) = fault {
        return Err(NodeError::Delta { height, error });
    }
    drop(checkpoint);
    let mut last = if height == Height(0) { None } else { store.block(height)? };
    for height in recovered.replay.clone().into_iter().flat_map(|range| range.start().0..=range.end().0) {
        let record = store.block(Height(height))?.ok_or(NodeError::Roots { height: Height(height) })?;
        let block = DecidedBlock::from_record(&record)?;
        let fault = |error| NodeError::Delta { height: Height(height), error };
        chain.tables.apply(&block.delta, Direction::Forward).map_err(fault)?;
        store.stage(Height(height), history::effects(&block))?;
        last = Some(record);
    }
    chain.rebuild_trees().map_err(|error| NodeError::Delta { height, error })?;
    let Some(record) = last else {
        let (_, tip) = genesis.chain().map_err(NodeError::Genesis)?;
        return check_roots(chain, tip, Bytes::new());
    };
    let height = record.height;
    let tip = Block::from_bytes(&record.block).map_err(|error| NodeError::Record { height, error })?.header;
    check_roots(chain, tip, Bytes::from(record.certificate))
}

fn check_roots(mut chain: Chain, tip: Header, certificate: Bytes) -> Result<RecoveredChain, NodeError> {
    let interval = chain.tables.system.parameters.peek(&()).map_or(1, |parameters| parameters.root_interval);
    let core_known = tip.height.is_multiple_of(interval);
    let same = chain.system_root() == tip.system_root
        && chain.evm_root() == tip.evm_root
        && (!core_known || chain.core_root() == tip.core_root);
    if !same {
        return Err(NodeError::Roots { height: tip.height });
    }
    Ok(RecoveredChain { chain, tip, certificate })
}
