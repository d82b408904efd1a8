//! Questions about what an account paid and was paid, other than by trades.

use super::fields::Fields;
use super::perp::ROWS_MAX;
use crate::app::App;
use crate::error::ApiError;
use crate::format::Fixed;
use crate::hex;
use crate::wire::{Coin, address_text};
use serde_json::{Value, json};
use tandem_exchange::QUOTE;
use tandem_indexer::{FundingPayment, LedgerEntry, LedgerRow, Markets};
use tandem_types::{AccountId, TxId};

pub(super) fn user_funding(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let (from, to) = fields.time_range()?;
    let Some(account) = views.markets().account(&fields.user()?) else { return Ok(json!([])) };
    let rows =
        views.funding().payments(account).rev().filter(|row| (from..=to).contains(&row.funding.time.0));
    let rows = rows.take(ROWS_MAX).filter_map(|payment| {
        let Value::Object(mut delta) = funding(payment, views.markets())? else { return None };
        let time = delta.remove("time");
        delta.insert("type".into(), "funding".into());
        Some(json!({ "time": time, "hash": hash(&TxId::default()), "delta": delta }))
    });
    Ok(json!(rows.collect::<Vec<_>>()))
}

/// A payment as feeds send it: below zero what the account paid.
pub(crate) fn funding(payment: &FundingPayment, markets: &Markets) -> Option<Value> {
    let funding = &payment.funding;
    let market = markets.market(funding.market)?;
    Some(json!({
        "time": funding.time.0,
        "coin": Coin::new(funding.market, market),
        "usdc": Fixed::usd(-payment.paid),
        "szi": Fixed::position(payment.size, market.size_decimals()),
        "fundingRate": Fixed::rate(funding.rate),
        "nSamples": null,
    }))
}

pub(super) fn ledger_updates(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let (from, to) = fields.time_range()?;
    let Some(account) = views.markets().account(&fields.user()?) else { return Ok(json!([])) };
    let rows = views.ledger().of(account).rev().filter(|row| (from..=to).contains(&row.time.0));
    let rows = rows.take(ROWS_MAX).filter_map(|row| ledger_update(row, views.markets()));
    Ok(json!(rows.collect::<Vec<_>>()))
}

/// An entry of a ledger.
pub(crate) fn ledger_update(row: &LedgerRow, markets: &Markets) -> Option<Value> {
    let user = |account: AccountId| markets.address(account).map(|address| address_text(&address));
    let delta = match row.entry {
        LedgerEntry::ClassTransfer { to_perp, .. } => json!({
            "type": "accountClassTransfer",
            "usdc": Fixed::quote(u128::from(to_perp.0.unsigned_abs())),
            "toPerp": !to_perp.is_negative(),
        }),
        LedgerEntry::UsdTransfer { from, to, amount, fee } => json!({
            "type": "internalTransfer",
            "usdc": Fixed::quote(u128::from(amount.0)),
            "user": user(from)?,
            "destination": user(to)?,
            "fee": Fixed::quote(u128::from(fee.0)),
        }),
        LedgerEntry::SubAccountTransfer { from, to, amount } => json!({
            "type": "subAccountTransfer",
            "usdc": Fixed::quote(u128::from(amount.0)),
            "user": user(from)?,
            "destination": user(to)?,
        }),
        LedgerEntry::ActivationFee { fee, .. } => json!({
            "type": "accountActivationGas",
            "amount": Fixed::quote(u128::from(fee.0)),
            "token": markets.token(QUOTE)?.name.as_str(),
        }),
        LedgerEntry::RewardsClaimed { amount, .. } => json!({
            "type": "rewardsClaim",
            "amount": Fixed::quote(u128::from(amount.0)),
            "token": markets.token(QUOTE)?.name.as_str(),
        }),
        LedgerEntry::VaultDeposit { vault, account, amount, created } => json!({
            "type": if created { "vaultCreate" } else { "vaultDeposit" },
            "vault": user(vault)?,
            "user": user(account)?,
            "usdc": Fixed::quote(u128::from(amount.0)),
            "fee": Fixed::new(0, 0),
        }),
        LedgerEntry::VaultWithdrawal { paid, distributed } => json!({
            "type": if distributed { "vaultDistribution" } else { "vaultWithdraw" },
            "vault": user(paid.vault)?,
            "user": user(paid.account)?,
            "usdc": Fixed::quote(u128::from(paid.amount.0)),
            "requestedUsd": Fixed::quote(u128::from(paid.amount.0)),
            "commission": Fixed::quote(u128::from(paid.commission.0)),
            "closingCost": Fixed::new(0, 0),
            "basis": Fixed::quote(u128::from(paid.basis.0)),
            "netWithdrawnUsd": Fixed::quote(u128::from(paid.amount.0.saturating_sub(paid.commission.0))),
        }),
        LedgerEntry::SpotTransfer { from, to, token, amount, fee } => {
            let known = markets.token(token)?;
            let amount = Fixed::amount(amount, known.wei_decimals);
            json!({
                "type": "spotTransfer",
                "token": known.name.as_str(),
                "amount": amount,
                // What other tokens were worth then is not remembered.
                "usdcValue": if token == QUOTE { amount } else { Fixed::new(0, 0) },
                "user": user(from)?,
                "destination": user(to)?,
                "fee": Fixed::quote(u128::from(fee.0)),
            })
        }
    };
    Some(json!({ "time": row.time.0, "hash": hash(&row.tx), "delta": delta }))
}

fn hash(tx: &TxId) -> String {
    hex::text(&tx.0)
}
