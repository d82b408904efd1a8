//! Questions about accounts. Somebody unknown has nothing: that is no error.

use super::fields::{Fields, OrderName};
use crate::app::App;
use crate::clearing::Clearing;
use crate::error::ApiError;
use crate::format::Fixed;
use crate::wire::{WireBalance, WireFill, WireOrder, WireOrderDetails, WireStatus, address_text};
use serde_json::{Value, json};
use std::cmp::Reverse;
use tandem_book::OrderKey;
use tandem_exchange::{
    AccountOrder, AddressKey, Agency, Agent, AgentSlot, BalanceKey, BuilderKey, CloidKey, Control,
    ExchangeTables, Scope,
};
use tandem_indexer::{CLOSED_PER_ACCOUNT, FILLS_PER_ACCOUNT, Indexer, OpenOrder, OrderStatus, RejectedOrder};
use tandem_types::{AccountId, Address, BlockTime, OrderId, QuoteAtoms};

const ATOMS_PER_USD: u64 = 100_000_000;

pub(super) fn account_of(views: &Indexer, fields: &Fields<'_>) -> Result<Option<AccountId>, ApiError> {
    Ok(views.markets().account(&fields.user()?))
}

/// What an account has, token by token, without those that it has none of.
pub(crate) fn spot_balances(account: AccountId, views: &Indexer, app: &App) -> Vec<WireBalance> {
    let state = app.node.state();
    let balances = &state.tables.exchange.balances;
    let rows = views.markets().tokens().filter_map(|(id, token)| {
        let balance = balances.peek(&BalanceKey { account, token: id })?;
        (!balance.total.is_zero()).then(|| WireBalance::new(id, token, balance.total, balance.hold))
    });
    rows.collect()
}

pub(super) fn spot_state(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let balances = account_of(&views, fields)?.map(|account| spot_balances(account, &views, app));
    Ok(json!({ "balances": balances.unwrap_or_default() }))
}

pub(super) fn clearinghouse_state(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    Ok(perpetual_state(fields.user()?, &app.views(), app))
}

/// An account's perpetual positions and margin; of nobody known, that there is nothing.
pub(crate) fn perpetual_state(user: Address, views: &Indexer, app: &App) -> Value {
    let account = views.markets().account(&user);
    let clearing = account.map(|account| Clearing::of(account, &app.node.state().tables.exchange));
    clearing.unwrap_or_default().state(account, views)
}

/// The open orders of an account, oldest first; the rules bound how many there are.
pub(crate) fn open_orders_of(account: AccountId, app: &App) -> Vec<OpenOrder> {
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let mut found = Vec::new();
    let mut from = AccountOrder::first(account);
    while let Some((key, _)) = tables.account_orders.peek_first(&from, &AccountOrder::last(account)) {
        found.extend(open_order(account, key.id, tables));
        let Some(next) = key.id.next() else { break };
        from.id = next;
    }
    found.extend(waiting_orders_of(account, tables));
    found.sort_by_key(|order| order.id);
    found
}

fn waiting_orders_of(account: AccountId, tables: &ExchangeTables) -> Vec<OpenOrder> {
    let (mut from, last) = (AccountOrder::first(account), AccountOrder::last(account));
    let mut found = Vec::new();
    while let Some((key, order)) = tables.trigger_orders.peek_first(&from, &last) {
        found.push(OpenOrder::waiting(*key, order));
        let Some(next) = key.id.next() else { break };
        from.id = next;
    }
    found
}

fn open_order(account: AccountId, id: OrderId, tables: &ExchangeTables) -> Option<OpenOrder> {
    let key = AccountOrder { account, id };
    if let Some(waiting) = tables.trigger_orders.peek(&key) {
        return Some(OpenOrder::waiting(key, waiting));
    }
    let info = tables.account_orders.peek(&key)?;
    let order = tables.orders.peek(&OrderKey::new(info.market, info.side, info.price, id))?;
    Some(OpenOrder::of(key, info, order.remaining))
}

pub(super) fn open_orders(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let orders = account_of(&views, fields)?.map(|account| open_orders_of(account, app)).unwrap_or_default();
    Ok(json!(orders.iter().filter_map(|order| WireOrder::new(order, views.markets())).collect::<Vec<_>>()))
}

pub(super) fn open_orders_in_detail(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let orders = account_of(&views, fields)?.map(|account| open_orders_of(account, app)).unwrap_or_default();
    let rows = orders.iter().filter_map(|order| WireOrderDetails::new(order, views.markets()));
    Ok(json!(rows.collect::<Vec<_>>()))
}

