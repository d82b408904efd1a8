//! What accounts were worth over time, what they traded, and what they put in and took out: samples, thinned with age.
//!
//! Values aren't in blocks: whoever feeds the index is told who is to be valued ([`Portfolios::due`]) and says of each
//! ([`Portfolios::sample`]). That is everybody whenever a half hour of block time has passed, and an account as soon as
//! it is followed. Followed are accounts that hold positions when the index begins, and those that have traded or moved
//! money since; beyond [`PORTFOLIOS_KEPT`] who has been idle the longest is forgotten. All samples are kept for a day; of
//! every four hours the last for a week, of a day for a month, of a week for two years; and an account's first.

use crate::block::TradeRow;
use crate::candles::DAY_MS;
use crate::ledger::{LedgerEntry, LedgerRow};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::{Add, Sub};
use tandem_exchange::perp::is_perpetual;
use tandem_types::{AccountId, BlockTime, TokenAtoms, TokenId};

/// Accounts followed.
pub const PORTFOLIOS_KEPT: usize = 5_000;
/// Milliseconds from one sample to the next.
pub const SAMPLE_MS: u64 = 1_800_000;

/// The last sample of such a time is kept for how long, in milliseconds.
const KEPT_FOR: [(u64, u64); 3] =
    [(4 * 3_600_000, 7 * DAY_MS), (DAY_MS, 30 * DAY_MS), (7 * DAY_MS, 728 * DAY_MS)];

/// Quote atoms of a whole account, and of its perpetual side alone. They stop at the ends of their range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    /// Spot balances included.
    pub all: i64,
    /// Collateral and positions.
    pub perpetual: i64,
}

impl Money {
    /// Quote atoms on the perpetual side.
    #[must_use]
    pub fn perpetual(atoms: i128) -> Self {
        let atoms = clamped(atoms);
        Self { all: atoms, perpetual: atoms }
    }

    /// Quote atoms elsewhere.
    #[must_use]
    pub fn spot(atoms: i128) -> Self {
        Self { all: clamped(atoms), perpetual: 0 }
    }
}

fn clamped(atoms: i128) -> i64 {
    i64::try_from(atoms).unwrap_or(if atoms < 0 { i64::MIN } else { i64::MAX })
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (all, perpetual) = (self.all, self.perpetual);
        Self { all: all.saturating_add(other.all), perpetual: perpetual.saturating_add(other.perpetual) }
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        let (all, perpetual) = (self.all, self.perpetual);
        Self { all: all.saturating_sub(other.all), perpetual: perpetual.saturating_sub(other.perpetual) }
    }
}

/// What an account was worth at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When, in milliseconds.
    pub time: u64,
    /// What it was worth.
    pub value: Money,
    /// What had been put in by then, less what had been taken out.
    pub flow: Money,
    /// What it had traded by then.
    pub volume: Money,
}

/// An account that is followed.
#[derive(Clone, Debug, Default)]
struct Portfolio {
    flow: Money,
    volume: Money,
    samples: VecDeque<Sample>,
    /// When it was last active, by [`Portfolios::clock`].
    active: u64,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Portfolios {
    followed: HashMap<AccountId, Portfolio>,
    /// The followed, the longest idle first.
    idle: BTreeMap<u64, AccountId>,
    clock: u64,
    /// The last full half hour that was sampled.
    sampled: u64,
    /// Who has no sample yet.
    new: Vec<AccountId>,
}

impl Portfolios {
    pub(crate) fn of(holders: impl Iterator<Item = AccountId>, now: BlockTime) -> Self {
        let mut portfolios = Self { sampled: half_hour(now.0), ..Self::default() };
        for account in holders {
            portfolios.touch(account);
        }
        portfolios
    }

    /// Takes over what was learnt of the past: nobody's value is known there.
    pub(crate) fn set_past(&mut self, past: Self) {
        let mut known: Vec<(u64, AccountId)> = past.idle.into_iter().collect();
        known.sort_unstable();
        let mut accounts = past.followed;
        for (_, account) in known {
            let Some(past) = accounts.remove(&account) else { continue };
            let portfolio = self.touch(account);
            portfolio.flow = portfolio.flow + past.flow;
            portfolio.volume = portfolio.volume + past.volume;
        }
    }

    /// Follows a trade.
    pub(crate) fn trade(&mut self, row: &TradeRow, notional: u128) {
        let atoms = i128::try_from(notional).unwrap_or(i128::MAX);
        let traded =
            if is_perpetual(row.trade.market) { Money::perpetual(atoms) } else { Money::spot(atoms) };
        for account in [row.trade.taker, row.trade.maker] {
            let portfolio = self.touch(account);
            portfolio.volume = portfolio.volume + traded;
        }
    }

