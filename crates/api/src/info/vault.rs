//! Questions about vaults. What a vault is worth, and everybody's part of it, are worked out by the rules' own functions.

use super::fields::Fields;
use crate::app::App;
use crate::clearing::Clearing;
use crate::error::ApiError;
use crate::format::Fixed;
use crate::wire::address_text;
use serde_json::{Value, json};
use tandem_exchange::vault::{
    HolderVault, LeaderVault, VaultHolder, VaultHolding, VaultState, shares::worth,
};
use tandem_exchange::{AddressKey, ExchangeTables};
use tandem_types::{AccountId, Address};

const DAY_MS: u64 = 24 * 3_600_000;
/// Decimals of a part of a whole.
const PART_DECIMALS: u8 = 8;
/// The leader's part of profits.
const COMMISSION: &str = "0.1";
/// Vaults younger than this are listed as new.
const NEW_MS: u64 = 2 * 3_600_000;
/// Most rows of a list.
const ROWS_MAX: usize = 100;
const LAST: AccountId = AccountId(u32::MAX);

/// A vault with what it is worth.
struct Valued<'a> {
    tables: &'a ExchangeTables,
    id: AccountId,
    state: VaultState,
    clearing: Clearing,
    value: u64,
}

impl<'a> Valued<'a> {
    fn of(id: AccountId, tables: &'a ExchangeTables) -> Option<Self> {
        let state = *tables.vaults.peek(&id)?;
        let clearing = Clearing::of(id, tables);
        let value = u64::try_from(clearing.value().max(0)).unwrap_or(u64::MAX);
        Some(Self { tables, id, state, clearing, value })
    }

    fn equity(&self, holding: &VaultHolding) -> u64 {
        worth(holding.shares, self.state.shares, self.value).unwrap_or(0)
    }

    fn holding(&self, holder: AccountId) -> Option<VaultHolding> {
        self.tables.vault_holdings.peek(&VaultHolder { vault: self.id, holder }).copied()
    }

    /// What is known of a holder's part.
    fn follower(&self, user: Option<String>, holding: &VaultHolding, now: u64) -> Value {
        let equity = self.equity(holding);
        let profit = Fixed::usd(i128::from(equity) - i128::from(holding.basis.0));
        json!({
            "user": user,
            "vaultEquity": Fixed::quote(u128::from(equity)),
            "pnl": profit,
            "allTimePnl": profit,
            "daysFollowing": now.saturating_sub(holding.since.0) / DAY_MS,
            "vaultEntryTime": holding.since.0,
            "lockupUntil": holding.unlocks.0,
        })
    }

    fn followers(&self, now: u64) -> Vec<Value> {
        let (mut from, last) = (VaultHolder::first(self.id), VaultHolder::last(self.id));
        let mut rows = Vec::new();
        while let Some((key, holding)) = self.tables.vault_holdings.peek_first(&from, &last) {
            let user = address_of(key.holder, self.tables);
            if key.holder == self.state.leader {
                rows.push(self.follower(Some("Leader".to_owned()), holding, now));
            } else {
                rows.push(self.follower(user, holding, now));
            }
            let Some(next) = key.holder.next() else { break };
            from.holder = next;
        }
        rows
    }

    fn details(&self, user: Option<AccountId>, now: u64) -> Value {
        let profile = self.tables.vault_profiles.peek(&self.id);
        let own = self.holding(self.state.leader).map_or(0, |holding| holding.shares);
        let part = u128::from(own) * 10u128.pow(u32::from(PART_DECIMALS));
        let withdrawable = u128::from(self.clearing.cross().withdrawable().0);
        let follower = user.and_then(|user| {
            let holding = self.holding(user)?;
            Some(self.follower(address_of(user, self.tables), &holding, now))
        });
        json!({
            "name": profile.map(|profile| profile.name()),
            "vaultAddress": address_of(self.id, self.tables),
            "leader": address_of(self.state.leader, self.tables),
            "description": profile.map(|profile| profile.description()),
            "portfolio": [],
            "apr": 0,
            "followerState": follower,
            "leaderFraction": Fixed::quotient(part, u128::from(self.state.shares), PART_DECIMALS),
            "leaderCommission": COMMISSION,
            "followers": self.followers(now),
            "maxDistributable": Fixed::quote(withdrawable.min(u128::from(self.value))),
            "maxWithdrawable": Fixed::quote(withdrawable.min(u128::from(self.value))),
            "isClosed": self.state.closed,
            "relationship": { "type": "normal" },
            "allowDeposits": self.state.allows_deposits,
            "alwaysCloseOnWithdraw": false,
        })
    }

