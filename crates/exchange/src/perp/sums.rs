//! What an account's positions come to together, worked out once in a block.
//!
//! Margin is a sum over positions, and those who trade most have positions everywhere: a sum anew for each order, each
//! maker met and each look at a bound would cost what a hundred positions cost. Prices stand still while a block's actions
//! run, so the sums of an account change only as its positions and its collateral do, by what one of them contributed
//! before and after. [`Clearing`](super::Clearing), which alone writes both, keeps them so; a price update forgets them.
//!
//! Sums are exact: with the caps of open interest and of orders no term leaves 2^90, so none saturates. That they are what
//! summing anew gives is `sums_kept_are_sums_made_anew`.

use super::margin::Margin;
use super::market::{PerpMarket, PerpPrices};
use super::position::{MarginMode, Position};
use super::risk::bound::{HeldSide, RiskLine};
use tandem_types::Usd;

/// Sums over an account's positions, and its collateral.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrossSums {
    /// The account's cross margin.
    pub margin: Margin,
    /// Cross positions that hold something.
    pub held: u32,
    /// Isolated positions that hold something.
    pub isolated: u32,
    /// Of the cross positions, those without a bound, or whose bound is reached.
    pub unbound: u32,
    /// What the others may lose before one of their bounds is reached.
    pub risked: u128,
    /// The weights of the cross positions: their shares in what all may lose.
    pub weight: u128,
}

impl CrossSums {
    /// Of an account without positions.
    pub(super) fn of_collateral(collateral: Usd) -> Self {
        Self { margin: Margin::of_collateral(collateral), ..Self::default() }
    }

    /// With collateral added.
    pub(super) fn plus_collateral(self, amount: Usd) -> Self {
        Self { margin: self.margin.plus(&Margin::of_collateral(amount)), ..self }
    }

    /// With a position added.
    pub(super) fn plus(self, position: &Position, market: &PerpMarket, prices: &PerpPrices) -> Self {
        let Self { margin, held, isolated, unbound, risked, weight } =
            Self::of_position(position, market, prices);
        Self {
            margin: self.margin.plus(&margin),
            held: self.held.saturating_add(held),
            isolated: self.isolated.saturating_add(isolated),
            unbound: self.unbound.saturating_add(unbound),
            risked: self.risked.saturating_add(risked),
            weight: self.weight.saturating_add(weight),
        }
    }

    /// With a position taken off that was added before.
    pub(super) fn minus(self, position: &Position, market: &PerpMarket, prices: &PerpPrices) -> Self {
        let Self { margin, held, isolated, unbound, risked, weight } =
            Self::of_position(position, market, prices);
        Self {
            margin: self.margin.minus(&margin),
            held: self.held.saturating_sub(held),
            isolated: self.isolated.saturating_sub(isolated),
            unbound: self.unbound.saturating_sub(unbound),
            risked: self.risked.saturating_sub(risked),
            weight: self.weight.saturating_sub(weight),
        }
    }

    fn of_position(position: &Position, market: &PerpMarket, prices: &PerpPrices) -> Self {
        let margin = Margin::cross_part(position, prices, &market.tiers);
        let none = Self { margin, ..Self::default() };
        let Some(line) = line_of(position, market, prices) else { return none };
        if position.mode == MarginMode::Isolated {
            return Self { isolated: 1, ..none };
        }
        let risked = line.risked_with_slack();
        let unbound = u32::from(risked.is_none());
        Self { held: 1, unbound, risked: risked.unwrap_or(0), weight: line.weight(), ..none }
    }

    /// What the bounds of all cross positions but one leave of the excess, if they are all bound and leave something.
    pub(super) fn left_beside(&self, line: &RiskLine) -> Option<u128> {
        let risked = line.risked_with_slack();
        let excess = u128::try_from(self.margin.excess()).ok()?;
        if self.unbound != u32::from(risked.is_none()) {
            return None;
        }
        excess.checked_sub(self.risked.saturating_sub(risked.unwrap_or(0)))
    }

    /// Whether there is nothing to look at: nothing held and nothing owed, or bounds that can't all be lost to.
    pub(super) const fn needs_no_look(&self) -> bool {
        if self.held == 0 {
            return self.margin.value >= 0;
        }
        let excess = self.margin.excess();
        self.unbound == 0 && excess >= 0 && self.risked <= excess.unsigned_abs()
    }
}

/// What the bound of a position depends on; `None` if nothing is held.
pub(super) fn line_of(position: &Position, market: &PerpMarket, prices: &PerpPrices) -> Option<RiskLine> {
    let side = HeldSide::of(position.size)?;
    Some(RiskLine {
        side,
        size: position.size.magnitude(),
        mark: prices.mark,
        price: prices.drift.risk_price(side, prices.mark),
        parts: market.tiers.least_parts(),
        bound: position.bound,
    })
}
