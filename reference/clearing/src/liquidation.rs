//! Liquidations: everyone's margin is worked out anew each time, and whoever has too little has its turns.

use crate::account::{Health, magnitude};
use crate::number::{Number, up, whole, zero};
use crate::orders::{Stay, Wish, least};
use crate::{Clearing, Market};
use std::collections::BTreeSet;

/// An account's cross positions (`None`) or an isolated position.
pub type Unit = (u32, Option<usize>);

/// Milliseconds after which one that could not be liquidated is tried again.
const AGAIN_MS: u64 = 1_000;
/// Milliseconds after a part in which all is sold.
const COOLDOWN_MS: u64 = 30_000;
/// Orders that one liquidation order may meet.
const MAKERS: usize = 16;

/// How many of what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Orders sent to the book that traded.
    pub orders: u64,
    /// Of these, parts of positions.
    pub parts: u64,
    /// Units that the backstop took.
    pub backstop: u64,
    /// Units that the insurance fund took.
    pub insurance: u64,
    /// Positions closed against the insurance fund's.
    pub deleveraged: u64,
}

impl Market {
    /// The nearest valid price at or above `price` (or below): five figures, or whole units.
    fn valid(&self, price: &Number, above: bool) -> Number {
        let figures = |step: &Number| price / step < whole(100_000);
        let mut step = self.tick.clone();
        while !figures(&step) && step < whole(1) {
            step *= whole(10);
        }
        let steps = price / &step;
        (if above { steps.ceil() } else { steps.floor() }) * step
    }

    /// The rate of the tier that a notional is in.
    fn rate(&self, notional: &Number) -> Number {
        let tier =
            self.tiers.iter().rev().find(|(from, _)| from <= notional).expect("the first is from zero");
        whole(1) / whole(2 * i128::from(tier.1))
    }
}

impl Clearing {
    /// Liquidates whoever has less than the maintenance margin, at `now`.
    pub(crate) fn liquidate(&mut self, now: u64) {
        self.select(now);
        while let Some(first) = self.queue.iter().next().copied().filter(|(due, ..)| *due <= now) {
            self.turn(first, now);
        }
        self.deleverage();
        self.select(now);
    }

    /// What a unit is worth and what it needs.
    #[must_use]
    pub fn unit_health(&self, (who, isolated): Unit) -> Health {
        match isolated {
            None => self.health(who),
            Some(market) => self.own_health(who, market),
        }
    }

    /// The markets in which a unit holds something.
    fn held(&self, (who, isolated): Unit) -> Vec<usize> {
        let mine = |market: &usize| {
            let position = self.position(who, *market);
            position.size != zero() && self.is_of(*market, who, isolated)
        };
        (0..self.markets.len()).filter(mine).collect()
    }

    fn is_of(&self, market: usize, who: u32, isolated: Option<usize>) -> bool {
        match isolated {
            None => !self.position(who, market).isolated,
            Some(only) => only == market && self.position(who, market).isolated,
        }
    }

    fn units(&self) -> BTreeSet<Unit> {
        let positions = self.positions.iter();
        let units = positions.map(|((who, at), position)| (*who, position.isolated.then_some(*at)));
        units.chain(self.collateral.keys().map(|who| (*who, None))).collect()
    }

    fn select(&mut self, now: u64) {
        for (who, isolated) in self.units() {
            let health = self.unit_health((who, isolated));
            let queued = self.queue.iter().any(|(_, other, market)| (*other, *market) == (who, isolated));
            if health.value < health.maintenance && !queued && who != self.insurance {
                self.queue.insert((now, who, isolated));
                self.rounds.insert((who, isolated), 0);
            }
        }
    }

