//! The trade group that an account is in.

use super::account::account_of;
use super::fields::Fields;
use crate::app::App;
use crate::error::ApiError;
use crate::wire::address_text;
use serde_json::{Value, json};
use tandem_exchange::{ExchangeTables, TradeGroupMember};
use tandem_types::AccountId;

/// Who leads it, and whom that one has invited; null without one.
pub(super) fn of_user(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let Some(account) = account_of(&app.views(), fields)? else { return Ok(Value::Null) };
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let leader = tables.accounts.peek(&account).and_then(|account| account.trade_group);
    Ok(leader.and_then(|leader| group(tables, leader)).unwrap_or(Value::Null))
}

fn group(tables: &ExchangeTables, leader: AccountId) -> Option<Value> {
    let address = tables.accounts.peek(&leader)?.address;
    let (mut from, last) = (TradeGroupMember::first(leader), TradeGroupMember::last(leader));
    let mut members = Vec::new();
    // As many as a leader may invite.
    while let Some((key, ())) = tables.trade_group_members.peek_first(&from, &last) {
        let member = tables.accounts.peek(&key.member)?;
        let has_joined = member.trade_group == Some(leader);
        members.push(json!({ "user": address_text(&member.address), "hasJoined": has_joined }));
        let Some(next) = key.member.0.checked_add(1) else { break };
        from = TradeGroupMember { leader, member: AccountId(next) };
    }
    Some(json!({ "leader": address_text(&address), "members": members }))
}
