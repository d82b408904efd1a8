//! Exchange actions that wait.
//!
//! Each class has a queue of its own, in which accounts take turns (`queue`). Who signs matters for nonces only: an
//! account with many agents has no more turns, and no more room, than one without.
//!
//! When the lane is full, a class that has less than a third of it takes room from the class that has most; otherwise
//! an account that has less than others in its own class takes it from whoever has most there. So neither a class nor an
//! account can be crowded out by another, and room that nobody claims is free for all.

mod queue;

use crate::PoolError;
use crate::shares::weight;
use queue::{Load, Queue, Seat, Taken};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tandem_exchange::action::{ByClass, Class};
use tandem_exchange::{NONCES_KEPT, Transaction};
use tandem_types::{AccountId, Address, TxId};

/// Bounds of the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionLimits {
    /// Most actions.
    pub count_max: usize,
    /// Most bytes of actions.
    pub bytes_max: usize,
    /// Most actions of one account.
    pub account_max: usize,
}

/// Ten full blocks of single orders; an account may have twenty blocks' worth of a signer's nonces ahead.
impl Default for ActionLimits {
    fn default() -> Self {
        Self { count_max: 200_000, bytes_max: 64 << 20, account_max: 2_000 }
    }
}

/// Where an action waits.
#[derive(Clone, Copy, Debug)]
struct Place {
    class: Class,
    account: AccountId,
    seat: Seat,
}

/// Exchange actions in the order in which a block takes them: by class, within it by turns of the accounts.
#[derive(Debug, Default)]
pub struct ActionLane {
    limits: ActionLimits,
    queues: ByClass<Queue>,
    places: BTreeMap<TxId, Place>,
    /// Nonces that wait, by signer.
    signers: BTreeMap<Address, BTreeMap<u64, TxId>>,
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

    /// Takes in an action that was admitted for `account`. Returns the actions that made room for it, if some had to.
    ///
    /// # Errors
    /// [`PoolError`]; nothing is changed.
    pub fn insert(
        &mut self,
        action: Arc<Transaction>,
        account: AccountId,
    ) -> Result<Vec<Arc<Transaction>>, PoolError> {
        if self.places.contains_key(&action.id()) {
            return Err(PoolError::AlreadyWaiting);
        }
        if self.signers.get(&action.signer()).is_some_and(|own| own.contains_key(&action.nonce())) {
            return Err(PoolError::NonceWaiting);
        }
        let count = self.queues.iter().map(|(_, queue)| queue.count_of(account)).sum();
        if count >= self.limits.account_max {
            return Err(PoolError::SignerFull(count));
        }
        let evicted = self.make_room(&action, account)?;
        // From here it succeeds.
        self.arrivals += 1;
        let place = Place { class: action.class(), account, seat: (action.nonce(), self.arrivals) };
        self.note(place, &action);
        self.queues.of_mut(place.class).join(account, place.seat, action);
        Ok(evicted.into_iter().map(|(_, taken)| taken.action).collect())
    }

    /// What a block should try, by class and in each class by turns, as much of each class as a block of `count` actions
    /// and `bytes` could take alone. They stay until they are served or removed.
    ///
    /// Of one signer no more than the [`NONCES_KEPT`] lowest nonces: the rules forget lower nonces than those, so more in
    /// one block could make its earlier actions, of a later class, too late.
    #[must_use]
    pub fn offer(&self, count: usize, bytes: usize) -> Vec<Arc<Transaction>> {
        let mut ceilings = Ceilings { signers: &self.signers, known: HashMap::new() };
        let mut offered = Vec::new();
        for (_, queue) in self.queues.iter() {
            let mut left = Load { count, bytes };
            let may = queue.in_turn().filter(|action| ceilings.admits(action));
            offered.extend(may.take_while(|action| left.spend(action)).cloned());
        }
        offered
    }

    /// Takes out an action that a block has.
    pub fn served(&mut self, id: &TxId) -> Option<Arc<Transaction>> {
        let place = *self.places.get(id)?;
        let taken = self.queues.of_mut(place.class).serve(place.account, place.seat)?;
        self.forget(&taken.action);
        Some(taken.action)
    }

    /// Takes out an action that was refused by the rules.
    pub fn remove(&mut self, id: &TxId) -> Option<Arc<Transaction>> {
        self.take(id).map(|(_, taken)| taken.action)
    }

    /// Whether the action with this id waits.
    #[must_use]
    pub fn contains(&self, id: &TxId) -> bool {
        self.places.contains_key(id)
    }

