//! What an agent may do, if its account said so.
//!
//! An action of a scoped agent is judged whole before it runs: nothing of it happens if some of it is not allowed. An
//! order is weighed at the worst price that it could have now: its limit, its trigger price, or for a sale the best bid
//! if that is higher. Orders that only reduce a position weigh nothing. What was accepted counts towards the total,
//! filled or not, and is never given back: the total bounds what a stolen key can do, not what it holds.
//! Withdrawals need no scope: no agent may sign them.

mod judge;
pub(crate) mod record;

pub use judge::SCOPE_WORK;
pub use record::Scope;
