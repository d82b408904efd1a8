//! Exchange actions that wait.

use crate::PoolError;
use crate::shares::{Shares, weight};
use std::collections::BTreeMap;
use std::sync::Arc;
use tandem_exchange::Transaction;
use tandem_exchange::action::Class;
use tandem_types::{Address, TxId};

/// Bounds of the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionLimits {
    /// Most actions.
    pub count_max: usize,
    /// Most bytes of actions.
    pub bytes_max: usize,
    /// Most actions of one signer.
    pub signer_max: usize,
}

/// Ten full blocks of single orders; a signer may have a tenth of its nonces' worth ahead.
impl Default for ActionLimits {
    fn default() -> Self {
        Self { count_max: 200_000, bytes_max: 64 << 20, signer_max: 2_000 }
    }
}

/// Where an action stands in a block; the number counts arrivals.
type Place = (Class, u64);

/// Exchange actions in the order in which a block takes them: by class, then by arrival.
#[derive(Debug, Default)]
pub struct ActionLane {
    limits: ActionLimits,
    /// In block order.
    waiting: BTreeMap<Place, Arc<Transaction>>,
    places: BTreeMap<TxId, Place>,
    /// By signer and nonce, to find a signer's last arrival and a nonce that waits.
    signers: BTreeMap<Address, BTreeMap<u64, TxId>>,
    shares: Shares<Address>,
    bytes: usize,
    arrivals: u64,
}

impl ActionLane {
    /// An empty lane.
    #[must_use]
    pub fn new(limits: ActionLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Actions waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Takes an admitted action in. Returns the actions that made room for it, if some had to.
    ///
    /// # Errors
    /// [`PoolError`]; nothing is changed.
    pub fn insert(&mut self, action: Arc<Transaction>) -> Result<Vec<Arc<Transaction>>, PoolError> {
        if self.places.contains_key(&action.id()) {
            return Err(PoolError::AlreadyWaiting);
        }
        let own = self.signers.get(&action.signer());
        if own.is_some_and(|own| own.contains_key(&action.nonce())) {
            return Err(PoolError::NonceWaiting);
        }
        let count = own.map_or(0, BTreeMap::len);
        if count >= self.limits.signer_max {
            return Err(PoolError::SignerFull(count));
        }
        let evicted = self.make_room(&action)?;
        // From here it succeeds.
        self.arrivals += 1;
        self.put((action.class(), self.arrivals), action);
        Ok(evicted.into_iter().map(|(_, action)| action).collect())
    }

    /// The first actions in block order, at most `count`. They stay until they are [removed](Self::remove).
    #[must_use]
    pub fn first(&self, count: usize) -> Vec<Arc<Transaction>> {
        self.waiting.values().take(count).cloned().collect()
    }

    /// Takes out an action that got into a block or was refused by the rules.
    pub fn remove(&mut self, id: &TxId) -> Option<Arc<Transaction>> {
        self.take(id).map(|(_, action)| action)
    }

    /// Whether the action with this id waits.
    #[must_use]
    pub fn contains(&self, id: &TxId) -> bool {
        self.places.contains_key(id)
    }

    fn has_room(&self, action: &Transaction) -> bool {
        self.len() < self.limits.count_max && self.bytes + action.raw().len() <= self.limits.bytes_max
    }

    /// Evicts what the newcomer needs: each time the highest nonce of a signer with most waiting, as long as that signer
    /// keeps no less than the newcomer's will have. If that is not enough, nothing is changed.
    fn make_room(&mut self, newcomer: &Transaction) -> Result<Vec<(Place, Arc<Transaction>)>, PoolError> {
        let share = self.shares.of(newcomer.signer()) + weight(newcomer.raw().len());
        let mut evicted = Vec::new();
        while !self.has_room(newcomer) {
            let victim = self.victim(share).and_then(|victim| self.take(&victim));
            let Some(victim) = victim else {
                evicted.into_iter().for_each(|(place, action)| self.put(place, action));
                return Err(PoolError::Full);
            };
            evicted.push(victim);
        }
        Ok(evicted)
    }

    fn victim(&self, share: usize) -> Option<TxId> {
        let (most, heaviest) = self.shares.heaviest()?;
        let id = self.signers.get(&heaviest)?.values().next_back()?;
        let action = self.waiting.get(self.places.get(id)?)?;
        (most - weight(action.raw().len()) >= share).then_some(*id)
    }

    fn put(&mut self, place: Place, action: Arc<Transaction>) {
        let (id, signer) = (action.id(), action.signer());
        self.bytes += action.raw().len();
        self.shares.add(signer, action.raw().len());
        self.places.insert(id, place);
        self.signers.entry(signer).or_default().insert(action.nonce(), id);
        self.waiting.insert(place, action);
    }

    fn take(&mut self, id: &TxId) -> Option<(Place, Arc<Transaction>)> {
        let place = self.places.remove(id)?;
        let action = self.waiting.remove(&place)?;
        self.bytes -= action.raw().len();
        self.shares.subtract(action.signer(), action.raw().len());
        if let Some(own) = self.signers.get_mut(&action.signer()) {
            own.remove(&action.nonce());
            if own.is_empty() {
                self.signers.remove(&action.signer());
            }
        }
        Some((place, action))
    }
}
