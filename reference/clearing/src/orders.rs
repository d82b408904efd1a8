//! Orders: placing, matching, cancelling.

use crate::Clearing;
use crate::number::{Number, down, up, whole, zero};

/// What becomes of the part of an order that does not trade at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// It rests.
    Gtc,
    /// It ends.
    Ioc,
    /// It must be all of it.
    Alo,
}

/// An order that someone wants.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Who.
    pub who: u32,
    /// Where.
    pub market: usize,
    /// Buys.
    pub buy: bool,
    /// USD.
    pub price: Number,
    /// Base units.
    pub size: Number,
    /// What becomes of the rest.
    pub stay: Stay,
    /// May only reduce.
    pub reduce_only: bool,
    /// If it liquidates: the price at which its fee would be nothing.
    pub zero: Option<Number>,
    /// Who gets a fee of its fills, and which part of the notional.
    pub builder: Option<(u32, Number)>,
}

/// An open order.
#[derive(Clone, Debug)]
pub struct Open {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub who: u32,
    /// Where.
    pub market: usize,
    /// Buys.
    pub buy: bool,
    /// USD.
    pub price: Number,
    /// Base units left.
    pub left: Number,
    /// May only reduce.
    pub reduce_only: bool,
    /// Who gets a fee of its fills, and which part of the notional.
    pub builder: Option<(u32, Number)>,
}

pub(crate) fn least(a: &Number, b: &Number) -> Number {
    if a < b { a.clone() } else { b.clone() }
}

impl Clearing {
    /// Places an order.
    pub fn place(&mut self, wish: &Wish) -> bool {
        self.attempt(|house| house.try_place(wish))
    }

    /// Cancels an order.
    pub fn cancel(&mut self, who: u32, id: u64) -> bool {
        let count = self.orders.len();
        self.orders.retain(|order| order.who != who || order.id != id);
        let found = self.orders.len() < count;
        if found {
            self.triggers.taken_back.insert(id);
        }
        found
    }

    fn try_place(&mut self, wish: &Wish) -> Option<()> {
        let (who, market) = (wish.who, wish.market);
        let mark = self.prices.get(&market)?.mark.clone();
        let notional = &wish.size * &wish.price;
        let in_band = &wish.price * whole(5) >= mark && &wish.price * whole(5) <= &mark * whole(9);
        let times = if wish.stay == Stay::Ioc { 1 } else { 10 };
        let too_large = notional > &self.markets[market].order_max * whole(times);
        if !in_band || too_large || wish.size == zero() || (notional < self.least && !wish.reduce_only) {
            return None;
        }
        let size = if wish.reduce_only {
            least(&wish.size, &self.reducible(who, market, wish.buy))
        } else {
            wish.size.clone()
        };
        if size == zero() {
            return None;
        }
        let before = (self.health(who), self.own_health(who, market));
        let (id, interest) = (self.next_order, self.open_interest(market));
        self.next_order += 1;
        self.rest(id, wish, &size);
        let with_order = self.health(who);
        if with_order.initial > before.0.initial && with_order.value < with_order.initial {
            return None;
        }
        self.orders.pop();

        let crossing = self.crossing(wish);
        match wish.stay {
            Stay::Alo if !crossing.is_empty() => return None,
            Stay::Ioc if crossing.is_empty() => return None,
            Stay::Alo | Stay::Ioc | Stay::Gtc => {}
        }
        let left = self.match_with(wish, &size, &crossing);
        let filled = &size - &left;
        self.triggers.note_trade(id, &filled);
        if wish.stay != Stay::Ioc && left > zero() {
            self.rest(id, wish, &left);
            self.cut(who, market);
            if filled == zero() && !self.orders.iter().any(|order| order.id == id) {
                return None;
            }
        }
        let grown = self.open_interest(market);
        let (units_max, usd_max) = &self.markets[market].open_interest_max;
        if grown > interest && (grown > *units_max || &grown * &mark > *usd_max) {
            return None;
        }
        if filled > zero() && !self.is_sound(who, market, &before) {
            return None;
        }
        self.cut_all(market);
        Some(())
    }

    pub(crate) fn cut_all(&mut self, market: usize) {
        let everyone: Vec<u32> = self.positions.keys().map(|(who, _)| *who).collect();
        everyone.into_iter().for_each(|who| self.cut(who, market));
    }

    fn rest(&mut self, id: u64, wish: &Wish, left: &Number) {
        let Wish { who, market, buy, reduce_only, .. } = *wish;
        self.orders.push(Open {
            id,
            who,
            market,
            buy,
            price: wish.price.clone(),
            left: left.clone(),
            reduce_only,
            builder: wish.builder.clone(),
        });
    }

    /// What an order that buys, or sells, may take off a position.
    pub(crate) fn reducible(&self, who: u32, market: usize, buy: bool) -> Number {
        let size = self.position(who, market).size;
        match (size < zero(), buy) {
            (true, true) => -size,
            (false, false) => size,
            _ => zero(),
        }
    }

    fn open_interest(&self, market: usize) -> Number {
        let of = self.positions.iter().filter(|((_, at), position)| *at == market && position.size > zero());
        of.fold(zero(), |sum, (_, position)| sum + &position.size)
    }