type Row = WireStatus<WireOrderDetails>;

fn row(order: &OpenOrder, status: OrderStatus, time: BlockTime, views: &Indexer) -> Option<Row> {
    Some(WireStatus::new(WireOrderDetails::new(order, views.markets())?, status, time))
}

fn refused_row(order: &RejectedOrder, views: &Indexer) -> Option<Row> {
    Some(WireStatus::refused(WireOrderDetails::refused(order, views.markets())?, order))
}

/// Open orders, then those that ended or were refused, each the latest first.
pub(super) fn historical_orders(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let Some(account) = account_of(&views, fields)? else { return Ok(json!([])) };
    let now = open_orders_of(account, app);
    let open = now.iter().rev().filter_map(|order| row(order, OrderStatus::Open, order.time, &views));
    let ended = views.history().of(account);
    let ended = ended.map(|closed| (closed.time, row(&closed.order, closed.status, closed.time, &views)));
    let refused = views.rejected().of(account).map(|order| (order.time, refused_row(order, &views)));
    let mut past: Vec<_> = ended.chain(refused).collect();
    past.sort_by_key(|(time, _)| Reverse(*time));
    let rows = open.chain(past.into_iter().filter_map(|(_, row)| row));
    Ok(json!(rows.take(CLOSED_PER_ACCOUNT).collect::<Vec<_>>()))
}

pub(super) fn order_status(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let name = fields.order()?;
    let found = account_of(&views, fields)?.and_then(|account| find(account, name, &views, app));
    Ok(found.map_or_else(
        || json!({ "status": "unknownOid" }),
        |found| json!({ "status": "order", "order": found }),
    ))
}

/// The open order of this name, or what became last of one.
fn find(account: AccountId, name: OrderName, views: &Indexer, app: &App) -> Option<Row> {
    if let Some(order) = find_open(account, name, app) {
        return row(&order, OrderStatus::Open, order.time, views);
    }
    let closed = match name {
        OrderName::Id(id) => views.history().order(id).filter(|closed| closed.order.account == account),
        OrderName::Cloid(cloid) => views.history().by_cloid(account, cloid),
    };
    let refused = views.rejected().of(account).find(|order| match name {
        OrderName::Id(id) => order.id == id,
        OrderName::Cloid(cloid) => order.cloid == Some(cloid),
    });
    match (closed, refused) {
        (Some(closed), Some(refused)) if refused.time > closed.time => refused_row(refused, views),
        (Some(closed), _) => row(&closed.order, closed.status, closed.time, views),
        (None, Some(refused)) => refused_row(refused, views),
        (None, None) => None,
    }
}

fn find_open(account: AccountId, name: OrderName, app: &App) -> Option<OpenOrder> {
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let id = match name {
        OrderName::Id(id) => id,
        OrderName::Cloid(cloid) => *tables.cloids.peek(&CloidKey::of(account, &cloid))?,
    };
    open_order(account, id, tables)
}

pub(super) fn fills(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let Some(account) = account_of(&views, fields)? else { return Ok(json!([])) };
    let rows = views.fills().of(account).take(FILLS_PER_ACCOUNT);
    Ok(json!(rows.filter_map(|row| WireFill::of(row, account, views.markets())).collect::<Vec<_>>()))
}

pub(super) fn fills_by_time(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let (from, to) = (fields.number("startTime")?, fields.optional_number("endTime")?.unwrap_or(u64::MAX));
    let Some(account) = account_of(&views, fields)? else { return Ok(json!([])) };
    let within = views.fills().of(account).filter(|row| (from..=to).contains(&row.time().0));
    let mut rows: Vec<_> = within.filter_map(|row| WireFill::of(row, account, views.markets())).collect();
    rows.reverse();
    Ok(json!(rows))
}

pub(super) fn rate_limit(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let account = account_of(&app.views(), fields)?;
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let account = account.and_then(|account| tables.accounts.peek(&account));
    let base = tables.config.peek(&()).map_or(0, |config| config.budget_base);
    let traded = account.map_or(0, |account| account.traded.0);
    Ok(json!({
        "cumVlm": Fixed::quote(u128::from(traded)),
        "nRequestsUsed": account.map_or(0, |account| account.actions),
        "nRequestsCap": base.saturating_add(traded / ATOMS_PER_USD),
        "nRequestsSurplus": 0,
    }))
}

