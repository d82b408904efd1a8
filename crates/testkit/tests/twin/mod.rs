//! A naive spot exchange of one market: lists, sums and plain integers. It shares no code with the rules.
//!
//! Free balances are recomputed from all open orders each time; matching sorts all orders that cross.

use std::collections::{BTreeMap, BTreeSet};

/// What becomes of the part of an order that does not trade at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stay {
    Gtc,
    Ioc,
    Alo,
    Fok,
}

/// Self-trade prevention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    CancelMaker,
    CancelTaker,
    CancelBoth,
    Decrement,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) buy: bool,
    pub(crate) price: u64,
    pub(crate) size: u64,
    pub(crate) stay: Stay,
    pub(crate) own: Own,
    pub(crate) cloid: Option<u8>,
    /// From when on it is dead.
    pub(crate) until: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) id: u64,
    pub(crate) who: u8,
    pub(crate) buy: bool,
    pub(crate) price: u64,
    pub(crate) left: u64,
    pub(crate) cloid: Option<u8>,
    pub(crate) stay: Stay,
    pub(crate) until: Option<u64>,
}

impl Open {
    fn is_dead(&self, now: u64) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// Money in quote atoms, goods in base atoms; `lot` base atoms in a unit of size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Twin {
    pub(crate) money: BTreeMap<u8, u64>,
    pub(crate) goods: BTreeMap<u8, u64>,
    pub(crate) orders: Vec<Open>,
    pub(crate) next_id: u64,
    pub(crate) marked: BTreeSet<(u8, u8)>,
    pub(crate) lot: u64,
    pub(crate) least: u64,
    pub(crate) now: u64,
}

/// What an account costs whoever sends to it first.
const ACTIVATION_FEE: u64 = 100_000_000;

/// Who gets the fees.
pub(crate) const TREASURY: u8 = 0;

fn share(amount: u64, millionths: u64) -> u64 {
    let product = amount * millionths;
    product / 1_000_000 + u64::from(!product.is_multiple_of(1_000_000))
}

impl Twin {
    pub(crate) fn held_money(&self, who: u8) -> u64 {
        let mine = self.orders.iter().filter(|order| order.who == who && order.buy);
        mine.fold(0, |sum, order| sum + order.left * order.price)
    }

    pub(crate) fn held_goods(&self, who: u8) -> u64 {
        let mine = self.orders.iter().filter(|order| order.who == who && !order.buy);
        mine.fold(0, |sum, order| sum + order.left * self.lot)
    }

    /// Runs a step that is undone if it fails.
    fn attempt(&mut self, step: impl FnOnce(&mut Self) -> bool) -> bool {
        let before = self.clone();
        let done = step(self);
        if !done {
            *self = before;
        }
        done
    }

    pub(crate) fn place(&mut self, who: u8, wish: &Wish) -> bool {
        self.attempt(|twin| twin.try_place(who, wish))
    }

    fn try_place(&mut self, who: u8, wish: &Wish) -> bool {
        if wish.until.is_some_and(|until| until <= self.now) {
            return false;
        }
        let now = self.now;
        self.orders.retain(|order| {
            order.who != who || wish.cloid.is_none() || order.cloid != wish.cloid || !order.is_dead(now)
        });
        let in_use = |cloid| {
            self.marked.contains(&(who, cloid))
                || self.orders.iter().any(|order| order.who == who && order.cloid == Some(cloid))
        };
        if wish.size * wish.price < self.least || wish.cloid.is_some_and(in_use) {
            return false;
        }
        let enough = if wish.buy {
            self.money[&who] - self.held_money(who) >= wish.size * wish.price
        } else {
            self.goods[&who] - self.held_goods(who) >= wish.size * self.lot
        };
        if !enough {
            return false;
        }
        let id = self.next_id;
        self.next_id += 1;
        let crossing = self.crossing(wish);
        let may = match wish.stay {
            Stay::Gtc => true,
            Stay::Alo => crossing.is_empty(),
            Stay::Ioc => !crossing.is_empty(),
            Stay::Fok => self.fills_whole(who, wish, &crossing),
        };
        if !may {
            return false;
        }
        let left = self.match_with(who, wish, &crossing);
        if left > 0 && wish.stay == Stay::Fok {
            return false;
        }
        if left > 0 && matches!(wish.stay, Stay::Gtc | Stay::Alo) {
            let Wish { buy, price, cloid, stay, until, .. } = *wish;
            self.orders.push(Open { id, who, buy, price, left, cloid, stay, until });
        }
        true
    }

