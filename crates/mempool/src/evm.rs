//! Ethereum transactions that wait.

use crate::PoolError;
use crate::shares::{Shares, weight};
use alloy_primitives::{Address, B256};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;
use tandem_evm::CheckedEvmTx;

/// Bounds of the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvmLimits {
    /// Most transactions.
    pub count_max: usize,
    /// Most bytes of transactions.
    pub bytes_max: usize,
    /// Most transactions of one sender, those with gaps before them included.
    pub sender_max: usize,
}

/// Some ten full EVM blocks; a sender's queue as long as common wallets and deployment scripts need.
impl Default for EvmLimits {
    fn default() -> Self {
        Self { count_max: 20_000, bytes_max: 64 << 20, sender_max: 256 }
    }
}

/// A replacement must pay this many percent more.
const REPLACEMENT_PERCENT: u128 = 10;

/// Ethereum transactions by sender and nonce.
#[derive(Debug, Default)]
pub struct EvmLane {
    limits: EvmLimits,
    senders: BTreeMap<Address, BTreeMap<u64, Arc<CheckedEvmTx>>>,
    hashes: BTreeMap<B256, (Address, u64)>,
    /// The senders by the fee caps of their last transactions, which are those that may make room.
    lasts: BTreeSet<(u128, Address)>,
    shares: Shares<Address>,
    bytes: usize,
}

