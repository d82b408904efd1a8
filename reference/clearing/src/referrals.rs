//! Who referred whom, and what comes of it.

use crate::Clearing;
use crate::number::{Number, down, fraction, whole, zero};
use std::collections::{BTreeMap, BTreeSet};

/// Referrals, with everything that accounts have traded.
#[derive(Clone, Debug, Default)]
pub struct Referrals {
    /// Who may be named.
    pub referrers: BTreeSet<u32>,
    /// Who named whom.
    pub of: BTreeMap<u32, u32>,
    /// What may be claimed.
    pub owed: BTreeMap<u32, Number>,
    /// What each has traded.
    pub traded: BTreeMap<u32, Number>,
    /// The taker of the order that is being matched, with what it had traded before.
    pub taker: Option<(u32, Number)>,
}

impl Referrals {
    fn traded(&self, who: u32) -> Number {
        match &self.taker {
            Some((taker, traded)) if *taker == who => traded.clone(),
            _ => self.traded.get(&who).cloned().unwrap_or_else(zero),
        }
    }

    /// A rate less what a referred account saves, rounded up to a millionth.
    pub(crate) fn discounted(&self, who: u32, rate: &Number) -> Number {
        if !self.of.contains_key(&who) || self.traded(who) >= whole(25_000_000) {
            return rate.clone();
        }
        let millionths = rate * fraction(96, 100) * whole(1_000_000);
        millionths.ceil() / whole(1_000_000)
    }

    /// Notes a referrer's part of a fee, of which so much was kept.
    pub(crate) fn reward(&mut self, who: u32, fee: &Number, kept: &Number) {
        if self.traded(who) >= whole(1_000_000_000) {
            return;
        }
        if let Some(referrer) = self.of.get(&who) {
            let part = down(&(fee / whole(10)));
            let part = if part < *kept { part } else { kept.clone() };
            *self.owed.entry(*referrer).or_insert_with(zero) += part;
        }
    }
}

impl Clearing {
    fn is_sub_account(&self, who: u32) -> bool {
        self.trading.holders.contains_key(&who)
    }

    /// Lets an account be named that has traded enough.
    pub fn register(&mut self, who: u32) -> bool {
        let enough = self.referrals.traded(who) >= whole(10_000);
        !self.is_sub_account(who) && enough && self.referrals.referrers.insert(who)
    }

    /// Names a referrer.
    pub fn name_referrer(&mut self, who: u32, referrer: u32) -> bool {
        let known = self.referrals.referrers.contains(&referrer);
        let good =
            known && who != referrer && !self.is_sub_account(who) && !self.referrals.of.contains_key(&who);
        if good {
            self.referrals.of.insert(who, referrer);
        }
        good
    }

    /// Pays a referrer.
    pub fn claim(&mut self, who: u32) -> bool {
        let owed = self.referrals.owed.get(&who).cloned().unwrap_or_else(zero);
        if owed <= whole(1) {
            return false;
        }
        self.referrals.owed.remove(&who);
        self.fees -= &owed;
        *self.cash.entry(who).or_insert_with(zero) += owed;
        true
    }
}
