//! What may be under way at once, on a node that decides for itself when to cut a block.
//!
//! A block puts cancels before orders that may take, whatever came first. So a cancel that is decided in one block with its
//! own order comes too early, and the order is rejected. Commands about one order therefore wait for each other's
//! answers. Commands about different orders wait for nothing but room: the window bounds how many are entered and not
//! yet answered, and how many of them one account has signed.

use crate::flow::Command;
use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;

/// Most unanswered commands of one account. The exchange keeps its hundred highest nonces and refuses lower ones; with
/// fewer than a hundred under way, none can be pushed out by those behind it.
const SENDER_MAX: usize = 96;

/// A command on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What is asked for.
    pub command: Command,
    /// Which account asks.
    pub sender: usize,
    /// When it was sent in the record, in milliseconds after the first message.
    pub recorded_ms: u64,
}

/// The commands that were entered and not yet answered.
#[derive(Debug)]
pub struct Window {
    max: NonZeroUsize,
    entered: usize,
    by_sender: Vec<usize>,
    /// Orders that a command is under way about, each with those that wait for it.
    orders: HashMap<u64, VecDeque<Pending>>,
}

impl Window {
    /// A window for at most `max` commands of so many senders.
    #[must_use]
    pub fn new(max: NonZeroUsize, senders: usize) -> Self {
        Self { max, entered: 0, by_sender: vec![0; senders], orders: HashMap::new() }
    }

    /// Whether one more command of this sender may enter.
    #[must_use]
    pub fn has_room(&self, sender: usize) -> bool {
        self.entered < self.max.get() && self.by_sender.get(sender).is_some_and(|count| *count < SENDER_MAX)
    }

    /// Whether all that entered is answered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entered == 0
    }

    /// Enters a command for which there is room; returns it if it may be sent at once.
    pub fn enter(&mut self, pending: Pending) -> Option<Pending> {
        self.entered += 1;
        self.count(pending.sender, |count| count + 1);
        if let Some(waiting) = self.orders.get_mut(&pending.command.order()) {
            waiting.push_back(pending);
            return None;
        }
        self.orders.insert(pending.command.order(), VecDeque::new());
        Some(pending)
    }

    /// Lets an answered command go; returns the one that it kept waiting, to be sent now.
    pub fn leave(&mut self, answered: &Pending) -> Option<Pending> {
        self.entered = self.entered.saturating_sub(1);
        self.count(answered.sender, |count| count.saturating_sub(1));
        let order = answered.command.order();
        let next = self.orders.get_mut(&order).and_then(VecDeque::pop_front);
        if next.is_none() {
            self.orders.remove(&order);
        }
        next
    }

    fn count(&mut self, sender: usize, change: impl Fn(usize) -> usize) {
        if let Some(count) = self.by_sender.get_mut(sender) {
            *count = change(*count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(max: usize) -> Window {
        Window::new(NonZeroUsize::new(max).unwrap(), 4)
    }

    fn pending(command: Command, sender: usize) -> Pending {
        Pending { command, sender, recorded_ms: 0 }
    }

    fn place(id: u64) -> Pending {
        pending(Command::Place { id, buys: true, price: 5, size: 3 }, 0)
    }

    fn cancel(id: u64) -> Pending {
        pending(Command::Cancel { id }, 0)
    }

    fn take(against: u64) -> Pending {
        pending(Command::Take { against, buys: false, price: 5, size: 1 }, 1)
    }

    #[test]
    fn commands_about_one_order_wait_for_each_others_answers() {
        let mut window = window(8);
        assert_eq!(window.enter(place(1)), Some(place(1)));
        assert_eq!(window.enter(take(1)), None);
        assert_eq!(window.enter(cancel(1)), None);
        assert_eq!(window.enter(place(2)), Some(place(2)), "another order does not wait");
        assert_eq!(window.leave(&place(1)), Some(take(1)));
        assert_eq!(window.leave(&place(2)), None);
        assert_eq!(window.leave(&take(1)), Some(cancel(1)));
        assert_eq!(window.leave(&cancel(1)), None);
        assert!(window.is_empty() && window.orders.is_empty());
        assert_eq!(window.enter(cancel(1)), Some(cancel(1)), "nothing is left of what was answered");
    }

    #[test]
    fn waiting_commands_take_room_too() {
        let mut window = window(2);
        window.enter(place(1));
        assert!(window.has_room(0));
        window.enter(cancel(1));
        assert!(!window.has_room(0) && !window.has_room(1));
        window.leave(&place(1));
        assert!(window.has_room(0));
    }

    #[test]
    fn no_account_has_more_under_way_than_nonces_are_kept() {
        let mut window = window(1_000);
        let mut entered = 0;
        while window.has_room(0) {
            window.enter(place(entered));
            entered += 1;
        }
        assert_eq!(entered, SENDER_MAX as u64);
        const { assert!(SENDER_MAX < tandem_exchange::NONCES_KEPT as usize) }
        assert!(window.has_room(1), "another account's room is its own");
        assert!(!window.has_room(9), "there is no ninth");
    }
}
