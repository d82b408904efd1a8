//! Trade groups for tests: what is done with them in few words, and what must hold of them.

use crate::Signer;
use crate::invariants::rows;
use std::collections::BTreeMap;
use tandem_exchange::action::{Action, SetTradeGroup, TradeGroupInvite};
use tandem_exchange::{Account, ExchangeTables, TRADE_GROUP_MAX, TradeGroupMember};
use tandem_types::{AccountId, Address};

/// Invites an account to one's trade group, or removes it.
#[must_use]
pub const fn invite(user: Address, is_invited: bool) -> Action {
    Action::TradeGroupInvite(TradeGroupInvite { user, is_invited })
}

/// Joins somebody's trade group, or leaves the one in which one is.
#[must_use]
pub fn trade_group(leader: Option<&Signer>) -> Action {
    Action::SetTradeGroup(SetTradeGroup { leader: leader.map(Signer::address) })
}

/// Checks that whoever is in a group was invited, that leaders are in their own, and that lists are counted.
pub(crate) fn assert_trade_groups(tables: &ExchangeTables) {
    let groups: BTreeMap<AccountId, u16> = rows(&tables.trade_groups).into_iter().collect();
    let mut counts: BTreeMap<AccountId, u16> = BTreeMap::new();
    for (TradeGroupMember { leader, member }, ()) in rows::<TradeGroupMember, ()>(&tables.trade_group_members)
    {
        assert_ne!(leader, member);
        *counts.entry(leader).or_default() += 1;
    }
    assert_eq!(counts, groups, "what leaders have invited");
    assert!(counts.values().all(|count| *count <= TRADE_GROUP_MAX));
    for (id, account) in rows::<AccountId, Account>(&tables.accounts) {
        assert_eq!(groups.contains_key(&id), account.trade_group == Some(id), "leaders are in their groups");
        if let Some(leader) = account.trade_group.filter(|leader| *leader != id) {
            let key = TradeGroupMember { leader, member: id };
            assert!(tables.trade_group_members.peek(&key).is_some(), "{key:?} was not invited");
        }
    }
}