    /// Follows what moved between accounts. `value` says what an amount of a token is worth.
    pub(crate) fn transfer(&mut self, row: &LedgerRow, value: impl Fn(TokenId, TokenAtoms) -> i128) {
        let (from, to, moved) = match row.entry {
            LedgerEntry::SpotTransfer { from, to, token, amount, .. } => {
                (from, to, Money::spot(value(token, amount)))
            }
            LedgerEntry::UsdTransfer { from, to, amount, .. }
            | LedgerEntry::SubAccountTransfer { from, to, amount } => {
                (from, to, Money::perpetual(i128::from(amount.0)))
            }
            LedgerEntry::ClassTransfer { account, to_perp } => {
                let portfolio = self.touch(account);
                portfolio.flow = portfolio.flow + Money { all: 0, perpetual: to_perp.0 };
                return;
            }
            LedgerEntry::VaultDeposit { vault, account, amount, .. } => {
                (account, vault, Money::perpetual(i128::from(amount.0)))
            }
            LedgerEntry::VaultWithdrawal { paid, .. } => {
                let received = paid.amount.0.saturating_sub(paid.commission.0);
                (paid.vault, paid.account, Money::perpetual(i128::from(received)))
            }
            // What an account costs is a loss, what others' fees bring a gain.
            LedgerEntry::ActivationFee { .. } | LedgerEntry::RewardsClaimed { .. } => return,
        };
        let sender = self.touch(from);
        sender.flow = sender.flow - moved;
        let receiver = self.touch(to);
        receiver.flow = receiver.flow + moved;
    }

    /// The portfolio of an account that is active now. Who has been idle the longest makes room.
    fn touch(&mut self, account: AccountId) -> &mut Portfolio {
        self.clock += 1;
        match self.followed.get(&account) {
            Some(known) => drop(self.idle.remove(&known.active)),
            None => {
                self.make_room();
                self.new.push(account);
            }
        }
        self.idle.insert(self.clock, account);
        let portfolio = self.followed.entry(account).or_default();
        portfolio.active = self.clock;
        portfolio
    }

    fn make_room(&mut self) {
        while self.followed.len() >= PORTFOLIOS_KEPT
            && let Some((_, idle)) = self.idle.pop_first()
        {
            self.followed.remove(&idle);
            self.new.retain(|account| *account != idle);
        }
    }

    /// Who is to be valued at `now`: everybody if a half hour is over, else those who have no sample yet.
    #[must_use]
    pub fn due(&self, now: BlockTime) -> Vec<AccountId> {
        if half_hour(now.0) > self.sampled { self.idle.values().copied().collect() } else { self.new.clone() }
    }

    /// Takes the values of those who are due at `now`; samples of all are dated on the half hour.
    pub(crate) fn sample(&mut self, now: BlockTime, values: &[(AccountId, Money)]) {
        let half_hour = half_hour(now.0);
        let is_of_all = half_hour > self.sampled;
        let time = if is_of_all { half_hour } else { now.0 };
        for (account, value) in values {
            if let Some(portfolio) = self.followed.get_mut(account) {
                portfolio.sample(time, *value);
            }
        }
        self.sampled = self.sampled.max(half_hour);
        self.new.clear();
    }

    /// The samples of an account, the earliest first, then how it stands at `now` with this `value`.
    #[must_use]
    pub fn history(&self, account: AccountId, now: BlockTime, value: Money) -> Vec<Sample> {
        let portfolio = self.followed.get(&account);
        let (flow, volume) = portfolio.map(|known| (known.flow, known.volume)).unwrap_or_default();
        let samples = portfolio.into_iter().flat_map(|known| &known.samples).copied();
        samples.chain([Sample { time: now.0, value, flow, volume }]).collect()
    }
}

impl Portfolio {
    fn sample(&mut self, time: u64, value: Money) {
        let (flow, volume) = (self.flow, self.volume);
        self.samples.push_back(Sample { time, value, flow, volume });
        self.thin(time);
    }

