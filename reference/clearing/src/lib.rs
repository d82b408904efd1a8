//! A naive clearing house for perpetual markets: exact fractions, lists, and everything worked out anew each time.
//!
//! It shares no code with the rules. Money is USD, sizes are base units, prices are USD; only where `docs/exchange-rules.md`
//! rounds does it round, to the 10^-8 USD that the rules hold. Whatever might fail runs on a copy that is kept or dropped.
//! Prices and funding rates are given to it.

mod account;
mod fees;
mod groups;
mod liquidation;
mod number;
mod orders;
mod referrals;
mod triggers;

pub use account::{Health, Position};
pub use fees::Fees;
pub use liquidation::{Tally, Unit};
pub use number::{Number, down, fraction, units, up, whole, zero};
pub use orders::{Open, Stay, Wish};
pub use referrals::Referrals;
pub use triggers::{Protect, Triggers, Waiting};

use std::collections::{BTreeMap, BTreeSet};

/// What is fixed of a market.
#[derive(Clone, Debug)]
pub struct Market {
    /// Lower bounds of notional with their greatest leverage, lowest first.
    pub tiers: Vec<(Number, u32)>,
    /// Most open interest in base units, and in USD.
    pub open_interest_max: (Number, Number),
    /// Most notional of an order that can't rest.
    pub order_max: Number,
    /// The finest price.
    pub tick: Number,
    /// The finest size.
    pub lot: Number,
}

/// What prices are now.
#[derive(Clone, Debug)]
pub struct Prices {
    /// The mark price.
    pub mark: Number,
    /// USD that a base unit held long has paid in funding so far.
    pub paid: Number,
}

/// The whole clearing house. Accounts and markets are numbers.
#[derive(Clone, Debug, Default)]
pub struct Clearing {
    /// The markets.
    pub markets: Vec<Market>,
    /// Their prices, where known.
    pub prices: BTreeMap<usize, Prices>,
    /// Spot USD by account.
    pub cash: BTreeMap<u32, Number>,
    /// Collateral by account.
    pub collateral: BTreeMap<u32, Number>,
    /// What accounts have in markets.
    pub positions: BTreeMap<(u32, usize), Position>,
    /// Open orders, oldest first.
    pub orders: Vec<Open>,
    /// The number of the next order.
    pub next_order: u64,
    /// Funding paid in less paid out, by market.
    pub pools: BTreeMap<usize, Number>,
    /// Fees received.
    pub fees: Number,
    /// What trading costs.
    pub trading: Fees,
    /// Who referred whom.
    pub referrals: Referrals,
    /// Least notional of an order.
    pub least: Number,
    /// Who takes what is far below its margin.
    pub backstop: u32,
    /// Who pays for what is worth less than nothing.
    pub insurance: u32,
    /// What is being liquidated, by when its turn is.
    pub queue: BTreeSet<(u64, u32, Option<usize>)>,
    /// From which market on each of these goes on.
    pub rounds: BTreeMap<Unit, usize>,
    /// When a part of a position was sold.
    pub parts: BTreeMap<Unit, u64>,
    /// What has happened.
    pub tally: Tally,
    /// Orders that wait for prices.
    pub triggers: Triggers,
    /// Whom leaders of trade groups have invited, and whether each has joined.
    pub groups: BTreeMap<(u32, u32), bool>,
}

impl Clearing {
    /// All that is due at the end of a block at `now`, in milliseconds.
    pub fn due(&mut self, now: u64) {
        self.fire_due();
        self.liquidate(now);
        self.tell_groups();
    }

    /// Runs a step on a copy, which is kept if it succeeds.
    pub(crate) fn attempt(&mut self, step: impl FnOnce(&mut Self) -> Option<()>) -> bool {
        let mut copy = self.clone();
        let done = step(&mut copy).is_some();
        if done {
            *self = copy;
        }
        done
    }

    /// All money there is: no action changes it.
    #[must_use]
    pub fn money(&self) -> Number {
        let quotes = self.positions.values().map(|position| &position.quote);
        let all = self.cash.values().chain(self.collateral.values()).chain(self.pools.values()).chain(quotes);
        all.fold(self.fees.clone(), |sum, amount| sum + amount)
    }

    /// Sets a market's mark price.
    pub fn set_mark(&mut self, market: usize, mark: Number) {
        let paid = self.prices.get(&market).map_or_else(zero, |prices| prices.paid.clone());
        self.prices.insert(market, Prices { mark, paid });
    }

    /// Fixes an hour's funding: every base unit long owes `oracle × rate`.
    pub fn pay_funding(&mut self, market: usize, oracle: &Number, rate: &Number) {
        if let Some(prices) = self.prices.get_mut(&market) {
            prices.paid += oracle * rate;
        }
    }

    /// Moves USD from spot to collateral, or with a negative amount back.
    pub fn class_transfer(&mut self, who: u32, amount: &Number) -> bool {
        self.attempt(|house| {
            *house.cash.entry(who).or_insert_with(zero) -= amount;
            *house.collateral.entry(who).or_insert_with(zero) += amount;
            let enough = if *amount < zero() { house.may_be_left(who) } else { house.cash[&who] >= zero() };
            (*amount != zero() && enough).then_some(())
        })
    }

    /// Sends collateral.
    pub fn send(&mut self, from: u32, to: u32, amount: &Number) -> bool {
        self.attempt(|house| {
            *house.collateral.entry(from).or_insert_with(zero) -= amount;
            *house.collateral.entry(to).or_insert_with(zero) += amount;
            (*amount > zero() && from != to && house.may_be_left(from)).then_some(())
        })
    }

    /// Sets leverage and margin mode.
    pub fn set_leverage(&mut self, who: u32, market: usize, leverage: u32, isolated: bool) -> bool {
        self.attempt(|house| {
            let before = (house.health(who), house.own_health(who, market));
            let idle = house.position(who, market).size == zero()
                && house.open_sizes(who, market) == [(); 3].map(|()| zero());
            let position = house.position_mut(who, market);
            if position.isolated != isolated && !idle {
                return None;
            }
            (position.leverage, position.isolated) = (leverage, isolated);
            let in_range = leverage >= 1 && leverage <= house.markets[market].tiers[0].1;
            (in_range && (idle || house.is_sound(who, market, &before))).then_some(())
        })
    }

    /// Moves collateral into an isolated position, or with a negative amount out of it.
    pub fn isolated_margin(&mut self, who: u32, market: usize, amount: &Number) -> bool {
        self.attempt(|house| {
            let position = house.position_mut(who, market);
            if !position.isolated || position.size == zero() || *amount == zero() {
                return None;
            }
            position.quote += amount;
            *house.collateral.entry(who).or_insert_with(zero) -= amount;
            let enough = if *amount < zero() {
                house.own_health(who, market).may_be_left()
            } else {
                house.may_be_left(who)
            };
            enough.then_some(())
        })
    }

    /// Moves collateral into an isolated position until its notional is at most `leverage` of its value.
    pub fn top_up(&mut self, who: u32, market: usize, leverage: &Number) -> bool {
        let own = self.own_health(who, market);
        if *leverage <= zero() {
            return false;
        }
        let missing = up(&(own.notional / leverage)) - own.value;
        missing > zero() && self.isolated_margin(who, market, &missing)
    }

    fn may_be_left(&self, who: u32) -> bool {
        self.health(who).may_be_left()
    }
}
