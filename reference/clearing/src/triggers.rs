//! Orders that wait for prices, in lists.
//!
//! Everything that is due is done at once: nothing here is bounded. Groups are found by looking through the lists.

use crate::number::{Number, whole, zero};
use crate::{Clearing, Stay, Wish};
use std::collections::{BTreeMap, BTreeSet};

/// An order that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its number.
    pub id: u64,
    /// What it becomes. Its size is nothing if it follows the position.
    pub wish: Wish,
    /// The mark that it waits for.
    pub at: Number,
    /// Whether the mark must rise to it.
    pub rises: bool,
    /// With which others.
    pub group: Option<u64>,
    /// Whether it waits for its price, not for a fill.
    pub armed: bool,
    /// Whether the position that it follows was short.
    pub follows_short: Option<bool>,
}

/// An order that protects a position.
#[derive(Clone, Debug)]
pub struct Protect {
    /// What it becomes.
    pub wish: Wish,
    /// The mark that it waits for.
    pub at: Number,
    /// Whether it takes a profit, rather than stopping a loss.
    pub profit: bool,
}

/// All that is known of waiting orders.
#[derive(Clone, Debug, Default)]
pub struct Triggers {
    /// Those that wait.
    pub waiting: Vec<Waiting>,
    /// How far the mark had been on the far side of orders that came to wait there.
    noted: BTreeMap<(usize, bool), Number>,
    /// Open orders whose end a group waits for.
    links: BTreeMap<u64, u64>,
    traded: BTreeMap<u64, Number>,
    pub(crate) filled_out: BTreeSet<u64>,
    pub(crate) taken_back: BTreeSet<u64>,
}

impl Triggers {
    pub(crate) fn note_trade(&mut self, id: u64, size: &Number) {
        *self.traded.entry(id).or_insert_with(zero) += size;
    }

    fn traded(&self, id: u64) -> Number {
        self.traded.get(&id).cloned().unwrap_or_else(zero)
    }
}

fn passed(rises: bool, at: &Number, mark: &Number) -> bool {
    if rises { mark >= at } else { mark <= at }
}

impl Clearing {
    /// Takes in an order that waits for its price.
    pub fn wait(&mut self, order: &Protect) -> bool {
        self.attempt(|house| house.try_wait(order, None, true, None))
    }

    /// Places an order, and those that protect what it opens.
    pub fn bracket(&mut self, parent: &Wish, children: &[Protect]) -> Vec<bool> {
        let id = self.next_order;
        let mut done = vec![self.place(parent)];
        let filled = self.triggers.traded(id);
        let rests = self.orders.iter().any(|order| order.id == id);
        if done[0] && rests {
            self.triggers.links.insert(id, id);
        }
        for child in children {
            let mut child = child.clone();
            if !rests && child.wish.size > filled {
                child.wish.size = filled.clone();
            }
            let wanted = done[0] && (rests || filled > zero());
            done.push(wanted && self.attempt(|house| house.try_wait(&child, Some(id), !rests, None)));
        }
        done
    }

    /// Takes in an order that closes the whole position.
    pub fn follow(&mut self, order: &Protect) -> bool {
        self.attempt(|house| {
            let Wish { who, market, buy, .. } = order.wish;
            if house.reducible(who, market, buy) == zero() {
                return None;
            }
            house.try_wait(order, None, true, Some(buy))
        })
    }

    /// Takes back an order that waits.
    pub fn forget(&mut self, who: u32, id: u64) -> bool {
        let count = self.triggers.waiting.len();
        self.triggers.waiting.retain(|waiting| waiting.wish.who != who || waiting.id != id);
        self.triggers.waiting.len() < count
    }

    fn try_wait(
        &mut self,
        order: &Protect,
        group: Option<u64>,
        armed: bool,
        follows_short: Option<bool>,
    ) -> Option<()> {
        let Protect { wish, at, profit } = order.clone();
        let mark = self.prices.get(&wish.market)?.mark.clone();
        let rises = wish.buy != profit;
        if follows_short.is_none() {
            let value = &wish.size * &wish.price;
            let times = if wish.stay == Stay::Ioc { 1 } else { 10 };
            let too_large = value > &self.markets[wish.market].order_max * whole(times);
            if too_large || wish.size == zero() || (value < self.least && !wish.reduce_only) {
                return None;
            }
        }
        let bound = self.bound(wish.market, rises, &mark);
        if group.is_none() && passed(rises, &at, &bound) {
            return None;
        }
        let id = self.next_order;
        self.next_order += 1;
        if armed && passed(rises, &at, &mark) {
            self.triggers.noted.insert((wish.market, rises), bound);
        }
        self.triggers.waiting.push(Waiting { id, wish, at, rises, group, armed, follows_short });
        Some(())
    }

