//! Funding: the rates of each market's hours, and what each position paid for each of them.
//!
//! The rules settle a position's funding when it is next touched, all hours at once. Readers want it hour by hour, on the
//! hour, so here each position that is open when a rate is fixed pays its share then: `⌈size × oracle × rate⌉` of that
//! hour. The sum over hours is at most an atom an hour more than what is settled; balances follow the rules alone.

use crate::kept::Kept;
use crate::markets::entry;
use std::collections::{BTreeMap, VecDeque};
use tandem_exchange::perp::position::{MarginMode, Position};
use tandem_exchange::{Event, ExchangeTables, PositionKey};
use tandem_oracle::Rate;
use tandem_state::{Delta, Prefix};
use tandem_types::{AccountId, BlockTime, MarketId, PriceTicks, SignedLots};

/// Rates kept of each market: half a year of hours.
pub const RATES_KEPT: usize = 4_400;
/// Payments kept of each account.
pub const PAYMENTS_PER_ACCOUNT: usize = 2_000;
/// Payments kept in all.
pub const PAYMENTS_KEPT: usize = 500_000;

const POSITIONS: Prefix = Prefix::new(ExchangeTables::ENGINE, 38);

/// The funding of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundingRate {
    /// Where.
    pub market: MarketId,
    /// When it was fixed.
    pub time: BlockTime,
    /// The rate.
    pub rate: Rate,
    /// The hour's mean premium.
    pub premium: Rate,
    /// The price that it is paid on.
    pub oracle: PriceTicks,
}

/// What a position paid for an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundingPayment {
    /// Whose.
    pub account: AccountId,
    /// The hour's funding.
    pub funding: FundingRate,
    /// The size that paid.
    pub size: SignedLots,
    /// What it paid in quote atoms; below zero what it was paid.
    pub paid: i128,
}

impl FundingPayment {
    fn new(account: AccountId, size: SignedLots, funding: FundingRate) -> Self {
        let position = Position { size, ..Position::new(1, MarginMode::Cross) };
        let index = i128::from(funding.oracle.0) * i128::from(funding.rate.0);
        Self { account, funding, size, paid: position.funding_owed(index) }
    }
}

/// Since when a position has been as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// When it was opened, or turned; zero if that was before what is known.
    pub opened: BlockTime,
    /// When its size last changed; zero if that was before what is known.
    pub changed: BlockTime,
}

/// A position that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Holding {
    size: SignedLots,
    since: Since,
}

/// What a block did to a position's size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizeChange {
    pub(crate) key: PositionKey,
    before: SignedLots,
    after: SignedLots,
    time: BlockTime,
}

impl SizeChange {
    const fn opens(&self) -> bool {
        !self.after.is_zero()
            && (self.before.is_zero() || self.before.is_negative() != self.after.is_negative())
    }
}

/// The sizes that a block changed.
pub(crate) fn size_changes(delta: &Delta, time: BlockTime) -> Vec<SizeChange> {
    let changes = delta.changes_under(&POSITIONS.0).filter_map(|change| {
        let of = |value| entry::<PositionKey, Position>(change.key, value);
        let (old, new) = (of(change.old), of(change.new));
        let (key, _) = new.or(old)?;
        let size =
            |side: Option<(PositionKey, Position)>| side.map_or(SignedLots::ZERO, |(_, held)| held.size);
        Some(SizeChange { key, before: size(old), after: size(new), time })
    });
    changes.filter(|change| change.before != change.after).collect()
}

/// The accounts whose positions or open orders on perpetuals a block changed.
pub(crate) fn touched(delta: &Delta) -> impl Iterator<Item = AccountId> {
    let changes = delta.changes_under(&POSITIONS.0);
    changes.filter_map(|change| {
        let key: PositionKey = tandem_codec::Decode::from_bytes(change.key.get(2..)?).ok()?;
        Some(key.account)
    })
}

/// See the module.
#[derive(Clone, Debug)]
pub struct FundingHistory {
    rates: BTreeMap<MarketId, VecDeque<FundingRate>>,
    payments: Kept<FundingPayment>,
    holdings: BTreeMap<(MarketId, AccountId), Holding>,
    /// What was learnt of the past, as long as it isn't known who held what then.
    past: Vec<Step>,
}

/// A step of the past.
#[derive(Clone, Debug)]
enum Step {
    Rate(FundingRate),
    Size(SizeChange),
}

impl Default for FundingHistory {
    fn default() -> Self {
        let payments = Kept::new(PAYMENTS_PER_ACCOUNT, PAYMENTS_KEPT);
        Self { rates: BTreeMap::new(), payments, holdings: BTreeMap::new(), past: Vec::new() }
    }
}

impl FundingHistory {
    /// The positions of the state.
    pub(crate) fn of(exchange: &ExchangeTables) -> Self {
        let mut history = Self::default();
        let last = PositionKey::last(AccountId(u32::MAX));
        let mut from = PositionKey::first(AccountId(0));
        while let Some((key, position)) = exchange.positions.peek_first(&from, &last) {
            let holding = Holding { size: position.size, since: Since::default() };
            if !position.size.is_zero() {
                history.holdings.insert((key.market, key.account), holding);
            }
            let Some(next) = after(*key) else { break };
            from = next;
        }
        history
    }

