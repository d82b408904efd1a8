//! From what happened to what traders would have sent.
//!
//! A submission is a limit order that stays until cancelled; a partial cancel reduces its size in place; a deletion
//! cancels it; an execution of a visible order is an order to take that much at its price from the other side. Events of
//! orders that were never submitted in the file, and of hidden orders, are skipped and counted.

use crate::lobster::{Kind, Message};
use std::collections::HashMap;

/// What a trader sends. `id` is the order's id in the file, which becomes its client order id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Place an order that stays until cancelled.
    Place {
        /// The order.
        id: u64,
        /// Whether it buys.
        buys: bool,
        /// Dollars × 10,000.
        price: u64,
        /// Shares.
        size: u64,
    },
    /// Reduce an order in place to `size`.
    Reduce {
        /// The order.
        id: u64,
        /// Whether it buys.
        buys: bool,
        /// Dollars × 10,000.
        price: u64,
        /// Shares that remain.
        size: u64,
    },
    /// Cancel an order.
    Cancel {
        /// The order.
        id: u64,
    },
    /// Take from the book at once, or not at all.
    Take {
        /// The resting order that was executed: someone else takes.
        against: u64,
        /// Whether the taker buys.
        buys: bool,
        /// Dollars × 10,000.
        price: u64,
        /// Shares.
        size: u64,
    },
}

impl Command {
    /// The order that it places, changes, cancels or takes from.
    #[must_use]
    pub const fn order(&self) -> u64 {
        match self {
            Self::Place { id, .. } | Self::Reduce { id, .. } | Self::Cancel { id } => *id,
            Self::Take { against, .. } => *against,
        }
    }
}

/// Messages that no trader of the replay sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// About orders that rested before the file begins.
    pub unknown: u64,
    /// Executions of hidden orders.
    pub hidden: u64,
}

/// Keeps book of what is open, as the file tells it.
#[derive(Debug, Default)]
pub struct Flow {
    open: HashMap<u64, u64>,
    /// What was skipped so far.
    pub skipped: Skipped,
}

impl Flow {
    /// What is sent because of `message`, if anything.
    pub fn command(&mut self, message: &Message) -> Option<Command> {
        let Message { kind, id, size, price, buys, .. } = *message;
        if kind == Kind::ExecutedHidden {
            self.skipped.hidden += 1;
            return None;
        }
        if kind == Kind::Submitted {
            self.open.insert(id, size);
            return Some(Command::Place { id, buys, price, size });
        }
        let Some(remaining) = self.open.get_mut(&id) else {
            self.skipped.unknown += 1;
            return None;
        };
        *remaining = if kind == Kind::Deleted { 0 } else { remaining.saturating_sub(size) };
        let left = *remaining;
        if left == 0 {
            self.open.remove(&id);
        }
        Some(match kind {
            Kind::Reduced if left > 0 => Command::Reduce { id, buys, price, size: left },
            Kind::Executed => Command::Take { against: id, buys: !buys, price, size },
            Kind::Reduced | Kind::Deleted | Kind::Submitted | Kind::ExecutedHidden => Command::Cancel { id },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_become_what_traders_would_have_sent() {
        let message = |kind, id, size| Message { time_ms: 0, kind, id, size, price: 5, buys: true };
        let mut flow = Flow::default();
        let rows = [
            (message(Kind::Submitted, 1, 10), Some(Command::Place { id: 1, buys: true, price: 5, size: 10 })),
            (message(Kind::Reduced, 1, 4), Some(Command::Reduce { id: 1, buys: true, price: 5, size: 6 })),
            (
                message(Kind::Executed, 1, 5),
                Some(Command::Take { against: 1, buys: false, price: 5, size: 5 }),
            ),
            (message(Kind::Deleted, 1, 1), Some(Command::Cancel { id: 1 })),
            (message(Kind::Deleted, 1, 1), None),
            (message(Kind::ExecutedHidden, 9, 1), None),
        ];
        for (message, command) in rows {
            assert_eq!(flow.command(&message), command);
        }
        assert_eq!(flow.skipped, Skipped { unknown: 1, hidden: 1 });
    }
}