impl EvmLane {
    /// An empty lane.
    #[must_use]
    pub fn new(limits: EvmLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Transactions waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Takes an admitted transaction in; `next_nonce` is what the state expects of its sender. A transaction with the
    /// same nonce is replaced if this one pays a tenth more; in a full lane, the sender with most waiting loses its
    /// last, or, to somebody who has nothing waiting, who offers least.
    ///
    /// # Errors
    /// [`PoolError`]; nothing is changed.
    pub fn insert(&mut self, transaction: Arc<CheckedEvmTx>, next_nonce: u64) -> Result<(), PoolError> {
        let (sender, nonce) = (transaction.sender(), transaction.nonce());
        if self.hashes.contains_key(&transaction.hash()) {
            return Err(PoolError::AlreadyWaiting);
        }
        if nonce < next_nonce {
            return Err(PoolError::NonceTooLow { expected: next_nonce });
        }
        let queue = self.senders.get(&sender);
        let count = queue.map_or(0, BTreeMap::len);
        let old = queue.and_then(|queue| queue.get(&nonce)).cloned();
        match &old {
            Some(old) if !outbids(&transaction, old) => return Err(PoolError::Underpriced),
            None if count >= self.limits.sender_max => return Err(PoolError::SignerFull(count)),
            Some(_) | None => {}
        }
        let old = old.and_then(|old| self.remove(&old.hash()));
        if let Err(error) = self.make_room(&transaction) {
            old.into_iter().for_each(|old| self.put(old));
            return Err(error);
        }
        // From here it succeeds.
        self.put(transaction);
        Ok(())
    }

    /// What a block at `base_fee` should try, best payer first, each sender's in the order of nonces without gaps;
    /// `next_nonce` tells what the state expects.
    #[must_use]
    pub fn best(
        &self,
        base_fee: u64,
        count: usize,
        next_nonce: impl Fn(Address) -> u64,
    ) -> Vec<Arc<CheckedEvmTx>> {
        let mut heads: BinaryHeap<(u128, std::cmp::Reverse<B256>, Address)> = BinaryHeap::new();
        for (sender, queue) in &self.senders {
            if let Some(first) = queue.get(&next_nonce(*sender)) {
                offer(&mut heads, first, base_fee);
            }
        }
        let mut best: Vec<Arc<CheckedEvmTx>> = Vec::new();
        while best.len() < count
            && let Some((_, std::cmp::Reverse(hash), sender)) = heads.pop()
        {
            let Some((_, nonce)) = self.hashes.get(&hash) else { continue };
            let Some(queue) = self.senders.get(&sender) else { continue };
            best.extend(queue.get(nonce).cloned());
            if let Some(next) = queue.get(&(nonce + 1)) {
                offer(&mut heads, next, base_fee);
            }
        }
        best
    }

    /// Takes a transaction out.
    pub fn remove(&mut self, hash: &B256) -> Option<Arc<CheckedEvmTx>> {
        let (sender, nonce) = self.hashes.remove(hash)?;
        self.unlist(sender);
        let queue = self.senders.get_mut(&sender)?;
        let transaction = queue.remove(&nonce)?;
        if queue.is_empty() {
            self.senders.remove(&sender);
        }
        self.list(sender);
        self.bytes -= transaction.raw().len();
        self.shares.subtract(sender, transaction.raw().len());
        Some(transaction)
    }

    /// Drops what a sender's `next_nonce` has passed.
    pub fn advance(&mut self, sender: Address, next_nonce: u64) {
        let Some(queue) = self.senders.get(&sender) else { return };
        let passed: Vec<B256> = queue.range(..next_nonce).map(|(_, old)| old.hash()).collect();
        passed.iter().for_each(|hash| {
            self.remove(hash);
        });
    }

    /// The nonce after the last that waits without a gap from `next_nonce` on.
    #[must_use]
    pub fn pending_nonce(&self, sender: Address, next_nonce: u64) -> u64 {
        let Some(queue) = self.senders.get(&sender) else { return next_nonce };
        let run =
            queue.range(next_nonce..).zip(next_nonce..).take_while(|((nonce, _), wanted)| *nonce == wanted);
        next_nonce + run.count() as u64
    }

    /// A waiting transaction.
    #[must_use]
    pub fn find(&self, hash: &B256) -> Option<&Arc<CheckedEvmTx>> {
        let (sender, nonce) = self.hashes.get(hash)?;
        self.senders.get(sender)?.get(nonce)
    }

    /// Evicts what the newcomer needs: each time the last of a sender with most waiting, as long as that sender keeps no
    /// less than the newcomer's will have. When nobody has more than others, who has nothing waiting may outbid the last
    /// that offers least: keys cost next to nothing here, but to keep a full lane closed costs as much as its blocks.
    /// If that is not enough, nothing is changed.
    fn make_room(&mut self, newcomer: &CheckedEvmTx) -> Result<(), PoolError> {
        let before = self.shares.of(newcomer.sender());
        let share = before + weight(newcomer.raw().len());
        let mut evicted = Vec::new();
        while !self.has_room(newcomer) {
            let outbid = || if before == 0 { self.outbid(newcomer) } else { None };
            let victim = self.victim(share).or_else(outbid);
            let victim = victim.and_then(|victim| self.remove(&victim));
            let Some(victim) = victim else {
                evicted.into_iter().for_each(|transaction| self.put(transaction));
                return Err(PoolError::Full);
            };
            evicted.push(victim);
        }
        Ok(())
    }

    fn has_room(&self, newcomer: &CheckedEvmTx) -> bool {
        self.len() < self.limits.count_max && self.bytes + newcomer.raw().len() <= self.limits.bytes_max
    }

    fn victim(&self, share: usize) -> Option<B256> {
        let (most, heaviest) = self.shares.heaviest()?;
        let (_, last) = self.senders.get(&heaviest)?.last_key_value()?;
        (most - weight(last.raw().len()) >= share).then(|| last.hash())
    }

    /// The last transaction that offers least, if the newcomer offers a tenth more.
    fn outbid(&self, newcomer: &CheckedEvmTx) -> Option<B256> {
        let (_, sender) = self.lasts.first()?;
        let (_, last) = self.senders.get(sender)?.last_key_value()?;
        outbids(newcomer, last).then(|| last.hash())
    }

    fn listing(&self, sender: Address) -> Option<(u128, Address)> {
        let (_, last) = self.senders.get(&sender)?.last_key_value()?;
        Some((last.fee_cap(), sender))
    }

    fn list(&mut self, sender: Address) {
        let listing = self.listing(sender);
        self.lasts.extend(listing);
    }

    fn unlist(&mut self, sender: Address) {
        if let Some(listing) = self.listing(sender) {
            self.lasts.remove(&listing);
        }
    }

    fn put(&mut self, transaction: Arc<CheckedEvmTx>) {
        let (sender, nonce) = (transaction.sender(), transaction.nonce());
        self.unlist(sender);
        self.bytes += transaction.raw().len();
        self.shares.add(sender, transaction.raw().len());
        self.hashes.insert(transaction.hash(), (sender, nonce));
        self.senders.entry(sender).or_default().insert(nonce, transaction);
        self.list(sender);
    }
}

/// Whether `new` pays a tenth more than `old` in both of its fees.
fn outbids(new: &CheckedEvmTx, old: &CheckedEvmTx) -> bool {
    let more = |new: u128, old: u128| new >= old.saturating_mul(100 + REPLACEMENT_PERCENT).div_ceil(100);
    more(new.fee_cap(), old.fee_cap()) && more(new.priority_fee_cap(), old.priority_fee_cap())
}

/// Puts a transaction among the candidates if it can pay the base fee.
fn offer(
    heads: &mut BinaryHeap<(u128, std::cmp::Reverse<B256>, Address)>,
    transaction: &CheckedEvmTx,
    base_fee: u64,
) {
    if let Some(price) = transaction.gas_price(base_fee) {
        heads.push((price, std::cmp::Reverse(transaction.hash()), transaction.sender()));
    }
}
