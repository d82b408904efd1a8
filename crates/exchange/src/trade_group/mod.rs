//! Trade groups: accounts that belong together don't trade with each other.
//!
//! A group is named by the account that leads it. The leader invites; whoever is invited joins by an action of its own, so
//! that both have agreed. An account that the leader controls (its sub-account, a vault that it leads) is in with the
//! invitation: nobody else could agree for it. Each account is in one group at most: joining one leaves another. Members
//! leave when they like, and the leader removes whom it likes; a leader belongs to its own group for as long as it has
//! invited anyone, and to no other.
//!
//! Between members self-trade prevention does what it does between orders of one account, as the arriving order chose. It
//! is asked when two orders meet, so it binds those that rest already. Whoever joins trusts the leader in this: all whom
//! the leader admits can cancel its resting orders by meeting them, as its own orders can.
//!
//! Liquidations ask no group. A friend's order at the best price could otherwise stand between a falling account and those
//! who would buy from it, and what is then missing is everyone's.
//!
//! Invariants: whoever is in a group was invited to it and has not been removed; a leader's list has as many entries as
//! are counted, [`TRADE_GROUP_MAX`] at most; nobody who leads a group is in another. The rule and the limit are ours.

mod act;
pub(crate) mod record;

pub(crate) use act::group_of;
pub use act::{TRADE_GROUP_MAX, TRADE_GROUP_WORK};
pub use record::TradeGroupMember;
