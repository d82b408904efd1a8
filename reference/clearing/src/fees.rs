//! Fees by volume: every day's volume is kept, and summed anew for each trade.

use crate::Clearing;
use crate::number::{Number, zero};
use std::collections::BTreeMap;

/// Days before the present one whose volume counts.
const DAYS: u64 = 14;

/// What trading costs.
#[derive(Clone, Debug)]
pub struct Fees {
    /// Rates of taker and maker without any tier.
    pub base: (Number, Number),
    /// Volumes above which other rates hold, the lowest first.
    pub tiers: Vec<(Number, (Number, Number))>,
    /// Parts of all volume above which makers receive something, the lowest first.
    pub rebates: Vec<(Number, Number)>,
    /// Whose tier somebody shares.
    pub holders: BTreeMap<u32, u32>,
    /// Days since the Unix epoch.
    pub today: u64,
    /// What was taken and made, by day and holder.
    pub volumes: BTreeMap<(u64, u32), (Number, Number)>,
}

impl Default for Fees {
    fn default() -> Self {
        Self {
            base: (zero(), zero()),
            tiers: Vec::new(),
            rebates: Vec::new(),
            holders: BTreeMap::new(),
            today: 0,
            volumes: BTreeMap::new(),
        }
    }
}

impl Fees {
    fn holder(&self, who: u32) -> u32 {
        self.holders.get(&who).copied().unwrap_or(who)
    }

    /// Rates of taker, maker and rebate.
    pub(crate) fn rates(&self, who: u32) -> (Number, Number, Number) {
        let who = self.holder(who);
        let (mut own, mut made, mut all) = (zero(), zero(), zero());
        for ((day, holder), (taken, maker)) in &self.volumes {
            if *day >= self.today || *day + DAYS < self.today {
                continue;
            }
            all += taken;
            if *holder == who {
                own += taken + maker;
                made += maker;
            }
        }
        let tier = self.tiers.iter().rev().find(|(above, _)| own > *above).map(|(_, rates)| rates);
        let (taker, maker) = tier.unwrap_or(&self.base).clone();
        match self.rebates.iter().rev().find(|(part, _)| made > part * &all) {
            Some((_, rebate)) => (taker, zero(), rebate.clone()),
            None => (taker, maker, zero()),
        }
    }
}

impl Clearing {
    /// Notes a trade's notional for both sides.
    pub(crate) fn note_volume(&mut self, taker: u32, maker: u32, notional: &Number) {
        let none = || (zero(), zero());
        for who in [taker, maker] {
            *self.referrals.traded.entry(who).or_insert_with(zero) += notional;
        }
        let today = self.trading.today;
        let (taker, maker) = (self.trading.holder(taker), self.trading.holder(maker));
        self.trading.volumes.entry((today, taker)).or_insert_with(none).0 += notional;
        self.trading.volumes.entry((today, maker)).or_insert_with(none).1 += notional;
    }
}
