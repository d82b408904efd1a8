//! Orders that wait: stop and take-profit orders on perpetual markets, alone or in groups.
//!
//! A waiting order stands in the account's list and, once it waits for its price, in one table keyed by (market, direction,
//! price, id). A price update looks only at the ends of those runs: where the mark has passed an entry, it notes how far.
//! What was passed is then fired in due work, nearest price first and oldest first within a price, with a limit per block;
//! markets take turns, and a cursor says whose is next. A fired order becomes an ordinary one with an id of its own, by
//! the ordinary path with every check of that moment; one that is refused there is reported as an event.
//!
//! An order that opens something doesn't fire while liquidations of its market are pending: it moves to a table of the same
//! keys, and has its turn when they are done.
//!
//! Spot markets have no mark price, and a last trade is moved by whoever trades a lot: trigger orders are refused there.
//!
//! - [`record`]: what is kept, and keys. - `place`, `waiting`: an order that comes, and one that goes unfired.
//! - `fire`: due work. - `group`: what becomes of orders that belong together, and of those that follow a position.
//!
//! Invariants: every entry by price is a waiting order of its account; waiting orders count as open; nothing is held or
//! needed for them; none fires twice. Rules: `docs/exchange-rules.md`, "Trigger orders".

mod fire;
mod group;
mod place;
pub mod record;
mod waiting;

pub use fire::{TRIGGER_TURN, TRIGGER_WORK};
pub use group::GROUP_WORK;
pub use record::{
    Direction, DueTriggers, Ended, GroupKey, POSITION_TRIGGERS_MAX, PositionTrigger, Stage, TriggerKey,
    TriggerOrder,
};

pub(crate) use fire::{due_work, pass};
pub(crate) use group::settle as settle_groups;
pub(crate) use place::Role;
