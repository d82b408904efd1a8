//! What has been traded, day by day, and the rates that follow on a day.

use super::day::{DAYS, DayVolume, Role, VolumeDay, day_of};
use super::rates::{FeeRates, FeeStanding, Today};
use super::schedule::{FeeSchedule, FeeTier, Rates};
use crate::records::Account;
use crate::referral::{PaidFee, Reach, Referrals};
use crate::tables::ExchangeTables;
use alloc::vec::Vec;
use tandem_coprocessor::BlockContext;
use tandem_state::Table;
use tandem_state::index::{Hashed, Ordered};
use tandem_types::{AccountId, BlockTime, QuoteAtoms};

const ATOMS_PER_MICRO: u64 = 100;

/// The table of accounts.
type Accounts = Table<AccountId, Account, Hashed<AccountId, Account>>;

/// What each account has traded on earlier days.
type Days = Table<VolumeDay, DayVolume, Ordered<VolumeDay, DayVolume>>;
/// What all have traded.
type ExchangeDays = Table<u32, u64, Ordered<u32, u64>>;
/// What stakes take off fees.
type Discounts = Table<AccountId, u16, Ordered<AccountId, u16>>;

/// The tables of volumes, apart from others, and what is the same for all fills of an order.
pub(crate) struct Fees<'a> {
    days: &'a mut Days,
    exchange_days: &'a mut ExchangeDays,
    discounts: &'a mut Discounts,
    referrals: Referrals<'a>,
    schedule: FeeSchedule,
    /// What whoever has no tier pays.
    base: Rates,
    kind: Kind,
    today: u32,
    /// What the order has traded so far, in 10^-6 USD, spot counted double.
    traded: u64,
}

/// On what kind of market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Spot,
    Perpetual,
}

impl Kind {
    const fn of(self, tier: &FeeTier) -> Rates {
        match self {
            Self::Spot => tier.spot,
            Self::Perpetual => tier.perp,
        }
    }

    /// How often volume counts.
    const fn weight(self) -> u64 {
        match self {
            Self::Spot => 2,
            Self::Perpetual => 1,
        }
    }
}

/// Borrows the tables of volumes out of all.
macro_rules! fees {
    ($tables:expr, $kind:ident, $base:expr, $config:expr, $block:expr) => {
        $crate::fees::Fees::new(
            (&mut $tables.volume_days, &mut $tables.exchange_days, &mut $tables.fee_discounts),
            $crate::referral::referrals!($tables),
            $crate::fees::Kind::$kind,
            ($base, $config.fees),
            $crate::fees::day_of($block.time),
        )
    };
}
pub(crate) use fees;

impl<'a> Fees<'a> {
    pub(crate) const fn new(
        (days, exchange_days, discounts): (&'a mut Days, &'a mut ExchangeDays, &'a mut Discounts),
        referrals: Referrals<'a>,
        kind: Kind,
        (base, schedule): (Rates, FeeSchedule),
        today: u32,
    ) -> Self {
        Self { days, exchange_days, discounts, referrals, schedule, base, kind, today, traded: 0 }
    }

    /// What an account pays today.
    pub(crate) fn rates(&mut self, accounts: &mut Accounts, account: AccountId) -> FeeRates {
        let (reach, (payer, today)) = payer(accounts, account);
        let standing = if today.day == self.today { today.standing } else { self.assess(payer, &today) };
        reach.apply(standing.rates(&self.schedule, self.base, |tier| self.kind.of(tier)))
    }

    /// Where an account stands today that last traded on an earlier day.
    fn assess(&mut self, account: AccountId, last: &Today) -> FeeStanding {
        let first = self.today.saturating_sub(DAYS);
        let mut own = if last.day >= first { last.volume } else { DayVolume::ZERO };
        let (mut from, to) = (VolumeDay { account, day: first }, VolumeDay { account, day: self.today });
        while let Some((key, volume)) = self.days.first(&from, &to) {
            own = own.plus(*volume);
            from.day = key.day.saturating_add(1);
        }
        let mut all = 0u64;
        for day in first..self.today {
            all = all.saturating_add(self.exchange_days.get(&day).copied().unwrap_or(0));
        }
        let discount_bps = self.discounts.get(&account).copied().unwrap_or(0);
        FeeStanding::new(&self.schedule, own, all, discount_bps)
    }

    /// Sets aside what is due to the referrer of whoever paid a fee in USD at these rates.
    pub(crate) fn share(&mut self, rates: FeeRates, account: AccountId, paid: &PaidFee) -> Option<()> {
        let due = rates.shared && !paid.fee.is_zero();
        if due { self.referrals.reward(account, paid) } else { Some(()) }
    }

    /// Counts what an account has traded: for its budget, and for the tier that its sub-accounts share.
    pub(crate) fn add(
        &mut self,
        accounts: &mut Accounts,
        account: AccountId,
        notional: QuoteAtoms,
        role: Role,
    ) -> Option<()> {
        let micros = notional.0.checked_div(ATOMS_PER_MICRO).unwrap_or(0).saturating_mul(self.kind.weight());
        if role == Role::Taker {
            self.traded = self.traded.saturating_add(micros);
        }
        let today = self.today;
        let done = accounts.update(&account, |account| {
            account.traded = QuoteAtoms(account.traded.0.saturating_add(notional.0));
            let here = account.control.tier_holder().is_none() && account.today.day == today;
            if here {
                account.today.volume.add(role, micros);
            }
            here
        })?;
        if done {
            return Some(());
        }
        let (_, (holder, last)) = payer(accounts, account);
        let mut today = if last.day == today { last } else { self.turn(holder, &last) };
        today.volume.add(role, micros);
        accounts.update(&holder, |account| account.today = today)
    }

    /// Puts the last day on which an account traded behind it, and works out where it stands today. At most
    /// [`DAYS`] days are kept of each.
    fn turn(&mut self, account: AccountId, last: &Today) -> Today {
        let standing = self.assess(account, last);
        let first = VolumeDay { account, day: self.today.saturating_sub(DAYS) };
        while let Some((old, _)) = self.days.first(&VolumeDay { account, day: 0 }, &first) {
            if old == first {
                break;
            }
            self.days.remove(&old);
        }
        if last.day >= first.day && last.volume != DayVolume::ZERO {
            self.days.put(VolumeDay { account, day: last.day }, last.volume);
        }
        Today { day: self.today, volume: DayVolume::ZERO, standing }
    }

    /// What the order has traded so far, in 10^-6 USD, spot counted double.
    pub(crate) const fn traded(&self) -> u64 {
        self.traded
    }
}

/// Counts what an order has traded to what all have, once it is matched. Days that count no more are forgotten.
pub(crate) fn count_trades(tables: &mut ExchangeTables, block: BlockContext, traded: u64) {
    let (days, today) = (&mut tables.exchange_days, day_of(block.time));
    if days.update(&today, |all| *all = all.saturating_add(traded)).is_some() {
        return;
    }
    let first = today.saturating_sub(DAYS);
    while let Some((old, _)) = days.first(&0, &first) {
        if old == first {
            break;
        }
        days.remove(&old);
    }
    days.put(today, traded);
}

/// How far an account's own referral reaches; whose tier it shares, and what stands there of the last day on which that
/// account traded.
fn payer(accounts: &mut Accounts, account: AccountId) -> (Reach, (AccountId, Today)) {
    let Some(found) = accounts.get(&account) else { return (Reach::Nothing, (account, Today::NEVER)) };
    let (reach, today) = (Reach::of(found), found.today);
    let holder = match found.control.tier_holder() {
        None => (account, today),
        Some(holder) => (holder, accounts.get(&holder).map_or(Today::NEVER, |holder| holder.today)),
    };
    (reach, holder)
}

/// What is known of an account's volume and fees, for readers outside of the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeeState {
    /// Where it stands.
    pub standing: FeeStanding,
    /// What it has traded in each of the last days and today, where it has, the earliest first.
    pub days: Vec<(u32, DayVolume)>,
}

