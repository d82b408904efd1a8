//! Auto-deleveraging: what the insurance fund had to take is closed against those on the other side, at mark, and what the
//! fund is worth less than nothing is shared among them.
//!
//! Whoever holds the other side is put into one of [`BUCKETS`] buckets by `profit × leverage`: mark over entry price (for
//! shorts entry over mark) times its unit's notional over value, a bucket for each doubling. The highest bucket is closed
//! first; within the last one that is needed, each closes its share of what is left, in the order of accounts, rounded so
//! that the shares of the first `k` together are the rounded-down share of the first `k`: never a lot more than its part.
//!
//! Each closed lot bears its share of what is missing at that moment, by notional, but nobody gives more than the part of
//! its own value that the closed part is of what it holds: nobody has more leverage afterwards. What can't be had so stays
//! the fund's debt.
//!
//! A pass counts the buckets, the next one closes; both go on from a cursor, a holder a step. What changes between blocks
//! moves shares, but never closes more than the fund holds; if something is left after both, they begin again.
//! Source of the ranking: Hyperliquid, "Auto-deleveraging".

use super::clearing::{Priced, clearing};
use super::margin::Margin;
use super::pending::MarginUnit;
use super::position::{FillTerms, MarginMode, Position, notional};
use super::risk::bound::{HeldSide, HolderKey};
use crate::Rejection;
use crate::receipt::{Deleveraged, Event};
use crate::session::Session;
use tandem_coprocessor::Work;
use tandem_types::{AccountId, MarketId, PriceTicks, QuoteAtoms, SizeLots};

pub use super::buckets::{BUCKETS, Buckets, Deleverage};

/// The bucket of scores from 1 to 2.
const BUCKET_OF_ONE: u32 = 4;

/// Work of a holder that is looked at, beside its positions.
const HOLDER_WORK: Work = Work(1_500);
/// Work of closing a part of a position.
const CLOSE_WORK: Work = Work(10_000);

/// The bucket of a position: the doublings of `profit × leverage` above 1/16.
#[must_use]
pub fn bucket(position: &Position, mark: PriceTicks, unit: &Margin) -> usize {
    let (Ok(value), Ok(held)) = (u128::try_from(unit.value), u128::try_from(unit.notional)) else {
        return BUCKETS.saturating_sub(1);
    };
    let (now, entry) = (notional(position.size.magnitude(), mark), u128::from(position.entry.0));
    let (above, below) = if position.size.is_negative() { (entry, now) } else { (now, entry) };
    let (Some(numerator), Some(denominator)) = (above.checked_mul(held), below.checked_mul(value)) else {
        return BUCKETS.saturating_sub(1);
    };
    let mut bucket = 0u32;
    let last = u32::try_from(BUCKETS.saturating_sub(1)).unwrap_or(u32::MAX);
    while bucket < last && is_at_least(numerator, denominator, bucket.saturating_add(1)) {
        bucket = bucket.saturating_add(1);
    }
    usize::try_from(bucket).unwrap_or(0)
}

/// Whether `numerator / denominator` is at least the lower bound of `bucket`, `2^(bucket - 4)`.
fn is_at_least(numerator: u128, denominator: u128, bucket: u32) -> bool {
    let (up, down) = (bucket.saturating_sub(BUCKET_OF_ONE), BUCKET_OF_ONE.saturating_sub(bucket));
    let scaled = |number: u128, by: u32| 1u128.checked_shl(by).and_then(|factor| number.checked_mul(factor));
    match (scaled(numerator, down), scaled(denominator, up)) {
        (Some(numerator), Some(denominator)) => numerator >= denominator,
        (None, _) => true,
        (_, None) => false,
    }
}

/// What a holder pays beside closing at mark: its share of what is missing, rounded up, but no more of its value than what
/// is closed is of what it holds.
#[must_use]
pub fn payment(fund: &Margin, holder: &Margin, closed: u128) -> QuoteAtoms {
    let missing = fund.value.min(0).unsigned_abs();
    let of_fund = fund.notional.unsigned_abs().max(closed).max(1);
    let share = missing.checked_mul(closed).map_or(missing, |product| product.div_ceil(of_fund)).min(missing);
    let has = holder.value.max(0).unsigned_abs();
    let of_holder = holder.notional.unsigned_abs().max(closed).max(1);
    let most = has.checked_mul(closed).and_then(|product| product.checked_div(of_holder)).unwrap_or(0);
    QuoteAtoms(u64::try_from(share.min(most)).unwrap_or(u64::MAX))
}