    fn turn(&mut self, entry: (u64, u32, Option<usize>), now: u64) {
        let unit = (entry.1, entry.2);
        self.queue.remove(&entry);
        let health = self.unit_health(unit);
        if health.value >= health.maintenance {
            return;
        }
        let house = self.clone();
        self.orders.retain(|order| order.who != unit.0 || !house.is_of(order.market, unit.0, unit.1));
        if self.is_taken(unit, &health) {
            return;
        }
        let next = self.rounds[&unit];
        let Some(market) = self.held(unit).into_iter().find(|market| *market >= next) else {
            self.rounds.insert(unit, 0);
            self.queue.insert((now + AGAIN_MS, unit.0, unit.1));
            return;
        };
        self.rounds.insert(unit, market + 1);
        self.queue.insert((now, unit.0, unit.1));
        self.sell(unit, market, &health, now);
    }

    /// Sends one position to the book.
    fn sell(&mut self, unit: Unit, market: usize, health: &Health, now: u64) {
        let position = self.position(unit.0, market);
        let form = self.markets[market].clone();
        let mark = self.prices[&market].mark.clone();
        let whole_size = magnitude(&position.size);
        let cools = self.parts.get(&unit).is_some_and(|last| *last < now && now - last < COOLDOWN_MS);
        let is_part = &whole_size * &mark > whole(100_000) && !cools;
        let size = if is_part {
            (&whole_size / whole(5) / &form.lot).ceil() * &form.lot
        } else {
            whole_size.clone()
        };

        let rate = form.rate(&((&whole_size - &size) * &mark));
        let give = &mark * rate * &health.value / &health.maintenance;
        let buy = position.size < zero();
        let zero_price = if buy {
            ((&mark + give) / &form.tick).floor() * &form.tick - &form.tick
        } else {
            ((&mark - give) / &form.tick).ceil() * &form.tick + &form.tick
        };
        let price = form.valid(&zero_price, !buy);
        let wish = Wish {
            who: unit.0,
            market,
            buy,
            price,
            size: size.clone(),
            stay: Stay::Ioc,
            reduce_only: true,
            zero: Some(zero_price),
            builder: None,
        };
        let mut crossing = self.crossing(&wish);
        if crossing.is_empty() {
            return;
        }
        crossing.truncate(MAKERS);
        self.next_order += 1;
        let left = self.match_with(&wish, &size, &crossing);
        if left < size {
            self.tally.orders += 1;
            if is_part {
                self.tally.parts += 1;
                self.parts.insert(unit, now);
            }
        }
        self.cut_all(market);
    }

    /// Whether a vault took the unit.
    fn is_taken(&mut self, unit: Unit, health: &Health) -> bool {
        if &health.value * whole(3) >= &health.maintenance * whole(2) {
            return false;
        }
        let (backstop, insurance) = (self.backstop, self.insurance);
        let missing = if health.value < zero() { -&health.value } else { zero() };
        let by_backstop = unit.0 != backstop
            && self.attempt(|house| {
                let fund = house.health(insurance);
                let tenth = up(&(&fund.notional / whole(10)));
                let bound = if fund.initial > tenth { fund.initial } else { tenth };
                if missing > zero() && fund.value - bound < missing {
                    return None;
                }
                *house.collateral.entry(insurance).or_insert_with(zero) -= &missing;
                *house.collateral.entry(backstop).or_insert_with(zero) += &missing;
                house.hand_over(unit, backstop)?;
                let after = house.health(backstop);
                (after.value >= after.initial).then_some(())
            });
        if by_backstop {
            self.tally.backstop += 1;
            return true;
        }
        if health.value >= zero() {
            return false;
        }
        self.hand_over(unit, insurance).expect("the fund holds nothing isolated");
        self.tally.insurance += 1;
        true
    }