/// An account's volumes and where it stands at a time, for readers outside of the rules.
#[must_use]
pub fn fee_state(tables: &ExchangeTables, account: AccountId, now: BlockTime) -> FeeState {
    let (now, record) = (day_of(now), |account| tables.accounts.peek(&account));
    let holder = record(account).and_then(|account| account.control.tier_holder()).unwrap_or(account);
    let today = record(holder).map_or(Today::NEVER, |account| account.today);
    let first = now.saturating_sub(DAYS);
    let kept = (first..now).filter_map(|day| {
        let kept = tables.volume_days.peek(&VolumeDay { account: holder, day }).copied();
        let last = (today.day == day).then_some(today.volume);
        kept.or(last).map(|volume| (day, volume))
    });
    let mut days: Vec<_> = kept.collect();
    let own = days.iter().fold(DayVolume::ZERO, |sum, (_, volume)| sum.plus(*volume));
    let all = (first..now).filter_map(|day| tables.exchange_days.peek(&day));
    let all = all.fold(0u64, |sum, volume| sum.saturating_add(*volume));
    let schedule = tables.config.peek(&()).map_or_else(FeeSchedule::default, |config| config.fees);
    let discount_bps = tables.fee_discounts.peek(&holder).copied().unwrap_or(0);
    let standing =
        if today.day == now { today.standing } else { FeeStanding::new(&schedule, own, all, discount_bps) };
    if today.day == now {
        days.push((now, today.volume));
    }
    FeeState { standing, days }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_types::Address;

    const BASE: Rates = Rates { taker_ppm: 450, maker_ppm: 150 };

    /// What an account pays on a day, and what it pays after it has traded on it.
    fn rates_around_a_trade(tables: &mut ExchangeTables, today: u32) -> [FeeRates; 2] {
        let days = (&mut tables.volume_days, &mut tables.exchange_days, &mut tables.fee_discounts);
        let referrals = crate::referral::referrals!(tables);
        let mut fees = Fees::new(days, referrals, Kind::Perpetual, (BASE, FeeSchedule::default()), today);
        let account = AccountId(1);
        let before = fees.rates(&mut tables.accounts, account);
        fees.add(&mut tables.accounts, account, QuoteAtoms(1_000), Role::Taker).unwrap();
        [before, fees.rates(&mut tables.accounts, account)]
    }

    #[test]
    fn a_discount_is_looked_up_once_a_day() {
        let mut tables = ExchangeTables::default();
        tables.accounts.put(AccountId(1), Account::new(Address::default()));
        let pays =
            |taker_ppm, maker_ppm| [FeeRates { taker_ppm, maker_ppm, rebate_ppm: 0, shared: false }; 2];
        assert_eq!(rates_around_a_trade(&mut tables, 20_000), pays(450, 150));
        tables.fee_discounts.put(AccountId(1), 2_000);
        assert_eq!(rates_around_a_trade(&mut tables, 20_000), pays(450, 150));
        assert_eq!(rates_around_a_trade(&mut tables, 20_001), pays(360, 120));
        tables.fee_discounts.put(AccountId(1), 10_001);
        assert_eq!(rates_around_a_trade(&mut tables, 20_002), pays(0, 0));
        let today = tables.accounts.peek(&AccountId(1)).unwrap().today;
        assert_eq!((today.day, today.volume), (20_002, DayVolume { taker: 10, maker: 0 }));
    }
}
