//! Who referred an account, whom it referred, and what it earned by that.

use super::fields::Fields;
use crate::app::App;
use crate::error::ApiError;
use crate::format::Fixed;
use crate::wire::address_text;
use serde_json::{Value, json};
use tandem_exchange::referral::{REFERRER_VOLUME_MIN, RefereeKey, Referral, Referrer};
use tandem_exchange::{Account, Control, ExchangeTables, QUOTE};
use tandem_types::{AccountId, QuoteAtoms};

/// Most referred accounts that an answer lists.
const REFEREES_LISTED: usize = 1_000;

pub(super) fn answer(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let user = fields.user()?;
    let account = app.views().markets().account(&user);
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let own = account.and_then(|account| tables.referrers.peek(&account)).copied();
    let record = account.and_then(|account| tables.accounts.peek(&account));
    let volume = usd(record.map_or(QuoteAtoms::ZERO, |record| record.traded));
    let unclaimed = usd(own.map_or(QuoteAtoms::ZERO, |own| own.unclaimed));
    let claimed = usd(own.map_or(QuoteAtoms::ZERO, |own| own.claimed));
    // Builders are paid with each fill.
    let sums = json!({
        "cumVlm": volume,
        "unclaimedRewards": unclaimed,
        "claimedRewards": claimed,
        "builderRewards": Fixed::quote(0),
    });
    Ok(json!({
        "referredBy": account.and_then(|account| referred_by(account, tables)),
        "cumVlm": volume,
        "unclaimedRewards": unclaimed,
        "claimedRewards": claimed,
        "builderRewards": Fixed::quote(0),
        "referrerState": match (account, own) {
            (Some(account), Some(own)) => ready(account, &own, tables),
            _ => not_ready(record),
        },
        "rewardHistory": [],
        "tokenToState": [[QUOTE.0, sums]],
    }))
}

fn usd(amount: QuoteAtoms) -> Fixed {
    Fixed::quote(u128::from(amount.0))
}

fn referred_by(account: AccountId, tables: &ExchangeTables) -> Option<Value> {
    let referrer = tables.referrals.peek(&account)?.referrer;
    let (record, own) = (tables.accounts.peek(&referrer)?, tables.referrers.peek(&referrer)?);
    Some(json!({ "referrer": address_text(&record.address), "code": own.code.as_str() }))
}

/// A referrer, with those whom it referred in the order of their accounts.
fn ready(account: AccountId, own: &Referrer, tables: &ExchangeTables) -> Value {
    let referees = referees(account, tables);
    let rows: Vec<Value> = referees.into_iter().filter_map(|referee| row(referee, tables)).collect();
    let data = json!({ "code": own.code.as_str(), "nReferrals": own.referees, "referralStates": rows });
    json!({ "stage": "ready", "data": data })
}

/// What an account without a code has to do for one. Sub-accounts and vaults can't have one.
fn not_ready(record: Option<&Account>) -> Value {
    match record.map(|record| (record.control, record.traded)) {
        Some((Control::SubAccount { .. } | Control::Vault { .. }, _)) => Value::Null,
        Some((Control::Key { .. }, traded)) if traded >= REFERRER_VOLUME_MIN => {
            json!({ "stage": "needToCreateCode" })
        }
        Some((Control::Key { .. }, _)) | None => {
            json!({ "stage": "needToTrade", "data": { "required": usd(REFERRER_VOLUME_MIN) } })
        }
    }
}

fn referees(referrer: AccountId, tables: &ExchangeTables) -> Vec<AccountId> {
    let key = |referee| RefereeKey { referrer, referee };
    let (mut from, last) = (key(AccountId(0)), key(AccountId(u32::MAX)));
    let mut found = Vec::new();
    while found.len() < REFEREES_LISTED
        && let Some((next, ())) = tables.referees.peek_first(&from, &last)
    {
        found.push(next.referee);
        let Some(after) = next.referee.0.checked_add(1) else { break };
        from = key(AccountId(after));
    }
    found
}

fn row(referee: AccountId, tables: &ExchangeTables) -> Option<Value> {
    let Referral { since, fees, rewards, .. } = *tables.referrals.peek(&referee)?;
    let record = tables.accounts.peek(&referee)?;
    let sums = json!({
        "cumVlm": usd(record.traded),
        "cumRewardedFeesSinceReferred": usd(fees),
        "cumFeesRewardedToReferrer": usd(rewards),
    });
    Some(json!({
        "cumVlm": usd(record.traded),
        "cumRewardedFeesSinceReferred": usd(fees),
        "cumFeesRewardedToReferrer": usd(rewards),
        "timeJoined": since.0,
        "user": address_text(&record.address),
        "tokenToState": [[QUOTE.0, sums]],
    }))
}
