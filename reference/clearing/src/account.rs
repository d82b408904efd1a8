//! Positions and what accounts are worth.

use crate::number::{Number, down, up, whole, zero};
use crate::{Clearing, Market};

/// What an account has in a market.
#[derive(Clone, Debug)]
pub struct Position {
    /// Base units, short below zero.
    pub size: Number,
    /// What fills received less what they paid, less fees and funding, with margin moved in.
    pub quote: Number,
    /// Notional at which the size was entered.
    pub entry: Number,
    /// USD a unit has paid when this last paid.
    pub paid: Number,
    /// Leverage.
    pub leverage: u32,
    /// Isolated, not cross.
    pub isolated: bool,
}

/// What something is worth and what it needs.
#[derive(Clone, Debug)]
pub struct Health {
    /// Worth.
    pub value: Number,
    /// Needed to enter.
    pub initial: Number,
    /// Needed to stay.
    pub maintenance: Number,
    /// Held at mark.
    pub notional: Number,
}

impl Health {
    /// Whether money may be taken out so far.
    #[must_use]
    pub fn may_be_left(&self) -> bool {
        self.value >= self.initial && self.value >= (&self.notional / whole(10))
    }

    /// Whether one may come to stand so, having stood as `before`.
    #[must_use]
    pub fn is_sound_after(&self, before: &Self) -> bool {
        let no_worse = self.value >= zero()
            && self.initial <= before.initial
            && &self.value * &before.maintenance >= &before.value * &self.maintenance;
        self.value >= self.initial || no_worse
    }
}

pub(crate) fn magnitude(value: &Number) -> Number {
    if *value < zero() { -value } else { value.clone() }
}

impl Market {
    /// Maintenance of a notional: the tier's share less its deduction.
    #[must_use]
    pub fn maintenance(&self, notional: &Number) -> Number {
        let mut deduction = zero();
        let mut needed = zero();
        for (at, (from, leverage)) in self.tiers.iter().enumerate() {
            if at > 0 {
                let rate = |leverage: u32| whole(1) / whole(2 * i128::from(leverage));
                deduction += down(&(from * (rate(*leverage) - rate(self.tiers[at - 1].1))));
            }
            if notional >= from {
                needed = up(&(notional / whole(2 * i128::from(*leverage)))) - &deduction;
            }
        }
        needed
    }

    /// Initial margin of a notional.
    #[must_use]
    pub fn initial(&self, notional: &Number, leverage: u32) -> Number {
        let by_leverage = up(&(notional / whole(i128::from(leverage))));
        let by_tier = self.maintenance(notional) * whole(2);
        if by_leverage > by_tier { by_leverage } else { by_tier }
    }
}

impl Clearing {
    /// What an account has in a market.
    #[must_use]
    pub fn position(&self, who: u32, market: usize) -> Position {
        let leverage = self.markets[market].tiers[0].1.min(20);
        let none = || Position {
            size: zero(),
            quote: zero(),
            entry: zero(),
            paid: zero(),
            leverage,
            isolated: false,
        };
        self.positions.get(&(who, market)).cloned().unwrap_or_else(none)
    }

    pub(crate) fn position_mut(&mut self, who: u32, market: usize) -> &mut Position {
        let position = self.position(who, market);
        self.positions.entry((who, market)).or_insert(position)
    }

    /// Sizes of an account's open bids, open asks and open reduce-only orders in a market.
    #[must_use]
    pub fn open_sizes(&self, who: u32, market: usize) -> [Number; 3] {
        let mut sizes = [zero(), zero(), zero()];
        for order in self.orders.iter().filter(|order| order.who == who && order.market == market) {
            let place = if order.reduce_only { 2 } else { usize::from(!order.buy) };
            sizes[place] += &order.left;
        }
        sizes
    }

    /// An isolated (or any) position by itself.
    #[must_use]
    pub fn own_health(&self, who: u32, market: usize) -> Health {
        let position = self.position(who, market);
        let Some(prices) = self.prices.get(&market) else {
            return Health { value: zero(), initial: zero(), maintenance: zero(), notional: zero() };
        };
        let owed = up(&(&position.size * (&prices.paid - &position.paid)));
        let notional = magnitude(&position.size) * &prices.mark;
        Health {
            value: &position.size * &prices.mark + &position.quote - owed,
            initial: self.markets[market].initial(&notional, position.leverage),
            maintenance: self.markets[market].maintenance(&notional),
            notional,
        }
    }

