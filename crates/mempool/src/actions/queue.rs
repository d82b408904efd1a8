//! The actions of one class, and whose turn it is.
//!
//! Accounts take turns, each with the lowest nonce first, and a batch counts for as many turns as it has items: this is
//! start-time fair queueing (Goyal, Vin and Cheng, 1996). An account's *start* is how much it has been served, on a clock
//! that is the start of the last action served; who joins the queue starts at the clock. So among `n` accounts, an
//! account's `k`th single order is served at the latest after `n × (k + 1)`, however many the others have: nobody's
//! thousands come before somebody's first.
//!
//! What an account was served is remembered until the clock has passed it, also while nothing of it waits: otherwise those
//! who send one order at a time would join at the clock again and again, before whoever sent two at once.

use crate::shares::Shares;
use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::sync::Arc;
use tandem_exchange::Transaction;
use tandem_types::AccountId;

/// Where an action stands among its account's: by nonce, then by arrival.
pub(super) type Seat = (u64, u64);

/// When an account is next, and since which arrival it waits: the longer waiting goes first among equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    start: u64,
    since: u64,
    account: AccountId,
}

#[derive(Debug)]
struct Own {
    turn: Turn,
    actions: BTreeMap<Seat, Arc<Transaction>>,
}

/// How much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) count: usize,
    pub(super) bytes: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Queue {
    accounts: BTreeMap<AccountId, Own>,
    turns: BTreeSet<Turn>,
    clock: u64,
    ahead: Ahead,
    shares: Shares<AccountId>,
    load: Load,
}

/// An action taken out, with what is needed to put it back as it was.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) action: Arc<Transaction>,
    pub(super) seat: Seat,
    turn: Turn,
}

impl Queue {
    pub(super) const fn load(&self) -> Load {
        self.load
    }

    /// Actions of an account that wait.
    pub(super) fn count_of(&self, account: AccountId) -> usize {
        self.accounts.get(&account).map_or(0, |own| own.actions.len())
    }

    /// What an account has waiting, weighed.
    pub(super) fn share_of(&self, account: AccountId) -> usize {
        self.shares.of(account)
    }

    /// How much an account with most waiting has, weighed, and its last action.
    pub(super) fn heaviest(&self) -> Option<(usize, &Arc<Transaction>)> {
        let (share, account) = self.shares.heaviest()?;
        let (_, last) = self.accounts.get(&account)?.actions.last_key_value()?;
        Some((share, last))
    }

    /// Adds an action at the end of the queue of its account.
    pub(super) fn join(&mut self, account: AccountId, seat: Seat, action: Arc<Transaction>) {
        let start = self.ahead.recall(account).unwrap_or(0).max(self.clock);
        let turn = Turn { start, since: seat.1, account };
        self.put(Taken { action, seat, turn });
    }

    /// Puts an action where it was taken from.
    pub(super) fn put(&mut self, taken: Taken) {
        let Taken { action, seat, turn } = taken;
        self.ahead.recall(turn.account);
        let bytes = action.raw().len();
        self.shares.add(turn.account, bytes);
        self.load.count += 1;
        self.load.bytes += bytes;
        let own = self.accounts.entry(turn.account).or_insert_with(|| {
            self.turns.insert(turn);
            Own { turn, actions: BTreeMap::new() }
        });
        own.actions.insert(seat, action);
    }

    /// Takes an action out that will be in no block.
    pub(super) fn take(&mut self, account: AccountId, seat: Seat) -> Option<Taken> {
        let own = self.accounts.get_mut(&account)?;
        let action = own.actions.remove(&seat)?;
        let (turn, is_last) = (own.turn, own.actions.is_empty());
        self.load.count -= 1;
        self.load.bytes -= action.raw().len();
        self.shares.subtract(account, action.raw().len());
        if is_last {
            self.turns.remove(&turn);
            self.accounts.remove(&account);
            self.ahead.remember(account, turn.start, self.clock);
        }
        Some(Taken { action, seat, turn })
    }

    /// Takes an action out that a block has: its account had its turn.
    pub(super) fn serve(&mut self, account: AccountId, seat: Seat) -> Option<Taken> {
        let own = self.accounts.get_mut(&account)?;
        let items = own.actions.get(&seat)?.items();
        self.turns.remove(&own.turn);
        self.clock = self.clock.max(own.turn.start);
        own.turn.start += items;
        self.turns.insert(own.turn);
        let taken = self.take(account, seat);
        if self.accounts.is_empty() {
            // Nobody waits, so nobody is before anybody.
            self.ahead = Ahead::default();
        } else {
            self.ahead.forget_until(self.clock);
        }
        taken
    }

    /// All actions, in the order in which they should be served.
    pub(super) fn in_turn(&self) -> InTurn<'_> {
        InTurn { queue: self, fresh: self.turns.iter().peekable(), begun: BTreeMap::new() }
    }
}

/// The starts, beyond the clock, of accounts of which nothing waits: at most one of each account that was served since
/// the queue was last empty.
#[derive(Debug, Default)]
struct Ahead {
    starts: BTreeMap<AccountId, u64>,
    by_start: BTreeSet<(u64, AccountId)>,
}

impl Ahead {
    fn remember(&mut self, account: AccountId, start: u64, clock: u64) {
        if start > clock {
            self.starts.insert(account, start);
            self.by_start.insert((start, account));
        }
    }

    fn recall(&mut self, account: AccountId) -> Option<u64> {
        let start = self.starts.remove(&account)?;
        self.by_start.remove(&(start, account));
        Some(start)
    }

    fn forget_until(&mut self, clock: u64) {
        while let Some((start, account)) = self.by_start.first().copied()
            && start <= clock
        {
            self.recall(account);
        }
    }
}

/// See [`Queue::in_turn`].
pub(super) struct InTurn<'q> {
    queue: &'q Queue,
    /// Accounts of which nothing was given yet.
    fresh: std::iter::Peekable<std::collections::btree_set::Iter<'q, Turn>>,
    /// The others, with what is left of theirs.
    begun: BTreeMap<Turn, btree_map::Values<'q, Seat, Arc<Transaction>>>,
}

impl<'q> InTurn<'q> {
    fn next_account(&mut self) -> Option<(Turn, btree_map::Values<'q, Seat, Arc<Transaction>>)> {
        let begun = self.begun.first_key_value().map(|(turn, _)| *turn);
        match self.fresh.peek() {
            Some(fresh) if begun.is_none_or(|begun| **fresh < begun) => {
                let turn = *self.fresh.next()?;
                Some((turn, self.queue.accounts.get(&turn.account)?.actions.values()))
            }
            Some(_) | None => self.begun.pop_first(),
        }
    }
}

impl<'q> Iterator for InTurn<'q> {
    type Item = &'q Arc<Transaction>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (mut turn, mut rest) = self.next_account()?;
            let Some(action) = rest.next() else { continue };
            turn.start += action.items();
            self.begun.insert(turn, rest);
            return Some(action);
        }
    }
}
