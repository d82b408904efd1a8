//! The state of the chain: every engine's tables, and the trees over them.

use crate::header::EvmHead;
use crate::invalid::InvalidBlock;
use alloc::vec::Vec;
use tandem_evm::{EvmTables, EvmTries, StateChanges};
use tandem_exchange::ExchangeTables;
use tandem_oracle::OracleTables;
use tandem_state::index::Ordered;
use tandem_state::tree::{ApplyError, PartialTree, Tree, Update};
use tandem_state::{AnyTable, Delta, DeltaError, Direction, Prefix, Tables, tables};
use tandem_system::SystemTables;
use tandem_types::{CoreRoot, EngineId, EvmRoot, Height, MarketId, SystemRoot};

tables! {
    /// What the transition function itself remembers from block to block.
    pub struct HeadTables in EngineId(0x02) {
        /// The last EVM block.
        evm: Ordered<(), EvmHead> = 1,
    }
}

/// Every table of the chain, in the order of their prefixes.
#[derive(Clone, Debug, Default)]
pub struct ChainTables {
    /// Parameters, validators, registry.
    pub system: SystemTables,
    /// The transition function's own.
    pub head: HeadTables,
    /// The exchange.
    pub exchange: ExchangeTables,
    /// What validators reported.
    pub oracle: OracleTables,
    /// The EVM.
    pub evm: EvmTables,
}

impl ChainTables {
    /// Whether validators report prices with their votes for the block at `height`: the state before that block says so.
    /// A chain without perpetual markets has no prices.
    #[must_use]
    pub fn is_price_height(&self, height: Height) -> bool {
        let parameters = self.system.parameters.peek(&());
        let has_markets = self.exchange.perp_markets.peek(&MarketId(0)).is_some();
        has_markets && parameters.is_some_and(|parameters| parameters.is_price_height(height))
    }
}

impl Tables for ChainTables {
    fn visit(&self, show: &mut dyn FnMut(Prefix, &dyn AnyTable)) {
        self.system.visit(show);
        self.head.visit(show);
        self.exchange.visit(show);
        self.oracle.visit(show);
        self.evm.visit(show);
    }

    fn visit_mut(&mut self, show: &mut dyn FnMut(Prefix, &mut dyn AnyTable)) {
        self.system.visit_mut(show);
        self.head.visit_mut(show);
        self.exchange.visit_mut(show);
        self.oracle.visit_mut(show);
        self.evm.visit_mut(show);
    }
}

/// Which tree an entry belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// The consensus layer's tree.
    System,
    /// Core's tree: the co-processors.
    Core,
    /// Ethereum's tries.
    Evm,
}

impl Domain {
    /// The domain of a prefixed key.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        match key.first().copied().unwrap_or(0) {
            0x00..=0x0f => Self::System,
            0x10..=0x7f => Self::Core,
            0x80..=0xff => Self::Evm,
        }
    }
}