    /// The farthest mark that counts.
    fn bound(&self, market: usize, rises: bool, mark: &Number) -> Number {
        match self.triggers.noted.get(&(market, rises)) {
            Some(noted) if passed(rises, mark, noted) => noted.clone(),
            _ => mark.clone(),
        }
    }

    /// Fires what the marks have passed.
    pub(crate) fn fire_due(&mut self) {
        self.tell_groups();
        for market in 0..self.markets.len() {
            for rises in [true, false] {
                let Some(prices) = self.prices.get(&market) else { continue };
                let bound = self.bound(market, rises, &prices.mark.clone());
                while let Some(waiting) = self.first_passed(market, rises, &bound) {
                    self.fire(&waiting);
                    self.end_followers();
                }
            }
        }
        self.triggers.noted.clear();
        self.tell_groups();
    }

    fn first_passed(&self, market: usize, rises: bool, bound: &Number) -> Option<Waiting> {
        let due = self.triggers.waiting.iter().filter(|waiting| {
            let here = waiting.wish.market == market && waiting.rises == rises;
            here && waiting.armed && passed(rises, &waiting.at, bound)
        });
        let first = due.min_by(|a, b| {
            let by_price = if rises { a.at.cmp(&b.at) } else { b.at.cmp(&a.at) };
            by_price.then(a.id.cmp(&b.id))
        });
        first.cloned()
    }

    fn fire(&mut self, waiting: &Waiting) {
        self.triggers.waiting.retain(|other| other.id != waiting.id);
        let mut wish = waiting.wish.clone();
        let Wish { who, market, buy, .. } = wish;
        if waiting.follows_short.is_some() {
            wish.size = self.reducible(who, market, buy);
        }
        let id = self.next_order;
        if !self.place(&wish) {
            return;
        }
        let Some(group) = waiting.group else { return };
        if self.orders.iter().any(|order| order.id == id) {
            self.triggers.links.insert(id, group);
        } else if self.triggers.traded(id) >= wish.size || self.reducible(who, market, buy) == zero() {
            self.end_group(group);
        }
    }

    fn end_group(&mut self, group: u64) {
        self.triggers.waiting.retain(|waiting| waiting.group != Some(group));
    }

    /// Tells groups of their orders that have left the book.
    pub(crate) fn tell_groups(&mut self) {
        for (id, group) in self.triggers.links.clone() {
            if self.orders.iter().any(|order| order.id == id) {
                continue;
            }
            self.triggers.links.remove(&id);
            let (whole, filled) = (self.triggers.filled_out.contains(&id), self.triggers.traded(id));
            match (id == group, whole) {
                (true, true) => self.arm(group, None),
                (true, false) if filled == zero() || self.triggers.taken_back.contains(&id) => {
                    self.end_group(group);
                }
                (true, false) => self.arm(group, Some(filled)),
                (false, true) => self.end_group(group),
                (false, false) => {}
            }
        }
        self.end_followers();
    }

    fn arm(&mut self, group: u64, most: Option<Number>) {
        for at in 0..self.triggers.waiting.len() {
            let Waiting { wish, at: price, rises, .. } = self.triggers.waiting[at].clone();
            if self.triggers.waiting[at].group != Some(group) || self.triggers.waiting[at].armed {
                continue;
            }
            let waiting = &mut self.triggers.waiting[at];
            waiting.armed = true;
            if let Some(most) = most.as_ref().filter(|most| **most < waiting.wish.size) {
                waiting.wish.size = most.clone();
            }
            let mark = self.prices[&wish.market].mark.clone();
            if passed(rises, &price, &mark) {
                let bound = self.bound(wish.market, rises, &mark);
                self.triggers.noted.insert((wish.market, rises), bound);
            }
        }
    }

    /// Ends those that followed positions which are no more.
    fn end_followers(&mut self) {
        let mut kept = self.triggers.waiting.clone();
        kept.retain(|waiting| {
            let Wish { who, market, buy, .. } = waiting.wish;
            waiting.follows_short.is_none() || self.reducible(who, market, buy) > zero()
        });
        self.triggers.waiting = kept;
    }
}
