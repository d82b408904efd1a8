//! The stream of actions, and what its accounts remember of their orders.

use super::world::{SIZE_DECIMALS, START};
use crate::cli::BenchApply;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use tandem_exchange::action::{
    Action, AssetId, Cancel, CancelOrders, Class, Decimal, Grouping, Order, OrderKind, PlaceOrders,
    TimeInForce,
};
use tandem_types::{MarketId, OrderId};

/// The middle of every market, in cents, about which prices of orders lie.
pub(super) const MIDDLE_CENTS: u64 = 20_000;
/// How far an order's price lies from it, at most: so many levels on each side.
const LEVELS: u64 = 500;
/// What a maker offers, in hundredths: two hundred dollars' worth.
const MAKER_SIZE: u64 = 100;
/// What a taker takes: half of that on average, so that it meets one and a half makers.
const TAKER_SIZES: RangeInclusive<u64> = 5..=95;

/// What a block is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mix {
    /// Post-only orders.
    Fill,
    /// 45 % of them, 45 % cancels, 10 % that take.
    Trade,
}

/// An action and whose it is.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) account: u32,
    pub(super) action: Action,
    pub(super) nonce: u64,
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Stream {
    random: Random,
    accounts: u32,
    markets: u16,
    batch: u32,
    block: u32,
    nonce: u64,
    /// Accounts by the orders that they have placed: some are listed more often than they have orders left.
    placed: Vec<u32>,
    /// Orders of each that it has not cancelled; some have filled.
    open: HashMap<u32, Vec<Cancel>>,
}

impl Stream {
    pub(super) fn new(arguments: &BenchApply) -> Self {
        let BenchApply { accounts, markets, batch, block, .. } = *arguments;
        let (placed, open) = (Vec::new(), HashMap::new());
        Self { random: Random(1), accounts, markets, batch, block, nonce: START.0, placed, open }
    }

    /// The actions of the next block, in class order.
    pub(super) fn block(&mut self, mix: Mix) -> Vec<Said> {
        let shares = match mix {
            Mix::Fill => [(Class::Neutral, 100)],
            Mix::Trade => return self.trade(),
        };
        self.said(&shares)
    }

    fn trade(&mut self) -> Vec<Said> {
        self.said(&[(Class::Neutral, 45), (Class::Cancels, 45), (Class::MayTake, 10)])
    }

    fn said(&mut self, shares: &[(Class, u32)]) -> Vec<Said> {
        let mut said = Vec::new();
        for (class, percent) in shares {
            let mut left = self.block * percent / 100;
            while left > 0 {
                let count = left.min(self.batch);
                let Some((account, action)) = self.action(*class, count) else { break };
                left -= count;
                self.nonce += 1;
                said.push(Said { account, action, nonce: self.nonce });
            }
        }
        said
    }

    fn action(&mut self, class: Class, count: u32) -> Option<(u32, Action)> {
        match class {
            Class::Neutral => Some(self.places(count, TimeInForce::Alo)),
            Class::MayTake => Some(self.places(count, TimeInForce::Ioc)),
            Class::Cancels => self.cancels(count),
        }
    }

    fn places(&mut self, count: u32, time_in_force: TimeInForce) -> (u32, Action) {
        let account = self.random.rank(self.accounts);
        let orders = (0..count).map(|_| self.order(time_in_force)).collect();
        (account, Action::Order(PlaceOrders { orders, grouping: Grouping::Na, builder: None }))
    }

    fn order(&mut self, time_in_force: TimeInForce) -> Order {
        let is_buy = self.random.below(2) == 0;
        let away = 1 + self.random.below(LEVELS);
        let takes = time_in_force == TimeInForce::Ioc;
        // A taker's limit lies beyond everything on the other side.
        let above = if takes { is_buy } else { !is_buy };
        let away = if takes { 2 * LEVELS } else { away };
        let cents = if above { MIDDLE_CENTS + away } else { MIDDLE_CENTS - away };
        let size = if takes { self.random.within(TAKER_SIZES) } else { MAKER_SIZE };
        Order {
            asset: AssetId(u32::try_from(self.random.below(self.markets.into())).unwrap_or(0)),
            is_buy,
            price: Decimal::new(cents, 2).unwrap_or_default(),
            size: Decimal::new(size, SIZE_DECIMALS).unwrap_or_default(),
            reduce_only: false,
            kind: OrderKind::Limit(time_in_force),
            cloid: None,
            self_trade_prevention: None,
            expires: None,
        }
    }

    /// Cancels of one account, which has orders in proportion to what it placed.
    fn cancels(&mut self, count: u32) -> Option<(u32, Action)> {
        loop {
            let len = u64::try_from(self.placed.len()).unwrap_or(0);
            if len == 0 {
                return None;
            }
            let at = usize::try_from(self.random.below(len)).unwrap_or(0);
            let account = self.placed.swap_remove(at);
            let orders = self.open.get_mut(&account);
            let Some(orders) = orders.filter(|orders| !orders.is_empty()) else { continue };
            let mut cancels = Vec::new();
            for _ in 0..count {
                let at =
                    usize::try_from(self.random.below(u64::try_from(orders.len()).unwrap_or(1))).unwrap_or(0);
                cancels.push(orders.swap_remove(at));
                if orders.is_empty() {
                    break;
                }
            }
            return Some((account, Action::Cancel(CancelOrders { cancels, fast: None })));
        }
    }

    /// Remembers an order that rests.
    pub(super) fn rests(&mut self, account: u32, market: MarketId, order: OrderId) {
        self.placed.push(account);
        let asset = AssetId(market.0.into());
        self.open.entry(account).or_default().push(Cancel { asset, order });
    }
}

/// SplitMix64.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (start, end) = range.into_inner();
        start + self.below(end - start + 1)
    }

    /// A rank below `count`, where rank `k` comes with a probability of about `1 / (k + 1)`: Zipf's law with exponent 1,
    /// as the inverse of its continuous form.
    fn rank(&mut self, count: u32) -> u32 {
        let uniform = f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / f64::from(u32::MAX);
        let rank = f64::from(count).powf(uniform).floor();
        // Between 1 and the count, both exactly in 32 bits.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number up to the count"
        )]
        let rank = rank as u32;
        rank.clamp(1, count) - 1
    }
}