    /// Ids of the orders that cross, in the order in which they trade.
    fn crossing(&self, wish: &Wish) -> Vec<u64> {
        let meets = |order: &&Open| {
            order.buy != wish.buy
                && if wish.buy { order.price <= wish.price } else { order.price >= wish.price }
        };
        let mut found: Vec<&Open> = self.orders.iter().filter(meets).collect();
        found.sort_by_key(|order| (if wish.buy { order.price } else { u64::MAX - order.price }, order.id));
        found.iter().map(|order| order.id).collect()
    }

    fn fills_whole(&self, who: u8, wish: &Wish, crossing: &[u64]) -> bool {
        let mut left = wish.size;
        for id in crossing {
            let order = self.orders.iter().find(|order| order.id == *id).unwrap();
            if left == 0 {
                break;
            }
            if order.who != who {
                left -= left.min(order.left);
            } else if wish.own != Own::CancelMaker {
                return false;
            }
        }
        left == 0
    }

    /// Trades; returns what may rest.
    fn match_with(&mut self, who: u8, wish: &Wish, crossing: &[u64]) -> u64 {
        let mut left = wish.size;
        for id in crossing {
            if left == 0 {
                break;
            }
            let at = self.orders.iter().position(|order| order.id == *id).unwrap();
            let maker = self.orders[at].clone();
            let size = left.min(maker.left);
            if maker.who == who {
                match wish.own {
                    Own::CancelMaker => {
                        self.orders.remove(at);
                        continue;
                    }
                    Own::CancelTaker => return 0,
                    Own::CancelBoth => {
                        self.orders.remove(at);
                        return 0;
                    }
                    Own::Decrement => {}
                }
            } else if maker.is_dead(self.now) {
                self.orders.remove(at);
                continue;
            } else {
                self.trade(who, maker.who, wish.buy, size, maker.price);
            }
            left -= size;
            self.orders[at].left -= size;
            self.orders.retain(|order| order.left > 0);
        }
        left
    }

    fn trade(&mut self, taker: u8, maker: u8, taker_buys: bool, size: u64, price: u64) {
        let (money, goods) = (size * price, size * self.lot);
        let (buyer, seller) = if taker_buys { (taker, maker) } else { (maker, taker) };
        let rate = |who| if who == taker { 700 } else { 400 };
        let (goods_fee, money_fee) = (share(goods, rate(buyer)), share(money, rate(seller)));
        *self.money.get_mut(&buyer).unwrap() -= money;
        *self.money.get_mut(&seller).unwrap() += money - money_fee;
        *self.money.entry(TREASURY).or_default() += money_fee;
        *self.goods.get_mut(&seller).unwrap() -= goods;
        *self.goods.get_mut(&buyer).unwrap() += goods - goods_fee;
        *self.goods.entry(TREASURY).or_default() += goods_fee;
    }

    pub(crate) fn cancel(&mut self, who: u8, id: u64) -> bool {
        let count = self.orders.len();
        self.orders.retain(|order| order.who != who || order.id != id);
        self.orders.len() < count
    }

    pub(crate) fn cancel_by_cloid(&mut self, who: u8, cloid: u8) -> bool {
        let found = self.orders.iter().find(|order| order.who == who && order.cloid == Some(cloid));
        match found.map(|order| order.id) {
            Some(id) => self.cancel(who, id),
            None => {
                self.marked.insert((who, cloid));
                false
            }
        }
    }

    pub(crate) fn modify(&mut self, who: u8, id: u64, wish: &Wish) -> bool {
        let now = self.now;
        let Some(order) = self.orders.iter_mut().find(|order| order.who == who && order.id == id) else {
            return false;
        };
        if order.is_dead(now) || wish.until.is_some_and(|until| until <= now) {
            return false;
        }
        let same = (order.buy, order.price, order.cloid, order.stay, order.until)
            == (wish.buy, wish.price, wish.cloid, wish.stay, wish.until);
        if same && wish.size < order.left && wish.size * wish.price >= self.least {
            order.left = wish.size;
            return true;
        }
        self.attempt(|twin| twin.cancel(who, id) && twin.try_place(who, wish))
    }

    /// The end of a block.
    pub(crate) fn end(&mut self) {
        let now = self.now;
        self.orders.retain(|order| !order.is_dead(now));
        self.marked.clear();
    }

    pub(crate) fn send_money(&mut self, from: u8, to: u8, amount: u64) -> bool {
        let free = self.money[&from] - self.held_money(from);
        let fee = if self.money.contains_key(&to) { 0 } else { ACTIVATION_FEE };
        if amount == 0 || amount + fee > free || from == to {
            return false;
        }
        *self.money.get_mut(&from).unwrap() -= amount + fee;
        *self.money.entry(to).or_default() += amount;
        *self.money.entry(TREASURY).or_default() += fee;
        self.goods.entry(to).or_default();
        true
    }
}
