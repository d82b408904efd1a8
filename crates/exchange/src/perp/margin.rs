//! What an account is worth and what it needs: margin as pure functions of positions and prices.
//!
//! Amounts are quote atoms in 128 bits, and sums saturate: with sizes below 2^63 lots and prices below 2^48 ticks no
//! position leaves 2^119, and comparisons that would are failed. Rules and reasons: `docs/exchange-rules.md`, "Margin".

use super::market::PerpPrices;
use super::position::{ATOMS_PER_TICK_LOT, MarginMode, Position, notional, signed};
use super::tiers::MarginTiers;
use tandem_types::{PriceTicks, QuoteAtoms, SignedLots, Usd};

/// Part of the notional that must stay when money is taken out: a tenth.
const TRANSFER_SHARE: i128 = 10;

/// Worth and needs, of one position or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Margin {
    /// What it is worth.
    pub value: i128,
    /// What it needs to be entered, open orders counted.
    pub initial: i128,
    /// What it needs to stay.
    pub maintenance: i128,
    /// What is held, at mark.
    pub notional: i128,
}

impl Margin {
    /// An account's collateral, before its positions are added.
    #[must_use]
    pub fn of_collateral(collateral: Usd) -> Self {
        Self { value: i128::from(collateral.0), ..Self::default() }
    }

    /// What a position adds to its account's cross margin. Of an isolated one only what its orders would move into it.
    #[must_use]
    pub fn cross_part(position: &Position, prices: &PerpPrices, tiers: &MarginTiers) -> Self {
        let exposed = initial_of(notional(position.exposure(), prices.mark), position, tiers);
        match position.mode {
            MarginMode::Cross => Self { initial: exposed, ..Self::own(position, prices, tiers) },
            MarginMode::Isolated => {
                let held = Self::own(position, prices, tiers).initial;
                Self { initial: exposed.saturating_sub(held), ..Self::default() }
            }
        }
    }

    /// A position by itself, as isolated ones are judged. Its orders are not counted.
    #[must_use]
    pub fn own(position: &Position, prices: &PerpPrices, tiers: &MarginTiers) -> Self {
        let held = notional(position.size.magnitude(), prices.mark);
        Self {
            value: position.value(prices),
            initial: initial_of(held, position, tiers),
            maintenance: signed(tiers.maintenance(held)),
            notional: signed(held),
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: &Self) -> Self {
        Self {
            value: self.value.saturating_add(other.value),
            initial: self.initial.saturating_add(other.initial),
            maintenance: self.maintenance.saturating_add(other.maintenance),
            notional: self.notional.saturating_add(other.notional),
        }
    }

    /// One without the other.
    #[must_use]
    pub const fn minus(self, other: &Self) -> Self {
        Self {
            value: self.value.saturating_sub(other.value),
            initial: self.initial.saturating_sub(other.initial),
            maintenance: self.maintenance.saturating_sub(other.maintenance),
            notional: self.notional.saturating_sub(other.notional),
        }
    }

    /// What it has beyond what it needs to stay; below zero it is liquidated.
    #[must_use]
    pub const fn excess(&self) -> i128 {
        self.value.saturating_sub(self.maintenance)
    }

    /// Whether there is enough to enter what is held and ordered.
    #[must_use]
    pub const fn covers_initial(&self) -> bool {
        self.value >= self.initial
    }

    /// Whether an account may come to stand so: it has its initial margin, or it needs no more than `before` and has,
    /// of what it needs to stay, no smaller part.
    #[must_use]
    pub fn is_sound_after(&self, before: &Self) -> bool {
        self.covers_initial()
            || (self.initial <= before.initial && self.value >= 0 && self.is_no_less_healthy(before))
    }

    /// `value / maintenance` has not fallen.
    fn is_no_less_healthy(&self, before: &Self) -> bool {
        let now = self.value.checked_mul(before.maintenance);
        let then = before.value.checked_mul(self.maintenance);
        now.zip(then).is_some_and(|(now, then)| now >= then)
    }

    /// Whether this may be what is left after money was taken out.
    #[must_use]
    pub fn may_be_left(&self) -> bool {
        self.value >= self.transfer_requirement()
    }

    /// What may be taken out: all above the initial margin and above a tenth of the notional.
    #[must_use]
    pub fn withdrawable(&self) -> QuoteAtoms {
        let free = self.value.saturating_sub(self.transfer_requirement()).max(0);
        QuoteAtoms(u64::try_from(free).unwrap_or(u64::MAX))
    }

    fn transfer_requirement(&self) -> i128 {
        let tenth =
            self.notional.saturating_add(TRANSFER_SHARE.saturating_sub(1)).checked_div(TRANSFER_SHARE);
        self.initial.max(tenth.unwrap_or(self.notional))
    }
}

fn initial_of(notional: u128, position: &Position, tiers: &MarginTiers) -> i128 {
    signed(tiers.initial(notional, position.leverage))
}

/// The mark at which a position's account (or an isolated position) falls below its maintenance margin if no other mark
/// moves, away from the present mark by less than a tick; `None` if no mark does that.
///
/// `value` is what stands behind it at `mark`, `other_maintenance` what the account's other positions need. For each
/// tier the mark is `2L (100 s m - value - d + other) / (100 (2L s - |s|))`; maintenance is the greatest of all tiers',
/// so the first of these to be reached counts.
#[must_use]
pub fn liquidation_price(
    size: SignedLots,
    mark: PriceTicks,
    value: i128,
    other_maintenance: i128,
    tiers: &MarginTiers,
) -> Option<PriceTicks> {
    let held = signed(notional(size.magnitude(), mark));
    let held = if size.is_negative() { held.saturating_neg() } else { held };
    let (lots, magnitude) = (i128::from(size.0), i128::from(size.0).saturating_abs());
    let prices = tiers.lines().filter_map(|(parts, deduction)| {
        let (parts, deduction) = (signed(parts), signed(deduction));
        let owed = held.checked_sub(value)?.checked_sub(deduction)?.checked_add(other_maintenance)?;
        let slope = parts.checked_mul(lots)?.checked_sub(magnitude)?;
        let (numerator, denominator) =
            (parts.checked_mul(owed)?, slope.checked_mul(i128::from(ATOMS_PER_TICK_LOT))?);
        if denominator > 0 {
            numerator.checked_div_euclid(denominator) // A long, rounded down.
        } else {
            // A short, rounded up: both are negated.
            numerator.checked_div_euclid(denominator.checked_neg()?)?.checked_neg()
        }
    });
    let first = if size.is_negative() { prices.min() } else { prices.max() };
    first.and_then(|price| u64::try_from(price).ok()).filter(|price| *price > 0).map(PriceTicks)
}

#[cfg(test)]
mod tests;