    /// Forgets what is too fine for its age. The last sample is as old as `now`.
    fn thin(&mut self, now: u64) {
        let mut kept = VecDeque::with_capacity(self.samples.len());
        let mut after = u64::MAX;
        while let Some(sample) = self.samples.pop_back() {
            if self.samples.is_empty() || is_kept(sample.time, after, now) {
                after = sample.time;
                kept.push_front(sample);
            }
        }
        self.samples = kept;
    }
}

const fn half_hour(time: u64) -> u64 {
    time - time % SAMPLE_MS
}

/// Whether a sample that isn't the first is kept at `now`, where the one after it is of the time `after`.
fn is_kept(time: u64, after: u64, now: u64) -> bool {
    let age = now.saturating_sub(time);
    age <= DAY_MS || KEPT_FOR.iter().any(|(step, kept)| time / step != after / step && age <= *kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_types::{QuoteAtoms, TxId, Usd};

    const START: u64 = 19_600 * DAY_MS;

    fn value(atoms: i128) -> Money {
        Money::perpetual(atoms)
    }

    fn usd(from: u32, to: u32, amount: u64) -> LedgerRow {
        let (from, to) = (AccountId(from), AccountId(to));
        let entry = LedgerEntry::UsdTransfer { from, to, amount: QuoteAtoms(amount), fee: TokenAtoms::ZERO };
        LedgerRow { time: BlockTime(0), tx: TxId::default(), entry }
    }

    #[test]
    fn samples_thin_with_age_and_stay_bounded() {
        let mut portfolios = Portfolios::of([AccountId(1)].into_iter(), BlockTime(START + 5));
        assert_eq!(portfolios.due(BlockTime(START + 5)), [AccountId(1)]);
        portfolios.sample(BlockTime(START + 5), &[(AccountId(1), value(7))]);
        assert_eq!(portfolios.due(BlockTime(START + SAMPLE_MS - 1)), []);
        let end = START + 800 * DAY_MS;
        let mut now = START;
        while now < end {
            now += SAMPLE_MS;
            let due = portfolios.due(BlockTime(now + 3));
            assert_eq!(due, [AccountId(1)]);
            portfolios.sample(BlockTime(now + 3), &[(AccountId(1), value(i128::from(now)))]);
        }
        let history = portfolios.history(AccountId(1), BlockTime(end + 4), value(9));
        let within = |days: u64| history.iter().filter(|row| row.time + days * DAY_MS >= end).count() - 1;
        // Both ends of the day are counted. The weeks begin on a Thursday, which the month's end isn't.
        assert_eq!([within(1), within(7), within(30)], [49, 49 + 36, 49 + 36 + 23]);
        assert_eq!(history.first().map(|row| row.time), Some(START + 5));
        assert!((49 + 36 + 23 + 99..49 + 36 + 23 + 104).contains(&within(10_000)), "{}", within(10_000));
        assert!(history.windows(2).all(|pair| pair[0].time < pair[1].time));
        assert_eq!(history.last().map(|row| (row.time, row.value)), Some((end + 4, value(9))));
    }

    #[test]
    fn who_is_idle_the_longest_makes_room() {
        let mut portfolios = Portfolios::default();
        for account in 0..u32::try_from(PORTFOLIOS_KEPT).unwrap() {
            portfolios.touch(AccountId(account));
        }
        portfolios.touch(AccountId(0));
        portfolios.touch(AccountId(1_000_000));
        assert_eq!((portfolios.followed.len(), portfolios.idle.len()), (PORTFOLIOS_KEPT, PORTFOLIOS_KEPT));
        assert_eq!(portfolios.new.len(), PORTFOLIOS_KEPT);
        assert!(
            portfolios.followed.contains_key(&AccountId(0))
                && !portfolios.followed.contains_key(&AccountId(1))
        );
    }

    #[test]
    fn what_moves_is_flow_and_sums_to_nothing() {
        let mut portfolios = Portfolios::default();
        portfolios.transfer(&usd(1, 2, 50), |_, _| 0);
        let (from, to, token) = (AccountId(2), AccountId(1), TokenId(3));
        let entry = LedgerEntry::SpotTransfer { from, to, token, amount: TokenAtoms(4), fee: TokenAtoms(1) };
        portfolios.transfer(&LedgerRow { entry, ..usd(0, 0, 0) }, |_, amount| i128::from(amount.0) * 10);
        let entry = LedgerEntry::ClassTransfer { account: AccountId(2), to_perp: Usd(-30) };
        portfolios.transfer(&LedgerRow { entry, ..usd(0, 0, 0) }, |_, _| 0);
        let flow = |account| portfolios.history(AccountId(account), BlockTime(1), Money::default())[0].flow;
        assert_eq!(flow(1), Money { all: -10, perpetual: -50 });
        assert_eq!(flow(2), Money { all: 10, perpetual: 20 });
        let unknown = portfolios.history(AccountId(9), BlockTime(1), value(3));
        assert_eq!((unknown.len(), unknown[0].flow), (1, Money::default()));
    }
}
