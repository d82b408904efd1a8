//! Risk prices and bounds: arithmetic only.
//!
//! Let `s` be a position's size, `m` the mark, `r ≤ 1/2` the greatest maintenance rate of its market. With `dm` the mark's
//! move, and `up` and `down` the sums of the positive and the negative payments of funding (in ticks, as a long pays them),
//! the excess falls, per `100 |s|` atoms, by at most
//!
//! - long: `-dm + up - down + r max(0, dm)`, which is at most `max(0, -dm + 3 up - down)`;
//! - short: `dm - up + down + r max(0, dm)`, which is at most `(1 + r) max(0, dm - up / 2 + down)`.
//!
//! (Long, `dm > 0`: the first is positive only if `dm < up / (1 - r) ≤ 2 up`, and then exceeds the second by
//! `r dm - 2 up < 0`. Short, `dm > 0`: `(1 + r) / 2 ≤ 3/4 ≤ 1`.) What is in the parentheses is the move of the risk price,
//! `mark - drift`, against the position. Each payment is rounded to ticks against the position, so equality of risk prices
//! means that nothing was lost. Rounding inside margins (funding owed, tiers) is below [`SLACK_ATOMS`] a position.

use super::super::position::ATOMS_PER_TICK_LOT;
use alloc::vec::Vec;
use tandem_state::keys;
use tandem_types::{AccountId, MarketId, PriceTicks, SizeLots};

/// What roundings inside margins may take from a position's excess: an atom of funding, one of maintenance, and one for
/// each bound between tiers.
pub const SLACK_ATOMS: i128 = 8;
/// The part of its excess that an account may lose before it is looked at again, in quarters. The rest lets an account
/// trade: what it opens anew or makes larger gets its bound out of that ([`bound_beside`]), and the others stay.
const BUDGET_QUARTERS: u128 = 3;
/// Units of the funding index in a tick per lot.
const INDEX_UNITS_PER_TICK: i128 = 1_000_000_000_000;
/// Above every budget and distance that matters: products with a price stay within 128 bits.
const BUDGET_MAX: u128 = 1 << 78;

/// Which way a position is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeldSide {
    /// Size above zero.
    Long,
    /// Size below zero.
    Short,
}
tandem_codec::tags!(HeldSide { Long = 0, Short = 1 });

impl HeldSide {
    /// The side of a size; `None` of nothing.
    #[must_use]
    pub const fn of(size: tandem_types::SignedLots) -> Option<Self> {
        match size.0 {
            0 => None,
            1.. => Some(Self::Long),
            _ => Some(Self::Short),
        }
    }

    /// The side of those who trade with it.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }
}

/// What funding has moved a market's risk prices by so far, in ticks. The risk price of a side is the mark less this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FundingDrift {
    /// Rises when longs pay.
    pub long: i64,
    /// Falls when shorts pay.
    pub short: i64,
}
tandem_codec::record!(FundingDrift { long, short });

impl FundingDrift {
    /// After the funding index has grown by `paid`.
    #[must_use]
    pub fn after(self, paid: i128) -> Self {
        let (long, short) = if paid >= 0 {
            (ticks_up(paid.saturating_mul(3)), ticks_down(paid.checked_div(2).unwrap_or(0)))
        } else {
            let received = paid.saturating_neg();
            (ticks_down(received).saturating_neg(), ticks_up(received).saturating_neg())
        };
        Self { long: self.long.saturating_add(long), short: self.short.saturating_add(short) }
    }

    /// The risk price of a side.
    #[must_use]
    pub fn risk_price(&self, side: HeldSide, mark: PriceTicks) -> i64 {
        let mark = i64::try_from(mark.0).unwrap_or(i64::MAX);
        match side {
            HeldSide::Long => mark.saturating_sub(self.long),
            HeldSide::Short => mark.saturating_sub(self.short),
        }
    }
}

