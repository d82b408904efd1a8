//! What a referral is worth: the discount, and the referrer's part of a fee.

use super::record::{Referral, Referrer};
use crate::fees::FeeRates;
use crate::records::Account;
use tandem_state::Table;
use tandem_state::index::Hashed;
use tandem_types::{AccountId, QuoteAtoms};

/// What a referred account pays less, in basis points of its fees.
pub const DISCOUNT_BPS: u16 = 400;
/// The volume from which on it pays as anyone.
pub const DISCOUNT_VOLUME_MAX: QuoteAtoms = QuoteAtoms(25_000_000 * ATOMS_PER_USD);
/// The volume from which on its referrer gets nothing more.
pub const REWARDS_VOLUME_MAX: QuoteAtoms = QuoteAtoms(1_000_000_000 * ATOMS_PER_USD);

/// The referrer gets one part in so many of a fee.
const FEE_PARTS: u64 = 10;
const ATOMS_PER_USD: u64 = 100_000_000;

/// How far a referral reaches at an account's volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nobody referred the account, or it has traded too much since.
    Nothing,
    /// The referrer gets a part of its fees.
    Rewards,
    /// It pays less as well.
    DiscountAndRewards,
}

impl Reach {
    pub(crate) const fn of(account: &Account) -> Self {
        if !account.referred || account.traded.0 >= REWARDS_VOLUME_MAX.0 {
            Self::Nothing
        } else if account.traded.0 >= DISCOUNT_VOLUME_MAX.0 {
            Self::Rewards
        } else {
            Self::DiscountAndRewards
        }
    }

    /// What an account with this reach pays where others pay `rates`.
    pub(crate) fn apply(self, rates: FeeRates) -> FeeRates {
        match self {
            Self::Nothing => rates,
            Self::Rewards => FeeRates { shared: true, ..rates },
            Self::DiscountAndRewards => FeeRates { shared: true, ..rates.less(DISCOUNT_BPS) },
        }
    }
}

/// Whether an account pays less because it was referred.
#[must_use]
pub fn is_discounted(account: &Account) -> bool {
    Reach::of(account) == Reach::DiscountAndRewards
}

/// The tables of rewards, apart from others.
pub(crate) struct Referrals<'a> {
    referrals: &'a mut Table<AccountId, Referral, Hashed<AccountId, Referral>>,
    referrers: &'a mut Table<AccountId, Referrer, Hashed<AccountId, Referrer>>,
}

/// Borrows the tables of rewards out of all.
macro_rules! referrals {
    ($tables:expr) => {
        $crate::referral::Referrals::new(&mut $tables.referrals, &mut $tables.referrers)
    };
}
pub(crate) use referrals;

impl<'a> Referrals<'a> {
    pub(crate) const fn new(
        referrals: &'a mut Table<AccountId, Referral, Hashed<AccountId, Referral>>,
        referrers: &'a mut Table<AccountId, Referrer, Hashed<AccountId, Referrer>>,
    ) -> Self {
        Self { referrals, referrers }
    }

    /// Sets aside the referrer's part of a fee that a referred account has paid.
    pub(crate) fn reward(&mut self, account: AccountId, paid: &PaidFee) -> Option<()> {
        let reward = paid.reward();
        let referrer = self.referrals.update(&account, |referral| {
            referral.fees = QuoteAtoms(referral.fees.0.saturating_add(paid.fee.0));
            referral.rewards = QuoteAtoms(referral.rewards.0.saturating_add(reward.0));
            referral.referrer
        })?;
        self.referrers.update(&referrer, |referrer| {
            referrer.unclaimed = QuoteAtoms(referrer.unclaimed.0.saturating_add(reward.0));
        })
    }
}

/// A fee in USD.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PaidFee {
    /// What was paid.
    pub(crate) fee: QuoteAtoms,
    /// What the treasury keeps of it: the rest went to a maker with a rebate.
    pub(crate) kept: QuoteAtoms,
}

impl PaidFee {
    /// The referrer's part, rounded down: against whoever receives it. Never more than the treasury keeps.
    fn reward(&self) -> QuoteAtoms {
        QuoteAtoms(self.fee.0.checked_div(FEE_PARTS).unwrap_or(0)).min(self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tandem_types::Address;

    const RATES: FeeRates = FeeRates { taker_ppm: 450, maker_ppm: 150, rebate_ppm: 0, shared: false };

    #[test]
    fn a_referral_reaches_as_far_as_the_volume_says() {
        let usd = |usd: u64| QuoteAtoms(usd * ATOMS_PER_USD);
        let less = |by: u64, amount: QuoteAtoms| QuoteAtoms(amount.0 - by);
        let rows = [
            (false, usd(0), 450, 150, false),
            (true, usd(0), 432, 144, true),
            (true, less(1, usd(25_000_000)), 432, 144, true),
            (true, usd(25_000_000), 450, 150, true),
            (true, less(1, usd(1_000_000_000)), 450, 150, true),
            (true, usd(1_000_000_000), 450, 150, false),
        ];
        for (referred, traded, taker_ppm, maker_ppm, shared) in rows {
            let account = Account { referred, traded, ..Account::new(Address::default()) };
            let found = Reach::of(&account).apply(RATES);
            assert_eq!(
                found,
                FeeRates { taker_ppm, maker_ppm, rebate_ppm: 0, shared },
                "{referred} {traded:?}"
            );
            assert_eq!(is_discounted(&account), taker_ppm == 432);
        }
    }

    #[test]
    fn a_reward_is_a_tenth_of_the_fee_and_no_more_than_what_is_kept() {
        for (fee, kept, expected) in [
            (0, 0, 0),
            (9, 9, 0),
            (10, 10, 1),
            (19, 19, 1),
            (100, 11, 10),
            (100, 9, 9),
            (100, 0, 0),
            (u64::MAX, u64::MAX, u64::MAX / 10),
        ] {
            let paid = PaidFee { fee: QuoteAtoms(fee), kept: QuoteAtoms(kept) };
            assert_eq!(paid.reward(), QuoteAtoms(expected), "{fee} {kept}");
        }
    }

    proptest! {
        #[test]
        fn a_referral_never_raises_a_rate(taker_ppm in 0u32..60_000, maker_ppm in 0u32..60_000, rebate_ppm: u32) {
            let rates = FeeRates { taker_ppm, maker_ppm, rebate_ppm, shared: false };
            let found = Reach::DiscountAndRewards.apply(rates);
            prop_assert!(found.taker_ppm <= taker_ppm && found.maker_ppm <= maker_ppm);
            prop_assert!(u64::from(found.taker_ppm) * 100 >= u64::from(taker_ppm) * 96);
            prop_assert_eq!(found.rebate_ppm, rebate_ppm);
        }
    }
}