impl Session<'_, '_> {
    /// The insurance fund's position is to be closed.
    pub(crate) fn begin_deleverage(&mut self, id: MarketId, position: &Position) {
        let Some(held) = HeldSide::of(position.size) else { return };
        if !self.tables.deleverages.contains(&id) {
            let since = self.block.time;
            self.tables.deleverages.put(id, Deleverage::new(since, held.opposite()));
        }
    }

    /// Comes by one holder. Says whether there may be more to do in this block.
    pub(crate) fn deleverage_step(&mut self, id: MarketId) -> Result<bool, Rejection> {
        self.meter.charge(HOLDER_WORK)?;
        let mut state = *self.tables.deleverages.get(&id).ok_or(Rejection::Overflow)?;
        let insurance = self.account;
        let mut clearing = clearing!(self.tables, self.meter);
        let priced = clearing.priced(id)?;
        let position = clearing.position(insurance, id, &priced.market);
        let Some(held) = HeldSide::of(position.size) else {
            self.tables.deleverages.remove(&id);
            return Ok(true);
        };
        let stale_ms = self.tables.perp_config.get(&()).copied().unwrap_or_default().price_stale_ms;
        if priced.prices.is_stale(self.block.time, stale_ms) {
            return Ok(false);
        }
        if state.side == held {
            state = Deleverage::new(state.since, held.opposite());
        }
        let from = HolderKey { market: id, side: state.side, account: state.cursor };
        let last = HolderKey::last(id, state.side);
        let Some((HolderKey { account, .. }, ())) = self.tables.holders.first(&from, &last) else {
            let next = state.next_pass(position.size.magnitude());
            self.tables.deleverages.put(id, next.unwrap_or(Deleverage::new(state.since, state.side)));
            return Ok(next.is_some());
        };
        state.cursor = account.next().ok_or(Rejection::Overflow)?;
        self.come_by(&priced, account, &mut state, position.size.magnitude())?;
        self.tables.deleverages.put(id, state);
        Ok(true)
    }

    /// Counts a holder, or closes its share.
    fn come_by(
        &mut self,
        priced: &Priced,
        account: AccountId,
        state: &mut Deleverage,
        left: SizeLots,
    ) -> Result<(), Rejection> {
        let position = clearing!(self.tables, self.meter).position(account, priced.id, &priced.market);
        let unit = match position.mode {
            MarginMode::Cross => MarginUnit::cross(account),
            MarginMode::Isolated => MarginUnit::isolated(account, priced.id),
        };
        let margin = self.unit_margin(&unit)?;
        let bucket = bucket(&position, priced.prices.mark, &margin);
        let lots = position.size.magnitude().0;
        if state.need.is_zero() {
            state.counted.add(bucket, lots);
            return Ok(());
        }
        let share = state.share(bucket, lots).min(left);
        if share.is_zero() {
            return Ok(());
        }
        state.closed.add(bucket, share.0);
        self.close_against(priced, account, &margin, share)
    }

    /// Closes a part of a holder's position against the insurance fund's.
    fn close_against(
        &mut self,
        priced: &Priced,
        account: AccountId,
        margin: &Margin,
        size: SizeLots,
    ) -> Result<(), Rejection> {
        self.meter.charge(CLOSE_WORK)?;
        let insurance = self.account;
        let mut clearing = clearing!(self.tables, self.meter);
        let position = clearing.position(account, priced.id, &priced.market);
        let fund = clearing.cross_margin(insurance)?;
        let side = position.reducing_side().ok_or(Rejection::Overflow)?;
        let price = priced.prices.mark;
        let paid = payment(&fund, margin, notional(size, price));
        let terms = FillTerms { side, size, price, fee: paid };
        let closed = self.trade_at_mark(priced, account, &terms)?;
        let other = FillTerms { side: side.opposite(), fee: QuoteAtoms::ZERO, ..terms };
        self.trade_at_mark(priced, insurance, &other)?;
        let received = tandem_types::Usd::had(paid)?;
        clearing!(self.tables, self.meter).add_collateral(insurance, received)?;
        self.events.push(Event::Deleveraged(Deleveraged {
            account,
            market: priced.id,
            size_before: position.size,
            size: closed.position.size,
            mark: price,
            paid,
            closed_profit: closed.closed_profit,
        }));
        self.cut_reduce_only(account, priced.id)?;
        self.reindex(account)
    }
}

#[cfg(test)]
mod tests;
