//! Rows by account, within bounds: of each account and in all. What is oldest is forgotten first.

use std::collections::{HashMap, VecDeque};
use tandem_types::AccountId;

/// Rows kept of accounts, each numbered.
#[derive(Clone, Debug)]
pub(crate) struct Kept<T> {
    by_account: HashMap<AccountId, VecDeque<(u64, T)>>,
    /// In the order of their numbers.
    all: VecDeque<(u64, AccountId)>,
    next: u64,
    per_account: usize,
    in_all: usize,
}

impl<T> Kept<T> {
    pub(crate) fn new(per_account: usize, in_all: usize) -> Self {
        Self { by_account: HashMap::new(), all: VecDeque::new(), next: 0, per_account, in_all }
    }

    pub(crate) fn add(&mut self, account: AccountId, row: T) {
        let number = self.next;
        self.next += 1;
        let of_account = self.by_account.entry(account).or_default();
        of_account.push_back((number, row));
        if of_account.len() > self.per_account {
            of_account.pop_front();
        }
        self.all.push_back((number, account));
        while self.all.len() > self.in_all {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((number, account)) = self.all.pop_front() else { return };
        let Some(of_account) = self.by_account.get_mut(&account) else { return };
        if of_account.front().is_some_and(|(first, _)| *first == number) {
            of_account.pop_front();
        }
        if of_account.is_empty() {
            self.by_account.remove(&account);
        }
    }

    /// The rows of an account, the last first.
    pub(crate) fn of(&self, account: AccountId) -> impl DoubleEndedIterator<Item = &T> {
        self.by_account.get(&account).into_iter().flat_map(|rows| rows.iter().rev().map(|(_, row)| row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_of_an_account_and_in_all() {
        let mut kept = Kept::new(3, 5);
        for row in 0..4 {
            kept.add(AccountId(0), row);
        }
        assert_eq!(kept.of(AccountId(0)).copied().collect::<Vec<_>>(), [3, 2, 1]);
        for row in 4..8 {
            kept.add(AccountId(1), row);
        }
        assert_eq!(kept.of(AccountId(0)).copied().collect::<Vec<_>>(), [3]);
        assert_eq!(kept.of(AccountId(1)).copied().collect::<Vec<_>>(), [7, 6, 5]);
        kept.add(AccountId(2), 8);
        assert_eq!((kept.by_account.len(), kept.all.len()), (2, 5));
    }
}
