//! Approving keys that may act for an account.
//!
//! Whom an approval names is not asked. So it binds only an address that has no account, and even that only as long as
//! `principal` says: naming somebody gives him a power over one's own account and takes nothing from him.

use crate::Rejection;
use crate::action::{ApproveAgent, ApproveScopedAgent};
use crate::receipt::{Event, ItemStatus};
use crate::records::{Agency, Agent, AgentName, Signer};
use crate::scope::Scope;
use crate::session::Session;
use crate::signers::{NONCE_AGE_MAX_MS, NONCE_LEAD_MAX_MS};
use crate::sub_accounts::{self, AGENTS_PER_SUB_ACCOUNT};
use crate::tables::{AddressKey, AgentSlot, ExchangeTables};
use tandem_coprocessor::Work;
use tandem_types::{AccountId, Address, BlockTime};

/// Work of an approval.
pub const APPROVE_WORK: Work = Work(10_000);
/// Most agents of an account without sub-accounts at a time: one unnamed and three named.
pub const AGENTS_MAX: usize = 4;
/// How long an approval lasts that names no end, in milliseconds: 180 days, which is also the longest.
pub const AGENT_LIFE_MAX_MS: u64 = 180 * 24 * 3_600_000;

const VALID_UNTIL: &str = " valid_until ";

impl Session<'_, '_> {
    /// Executes an `approveScopedAgent`.
    pub(crate) fn approve_scoped_agent(
        &mut self,
        request: &ApproveScopedAgent,
    ) -> Result<ItemStatus, Rejection> {
        let scope = Scope::of(request)?;
        self.approve_agent(&request.approval, Some(scope))
    }

    /// Executes an `approveAgent`: the new agent takes the place of the one with the same name, and may do what the scope
    /// says, or whatever agents may without one. The zero address only revokes.
    pub(crate) fn approve_agent(
        &mut self,
        request: &ApproveAgent,
        scope: Option<Scope>,
    ) -> Result<ItemStatus, Rejection> {
        self.meter.charge(APPROVE_WORK)?;
        let (name, until) = self.name_and_expiry(request.name.as_deref().unwrap_or_default());
        let name = AgentName::new(name).ok_or(Rejection::AgentName)?;
        let slot = AgentSlot { account: self.account, name: AddressKey::of_name(name.as_str().as_bytes()) };
        let agent = request.agent;
        let revokes_only = agent == Address::default();
        if !revokes_only {
            self.check_agent(&agent, slot)?;
        }
        if let Some(former) = self.tables.agents.get(&slot).map(|agent| agent.address) {
            if former != agent {
                revoke(self.tables, self.account, &former, self.block.time);
            }
            self.tables.agents.remove(&slot);
        }
        if !revokes_only {
            self.install(slot, Agent { address: agent, name }, until, scope);
        }
        self.events.push(Event::AgentApproved { account: self.account, agent });
        Ok(ItemStatus::Done)
    }