/// A payment in whole ticks, rounded down.
fn ticks_down(units: i128) -> i64 {
    i64::try_from(units.div_euclid(INDEX_UNITS_PER_TICK)).unwrap_or(i64::MAX)
}

/// A payment in whole ticks, rounded up.
fn ticks_up(units: i128) -> i64 {
    ticks_down(units.saturating_add(INDEX_UNITS_PER_TICK.saturating_sub(1)))
}

/// The risk price at which a position's account is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskBound {
    /// The side that is held.
    pub side: HeldSide,
    /// The risk price.
    pub ticks: i64,
}
tandem_codec::record!(RiskBound { side, ticks });

impl RiskBound {
    /// How many ticks `price` may still move against the position; none if the bound is reached.
    #[must_use]
    pub fn distance(&self, price: i64) -> u64 {
        let distance = match self.side {
            HeldSide::Long => price.saturating_sub(self.ticks),
            HeldSide::Short => self.ticks.saturating_sub(price),
        };
        u64::try_from(distance).unwrap_or(0)
    }

    fn at_distance(side: HeldSide, price: i64, distance: u64) -> Self {
        let distance = i64::try_from(distance).unwrap_or(i64::MAX);
        let ticks = match side {
            HeldSide::Long => price.saturating_sub(distance),
            HeldSide::Short => price.saturating_add(distance),
        };
        Self { side, ticks }
    }
}

/// What the bounds of an account (or of an isolated position) depend on, of one position.
#[derive(Clone, Copy, Debug)]
pub struct RiskLine {
    /// Which way it is held.
    pub side: HeldSide,
    /// How much.
    pub size: SizeLots,
    /// The mark.
    pub mark: PriceTicks,
    /// The risk price.
    pub price: i64,
    /// One part in so many of the notional is the greatest maintenance rate of the market.
    pub parts: u128,
    /// Its bound so far.
    pub bound: Option<RiskBound>,
}

impl RiskLine {
    /// Atoms of excess that a tick against the position takes, at most.
    fn atoms_per_tick(&self) -> u128 {
        let atoms = u128::from(self.size.0).saturating_mul(u128::from(ATOMS_PER_TICK_LOT));
        match self.side {
            HeldSide::Long => atoms,
            HeldSide::Short => atoms.saturating_add(atoms.div_ceil(self.parts.max(1))),
        }
    }

    /// Its share in what all bounds may lose together: what it is worth, in atoms.
    pub(crate) fn weight(&self) -> u128 {
        self.atoms_per_tick().saturating_mul(u128::from(self.mark.0))
    }

    /// How far its mark may move, if `weights` of lines share `budget`: by the same part of itself as each other's.
    fn fair_distance(&self, budget: u128, weights: u128) -> u64 {
        let moved = u128::from(self.mark.0).saturating_mul(budget).checked_div(weights.max(1)).unwrap_or(0);
        u64::try_from(moved).unwrap_or(u64::MAX).max(1)
    }

    /// What is lost at most while the bound is not reached, roundings included; `None` if there is none, or it is reached.
    pub(crate) fn risked_with_slack(&self) -> Option<u128> {
        let bound = self.bound.filter(|bound| bound.side == self.side)?;
        let distance = bound.distance(self.price).checked_sub(1)?;
        let risk = self.atoms_per_tick().saturating_mul(u128::from(distance));
        let slack = if risk == 0 { 0 } else { SLACK_ATOMS.unsigned_abs() };
        Some(risk.saturating_add(slack))
    }
}

/// Whether all lines have bounds, and an excess of `excess` can't be used up while none is reached.
#[must_use]
pub fn are_sound(lines: &[RiskLine], excess: i128) -> bool {
    let mut risked = 0u128;
    for line in lines {
        let Some(risk) = line.risked_with_slack() else { return false };
        risked = risked.saturating_add(risk);
    }
    excess >= 0 && risked <= excess.unsigned_abs()
}

