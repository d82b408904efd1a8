//! What the tables hold of trade groups.

use tandem_state::keys;
use tandem_types::AccountId;

/// An account that a leader has invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TradeGroupMember {
    /// Who leads.
    pub leader: AccountId,
    /// Who is invited, and in the group if its own record says so.
    pub member: AccountId,
}
tandem_codec::record!(TradeGroupMember { leader, member });
keys!(TradeGroupMember: 8);

impl TradeGroupMember {
    /// The first possible account that `leader` has invited.
    #[must_use]
    pub const fn first(leader: AccountId) -> Self {
        Self { leader, member: AccountId(0) }
    }

    /// The last possible one.
    #[must_use]
    pub const fn last(leader: AccountId) -> Self {
        Self { leader, member: AccountId(u32::MAX) }
    }
}