    /// An account's cross margin.
    #[must_use]
    pub fn health(&self, who: u32) -> Health {
        let collateral = self.collateral.get(&who).cloned().unwrap_or_else(zero);
        let mut sum = Health { value: collateral, initial: zero(), maintenance: zero(), notional: zero() };
        for market in 0..self.markets.len() {
            let Some(prices) = self.prices.get(&market) else { continue };
            let (position, own) = (self.position(who, market), self.own_health(who, market));
            let [bids, asks, _] = self.open_sizes(who, market);
            let (long, short) = (&position.size + bids, asks - &position.size);
            let exposure = if long > short { long } else { short };
            let exposed = self.markets[market].initial(&(exposure * &prices.mark), position.leverage);
            if position.isolated {
                sum.initial += exposed - own.initial;
            } else {
                sum.value += own.value;
                sum.initial += exposed;
                sum.maintenance += own.maintenance;
                sum.notional += own.notional;
            }
        }
        sum
    }

    /// Whether an account may have come to stand as it does, having been `before` (cross, and in this market).
    #[must_use]
    pub fn is_sound(&self, who: u32, market: usize, before: &(Health, Health)) -> bool {
        let own =
            !self.position(who, market).isolated || self.own_health(who, market).is_sound_after(&before.1);
        own && self.health(who).is_sound_after(&before.0)
    }

    /// One side of a trade: pays funding, closes, opens, pays the fee. One that `keeps` releases no isolated margin.
    #[expect(clippy::too_many_arguments, reason = "one fill, spelt out")]
    pub(crate) fn trade_side(
        &mut self,
        who: u32,
        market: usize,
        buy: bool,
        size: &Number,
        price: &Number,
        fee: &Number,
        keeps: bool,
    ) {
        let paid = self.prices[&market].paid.clone();
        let position = self.position_mut(who, market);
        let owed = up(&(&position.size * (&paid - &position.paid)));
        position.quote -= &owed;
        position.paid = paid;
        *self.pools.entry(market).or_insert_with(zero) += owed;

        let held = self.position(who, market).size;
        let closes = held != zero() && (held < zero()) == buy;
        let closed = if !closes {
            zero()
        } else if magnitude(&held) < *size {
            magnitude(&held)
        } else {
            size.clone()
        };
        let opened = size - &closed;
        let mut fee = fee.clone();
        if closed != zero() {
            self.close(who, market, buy, &closed, price, &fee, keeps);
            fee = zero();
        }
        if opened != zero() {
            self.open(who, market, buy, &opened, price, &fee);
        }
    }

    fn exchange(&mut self, who: u32, market: usize, buy: bool, size: &Number, price: &Number, fee: &Number) {
        let position = self.position_mut(who, market);
        let signed = if buy { size.clone() } else { -size };
        position.quote -= &signed * price + fee;
        position.size += signed;
    }

    #[expect(clippy::too_many_arguments, reason = "one fill, spelt out")]
    fn close(
        &mut self,
        who: u32,
        market: usize,
        buy: bool,
        size: &Number,
        price: &Number,
        fee: &Number,
        keeps: bool,
    ) {
        let (before, worth) = (self.position(who, market), self.own_health(who, market));
        self.exchange(who, market, buy, size, price, fee);
        let after = self.own_health(who, market);
        let position = self.position_mut(who, market);
        position.entry = down(&(&before.entry * magnitude(&position.size) / magnitude(&before.size)));
        let released = if position.size == zero() {
            position.quote.clone()
        } else if position.isolated && worth.value > zero() && !keeps {
            let kept = up(&(&worth.value * &after.maintenance / &worth.maintenance));
            if after.value > kept { after.value - kept } else { zero() }
        } else {
            zero()
        };
        position.quote -= &released;
        *self.collateral.entry(who).or_insert_with(zero) += released;
    }

    fn open(&mut self, who: u32, market: usize, buy: bool, size: &Number, price: &Number, fee: &Number) {
        let before = self.own_health(who, market);
        self.exchange(who, market, buy, size, price, fee);
        let after = self.own_health(who, market);
        let position = self.position_mut(who, market);
        position.entry += size * price;
        if !position.isolated {
            return;
        }
        let needed = (after.initial - before.initial) - (after.value - before.value);
        if needed > zero() {
            position.quote += &needed;
            *self.collateral.entry(who).or_insert_with(zero) -= needed;
        }
    }
}
