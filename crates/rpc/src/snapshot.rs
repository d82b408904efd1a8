//! The EVM's state after one block, read while the chain moves on.
//!
//! A call may run for long, and the readers' copy of the state must not wait for it. So nothing is locked but for the
//! time of one look-up; when the copy has moved since, what the new blocks say was before them is remembered first, and
//! has precedence. The same remembering makes the state at a past block.

use crate::argument::BlockId;
use crate::blocks::{Blocks, EvmBlock};
use crate::fault::Fault;
use alloy_primitives::{Address, Bytes, U256};
use std::collections::BTreeMap;
use std::sync::Arc;
use tandem_codec::{Decode, Encode};
use tandem_evm::{Code, EvmAccount, EvmRead, EvmTables, EvmView, StorageKey, Word};
use tandem_node::NodeHandle;
use tandem_state::{Delta, Prefix};
use tandem_types::Height;

/// The numbers of the EVM's tables.
const ACCOUNTS: u8 = 1;
const STORAGE: u8 = 2;
const CODES: u8 = 3;

/// The EVM's state after a block.
#[derive(Debug)]
pub(crate) struct Snapshot {
    node: NodeHandle,
    block: Arc<EvmBlock>,
    /// What was changed since: encoded keys, and encoded values as they were.
    before: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// The height up to which `before` remembers.
    seen: Height,
    is_lost: bool,
}

impl Snapshot {
    /// The state after a block.
    pub(crate) fn open(node: &NodeHandle, blocks: &Blocks, id: BlockId) -> Result<Self, Fault> {
        let block = blocks.find(id)?.ok_or_else(Fault::no_block)?;
        let seen = {
            let state = node.state();
            let head = state.head();
            // Between EVM blocks the EVM's state does not change: the latest needs no history, which a restart loses.
            if head.evm_height == block.number() { head.height } else { block.height }
        };
        Ok(Self { node: node.clone(), block, before: BTreeMap::new(), seen, is_lost: false })
    }

    /// The block after which this is the state.
    pub(crate) const fn block(&self) -> &Arc<EvmBlock> {
        &self.block
    }

    /// What was read from this snapshot, unless the state was given up meanwhile.
    pub(crate) fn checked<T>(&self, read: T) -> Result<T, Fault> {
        if self.is_lost { Err(Fault::no_state(self.block.number())) } else { Ok(read) }
    }

    /// Looks one entry up: among the remembered, or as it is `now`.
    fn look<V: Decode>(
        &mut self,
        table: u8,
        key: &impl Encode,
        now: impl Fn(&mut EvmView<'_>) -> Option<V>,
    ) -> Option<V> {
        let key = Prefix::new(EvmTables::ENGINE, table).key(key);
        loop {
            let state = self.node.state();
            let head = state.head().height;
            if head <= self.seen || self.is_lost {
                return match self.before.get(&key) {
                    Some(value) => value.as_ref().and_then(|bytes| V::from_bytes(bytes).ok()),
                    None => now(&mut EvmView(&state.tables.evm)),
                };
            }
            let deltas = state.deltas_since(self.seen);
            drop(state);
            match deltas {
                Some(deltas) => deltas.iter().for_each(|delta| remember(&mut self.before, delta)),
                None => self.is_lost = true,
            }
            self.seen = head;
        }
    }
}

/// Adds what was before `delta`, unless an earlier block has changed it already.
fn remember(before: &mut BTreeMap<Vec<u8>, Option<Vec<u8>>>, delta: &Delta) {
    for change in delta.changes_under(&[EvmTables::ENGINE.0]) {
        if !before.contains_key(change.key) {
            before.insert(change.key.to_vec(), change.old.map(<[u8]>::to_vec));
        }
    }
}

impl EvmRead for Snapshot {
    fn account(&mut self, address: Address) -> Option<EvmAccount> {
        let key = tandem_types::Address(address.0.0);
        self.look(ACCOUNTS, &key, |now| now.account(address))
    }

    fn storage(&mut self, address: Address, slot: U256) -> U256 {
        let key = StorageKey::new(address, slot);
        let word = self.look(STORAGE, &key, |now| Some(Word(now.storage(address, slot))));
        word.map_or(U256::ZERO, |word| word.0)
    }

    fn code(&mut self, address: Address) -> Option<Bytes> {
        let key = tandem_types::Address(address.0.0);
        self.look(CODES, &key, |now| now.code(address).map(Code)).map(|code| code.0)
    }
}
