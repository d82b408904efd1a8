//! A book that is slow and obviously right: the twin that `tandem-book` is compared with.
//!
//! It is a list of orders in order of arrival; each question is answered by reading the list from the front. It shares
//! nothing with the crate it judges, neither types nor arithmetic nor the way to undo: an order that fails is tried on
//! a copy that is thrown away.
#![forbid(unsafe_code)]

/// A resting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// Its id.
    pub id: u64,
    /// Whose it is.
    pub owner: u32,
    /// Whether it buys.
    pub buys: bool,
    /// Its price; greater is dearer.
    pub price: u32,
    /// What is left of it.
    pub size: u64,
}

/// What becomes of what does not trade at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It rests.
    GoodTillCancelled,
    /// It is cancelled.
    ImmediateOrCancel,
    /// The order must not trade at once.
    PostOnly,
    /// The order must trade at once in full.
    FillOrKill,
}

/// What happens between orders of one owner, or of friends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// The resting one goes.
    CancelResting,
    /// The arriving one goes.
    CancelArriving,
    /// Both go.
    CancelBoth,
    /// Both lose the smaller of the two sizes.
    Decrement,
}

/// An order that arrives.
#[derive(Clone, Copy, Debug)]
pub struct Arriving {
    /// The order as it would rest.
    pub order: Resting,
    /// What becomes of what does not trade at once.
    pub kind: Kind,
    /// What happens when it meets an order of its owner, or of a friend.
    pub own: Own,
    /// The most resting orders it may meet.
    pub meets_max: u32,
}

/// What outsiders say about resting orders.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Owners who may not trade.
    pub refused: Vec<u32>,
    /// Owners who are one with whoever arrives.
    pub friends: Vec<u32>,
    /// The order whose trade, cancel or decrement cannot be settled.
    pub unsettled: Option<u64>,
}

/// What happened to a resting order; each carries the order as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It traded this much.
    Traded(Resting, u64),
    /// It was cancelled, meeting its owner.
    CancelledForOwner(Resting),
    /// It was cancelled, being refused.
    CancelledRefused(Resting),
    /// It lost this much and rests on.
    Decremented(Resting, u64),
}

/// How an arriving order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It traded in full.
    Filled,
    /// This much rests.
    Rests(u64),
    /// This much was cancelled: nothing more crosses, and it may not rest.
    CancelledUnmatched(u64),
    /// This much was cancelled: it met its owner.
    CancelledForOwner(u64),
    /// This much was cancelled: it met as many as it may.
    CancelledAtLimit(u64),
}

/// What happened to an order that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// To whom what happened, in order.
    pub events: Vec<Event>,
    /// How much traded.
    pub traded: u64,
    /// How much was decremented.
    pub decremented: u64,
    /// How it ended.
    pub end: End,
    /// How many resting orders it met; fill-or-kill counts them twice.
    pub met: u32,
}

/// Why an order changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has no size.
    Empty,
    /// Post-only, and this is the price it would trade at.
    WouldTrade(u32),
    /// Immediate-or-cancel, and it met nobody.
    MetNobody,
    /// Fill-or-kill, and even with everyone admitted it would not trade in full, meeting this many.
    NotInFull(u32),
    /// Fill-or-kill, and it did not trade in full because some were refused; met this many, twice counted.
    NotInFullAsRefused(u32),
    /// This order could not be settled.
    Unsettled(u64),
}

/// The list of orders, in order of arrival.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// The orders.
    pub orders: Vec<Resting>,
}

impl Book {
    /// Places an order.
    ///
    /// # Errors
    /// [`Refused`]; the book is as before.
    pub fn place(&mut self, arriving: Arriving, outside: &Outside) -> Result<Accepted, Refused> {
        if arriving.order.size == 0 {
            return Err(Refused::Empty);
        }
        match arriving.kind {
            Kind::PostOnly => match self.best_for(&arriving.order) {
                Some(best) => Err(Refused::WouldTrade(best.price)),
                None => self.try_on_copy(arriving, outside),
            },
            Kind::ImmediateOrCancel => {
                self.best_for(&arriving.order).ok_or(Refused::MetNobody)?;
                self.try_on_copy(arriving, outside)
            }
            Kind::FillOrKill => self.fill_or_kill(arriving, outside),
            Kind::GoodTillCancelled => self.try_on_copy(arriving, outside),
        }
    }

    /// Removes an order; returns it if it was there.
    pub fn cancel(&mut self, id: u64) -> Option<Resting> {
        let at = self.orders.iter().position(|order| order.id == id)?;
        Some(self.orders.remove(at))
    }

    /// Lowers an order's size without touching its place; returns the size before, or `None` if there is no such
    /// order or the size is not lower and positive.
    pub fn reduce(&mut self, id: u64, to: u64) -> Option<u64> {
        let order = self.orders.iter_mut().find(|order| order.id == id)?;
        let before = order.size;
        if to == 0 || to >= before {
            return None;
        }
        order.size = to;
        Some(before)
    }

