//! On what terms positions below their maintenance margin are sold.

use super::margin::Margin;
use super::position::ATOMS_PER_TICK_LOT;
use super::risk::bound::HeldSide;
use tandem_book::Side;
use tandem_types::{AccountId, PriceTicks, SizeLots};

/// Milliseconds after a part in which orders are for all of a position.
pub const COOLDOWN_MS: u64 = 30_000;
/// Most makers that a liquidation order may meet.
pub const LIQUIDATION_FILLS_MAX: u32 = 16;
/// Milliseconds until a unit that could not be liquidated has its next turn.
pub const RETRY_MS: u64 = 1_000;

/// How a liquidated taker trades: its fee is no more than what its price is better than the zero price, and goes to the
/// insurance fund; margin that an isolated position's closed part would release stays in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LiquidationTerms {
    pub(crate) zero: PriceTicks,
    pub(crate) insurance: AccountId,
}

/// The worst price at which a position of a unit with less than its maintenance margin may be reduced: the unit's value
/// per maintenance margin stays. `parts` is the lowest maintenance rate that the reduction reaches, one part in so many.
///
/// `mark × (1 ∓ rate × value / maintenance)`, rounded to a whole tick against the buyer or seller, and one tick more: a
/// tick is 100 atoms a lot, which is above what rounding can take from the margins of before and after.
#[must_use]
pub fn zero_price(side: HeldSide, mark: PriceTicks, margin: &Margin, parts: u128) -> PriceTicks {
    let value = margin.value.clamp(0, margin.maintenance).unsigned_abs();
    let most = u128::from(mark.0).saturating_mul(value);
    let least = margin.maintenance.unsigned_abs().saturating_mul(parts).max(1);
    let give = u64::try_from(most.checked_div(least).unwrap_or(0)).unwrap_or(u64::MAX);
    PriceTicks(match side {
        HeldSide::Long => mark.0.saturating_add(1).saturating_sub(give),
        HeldSide::Short => mark.0.saturating_add(give).saturating_sub(1),
    })
}

/// What a fill at `price` is better than the zero price by, in atoms.
#[must_use]
pub(super) const fn improvement(side: Side, zero: PriceTicks, price: PriceTicks, size: SizeLots) -> u64 {
    let ticks = match side {
        Side::Ask => price.0.saturating_sub(zero.0),
        Side::Bid => zero.0.saturating_sub(price.0),
    };
    ticks.saturating_mul(size.0).saturating_mul(ATOMS_PER_TICK_LOT)
}

#[cfg(test)]
mod tests;
