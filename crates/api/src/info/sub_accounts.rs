//! Sub-accounts with what they have.

use super::account::{perpetual_state, spot_balances};
use super::fields::Fields;
use crate::app::App;
use crate::error::ApiError;
use crate::wire::address_text;
use serde_json::{Value, json};
use tandem_exchange::{ExchangeTables, SubAccount, SubAccountKey};
use tandem_indexer::Indexer;
use tandem_types::{AccountId, Address};

/// Which of the two forms of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With the state on perpetual markets.
    First,
    /// With that of each exchange of perpetuals; there is one, without a name.
    Second,
}

pub(super) fn list(app: &App, fields: &Fields<'_>, form: Form) -> Result<Value, ApiError> {
    let master = fields.user()?;
    let views = app.views();
    let Some(account) = views.markets().account(&master) else { return Ok(Value::Null) };
    let known = sub_accounts_of(account, &app.node.state().tables.exchange);
    let rows = known.into_iter().filter_map(|sub_account| row(&master, &sub_account, &views, app, form));
    let rows: Vec<Value> = rows.collect();
    Ok(if rows.is_empty() { Value::Null } else { json!(rows) })
}

/// Sub-accounts are numbered without gaps.
fn sub_accounts_of(master: AccountId, tables: &ExchangeTables) -> Vec<SubAccount> {
    let keys = (0..=u16::MAX).map(|index| SubAccountKey { master, index });
    keys.map_while(|key| tables.sub_accounts.peek(&key).cloned()).collect()
}

fn row(master: &Address, sub_account: &SubAccount, views: &Indexer, app: &App, form: Form) -> Option<Value> {
    let address = views.markets().address(sub_account.account)?;
    let state = perpetual_state(address, views, app);
    let (field, state) = match form {
        Form::First => ("clearinghouseState", state),
        Form::Second => ("dexToClearinghouseState", json!([["", state]])),
    };
    Some(json!({
        "name": sub_account.name.as_str(),
        "subAccountUser": address_text(&address),
        "master": address_text(master),
        field: state,
        "spotState": { "balances": spot_balances(sub_account.account, views, app) },
    }))
}
