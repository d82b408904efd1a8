//! Leverage, margin modes, and margin moved into and out of isolated positions.

use super::clearing::{Priced, clearing};
use super::margin::Margin;
use super::position::{MarginMode, Position};
use crate::Rejection;
use crate::action::{AssetId, UpdateIsolatedMargin, UpdateLeverage};
use crate::receipt::{Event, ItemStatus};
use crate::session::Session;
use tandem_coprocessor::Work;
use tandem_types::{MarketId, Usd};

/// Work of a change of leverage or isolated margin, before positions are margined.
const LEVERAGE_WORK: Work = Work(3_000);

/// Quote atoms in 10^-6 USD.
const ATOMS_PER_MICRO: i64 = 100;

fn perp_of(asset: AssetId) -> Result<MarketId, Rejection> {
    let market = u16::try_from(asset.0).map(MarketId).map_err(|_| Rejection::UnknownAsset)?;
    if super::is_perpetual(market) { Ok(market) } else { Err(Rejection::UnknownAsset) }
}

impl Session<'_, '_> {
    /// Executes an `updateLeverage`.
    pub(crate) fn update_leverage(&mut self, request: &UpdateLeverage) -> Result<ItemStatus, Rejection> {
        self.meter.charge(LEVERAGE_WORK)?;
        let id = perp_of(request.asset)?;
        let market = *self.tables.perp_markets.get(&id).ok_or(Rejection::UnknownAsset)?;
        let leverage = u8::try_from(request.leverage)
            .ok()
            .filter(|leverage| (1..=market.tiers.leverage_max()).contains(leverage))
            .ok_or(Rejection::LeverageOutOfRange)?;
        let mode = if request.is_cross { MarginMode::Cross } else { MarginMode::Isolated };
        let account = self.account;
        let mut clearing = clearing!(self.tables, self.meter);
        let before = clearing.position(account, id, &market);
        if mode != before.mode && !before.is_idle() {
            return Err(Rejection::MarginModeLocked);
        }
        let after = Position { leverage, mode, ..before };
        if !before.is_idle() {
            let priced = clearing.priced(id)?;
            if !clearing.may_become(account, &priced, &before, &after, Usd::ZERO)? {
                return Err(Rejection::InsufficientWithdrawable);
            }
        }
        clearing.set_position(account, id, &market, after);
        Ok(ItemStatus::Done)
    }

    /// Executes an `updateIsolatedMargin`.
    pub(crate) fn update_isolated_margin(
        &mut self,
        request: &UpdateIsolatedMargin,
    ) -> Result<ItemStatus, Rejection> {
        self.meter.charge(LEVERAGE_WORK)?;
        let id = perp_of(request.asset)?;
        let amount = request.micros.checked_mul(ATOMS_PER_MICRO).map(Usd).ok_or(Rejection::AmountTooLarge)?;
        if amount.is_zero() {
            return Err(Rejection::AmountZero);
        }
        let account = self.account;
        let mut clearing = clearing!(self.tables, self.meter);
        let priced = clearing.priced(id)?;
        let before = clearing.position(account, id, &priced.market);
        if before.mode != MarginMode::Isolated || before.size.is_zero() {
            return Err(Rejection::NoIsolatedPosition);
        }
        let after = Position { quote: before.quote.plus(amount)?, ..before };
        let leaves_enough = if amount.is_negative() {
            let own = Margin::own(&after, &priced.prices, &priced.market.tiers);
            own.may_be_left()
        } else {
            clearing.cross_margin(account)?.plus(&taken(amount)?).may_be_left()
        };
        if !leaves_enough {
            return Err(Rejection::InsufficientWithdrawable);
        }
        let Priced { market, .. } = &priced;
        clearing.set_position(account, id, market, after);
        clearing.add_collateral(account, Usd::ZERO.minus(amount)?)?;
        self.events.push(Event::IsolatedMargin { account, market: id, amount });
        self.reindex(account)?;
        Ok(ItemStatus::Done)
    }
}

/// What taking `amount` out changes of a margin.
pub(super) fn taken(amount: Usd) -> Result<Margin, Rejection> {
    Ok(Margin::of_collateral(Usd::ZERO.minus(amount)?))
}