    fn summary(&self) -> Value {
        json!({
            "name": self.tables.vault_profiles.peek(&self.id).map(|profile| profile.name()),
            "vaultAddress": address_of(self.id, self.tables),
            "leader": address_of(self.state.leader, self.tables),
            "tvl": Fixed::quote(u128::from(self.value)),
            "isClosed": self.state.closed,
            "relationship": { "type": "normal" },
            "createTimeMillis": self.state.created.0,
        })
    }
}

fn address_of(account: AccountId, tables: &ExchangeTables) -> Option<String> {
    tables.accounts.peek(&account).map(|account| address_text(&account.address))
}

fn account_of(address: &Address, tables: &ExchangeTables) -> Option<AccountId> {
    tables.signers.peek(&AddressKey::of(address)).and_then(|signer| signer.own)
}

/// All of a vault; nothing, if there is none of that address.
pub(super) fn details(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let (vault, user) = (fields.address("vaultAddress")?, fields.optional_address("user")?);
    let now = app.views().time().0;
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let user = user.and_then(|user| account_of(&user, tables));
    let vault = account_of(&vault, tables).and_then(|vault| Valued::of(vault, tables));
    Ok(vault.map_or(Value::Null, |vault| vault.details(user, now)))
}

/// What an account has in vaults.
pub(super) fn equities(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let user = fields.user()?;
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let Some(holder) = account_of(&user, tables) else { return Ok(json!([])) };
    let (mut from, last) = (HolderVault::first(holder), HolderVault::last(holder));
    let mut rows = Vec::new();
    while let Some((key, ())) = tables.holder_vaults.peek_first(&from, &last) {
        let vault = Valued::of(key.vault, tables);
        rows.extend(vault.and_then(|vault| {
            let holding = vault.holding(holder)?;
            Some(json!({
                "vaultAddress": address_of(key.vault, tables),
                "equity": Fixed::quote(u128::from(vault.equity(&holding))),
                "lockedUntilTimestamp": holding.unlocks.0,
            }))
        }));
        let Some(next) = key.vault.next() else { break };
        from.vault = next;
    }
    Ok(json!(rows))
}

/// Vaults that an account leads.
pub(super) fn leading(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let user = fields.user()?;
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let Some(leader) = account_of(&user, tables) else { return Ok(json!([])) };
    let (mut from, last) = (LeaderVault::first(leader), LeaderVault::last(leader));
    let mut rows = Vec::new();
    while let Some((key, ())) = tables.leader_vaults.peek_first(&from, &last) {
        rows.extend(
            tables
                .vault_profiles
                .peek(&key.vault)
                .map(|profile| json!({ "address": address_of(key.vault, tables), "name": profile.name() })),
        );
        let Some(next) = key.vault.next() else { break };
        from.vault = next;
    }
    Ok(json!(rows))
}

/// Vaults made lately, as Hyperliquid lists them here; a hundred at most.
pub(super) fn summaries(app: &App) -> Value {
    let now = app.views().time().0;
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let mut rows = Vec::new();
    let mut from = first_since(now.saturating_sub(NEW_MS), tables);
    while rows.len() < ROWS_MAX {
        let Some((id, _)) = tables.vaults.peek_first(&from, &LAST) else { break };
        rows.extend(Valued::of(*id, tables).map(|vault| vault.summary()));
        let Some(next) = id.next() else { break };
        from = next;
    }
    json!(rows)
}

/// Where the vaults begin that were made at or after a time: numbers of accounts ascend with time.
fn first_since(time: u64, tables: &ExchangeTables) -> AccountId {
    let (mut low, mut high) = (0, u32::MAX);
    while low < high {
        let middle = low + (high - low) / 2;
        match tables.vaults.peek_first(&AccountId(middle), &LAST) {
            Some((id, vault)) if vault.created.0 < time => low = id.0.saturating_add(1),
            _ => high = middle,
        }
    }
    AccountId(low)
}
