//! What of the pool gets into the block that is being built.

use super::shares::{Room, Waiting, share};
use super::{Builder, Taken};
use crate::invalid::InvalidBlock;
use crate::supply::{Offer, Refusal, Supply};
use alloc::vec::Vec;
use core::borrow::Borrow;
use tandem_coprocessor::Work;
use tandem_evm::{CheckedEvmTx, TxError};
use tandem_exchange::Transaction;
use tandem_exchange::action::{ByClass, Class};
use tandem_types::{BLOCK_ACTIONS_MAX, BLOCK_EVM_TRANSACTIONS_MAX, Body};

/// What waits, and what became of it.
pub(super) struct Selection<'a, A, T> {
    actions: &'a [A],
    transactions: &'a [T],
    /// The place in the list of the action that is next.
    next: usize,
    /// What the block has at first.
    room: Room,
    action_bytes_left: u64,
    evm_bytes_left: usize,
    /// What each class must leave for those after it.
    kept: ByClass<Room>,
    /// Classes of which something had no room: what waits behind it waits for the next block.
    closed: ByClass<bool>,
    pub(super) body: Body,
    pub(super) taken: ByClass<Taken>,
    pub(super) refused_actions: Vec<(usize, Refusal)>,
    pub(super) refused_transactions: Vec<(usize, TxError)>,
}

fn bytes_of(action: &Transaction) -> u64 {
    u64::try_from(action.raw().len()).unwrap_or(u64::MAX)
}

fn waiting<A: Borrow<Transaction>>(actions: &[A]) -> ByClass<Waiting> {
    let mut waiting: ByClass<Waiting> = ByClass::default();
    for action in actions {
        let action = action.borrow();
        let waiting = waiting.of_mut(action.class());
        waiting.items = waiting.items.saturating_add(action.items());
        waiting.bytes = waiting.bytes.saturating_add(bytes_of(action));
        waiting.count = waiting.count.saturating_add(1);
    }
    waiting
}

impl<'a, A: Borrow<Transaction>, T> Selection<'a, A, T> {
    pub(super) fn new(builder: &Builder<'a, A, T>, work: Work) -> Self {
        let bytes = u64::try_from(builder.action_bytes_max).unwrap_or(u64::MAX);
        let room = Room { work, bytes, count: u64::from(BLOCK_ACTIONS_MAX) };
        let kept = builder.shares.map(|shares| shares.kept(&room, &waiting(builder.actions)));
        Self {
            actions: builder.actions,
            transactions: builder.evm_transactions,
            next: 0,
            room,
            action_bytes_left: bytes,
            evm_bytes_left: builder.evm_bytes_max,
            kept: kept.unwrap_or_default(),
            closed: ByClass::default(),
            body: builder.empty_body(),
            taken: ByClass::default(),
            refused_actions: Vec::new(),
            refused_transactions: Vec::new(),
        }
    }

    /// Whether the list and the bytes have room for an action beside what its class must leave.
    fn has_room(&self, action: &Transaction) -> bool {
        let kept = self.kept.of(action.class());
        let count = u64::try_from(self.body.actions.len()).unwrap_or(u64::MAX);
        count.saturating_add(kept.count) < self.room.count
            && bytes_of(action).saturating_add(kept.bytes) <= self.action_bytes_left
    }

    fn take(&mut self, action: &Transaction, work: Work) {
        let (bytes, taken) = (bytes_of(action), self.taken.of_mut(action.class()));
        taken.count = taken.count.saturating_add(1);
        taken.items = taken.items.saturating_add(action.items());
        taken.bytes = taken.bytes.saturating_add(bytes);
        taken.work = taken.work.plus(work);
        self.action_bytes_left = self.action_bytes_left.saturating_sub(bytes);
        self.body.actions.push(action.raw().to_vec());
    }

    fn close_for_work(&mut self, class: Class, lacking: Work) {
        *self.closed.of_mut(class) = true;
        let share = share(self.room.work);
        let taken = self.taken.of_mut(class);
        taken.is_short = taken.work.plus(lacking) <= share;
    }
}

/// Whether a block's list takes another transaction.
fn has_place(list: &[Vec<u8>], max: u32) -> bool {
    u32::try_from(list.len()).is_ok_and(|len| len < max)
}

impl<A: Borrow<Transaction>, T: Borrow<CheckedEvmTx>> Supply for Selection<'_, A, T> {
    fn action(&mut self) -> Option<Offer<'_>> {
        loop {
            let action = self.actions.get(self.next)?.borrow();
            let class = action.class();
            if !*self.closed.of(class) && self.has_room(action) {
                return Some(Offer { action, work_kept: self.kept.of(class).work });
            }
            *self.closed.of_mut(class) = true;
            self.next = self.next.saturating_add(1);
        }
    }

    fn action_ended(&mut self, end: Result<Work, Refusal>) -> Result<(), InvalidBlock> {
        let index = self.next;
        self.next = index.saturating_add(1);
        let Some(action) = self.actions.get(index).map(Borrow::borrow) else { return Ok(()) };
        match end {
            Ok(work) => self.take(action, work),
            Err(Refusal::TooMuchWork(work)) => self.close_for_work(action.class(), work),
            Err(why) => self.refused_actions.push((index, why)),
        }
        Ok(())
    }

    fn evm_transaction(&self, index: usize) -> Option<&CheckedEvmTx> {
        let transaction = self.transactions.get(index)?.borrow();
        let room = has_place(&self.body.evm_transactions, BLOCK_EVM_TRANSACTIONS_MAX);
        (room && transaction.raw().len() <= self.evm_bytes_left).then_some(transaction)
    }

    fn evm_ended(&mut self, index: usize, end: Result<(), TxError>) -> Result<(), InvalidBlock> {
        match (end, self.transactions.get(index)) {
            (Ok(()), Some(transaction)) => {
                let raw = transaction.borrow().raw();
                self.evm_bytes_left = self.evm_bytes_left.saturating_sub(raw.len());
                self.body.evm_transactions.push(raw.to_vec());
            }
            (Err(error), _) => self.refused_transactions.push((index, error)),
            (Ok(()), None) => {}
        }
        Ok(())
    }
}
