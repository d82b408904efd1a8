//! The readers' copy of the state.
//!
//! It moves by the deltas of decided blocks only, and keeps those of the last ones, so that a reader can
//! look at a past block without moving the copy: an entry is what the first later delta says it was before.

use crate::decided::DecidedBlock;
use crate::past_deltas::PastDeltas;
use std::collections::BTreeMap;
use std::sync::Arc;
use tandem_codec::{Decode, Encode};
use tandem_evm::{Code, EvmAccount, EvmRead, EvmTables, EvmTries, EvmView, StateChanges, StorageKey, Word};
use tandem_state::{Delta, DeltaError, Direction, Prefix, Tables};
use tandem_stf::{Chain, ChainTables};
use tandem_types::{BlockId, Header, Height};

/// The state after the last decided block, and the way back.
#[derive(Debug)]
pub struct Follower {
    /// Every table.
    pub tables: ChainTables,
    /// The EVM's tries, for proofs.
    pub evm_tries: EvmTries,
    head: Header,
    id: BlockId,
    history: PastDeltas,
}

impl Follower {
    /// A copy of `chain`, which stands at `head`.
    #[must_use]
    pub fn new(chain: &Chain, head: Header, id: BlockId) -> Self {
        let (tables, evm_tries) = (chain.tables.clone(), chain.evm_tries.clone());
        Self { tables, evm_tries, head, id, history: PastDeltas::default() }
    }

    /// The last decided header.
    #[must_use]
    pub const fn head(&self) -> &Header {
        &self.head
    }

    /// The last decided block's id.
    #[must_use]
    pub const fn id(&self) -> BlockId {
        self.id
    }

    /// Moves on to the next decided block.
    ///
    /// # Errors
    /// [`DeltaError`] if the block is not the next of this chain.
    pub(crate) fn advance(&mut self, block: &DecidedBlock) -> Result<(), DeltaError> {
        self.tables.apply(&block.delta, Direction::Forward)?;
        let changes = StateChanges::of(&block.delta, Direction::Forward)?;
        self.evm_tries.apply(&changes).map_err(|_| DeltaError::Trees)?;
        self.history.push(block.height(), Arc::clone(&block.delta));
        self.head = block.block.header.clone();
        self.id = block.id;
        Ok(())
    }

    /// What the blocks after `height` changed, oldest first; `None` if that is too long ago, or to come. Readers that
    /// need long find their state with it without keeping this copy from moving on.
    #[must_use]
    pub fn deltas_since(&self, height: Height) -> Option<Vec<Arc<Delta>>> {
        Some(self.history_since(height)?.map(|(_, delta)| Arc::clone(delta)).collect())
    }

    fn history_since(
        &self,
        height: Height,
    ) -> Option<impl DoubleEndedIterator<Item = &(Height, Arc<Delta>)>> {
        let wanted = usize::try_from(self.head.height.0.checked_sub(height.0)?).ok()?;
        self.history.newest(wanted)
    }

    /// The EVM's state as it was after the block at `height`; `None` if that is too long ago, or to come.
    #[must_use]
    pub fn evm_at(&self, height: Height) -> Option<Past<'_>> {
        let mut before = BTreeMap::new();
        for (_, delta) in self.history_since(height)?.rev() {
            for change in delta.changes_under(&[EvmTables::ENGINE.0]) {
                before.insert(change.key.to_vec(), change.old.map(<[u8]>::to_vec));
            }
        }
        Some(Past { before, now: &self.tables.evm })
    }
}

/// The EVM's state at a past block.
#[derive(Debug)]
pub struct Past<'a> {
    before: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    now: &'a EvmTables,
}

impl Past<'_> {
    /// The entry as it was, if it has changed since.
    fn changed<V: Decode>(&self, table: u8, key: &impl Encode) -> Option<Option<V>> {
        let key = Prefix::new(EvmTables::ENGINE, table).key(key);
        let value = self.before.get(&key)?;
        Some(value.as_ref().and_then(|bytes| V::from_bytes(bytes).ok()))
    }
}

impl EvmRead for Past<'_> {
    fn account(&mut self, address: alloy_primitives::Address) -> Option<EvmAccount> {
        let key = tandem_types::Address(address.0.0);
        self.changed(1, &key).unwrap_or_else(|| EvmView(self.now).account(address))
    }

    fn storage(
        &mut self,
        address: alloy_primitives::Address,
        slot: alloy_primitives::U256,
    ) -> alloy_primitives::U256 {
        let key = StorageKey::new(address, slot);
        match self.changed::<Word>(2, &key) {
            Some(word) => word.map_or(alloy_primitives::U256::ZERO, |word| word.0),
            None => EvmView(self.now).storage(address, slot),
        }
    }

    fn code(&mut self, address: alloy_primitives::Address) -> Option<alloy_primitives::Bytes> {
        let key = tandem_types::Address(address.0.0);
        match self.changed::<Code>(3, &key) {
            Some(code) => code.map(|code| code.0),
            None => EvmView(self.now).code(address),
        }
    }
}