    /// Follows a block: the rates that it fixed, which positions pay as they were before it, then the positions. Returns
    /// the rates and the payments.
    pub(crate) fn follow(
        &mut self,
        due: &[Event],
        sizes: &[SizeChange],
        time: BlockTime,
    ) -> (Vec<FundingRate>, Vec<FundingPayment>) {
        let rates: Vec<_> = due.iter().filter_map(|event| rate_of(event, time)).collect();
        let mut payments = Vec::new();
        for rate in &rates {
            self.add_rate(*rate);
            payments.extend(
                self.holders(rate.market).map(|(account, size)| FundingPayment::new(account, size, *rate)),
            );
        }
        for payment in &payments {
            self.payments.add(payment.account, *payment);
        }
        for change in sizes {
            self.follow_size(change);
        }
        (rates, payments)
    }

    /// Remembers a block of the past, for [`FundingHistory::set_past`].
    pub(crate) fn learn(&mut self, due: &[Event], sizes: &[SizeChange], time: BlockTime) {
        self.past.extend(due.iter().filter_map(|event| rate_of(event, time)).map(Step::Rate));
        self.past.extend(sizes.iter().copied().map(Step::Size));
    }

    /// Takes over a past that ends where this stands: goes back from the positions of now.
    pub(crate) fn set_past(&mut self, past: Self) {
        let mut held: BTreeMap<(MarketId, AccountId), SignedLots> =
            self.holdings.iter().map(|(key, holding)| (*key, holding.size)).collect();
        let mut payments = Vec::new();
        for step in past.past.iter().rev() {
            match step {
                Step::Rate(rate) => {
                    let of_market = (rate.market, AccountId(0))..=(rate.market, AccountId(u32::MAX));
                    let holders = held.range(of_market).rev().filter(|(_, size)| !size.is_zero());
                    payments.extend(
                        holders.map(|((_, account), size)| FundingPayment::new(*account, *size, *rate)),
                    );
                }
                Step::Size(change) => {
                    let key = (change.key.market, change.key.account);
                    held.insert(key, change.before);
                    if let Some(holding) = self.holdings.get_mut(&key) {
                        holding.since.learn(change);
                    }
                }
            }
        }
        for payment in payments.into_iter().rev() {
            self.payments.add(payment.account, payment);
        }
        for step in past.past {
            if let Step::Rate(rate) = step {
                self.add_rate(rate);
            }
        }
    }

    fn add_rate(&mut self, rate: FundingRate) {
        let rates = self.rates.entry(rate.market).or_default();
        rates.push_back(rate);
        if rates.len() > RATES_KEPT {
            rates.pop_front();
        }
    }

    /// Whoever holds a position, once for each.
    pub(crate) fn all_holders(&self) -> impl Iterator<Item = AccountId> {
        self.holdings.keys().map(|(_, account)| *account)
    }

    fn holders(&self, market: MarketId) -> impl Iterator<Item = (AccountId, SignedLots)> {
        let of_market = (market, AccountId(0))..=(market, AccountId(u32::MAX));
        self.holdings.range(of_market).map(|((_, account), holding)| (*account, holding.size))
    }

    fn follow_size(&mut self, change: &SizeChange) {
        let key = (change.key.market, change.key.account);
        if change.after.is_zero() {
            self.holdings.remove(&key);
            return;
        }
        let opened = match self.holdings.get(&key) {
            Some(holding) if !change.opens() => holding.since.opened,
            Some(_) | None => change.time,
        };
        let since = Since { opened, changed: change.time };
        self.holdings.insert(key, Holding { size: change.after, since });
    }

    /// Rates of a market within `from..=to` (ms), oldest first.
    pub fn rates(&self, market: MarketId, from: u64, to: u64) -> impl Iterator<Item = &FundingRate> {
        let rates = self.rates.get(&market).into_iter().flatten();
        rates.filter(move |rate| (from..=to).contains(&rate.time.0))
    }

    /// The payments of an account, the last first.
    pub fn payments(&self, account: AccountId) -> impl DoubleEndedIterator<Item = &FundingPayment> {
        self.payments.of(account)
    }

    /// Since when a position has been as it is.
    #[must_use]
    pub fn since(&self, account: AccountId, market: MarketId) -> Since {
        self.holdings.get(&(market, account)).map_or_else(Since::default, |holding| holding.since)
    }
}

impl Since {
    /// Goes back over a change: the last of each kind counts.
    fn learn(&mut self, change: &SizeChange) {
        if self.changed == BlockTime(0) {
            self.changed = change.time;
        }
        if self.opened == BlockTime(0) && change.opens() {
            self.opened = change.time;
        }
    }
}

const fn rate_of(event: &Event, time: BlockTime) -> Option<FundingRate> {
    match *event {
        Event::FundingRate { market, rate, premium, oracle } => {
            Some(FundingRate { market, time, rate, premium, oracle })
        }
        _ => None,
    }
}

/// The next possible key.
fn after(key: PositionKey) -> Option<PositionKey> {
    match key.market.0.checked_add(1) {
        Some(market) => Some(PositionKey { market: MarketId(market), ..key }),
        None => Some(PositionKey::first(AccountId(key.account.0.checked_add(1)?))),
    }
}