    fn load(&self) -> Load {
        self.queues.iter().fold(Load::default(), |sum, (_, queue)| Load {
            count: sum.count + queue.load().count,
            bytes: sum.bytes + queue.load().bytes,
        })
    }

    /// Evicts what the newcomer needs. If that is not enough, nothing is changed.
    fn make_room(
        &mut self,
        newcomer: &Transaction,
        account: AccountId,
    ) -> Result<Vec<(Place, Taken)>, PoolError> {
        let mut evicted = Vec::new();
        while let Some(lacking) = self.lacking(newcomer) {
            let victim = self.victim(lacking, newcomer, account).and_then(|victim| self.take(&victim));
            let Some(victim) = victim else {
                evicted.into_iter().rev().for_each(|(place, taken)| self.put_back(place, taken));
                return Err(PoolError::Full);
            };
            evicted.push(victim);
        }
        Ok(evicted)
    }

    /// What the lane has too little of for a newcomer.
    fn lacking(&self, newcomer: &Transaction) -> Option<Lacking> {
        let load = self.load();
        if load.count >= self.limits.count_max {
            return Some(Lacking::Count);
        }
        (load.bytes + newcomer.raw().len() > self.limits.bytes_max).then_some(Lacking::Bytes)
    }

    /// Who makes room: the account with most in the class with most, if the newcomer's class is within its third;
    /// otherwise the account with most in its own class, as long as it keeps no less there than the newcomer's will have.
    fn victim(&self, lacking: Lacking, newcomer: &Transaction, account: AccountId) -> Option<TxId> {
        let (class, bytes) = (newcomer.class(), newcomer.raw().len());
        let own = self.queues.of(class);
        let (size, all) = match lacking {
            Lacking::Count => (1, self.limits.count_max),
            Lacking::Bytes => (bytes, self.limits.bytes_max),
        };
        if lacking.of(own) + size <= all / Class::ALL.len() {
            let others = self.queues.iter().filter(|(other, _)| *other != class);
            let (_, most) = others.max_by_key(|(_, queue)| lacking.of(queue))?;
            return most.heaviest().map(|(_, last)| last.id());
        }
        let share = own.share_of(account) + weight(bytes);
        let (most, last) = own.heaviest()?;
        (most - weight(last.raw().len()) >= share).then(|| last.id())
    }

    fn take(&mut self, id: &TxId) -> Option<(Place, Taken)> {
        let place = *self.places.get(id)?;
        let taken = self.queues.of_mut(place.class).take(place.account, place.seat)?;
        self.forget(&taken.action);
        Some((place, taken))
    }

    fn put_back(&mut self, place: Place, taken: Taken) {
        self.note(place, &taken.action);
        self.queues.of_mut(place.class).put(taken);
    }

    fn note(&mut self, place: Place, action: &Transaction) {
        self.places.insert(action.id(), place);
        self.signers.entry(action.signer()).or_default().insert(action.nonce(), action.id());
    }

    fn forget(&mut self, action: &Transaction) {
        self.places.remove(&action.id());
        if let Some(own) = self.signers.get_mut(&action.signer()) {
            own.remove(&action.nonce());
            if own.is_empty() {
                self.signers.remove(&action.signer());
            }
        }
    }
}

/// What a full lane is full of.
#[derive(Clone, Copy, Debug)]
enum Lacking {
    Count,
    Bytes,
}

impl Lacking {
    const fn of(self, queue: &Queue) -> usize {
        match self {
            Self::Count => queue.load().count,
            Self::Bytes => queue.load().bytes,
        }
    }
}

impl Load {
    /// Takes an action off, if there is as much.
    fn spend(&mut self, action: &Transaction) -> bool {
        let left = self.count.checked_sub(1).zip(self.bytes.checked_sub(action.raw().len()));
        if let Some((count, bytes)) = left {
            *self = Self { count, bytes };
        }
        left.is_some()
    }
}

/// The highest nonce of each signer that may be offered.
struct Ceilings<'l> {
    signers: &'l BTreeMap<Address, BTreeMap<u64, TxId>>,
    known: HashMap<Address, u64>,
}

impl Ceilings<'_> {
    fn admits(&mut self, action: &Transaction) -> bool {
        let signer = action.signer();
        let Some(waiting) = self.signers.get(&signer) else { return true };
        let most = usize::from(NONCES_KEPT);
        if waiting.len() <= most {
            return true;
        }
        let ceiling = self
            .known
            .entry(signer)
            .or_insert_with(|| waiting.keys().nth(most - 1).copied().unwrap_or(u64::MAX));
        action.nonce() <= *ceiling
    }
}
