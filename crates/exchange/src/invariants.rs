//! The exchange's promises, checked on what a block changed.

use crate::ledger::{QUOTE, TREASURY};
use crate::perp;
use crate::promise::{BrokenPromise, difference};
use crate::records::Balance;
use crate::referral::Referrer;
use crate::tables::{BalanceKey, ExchangeTables};
use crate::vault;
use alloc::collections::BTreeMap;
use tandem_codec::Decode;
use tandem_state::{Delta, Prefix};
use tandem_types::TokenId;

const BALANCES: Prefix = Prefix::new(ExchangeTables::ENGINE, 9);
const REFERRERS: Prefix = Prefix::new(ExchangeTables::ENGINE, 104);

/// Σ new − Σ old of every token is zero, for USD over balances and all that stands in perpetual markets; no balance holds
/// more than it has; what referrers may claim grows by no more than what the treasury has; vaults' shares are their
/// holders'. Costs only what changed.
pub(crate) fn check(delta: &Delta) -> Result<(), BrokenPromise> {
    vault::invariants::check(delta)?;
    let mut differences: BTreeMap<TokenId, i128> = BTreeMap::new();
    differences.insert(QUOTE, perp::invariants::usd_difference(delta)?);
    let mut uncovered = rewards_difference(delta)?;
    for change in delta.changes_under(&BALANCES.0) {
        let key = change.key.get(2..).unwrap_or_default();
        let key = BalanceKey::from_bytes(key).map_err(|_| BrokenPromise::Unreadable)?;
        let (old, new) = (read(change.old)?, read(change.new)?);
        if new.hold > new.total {
            return Err(BrokenPromise::Hold { balance: key });
        }
        let difference = i128::from(new.total.0).saturating_sub(i128::from(old.total.0));
        if key == (BalanceKey { account: TREASURY, token: QUOTE }) {
            uncovered = uncovered.saturating_sub(difference);
        }
        let sum = differences.entry(key.token).or_default();
        *sum = sum.saturating_add(difference);
    }
    if uncovered > 0 {
        return Err(BrokenPromise::Rewards { missing: uncovered });
    }
    match differences.into_iter().find(|(_, difference)| *difference != 0) {
        Some((token, difference)) => Err(BrokenPromise::Conservation { token, difference }),
        None => Ok(()),
    }
}

/// How much more referrers may claim than before.
fn rewards_difference(delta: &Delta) -> Result<i128, BrokenPromise> {
    delta.changes_under(&REFERRERS.0).try_fold(0i128, |sum, change| {
        Ok(sum.saturating_add(difference(&change, |referrer: &Referrer| referrer.unclaimed.0.into())?))
    })
}

fn read(bytes: Option<&[u8]>) -> Result<Balance, BrokenPromise> {
    bytes.map_or(Ok(Balance::default()), |bytes| {
        Balance::from_bytes(bytes).map_err(|_| BrokenPromise::Unreadable)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::referral::ReferralCode;
    use tandem_state::Tables;
    use tandem_types::{AccountId, QuoteAtoms, TokenAtoms};

    /// One referrer with so much to claim, and so much with the treasury out of a hundred.
    fn set(tables: &mut ExchangeTables, unclaimed: u64, treasury: u64) {
        let code = ReferralCode::new("CODE").unwrap();
        let (unclaimed, claimed) = (QuoteAtoms(unclaimed), QuoteAtoms::ZERO);
        tables.referrers.put(AccountId(1), Referrer { code, referees: 0, unclaimed, claimed });
        for (account, total) in [(TREASURY, treasury), (AccountId(1), 100 - treasury)] {
            let balance = Balance { total: TokenAtoms(total), hold: TokenAtoms::ZERO };
            tables.balances.put(BalanceKey { account, token: QUOTE }, balance);
        }
    }

    #[test]
    fn no_more_becomes_claimable_than_the_treasury_received() {
        for (before, after, missing) in [
            ((5, 10), (9, 14), 0),
            ((5, 10), (9, 20), 0),
            ((5, 10), (9, 13), 1),
            ((9, 14), (0, 5), 0),
            ((9, 14), (0, 4), 1),
            ((5, 10), (5, 9), 1),
        ] {
            let mut tables = ExchangeTables::default();
            set(&mut tables, before.0, before.1);
            tables.seal();
            set(&mut tables, after.0, after.1);
            let expected = if missing == 0 { Ok(()) } else { Err(BrokenPromise::Rewards { missing }) };
            assert_eq!(check(&tables.seal()), expected, "{before:?} {after:?}");
        }
    }
}
