//! Referrals: who brings somebody gets a part of what the exchange earns by him, and he pays a little less.
//!
//! An account that has traded enough registers a code, once. Another names the code, once: it then pays 4 % less in fees
//! until it has traded 25 million USD, and a tenth of what it pays is set aside for its referrer until it has traded a
//! billion. Volume is the account's own notional, as it stands when an order meets the book (of the taker) or before a
//! fill (of a maker). Sub-accounts and vaults neither refer nor are referred: on the exchange they are accounts of their
//! own. Only fees in USD are shared: on spot those of sales, as buyers pay in what they buy. Builders' parts are not
//! fees of the exchange, and those of liquidated takers go to the insurance fund: neither is shared.
//!
//! What is set aside stays in the treasury's balance and is counted in the referrer's record until he claims it, so that
//! a fill moves no more money than it would anyway. Whether an account is referred is a flag in its record, which
//! settlement reads for the fee rates: an account that is not costs no search; one that is costs two updates for each
//! of its fills.
//!
//! Invariants: an account has one code and one referrer at most, and never itself; a reward is no more than what the
//! treasury keeps of the fee; what all may claim is no more than what the treasury has (`invariants`).
//! Source: Hyperliquid, "Referrals". Rounding, fees in base tokens and liquidations are ours.

mod act;
pub(crate) mod record;
mod terms;

pub use act::{REFERRAL_WORK, REFERRER_VOLUME_MIN, REWARDS_MIN};
pub use record::{REFERRAL_CODE_MAX, RefereeKey, Referral, ReferralCode, Referrer};
pub use terms::{DISCOUNT_BPS, DISCOUNT_VOLUME_MAX, REWARDS_VOLUME_MAX, is_discounted};
pub(crate) use terms::{PaidFee, Reach, Referrals, referrals};
