//! Referrals: what is done with them in few words, and what must hold of them.

use crate::invariants::rows;
use std::collections::BTreeMap;
use tandem_exchange::action::Action;
use tandem_exchange::referral::{RefereeKey, Referral, Referrer};
use tandem_exchange::{Account, BalanceKey, CodeKey, Control, ExchangeTables, QUOTE, TREASURY};
use tandem_types::AccountId;

/// Registers a code.
#[must_use]
pub fn register_referrer(code: &str) -> Action {
    Action::RegisterReferrer(code.into())
}

/// Names the code of a referrer.
#[must_use]
pub fn set_referrer(code: &str) -> Action {
    Action::SetReferrer(code.into())
}

/// Checks that referrers, their codes and those whom they referred agree about each other, that what is claimed and
/// unclaimed is what was earned, and that the treasury has what may be claimed.
pub(crate) fn assert_referrals(tables: &ExchangeTables) {
    let accounts: BTreeMap<AccountId, Account> = rows(&tables.accounts).into_iter().collect();
    let referrers = rows::<AccountId, Referrer>(&tables.referrers);
    let mut codes: Vec<_> =
        referrers.iter().map(|(account, own)| (CodeKey::of(&own.code), *account)).collect();
    codes.sort();
    assert_eq!(rows::<CodeKey, AccountId>(&tables.referral_codes), codes, "codes");
    let referrals = rows::<AccountId, Referral>(&tables.referrals);
    let mut earned: BTreeMap<AccountId, (u32, u64)> = BTreeMap::new();
    let mut listed = Vec::new();
    for (referee, referral) in &referrals {
        assert_ne!(*referee, referral.referrer, "nobody refers itself");
        assert!(matches!(accounts[referee].control, Control::Key { .. }), "{referee}");
        assert!(referral.rewards.0 <= referral.fees.0 / 10, "{referee} {referral:?}");
        let (referees, rewards) = earned.entry(referral.referrer).or_default();
        (*referees, *rewards) = (*referees + 1, *rewards + referral.rewards.0);
        listed.push((RefereeKey { referrer: referral.referrer, referee: *referee }, ()));
    }
    listed.sort();
    assert_eq!(rows::<RefereeKey, ()>(&tables.referees), listed, "referees by referrer");
    let mut referred: Vec<AccountId> = referrals.iter().map(|(account, _)| *account).collect();
    referred.sort();
    let flagged = accounts.iter().filter(|(_, account)| account.referred).map(|(account, _)| *account);
    assert_eq!(flagged.collect::<Vec<_>>(), referred, "flags");
    let mut owed = 0;
    for (account, own) in referrers {
        let found = (own.referees, own.unclaimed.0 + own.claimed.0);
        assert_eq!(found, earned.remove(&account).unwrap_or_default(), "referrer {account}");
        owed += own.unclaimed.0;
    }
    assert!(earned.is_empty(), "rewards of no referrer: {earned:?}");
    let treasury = tables.balances.peek(&BalanceKey { account: TREASURY, token: QUOTE });
    assert!(treasury.map_or(0, |balance| balance.total.0) >= owed, "the treasury owes {owed}");
}
