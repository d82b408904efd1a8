//! The risk index: which accounts a price update may have brought below their maintenance margin.
//!
//! What margin an account has over what it needs to stay (its *excess*) falls only when a price moves against one of its
//! positions, or one of them pays funding. Both are one number per market and side, the *risk price*: the mark, moved by
//! the funding paid since the market began ([`FundingDrift`]). Whenever an account is looked at, each of its positions gets
//! a [`RiskBound`]: as long as no risk price has reached its bound, the excess can't be used up. Bounds are keys of an
//! ordered table, so a price update reads the first entry of each side, and looks only at accounts that it has reached.
//!
//! - [`bound`]: the arithmetic, and why it is conservative.
//! - `index`: bounds on the tables, and what happens to an account that is looked at.

pub mod bound;
mod index;

pub use bound::{FundingDrift, HeldSide, RiskBound, RiskKey};
pub use index::rebuild;
pub(crate) use index::{Held, first_due};
