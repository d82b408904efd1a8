//! Registering a code, naming one, and claiming what came of it.

use super::record::{RefereeKey, Referral, ReferralCode, Referrer};
use crate::Rejection;
use crate::ledger::{self, QUOTE, TREASURY};
use crate::receipt::{Event, ItemStatus};
use crate::records::{Account, Control};
use crate::session::Session;
use crate::tables::CodeKey;
use tandem_coprocessor::Work;
use tandem_types::QuoteAtoms;

/// Work of an action about referrals.
pub const REFERRAL_WORK: Work = Work(5_000);
/// What an account must have traded before it registers a code: 10,000 USD.
pub const REFERRER_VOLUME_MIN: QuoteAtoms = QuoteAtoms(1_000_000_000_000);
/// Rewards are claimed once they are more than this: 1 USD.
pub const REWARDS_MIN: QuoteAtoms = QuoteAtoms(100_000_000);

impl Session<'_, '_> {
    /// Executes a `registerReferrer`.
    pub(crate) fn register_referrer(&mut self, code: &str) -> Result<ItemStatus, Rejection> {
        self.meter.charge(REFERRAL_WORK)?;
        let own = self.with_key()?;
        let code = ReferralCode::new(code).ok_or(Rejection::ReferralCode)?;
        if self.tables.referrers.contains(&self.account) {
            return Err(Rejection::ReferrerRegistered);
        }
        if own.traded < REFERRER_VOLUME_MIN {
            return Err(Rejection::ReferrerVolume);
        }
        let key = CodeKey::of(&code);
        if self.tables.referral_codes.contains(&key) {
            return Err(Rejection::ReferralCodeTaken);
        }
        // From here it succeeds.
        let (unclaimed, claimed) = (QuoteAtoms::ZERO, QuoteAtoms::ZERO);
        self.tables.referrers.put(self.account, Referrer { code, referees: 0, unclaimed, claimed });
        self.tables.referral_codes.put(key, self.account);
        Ok(ItemStatus::Done)
    }

    /// Executes a `setReferrer`.
    pub(crate) fn set_referrer(&mut self, code: &str) -> Result<ItemStatus, Rejection> {
        self.meter.charge(REFERRAL_WORK)?;
        let own = self.with_key()?;
        let code = ReferralCode::new(code).ok_or(Rejection::ReferralCode)?;
        let referrer = self.tables.referral_codes.get(&CodeKey::of(&code)).copied();
        let referrer = referrer.ok_or(Rejection::UnknownReferralCode)?;
        if referrer == self.account {
            return Err(Rejection::SelfReferral);
        }
        if own.referred {
            return Err(Rejection::ReferrerSet);
        }
        // From here it succeeds.
        let (referee, since) = (self.account, self.block.time);
        let (fees, rewards) = (QuoteAtoms::ZERO, QuoteAtoms::ZERO);
        self.tables.accounts.update(&referee, |account| account.referred = true);
        self.tables.referrals.put(referee, Referral { referrer, since, fees, rewards });
        self.tables.referees.put(RefereeKey { referrer, referee }, ());
        self.tables.referrers.update(&referrer, |referrer| {
            referrer.referees = referrer.referees.saturating_add(1);
        });
        Ok(ItemStatus::Done)
    }

    /// Executes a `claimRewards`: pays them out of the treasury's balance, where they have been since they were earned.
    pub(crate) fn claim_rewards(&mut self) -> Result<ItemStatus, Rejection> {
        self.meter.charge(REFERRAL_WORK)?;
        let account = self.account;
        let unclaimed = self.tables.referrers.get(&account).map_or(QuoteAtoms::ZERO, |own| own.unclaimed);
        if unclaimed <= REWARDS_MIN {
            return Err(Rejection::RewardsTooSmall);
        }
        let amount = unclaimed.to_token_atoms();
        ledger::transfer(self.tables, TREASURY, account, QUOTE, amount)?;
        // From here it succeeds.
        self.tables.referrers.update(&account, |own| {
            own.claimed = QuoteAtoms(own.claimed.0.saturating_add(unclaimed.0));
            own.unclaimed = QuoteAtoms::ZERO;
        });
        self.events.push(Event::RewardsClaimed { account, amount });
        Ok(ItemStatus::Done)
    }

    /// The account, which must be one that refers and is referred.
    fn with_key(&mut self) -> Result<Account, Rejection> {
        let own = *self.tables.accounts.get(&self.account).ok_or(Rejection::Inactive)?;
        match own.control {
            Control::Key { .. } => Ok(own),
            Control::SubAccount { .. } | Control::Vault { .. } => Err(Rejection::ReferralAccount),
        }
    }
}
