//! How the classes of actions share a block.
//!
//! Actions run in class order, so whoever comes first could take everything: a flood of post-only orders would leave no
//! room for cancels. Each class is therefore entitled to a third of a block's work, bytes and places. What it does not
//! need is free for the others: a class must leave, of the thirds of those after it, only what they need.
//!
//! What waits says how many bytes and places a class needs, but not how much work: orders that look alike meet nobody or
//! a thousand makers. So the work is forecast from what the class's items cost in the block before, and a quarter more.
//! When a forecast was too low, the class got less than its third and something of it still waits: then it is kept its
//! whole third in the next block. So nobody who waits is left with less than a third for longer than one block, and what
//! a block leaves unused while something waits is no more than what forecasts were too high by.
//!
//! This is how an honest proposer chooses, not a rule of validity: a proposer who wants to keep somebody out leaves him
//! out, whatever the shares are, and everyone would have to check, and to prove, a rule that binds nobody.

use crate::build::Taken;
use tandem_coprocessor::Work;
use tandem_exchange::action::{ByClass, Class};

/// Into how many equal shares a block is divided.
pub(crate) const SHARES: u64 = 3;
/// What a forecast adds to what was measured: one part in so many.
const MARGIN: u64 = 4;

/// A part of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) work: Work,
    pub(crate) bytes: u64,
    /// Places in the list of actions.
    pub(crate) count: u64,
}

impl Room {
    fn share(&self) -> Self {
        Self { work: share(self.work), bytes: part(self.bytes, SHARES), count: part(self.count, SHARES) }
    }

    fn min(&self, other: &Self) -> Self {
        Self {
            work: self.work.min(other.work),
            bytes: self.bytes.min(other.bytes),
            count: self.count.min(other.count),
        }
    }

    const fn plus(&self, other: &Self) -> Self {
        Self {
            work: self.work.plus(other.work),
            bytes: self.bytes.saturating_add(other.bytes),
            count: self.count.saturating_add(other.count),
        }
    }
}

/// A class's share of a block's work.
pub(crate) fn share(work: Work) -> Work {
    Work(part(work.0, SHARES))
}

fn part(all: u64, of: u64) -> u64 {
    all.checked_div(of).unwrap_or(0)
}

/// What of a class waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Orders, cancels and the like: what is batched counts each.
    pub(crate) items: u64,
    pub(crate) bytes: u64,
    pub(crate) count: u64,
}

/// What a proposer has learnt from the blocks that it built: how much work of a block each class needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassShares {
    forecasts: ByClass<Forecast>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Forecast {
    /// Work of an item, as measured last.
    item: Option<Work>,
    /// Whether something of the class waited that would have been within its share.
    was_short: bool,
}

impl Forecast {
    /// The work that so many items are expected to need; `None` if that is not known.
    fn of(&self, items: u64) -> Option<Work> {
        let item = self.item.filter(|_| !self.was_short)?;
        let measured = item.times(items);
        Some(measured.plus(Work(part(measured.0, MARGIN))))
    }
}

impl ClassShares {
    /// What each class must leave of a block of `room` for the classes after it.
    pub(crate) fn kept(&self, room: &Room, waiting: &ByClass<Waiting>) -> ByClass<Room> {
        let cancels = self.entitled(Class::Cancels, room, waiting);
        let may_take = self.entitled(Class::MayTake, room, waiting);
        ByClass { neutral: cancels.plus(&may_take), cancels: may_take, may_take: Room::default() }
    }

    /// The share of a class, as far as it needs it.
    fn entitled(&self, class: Class, room: &Room, waiting: &ByClass<Waiting>) -> Room {
        let Waiting { items, bytes, count } = *waiting.of(class);
        if count == 0 {
            return Room::default();
        }
        let work = self.forecasts.of(class).of(items).unwrap_or(room.work);
        room.share().min(&Room { work, bytes, count })
    }

    /// Learns from a block that was built with these shares.
    pub fn learn(&mut self, taken: &ByClass<Taken>) {
        for (class, taken) in taken.iter() {
            let forecast = self.forecasts.of_mut(class);
            forecast.was_short = taken.is_short;
            if taken.items > 0 {
                forecast.item = Some(Work(taken.work.0.div_ceil(taken.items)));
            }
        }
    }
}