    fn hand_over(&mut self, unit: Unit, to: u32) -> Option<()> {
        let worth = self.unit_health(unit).value;
        for market in self.held(unit) {
            if self.position(to, market).isolated {
                if self.position(to, market).size != zero()
                    || self.open_sizes(to, market) != [(); 3].map(|()| zero())
                {
                    return None;
                }
                self.position_mut(to, market).isolated = false;
            }
            let size = self.position(unit.0, market).size;
            let mark = self.prices[&market].mark.clone();
            let buy = size < zero();
            self.trade_side(unit.0, market, buy, &magnitude(&size), &mark, &zero(), false);
            self.trade_side(to, market, !buy, &magnitude(&size), &mark, &zero(), false);
            self.cut(to, market);
        }
        *self.collateral.entry(unit.0).or_insert_with(zero) -= &worth;
        *self.collateral.entry(to).or_insert_with(zero) += worth;
        Some(())
    }

    /// Closes what the insurance fund holds against the other side.
    fn deleverage(&mut self) {
        for market in 0..self.markets.len() {
            let size = self.position(self.insurance, market).size;
            if size != zero() {
                self.deleverage_in(market, &size);
            }
        }
    }

    fn deleverage_in(&mut self, market: usize, size: &Number) {
        let lot = self.markets[market].lot.clone();
        let others: Vec<u32> =
            self.positions.keys().filter(|(_, at)| *at == market).map(|(who, _)| *who).collect();
        let opposite = |who: &u32| {
            let held = self.position(*who, market).size;
            held != zero() && (held < zero()) != (*size < zero())
        };
        let mut ranked: Vec<(i32, u32)> =
            others.into_iter().filter(opposite).map(|who| (self.rank(who, market), who)).collect();
        ranked.sort_unstable();
        let mut quotas = Vec::new();
        let mut need = magnitude(size);
        for rank in (0..16).rev() {
            let bucket: Vec<u32> = ranked.iter().filter(|(at, _)| *at == rank).map(|(_, who)| *who).collect();
            let total =
                bucket.iter().fold(zero(), |sum, who| sum + magnitude(&self.position(*who, market).size));
            let quota = least(&need, &total);
            need -= &quota;
            let mut seen = zero();
            let mut given = zero();
            for who in bucket {
                seen += magnitude(&self.position(who, market).size);
                let target = (&quota * &seen / &total / &lot).floor() * &lot;
                quotas.push((who, &target - &given));
                given = target;
            }
        }
        quotas.sort();
        for (who, part) in quotas.into_iter().filter(|(_, part)| *part > zero()) {
            self.close_against(who, market, &part);
        }
    }

    fn rank(&self, who: u32, market: usize) -> i32 {
        let position = self.position(who, market);
        let health = self.unit_health((who, position.isolated.then_some(market)));
        let now = magnitude(&position.size) * &self.prices[&market].mark;
        let (above, below) =
            if position.size < zero() { (&position.entry, &now) } else { (&now, &position.entry) };
        if health.value <= zero() || *below == zero() {
            return 15;
        }
        let score = above / below * &health.notional / &health.value;
        let mut bound = whole(1) / whole(8);
        let mut rank = 0;
        while rank < 15 && score >= bound {
            rank += 1;
            bound *= whole(2);
        }
        rank
    }

    fn close_against(&mut self, who: u32, market: usize, part: &Number) {
        let mark = self.prices[&market].mark.clone();
        let position = self.position(who, market);
        let (fund, health) =
            (self.health(self.insurance), self.unit_health((who, position.isolated.then_some(market))));
        let closed = part * &mark;
        let missing = if fund.value < zero() { -fund.value } else { zero() };
        let share = up(&(missing * &closed / fund.notional));
        let has = if health.value > zero() { health.value } else { zero() };
        let most = crate::number::down(&(has * &closed / health.notional));
        let paid = least(&share, &most);
        let buy = position.size < zero();
        self.trade_side(who, market, buy, part, &mark, &paid, false);
        self.trade_side(self.insurance, market, !buy, part, &mark, &zero(), false);
        *self.collateral.entry(self.insurance).or_insert_with(zero) += paid;
        self.cut(who, market);
        self.tally.deleveraged += 1;
    }
}