/// New bounds for all lines: each mark may move by the same part of itself. None is reached at once, also of an account
/// that has no excess left: it is looked at when any of its risk prices has moved against it at all.
#[must_use]
pub fn bounds(lines: &[RiskLine], excess: i128) -> Vec<RiskBound> {
    let count = i128::try_from(lines.len()).unwrap_or(i128::MAX);
    let budget = budget(excess.saturating_sub(SLACK_ATOMS.saturating_mul(count)));
    let weights = lines.iter().fold(0u128, |sum, line| sum.saturating_add(line.weight()));
    let bound =
        |line: &RiskLine| RiskBound::at_distance(line.side, line.price, line.fair_distance(budget, weights));
    lines.iter().map(bound).collect()
}

/// A new bound for one line alone, out of `leftover`: what the bounds of the others, which stay, leave of the excess.
/// `weights` are those of all lines. `None` if that comes to less than half of the line's fair part: then all are to share
/// anew, or it would be reached too soon.
#[must_use]
pub fn bound_beside(line: &RiskLine, leftover: u128, excess: i128, weights: u128) -> Option<RiskBound> {
    let fair = line.fair_distance(budget(excess), weights);
    let affordable = leftover.saturating_sub(SLACK_ATOMS.unsigned_abs()).checked_div(line.atoms_per_tick());
    let affordable = u64::try_from(affordable.unwrap_or(0)).unwrap_or(u64::MAX);
    // The nearest bound loses nothing before it is reached: it can always be had.
    let distance = fair.min(affordable.max(1));
    (distance.saturating_mul(2) >= fair).then(|| RiskBound::at_distance(line.side, line.price, distance))
}

/// What bounds may together lose of an excess.
fn budget(excess: i128) -> u128 {
    excess.max(0).unsigned_abs().saturating_mul(BUDGET_QUARTERS).div_euclid(4).min(BUDGET_MAX)
}

/// An entry of the risk index. Of each market and side, those that a move reaches first come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RiskKey {
    /// Where.
    pub market: MarketId,
    /// Which way it is held.
    pub side: HeldSide,
    /// How far the risk price must move: the bound's rank, complemented for longs.
    depth: u64,
    /// Whose.
    pub account: AccountId,
}
tandem_codec::record!(RiskKey { market, side, depth, account });
keys!(RiskKey: 15);

impl RiskKey {
    /// The key of a bound.
    #[must_use]
    pub const fn new(market: MarketId, bound: &RiskBound, account: AccountId) -> Self {
        Self { market, side: bound.side, depth: depth(bound.side, bound.ticks), account }
    }

    /// The first key of a side.
    #[must_use]
    pub const fn first(market: MarketId, side: HeldSide) -> Self {
        Self { market, side, depth: 0, account: AccountId(0) }
    }

    /// The last key that is reached when the risk price of a side is `price`.
    #[must_use]
    pub const fn last_due(market: MarketId, side: HeldSide, price: i64) -> Self {
        Self { market, side, depth: depth(side, price), account: AccountId(u32::MAX) }
    }
}

/// Ranks order as risk prices do; a long's highest bound is reached first, a short's lowest.
const fn depth(side: HeldSide, ticks: i64) -> u64 {
    let rank = u64::from_be_bytes(ticks.to_be_bytes()) ^ (1 << 63);
    match side {
        HeldSide::Long => !rank,
        HeldSide::Short => rank,
    }
}

/// An entry of the list of those who hold something in a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HolderKey {
    /// Where.
    pub market: MarketId,
    /// Which way.
    pub side: HeldSide,
    /// Who.
    pub account: AccountId,
}
tandem_codec::record!(HolderKey { market, side, account });
keys!(HolderKey: 7);

impl HolderKey {
    /// The last possible holder of a side.
    #[must_use]
    pub const fn last(market: MarketId, side: HeldSide) -> Self {
        Self { market, side, account: AccountId(u32::MAX) }
    }
}

#[cfg(test)]
mod tests;