    /// Numbers of the orders that cross, in the order in which they trade.
    pub(crate) fn crossing(&self, wish: &Wish) -> Vec<u64> {
        let crosses = |price: &Number| if wish.buy { *price <= wish.price } else { *price >= wish.price };
        let others = self.orders.iter().filter(|order| order.market == wish.market && order.buy != wish.buy);
        let mut found: Vec<&Open> = others.filter(|order| crosses(&order.price)).collect();
        found.sort_by(|a, b| {
            let by_price = if wish.buy { a.price.cmp(&b.price) } else { b.price.cmp(&a.price) };
            by_price.then(a.id.cmp(&b.id))
        });
        found.iter().map(|order| order.id).collect()
    }

    /// Trades; returns what is left of the order.
    pub(crate) fn match_with(&mut self, wish: &Wish, size: &Number, crossing: &[u64]) -> Number {
        let mut left = size.clone();
        let traded = self.referrals.traded.get(&wish.who).cloned().unwrap_or_else(zero);
        self.referrals.taker = Some((wish.who, traded));
        for id in crossing {
            if left == zero() {
                break;
            }
            let at = self.orders.iter().position(|order| order.id == *id).expect("an open order");
            let maker = self.orders[at].clone();
            // Who is liquidated trades with friends too.
            let friends = wish.zero.is_none() && self.are_friends(maker.who, wish.who);
            if maker.who == wish.who || friends {
                self.orders.remove(at);
                continue;
            }
            let wanted = least(&left, &maker.left);
            let may = if maker.reduce_only {
                least(&wanted, &self.reducible(maker.who, maker.market, maker.buy))
            } else {
                wanted.clone()
            };
            let traded = if may > zero() && self.trade(wish, &maker, &may) { may } else { zero() };
            left -= &traded;
            self.triggers.note_trade(*id, &traded);
            let at = self.orders.iter().position(|order| order.id == *id).expect("an open order");
            if traded < wanted || self.orders[at].left == zero() {
                if self.orders[at].left == zero() {
                    self.triggers.filled_out.insert(*id);
                }
                self.orders.remove(at);
            }
        }
        self.referrals.taker = None;
        left
    }

    /// One trade, if the maker may.
    fn trade(&mut self, wish: &Wish, maker: &Open, size: &Number) -> bool {
        let (market, price) = (wish.market, &maker.price);
        let fee = |rate: &Number| up(&(size * price * rate));
        let (taker_rate, ..) = self.trading.rates(wish.who);
        let (_, maker_rate, rebate_rate) = self.trading.rates(maker.who);
        let taker_rate = self.referrals.discounted(wish.who, &taker_rate);
        let maker_rate = self.referrals.discounted(maker.who, &maker_rate);
        let (mut taker_fee, maker_fee) = (fee(&taker_rate), fee(&maker_rate));
        if let Some(zero_price) = &wish.zero {
            let better = if wish.buy { zero_price - price } else { price - zero_price };
            taker_fee = least(&taker_fee, &(better * size));
        }
        let rebate = least(&down(&(size * price * rebate_rate)), &taker_fee);
        let part =
            |builder: &Option<(u32, Number)>| builder.as_ref().map_or_else(zero, |(_, rate)| fee(rate));
        let (taker_part, maker_part) = (part(&wish.builder), part(&maker.builder));
        let before = (self.health(maker.who), self.own_health(maker.who, market));
        let mut after = self.clone();
        let maker_pays = &maker_fee + &maker_part;
        after.trade_side(maker.who, market, maker.buy, size, price, &maker_pays, false);
        let order = after.orders.iter_mut().find(|order| order.id == maker.id).expect("an open order");
        order.left -= size;
        if !after.is_sound(maker.who, market, &before) {
            return false;
        }
        *self = after;
        let taker_pays = &taker_fee + &taker_part;
        self.trade_side(wish.who, market, wish.buy, size, price, &taker_pays, wish.zero.is_some());
        for (builder, part) in [(&wish.builder, taker_part), (&maker.builder, maker_part)] {
            if let Some((who, _)) = builder {
                *self.cash.entry(*who).or_insert_with(zero) += part;
            }
        }
        self.referrals.reward(maker.who, &maker_fee, &maker_fee);
        self.fees += maker_fee;
        *self.collateral.entry(maker.who).or_insert_with(zero) += &rebate;
        let whole_fee = taker_fee.clone();
        let taker_fee = taker_fee - rebate;
        if wish.zero.is_none() {
            self.referrals.reward(wish.who, &whole_fee, &taker_fee);
        }
        self.note_volume(wish.who, maker.who, &(size * price));
        if wish.zero.is_some() {
            *self.collateral.entry(self.insurance).or_insert_with(zero) += taker_fee;
        } else {
            self.fees += taker_fee;
        }
        true
    }

    /// Cuts reduce-only orders to the position, the newest first.
    pub(crate) fn cut(&mut self, who: u32, market: usize) {
        loop {
            let mine = |order: &&mut Open| order.who == who && order.market == market && order.reduce_only;
            let total = self.open_sizes(who, market)[2].clone();
            let Some(buy) = self.orders.iter_mut().rev().find(mine).map(|order| order.buy) else { return };
            let excess = total - self.reducible(who, market, buy);
            if excess <= zero() {
                return;
            }
            let newest = self.orders.iter_mut().filter(mine).max_by_key(|order| order.id);
            let newest = newest.expect("one was found");
            let cut = least(&newest.left, &excess);
            newest.left -= cut;
            self.orders.retain(|order| order.left > zero());
        }
    }
}