/// A tree of state entries: all of it in a node, the part that a witness covers elsewhere.
pub trait StateTree {
    /// Sets and removes entries, in the order of their keys.
    ///
    /// # Errors
    /// [`ApplyError`]; the tree is then as before.
    fn apply(&mut self, updates: &[Update<'_>]) -> Result<(), ApplyError>;
    /// The root over all entries.
    fn root(&self) -> CoreRoot;
}

impl StateTree for Tree {
    fn apply(&mut self, updates: &[Update<'_>]) -> Result<(), ApplyError> {
        Self::apply(self, updates).map_err(ApplyError::Batch)
    }

    fn root(&self) -> CoreRoot {
        Self::root(self)
    }
}

impl StateTree for PartialTree<'_> {
    fn apply(&mut self, updates: &[Update<'_>]) -> Result<(), ApplyError> {
        PartialTree::apply(self, updates)
    }

    fn root(&self) -> CoreRoot {
        PartialTree::root(self)
    }
}

/// The chain's state: tables for the rules, trees for the roots. Both always stand at the same block.
#[derive(Clone, Debug, Default)]
pub struct Chain<T = Tree> {
    /// The tables.
    pub tables: ChainTables,
    /// The tree over the consensus layer's entries.
    pub system_tree: T,
    /// The tree over the co-processors' entries.
    pub core_tree: T,
    /// The tries over the EVM's.
    pub evm_tries: EvmTries,
}

impl<T: StateTree> Chain<T> {
    /// Root of the consensus layer's tree.
    #[must_use]
    pub fn system_root(&self) -> SystemRoot {
        SystemRoot(self.system_tree.root().0)
    }

    /// Root of Core's tree.
    #[must_use]
    pub fn core_root(&self) -> CoreRoot {
        self.core_tree.root()
    }

    /// Root of the EVM's tries.
    pub fn evm_root(&mut self) -> EvmRoot {
        EvmRoot(self.evm_tries.root().0)
    }

    /// Moves tables and trees over a delta, to the next block or back to the one before.
    ///
    /// # Errors
    /// [`DeltaError`] if the delta is none of this chain's.
    pub fn follow(&mut self, delta: &Delta, direction: Direction) -> Result<(), DeltaError> {
        self.tables.apply(delta, direction)?;
        self.follow_trees(delta, direction).map_err(|_| DeltaError::Trees)
    }

    /// Moves the trees alone, after the rules have changed the tables.
    ///
    /// # Errors
    /// [`InvalidBlock::MissingTreeNode`] or [`InvalidBlock::MissingTrieNode`], on partial state.
    pub(crate) fn follow_trees(&mut self, delta: &Delta, direction: Direction) -> Result<(), InvalidBlock> {
        self.follow_tree(delta, Domain::System, direction)?;
        self.follow_tree(delta, Domain::Core, direction)?;
        let changes = StateChanges::of(delta, direction).map_err(|_| InvalidBlock::State)?;
        self.evm_tries.apply(&changes).map(|_| ()).map_err(InvalidBlock::MissingTrieNode)
    }

    /// Moves one of the two trees of entries.
    pub(crate) fn follow_tree(
        &mut self,
        delta: &Delta,
        domain: Domain,
        direction: Direction,
    ) -> Result<(), InvalidBlock> {
        let tree = match domain {
            Domain::System => &mut self.system_tree,
            Domain::Core => &mut self.core_tree,
            Domain::Evm => return Ok(()),
        };
        tree.apply(&updates(delta, domain, direction)).map_err(InvalidBlock::MissingTreeNode)
    }
}

impl Chain {
    /// Makes the trees anew from the tables, as after loading a checkpoint.
    ///
    /// # Errors
    /// [`DeltaError::Trees`] if an entry fits into none.
    pub fn rebuild_trees(&mut self) -> Result<(), DeltaError> {
        let entries = self.tables.entries();
        let of = |domain: Domain| -> Vec<Update<'_>> {
            let entries = entries.iter().filter(|(key, _)| Domain::of(key) == domain);
            entries.map(|(key, value)| Update { key, value: Some(value) }).collect()
        };
        let (mut system, mut core) = (Tree::new(), Tree::new());
        system.apply(&of(Domain::System)).map_err(|_| DeltaError::Trees)?;
        core.apply(&of(Domain::Core)).map_err(|_| DeltaError::Trees)?;
        let mut tries = EvmTries::default();
        tries.apply(&StateChanges::whole(&self.tables.evm)?).map_err(|_| DeltaError::Trees)?;
        (self.system_tree, self.core_tree, self.evm_tries) = (system, core, tries);
        Ok(())
    }
}

fn updates(delta: &Delta, domain: Domain, direction: Direction) -> Vec<Update<'_>> {
    let of_domain = delta.changes().filter(|change| Domain::of(change.key) == domain);
    of_domain
        .map(|change| Update {
            key: change.key,
            value: match direction {
                Direction::Forward => change.new,
                Direction::Backward => change.old,
            },
        })
        .collect()
}