pub(super) fn role(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let user = fields.user()?;
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let Some(signer) = tables.signers.peek(&AddressKey::of(&user)) else {
        return Ok(json!({ "role": "missing" }));
    };
    let address = |account| tables.accounts.peek(&account).map(|account| address_text(&account.address));
    let control = signer.own.and_then(|own| tables.accounts.peek(&own)).map(|account| account.control);
    Ok(match (control, signer.agency) {
        (Some(Control::Key { .. }), _) => json!({ "role": "user" }),
        (Some(Control::Vault { .. }), _) => json!({ "role": "vault" }),
        (Some(Control::SubAccount { master, .. }), _) => {
            json!({ "role": "subAccount", "data": { "master": address(master) } })
        }
        (None, Agency::Of { master, .. }) => {
            json!({ "role": "agent", "data": { "user": address(master) } })
        }
        (None, Agency::Revoked { .. } | Agency::None) => json!({ "role": "missing" }),
    })
}

/// The rate that an account has approved for a builder, in tenths of a basis point.
pub(super) fn max_builder_fee(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let builder = AddressKey::of(&fields.address("builder")?);
    let Some(account) = account_of(&app.views(), fields)? else { return Ok(json!(0)) };
    let state = app.node.state();
    let approved = state.tables.exchange.builder_approvals.peek(&BuilderKey { account, builder }).copied();
    Ok(json!(approved.unwrap_or_default()))
}

/// Whose keys an account has, if several.
pub(super) fn multi_sig_signers(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let Some(account) = account_of(&app.views(), fields)? else { return Ok(Value::Null) };
    let state = app.node.state();
    let keys = state.tables.exchange.multi_sigs.peek(&account);
    Ok(keys.map_or(Value::Null, |keys| {
        let users: Vec<String> = keys.signers.iter().map(address_text).collect();
        json!({ "authorizedUsers": users, "threshold": keys.threshold })
    }))
}

/// What a sender should know of a destination: somebody without an account costs the activation fee.
pub(super) fn before_transfer(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let user = fields.user()?;
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let signer = tables.signers.peek(&AddressKey::of(&user));
    let has_account = signer.is_some_and(|signer| signer.own.is_some());
    let fee = tables.config.peek(&()).map_or(0, |config| config.activation_fee.0);
    Ok(json!({
        "fee": Fixed::quote(u128::from(if has_account { 0 } else { fee })),
        "isSanctioned": false,
        "userExists": has_account,
        "userHasSentTx": signer.is_some_and(|signer| signer.nonces > 0),
    }))
}

/// The named agents of an account, without those whose approval ran out and who have become another's since.
pub(super) fn agents(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let Some(account) = account_of(&app.views(), fields)? else { return Ok(json!([])) };
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let mut rows = Vec::new();
    let (mut from, last) = (slot(account, 0), slot(account, u128::MAX));
    while let Some((found, agent)) = tables.agents.peek_first(&from, &last) {
        rows.extend(agent_row(account, agent, tables));
        let Some(next) = u128::from_be_bytes(found.name.0).checked_add(1) else { break };
        from = slot(account, next);
    }
    Ok(json!(rows))
}

const fn slot(account: AccountId, name: u128) -> AgentSlot {
    AgentSlot { account, name: AddressKey(name.to_be_bytes()) }
}

/// What an agent may do, of whom that is said.
fn scope_of(scope: &Scope) -> Value {
    let limit = |limit: Option<QuoteAtoms>| limit.map(|limit| Fixed::quote(u128::from(limit.0)));
    let assets: Vec<u16> = scope.markets.iter().map(|market| market.0).collect();
    json!({
        "assets": if assets.is_empty() { Value::Null } else { json!(assets) },
        "orderUsd": limit(scope.order_max),
        "totalUsd": limit(scope.total_max),
        "usedUsd": Fixed::quote(u128::from(scope.used.0)),
    })
}

fn agent_row(account: AccountId, agent: &Agent, tables: &ExchangeTables) -> Option<Value> {
    let (name, address) = (agent.name.as_str(), address_text(&agent.address));
    match tables.signers.peek(&AddressKey::of(&agent.address))?.agency {
        Agency::Of { master, valid_until, .. } if master == account && !name.is_empty() => {
            let mut row = json!({ "name": name, "address": address, "validUntil": valid_until.0 });
            if let Some(scope) = tables.agent_scopes.peek(&AddressKey::of(&agent.address)) {
                row["scope"] = scope_of(scope);
            }
            Some(row)
        }
        Agency::Of { .. } | Agency::Revoked { .. } | Agency::None => None,
    }
}
