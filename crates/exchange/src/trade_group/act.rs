//! Inviting, joining and leaving.

use super::record::TradeGroupMember;
use crate::Rejection;
use crate::action::{SetTradeGroup, TradeGroupInvite};
use crate::receipt::{Event, ItemStatus};
use crate::records::Account;
use crate::session::Session;
use crate::transfer;
use tandem_coprocessor::Work;
use tandem_state::Table;
use tandem_state::index::Hashed;
use tandem_types::AccountId;

/// Most accounts that a leader has invited at a time: enough for all of its sub-accounts, and some friends.
pub const TRADE_GROUP_MAX: u16 = 100;
/// Work of inviting, joining or leaving.
pub const TRADE_GROUP_WORK: Work = Work(8_000);

/// The group that an account is in, by its leader.
pub(crate) fn group_of(
    accounts: &mut Table<AccountId, Account, Hashed<AccountId, Account>>,
    account: AccountId,
) -> Option<AccountId> {
    accounts.get(&account).and_then(|account| account.trade_group)
}

impl Session<'_, '_> {
    /// Executes a `tradeGroupInvite`, in either direction.
    pub(crate) fn invite_to_trade_group(
        &mut self,
        request: &TradeGroupInvite,
    ) -> Result<ItemStatus, Rejection> {
        self.meter.charge(TRADE_GROUP_WORK)?;
        let member = transfer::find_account(self.tables, &request.user);
        let member = member.ok_or(Rejection::UnknownTradeGroupMember)?;
        let key = TradeGroupMember { leader: self.account, member };
        if member == self.account {
            return Err(Rejection::TradeGroupOfOneself);
        }
        if request.is_invited {
            self.invite(&key)?
        } else {
            self.remove_member(&key)?
        }
        Ok(ItemStatus::Done)
    }

    /// Executes a `setTradeGroup`: joins the named leader's group, or with none leaves the one that it is in.
    pub(crate) fn set_trade_group(&mut self, request: &SetTradeGroup) -> Result<ItemStatus, Rejection> {
        self.meter.charge(TRADE_GROUP_WORK)?;
        let Some(address) = request.leader else {
            let leader = group_of(&mut self.tables.accounts, self.account);
            let leader = leader.ok_or(Rejection::NotInTradeGroup)?;
            self.check_leads_none(self.account)?;
            self.remove_member(&TradeGroupMember { leader, member: self.account })?;
            return Ok(ItemStatus::Done);
        };
        let leader = transfer::find_account(self.tables, &address).ok_or(Rejection::NotInvited)?;
        let key = TradeGroupMember { leader, member: self.account };
        if !self.tables.trade_group_members.contains(&key) {
            return Err(Rejection::NotInvited);
        }
        self.join(&key)?;
        Ok(ItemStatus::Done)
    }

    /// Lists an account. The first one founds the group.
    fn invite(&mut self, key: &TradeGroupMember) -> Result<(), Rejection> {
        let TradeGroupMember { leader, member } = *key;
        if group_of(&mut self.tables.accounts, leader).is_some_and(|group| group != leader) {
            return Err(Rejection::FollowsTradeGroup);
        }
        let count = self.tables.trade_groups.get(&leader).copied().unwrap_or_default();
        let listed = self.tables.trade_group_members.contains(key);
        if !listed && count >= TRADE_GROUP_MAX {
            return Err(Rejection::TradeGroupFull);
        }
        let controls = self.controls(leader, member);
        if controls {
            self.check_leads_none(member)?;
        }
        // From here it succeeds.
        if !listed {
            self.tables.trade_group_members.put(*key, ());
            self.tables.trade_groups.put(leader, count.saturating_add(1));
            self.enter(leader, Some(leader));
        }
        if controls { self.join(key) } else { Ok(()) }
    }

    fn controls(&mut self, leader: AccountId, member: AccountId) -> bool {
        let member = self.tables.accounts.get(&member);
        member.is_some_and(|account| account.control.controller() == Some(leader))
    }

    /// Puts an account into a group to which it is invited, out of the one in which it is.
    fn join(&mut self, key: &TradeGroupMember) -> Result<(), Rejection> {
        let TradeGroupMember { leader, member } = *key;
        self.check_leads_none(member)?;
        match group_of(&mut self.tables.accounts, member) {
            Some(group) if group == leader => return Ok(()),
            Some(other) => self.remove_member(&TradeGroupMember { leader: other, member })?,
            None => {}
        }
        self.enter(member, Some(leader));
        Ok(())
    }

    /// A leader's own group ends by parting with all that it invited, and not otherwise.
    fn check_leads_none(&mut self, account: AccountId) -> Result<(), Rejection> {
        let leads = group_of(&mut self.tables.accounts, account) == Some(account);
        if leads { Err(Rejection::LeadsTradeGroup) } else { Ok(()) }
    }

    /// Takes an account off a leader's list, and out of the group. The last one ends the group.
    fn remove_member(&mut self, key: &TradeGroupMember) -> Result<(), Rejection> {
        self.tables.trade_group_members.remove(key).ok_or(Rejection::NotInvited)?;
        let TradeGroupMember { leader, member } = *key;
        if group_of(&mut self.tables.accounts, member) == Some(leader) {
            self.enter(member, None);
        }
        let count = self.tables.trade_groups.get(&leader).copied().unwrap_or_default().saturating_sub(1);
        if count > 0 {
            self.tables.trade_groups.put(leader, count);
        } else {
            self.tables.trade_groups.remove(&leader);
            self.enter(leader, None);
        }
        Ok(())
    }

    /// Notes which group an account is in, and says so if that is another than before.
    fn enter(&mut self, account: AccountId, leader: Option<AccountId>) {
        if group_of(&mut self.tables.accounts, account) != leader {
            self.tables.accounts.update(&account, |account| account.trade_group = leader);
            self.events.push(Event::TradeGroup { account, leader });
        }
    }
}