    /// One side, best first; equal prices in order of arrival.
    #[must_use]
    pub fn side(&self, buys: bool) -> Vec<Resting> {
        let mut side: Vec<Resting> = self.orders.iter().copied().filter(|order| order.buys == buys).collect();
        // The sort is stable, so arrival decides between equals.
        side.sort_by_key(|order| if buys { -i64::from(order.price) } else { i64::from(order.price) });
        side
    }

    /// The resting order that trades first with `order`.
    fn best_for(&self, order: &Resting) -> Option<Resting> {
        let best = self.side(!order.buys).first().copied()?;
        let crosses = if order.buys { best.price <= order.price } else { best.price >= order.price };
        crosses.then_some(best)
    }

    /// What an immediate-or-cancel order would do if everyone were admitted and everything settled; if all of it
    /// would trade, the order is placed.
    fn fill_or_kill(&mut self, arriving: Arriving, outside: &Outside) -> Result<Accepted, Refused> {
        // Decrementing spoils the order at the first own order, as cancelling it does.
        let own = if arriving.own == Own::Decrement { Own::CancelArriving } else { arriving.own };
        let trial = Arriving { own, ..arriving };
        let friends = Outside { friends: outside.friends.clone(), ..Outside::default() };
        let dry = self.clone().meet_all(trial, &friends)?;
        if dry.traded != arriving.order.size {
            return Err(Refused::NotInFull(dry.met));
        }
        let mut copy = self.clone();
        let mut accepted = copy.meet_all(arriving, outside)?;
        accepted.met += dry.met;
        if accepted.traded != arriving.order.size {
            return Err(Refused::NotInFullAsRefused(accepted.met));
        }
        *self = copy;
        Ok(accepted)
    }

    fn try_on_copy(&mut self, arriving: Arriving, outside: &Outside) -> Result<Accepted, Refused> {
        let mut copy = self.clone();
        let accepted = copy.meet_all(arriving, outside)?;
        *self = copy;
        Ok(accepted)
    }

    fn meet_all(&mut self, arriving: Arriving, outside: &Outside) -> Result<Accepted, Refused> {
        let size = arriving.order.size;
        let mut left = arriving.order;
        let mut events = Vec::new();
        let (mut traded, mut decremented, mut met) = (0, 0, 0);
        let mut early_end = None;
        while left.size > 0 && early_end.is_none() {
            let Some(resting) = self.best_for(&left) else { break };
            if met == arriving.meets_max {
                early_end = Some(End::CancelledAtLimit(left.size));
                break;
            }
            met += 1;
            let smaller = if left.size < resting.size { left.size } else { resting.size };
            if resting.owner == left.owner || outside.friends.contains(&resting.owner) {
                match arriving.own {
                    Own::CancelResting => {
                        self.cancel(resting.id);
                        events.push(Event::CancelledForOwner(resting));
                    }
                    Own::CancelArriving => early_end = Some(End::CancelledForOwner(left.size)),
                    Own::CancelBoth => {
                        self.cancel(resting.id);
                        events.push(Event::CancelledForOwner(resting));
                        early_end = Some(End::CancelledForOwner(left.size));
                    }
                    Own::Decrement => {
                        left.size -= smaller;
                        decremented += smaller;
                        if self.take(resting.id, smaller) {
                            events.push(Event::CancelledForOwner(resting));
                        } else {
                            events.push(Event::Decremented(resting, smaller));
                        }
                    }
                }
            } else if outside.refused.contains(&resting.owner) {
                self.cancel(resting.id);
                events.push(Event::CancelledRefused(resting));
            } else {
                left.size -= smaller;
                traded += smaller;
                self.take(resting.id, smaller);
                events.push(Event::Traded(resting, smaller));
            }
            let untouched = early_end.is_some() && arriving.own == Own::CancelArriving;
            if outside.unsettled == Some(resting.id) && !untouched {
                return Err(Refused::Unsettled(resting.id));
            }
        }
        let end = if traded == size {
            End::Filled
        } else if left.size == 0 {
            End::CancelledForOwner(0)
        } else if let Some(end) = early_end {
            end
        } else if arriving.kind == Kind::ImmediateOrCancel || arriving.kind == Kind::FillOrKill {
            End::CancelledUnmatched(left.size)
        } else {
            self.orders.push(left);
            End::Rests(left.size)
        };
        Ok(Accepted { events, traded, decremented, end, met })
    }

    /// Takes `size` off an order; whether it is gone.
    fn take(&mut self, id: u64, size: u64) -> bool {
        for order in &mut self.orders {
            if order.id == id {
                order.size -= size;
            }
        }
        let before = self.orders.len();
        self.orders.retain(|order| order.size > 0);
        self.orders.len() < before
    }
}