    /// A name may end in ` valid_until <ms>`; the name proper is what stands before.
    fn name_and_expiry<'n>(&self, wire_name: &'n str) -> (&'n str, BlockTime) {
        let latest = self.block.time.plus_ms(AGENT_LIFE_MAX_MS);
        let Some((name, time)) = wire_name.split_once(VALID_UNTIL) else { return (wire_name, latest) };
        time.parse().map_or((wire_name, latest), |time| (name, BlockTime(time).min(latest)))
    }

    fn check_agent(&mut self, agent: &Address, slot: AgentSlot) -> Result<(), Rejection> {
        let known = self.tables.signers.get(&AddressKey::of(agent)).copied().unwrap_or_default();
        let of_slot = self.tables.agents.get(&slot).map(|agent| agent.address);
        if known.agency.master() == Some(self.account) && of_slot == Some(*agent) {
            return Ok(());
        }
        if known.own.is_some() {
            return Err(Rejection::AgentIsAccount);
        }
        let ended = match known.agency {
            Agency::None => None,
            Agency::Revoked { since } => Some(since),
            Agency::Of { valid_until, .. } if valid_until < self.block.time => Some(valid_until),
            Agency::Of { .. } => return Err(Rejection::AgentInUse),
        };
        // What it signed before has a nonce below its end plus the lead: harmless once the window has moved past that.
        let safe = ended.map(|ended| ended.plus_ms(NONCE_LEAD_MAX_MS).plus_ms(NONCE_AGE_MAX_MS));
        if safe.is_some_and(|safe| self.block.time <= safe) {
            return Err(Rejection::AgentRecentlyRevoked);
        }
        let more = usize::from(sub_accounts::count(self.tables, self.account));
        let most = AGENTS_MAX.saturating_add(more.saturating_mul(AGENTS_PER_SUB_ACCOUNT));
        if of_slot.is_none() && count_agents(self.tables, self.account, most) >= most {
            return Err(Rejection::TooManyAgents);
        }
        Ok(())
    }

    /// A renewed or returning agent keeps its nonces. Only one whose approval had not ended is engaged as before. Of its
    /// scope nothing is kept, nor what it has used of it.
    fn install(&mut self, slot: AgentSlot, agent: Agent, valid_until: BlockTime, scope: Option<Scope>) {
        let key = AddressKey::of(&agent.address);
        let before = self.tables.signers.get(&key).copied().unwrap_or_default();
        let engaged = before.is_engaged() && before.agency.master_at(self.block.time) == Some(self.account);
        let agency = Agency::Of { master: self.account, valid_until, engaged, scoped: scope.is_some() };
        match scope {
            Some(scope) => self.tables.agent_scopes.put(key, scope),
            None => drop(self.tables.agent_scopes.remove(&key)),
        }
        self.tables.signers.put(key, Signer { agency, ..before });
        self.tables.agents.put(slot, agent);
    }
}

impl Session<'_, '_> {
    /// Ends all agencies of the account.
    pub(crate) fn revoke_agents(&mut self) -> Result<(), Rejection> {
        let account = self.account;
        let (first, last) = (slot(account, 0), slot(account, u128::MAX));
        while let Some((found, agent)) =
            self.tables.agents.first(&first, &last).map(|(slot, a)| (slot, a.address))
        {
            self.meter.charge(APPROVE_WORK)?;
            revoke(self.tables, account, &agent, self.block.time);
            self.tables.agents.remove(&found);
        }
        Ok(())
    }
}

const fn slot(account: AccountId, name: u128) -> AgentSlot {
    AgentSlot { account, name: AddressKey(name.to_be_bytes()) }
}

/// Ends an agency of `master`. The address may have become another's agent since its approval by this one ran out.
fn revoke(tables: &mut ExchangeTables, master: AccountId, agent: &Address, now: BlockTime) {
    let key = AddressKey::of(agent);
    let revoked = tables.signers.update(&key, |signer| match signer.agency {
        Agency::Of { master: of, valid_until, .. } if of == master => {
            signer.agency = Agency::Revoked { since: valid_until.min(now) };
            true
        }
        Agency::Of { .. } | Agency::None | Agency::Revoked { .. } => false,
    });
    if revoked == Some(true) {
        tables.agent_scopes.remove(&key);
    }
}

/// The agents of an account, counted up to `most`.
fn count_agents(tables: &mut ExchangeTables, account: AccountId, most: usize) -> usize {
    let last = AgentSlot { account, name: AddressKey([0xff; 16]) };
    let mut from = AgentSlot { account, name: AddressKey([0; 16]) };
    let mut count = 0usize;
    while count < most {
        let Some((slot, _)) = tables.agents.first(&from, &last) else { break };
        count = count.saturating_add(1);
        let Some(next) = u128::from_be_bytes(slot.name.0).checked_add(1) else { break };
        from.name = AddressKey(next.to_be_bytes());
    }
    count
}
