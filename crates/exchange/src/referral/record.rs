//! What is remembered of referrals.

use crate::short_text::short_text;
use tandem_types::{AccountId, BlockTime, QuoteAtoms};

/// Longest referral code: Hyperliquid's.
pub const REFERRAL_CODE_MAX: usize = 20;

short_text! {
    /// A referral code: 1 to [`REFERRAL_CODE_MAX`] upper-case letters and digits.
    ReferralCode[REFERRAL_CODE_MAX],
    |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit(),
    "referral code"
}

/// An account that refers others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// Its code.
    pub code: ReferralCode,
    /// How many it has referred.
    pub referees: u32,
    /// What it may claim.
    pub unclaimed: QuoteAtoms,
    /// What it has claimed so far.
    pub claimed: QuoteAtoms,
}
tandem_codec::record!(Referrer { code, referees, unclaimed, claimed });

/// By whom an account was referred, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referral {
    /// Its referrer.
    pub referrer: AccountId,
    /// Since when.
    pub since: BlockTime,
    /// The fees that it has paid since of which the referrer got a part.
    pub fees: QuoteAtoms,
    /// The referrer's part of them.
    pub rewards: QuoteAtoms,
}
tandem_codec::record!(Referral { referrer, since, fees, rewards });

/// An account, by who referred it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefereeKey {
    /// Who referred.
    pub referrer: AccountId,
    /// Whom.
    pub referee: AccountId,
}
tandem_codec::record!(RefereeKey { referrer, referee });
tandem_state::keys!(RefereeKey: 8);

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_codec::{Decode, Encode};

    #[test]
    fn codes_have_one_to_twenty_capital_letters_and_digits() {
        for (code, good) in [
            ("A", true),
            ("TANDEM2026", true),
            ("ABCDEFGHIJKLMNOPQRST", true),
            ("", false),
            ("ABCDEFGHIJKLMNOPQRSTU", false),
            ("tandem", false),
            ("TAN DEM", false),
            ("TAN-DEM", false),
            ("ÄÄ", false),
        ] {
            let found = ReferralCode::new(code);
            assert_eq!(found.is_some(), good, "{code:?}");
            let bytes = code.as_bytes().to_bytes();
            assert_eq!(ReferralCode::from_bytes(&bytes).ok(), found, "{code:?}");
            assert!(
                found.is_none_or(|found| found.as_str() == code && found.to_bytes() == bytes),
                "{code:?}"
            );
        }
    }
}
