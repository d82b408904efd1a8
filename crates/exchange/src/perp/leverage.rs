//! Leverage, margin modes, and margin moved into and out of isolated positions.

use super::clearing::{Priced, clearing};
use super::margin::Margin;
use super::position::{MarginMode, Position};
use crate::Rejection;
use crate::action::{AssetId, Decimal, TopUpIsolatedOnlyMargin, UpdateIsolatedMargin, UpdateLeverage};
use crate::receipt::{Event, ItemStatus};
use crate::session::Session;
use crate::tables::PositionKey;
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
        clearing.set_position(PositionKey { account, market: id }, &market, &before, after);
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
        self.move_isolated_margin(id, |_, _| Ok(amount))
    }

    /// Executes a `topUpIsolatedOnlyMargin`: moves in what the position's value is short of `⌈notional / leverage⌉`.
    pub(crate) fn top_up_isolated_margin(
        &mut self,
        request: &TopUpIsolatedOnlyMargin,
    ) -> Result<ItemStatus, Rejection> {
        self.meter.charge(LEVERAGE_WORK)?;
        let id = perp_of(request.asset)?;
        let leverage = request.leverage;
        if leverage.mantissa() == 0 {
            return Err(Rejection::LeverageOutOfRange);
        }
        self.move_isolated_margin(id, |position, priced| {
            let own = Margin::own(position, &priced.prices, &priced.market.tiers);
            let missing = value_at(own.notional, &leverage)?.checked_sub(own.value);
            let missing = missing.ok_or(Rejection::AmountTooLarge)?;
            if missing <= 0 {
                return Err(Rejection::LeverageReached);
            }
            i64::try_from(missing).map(Usd).map_err(|_| Rejection::AmountTooLarge)
        })
    }

    /// Moves an amount, which is worked out of the position as it is, from the collateral into an isolated position.
    fn move_isolated_margin(
        &mut self,
        id: MarketId,
        amount: impl FnOnce(&Position, &Priced) -> Result<Usd, Rejection>,
    ) -> Result<ItemStatus, Rejection> {
        let account = self.account;
        let mut clearing = clearing!(self.tables, self.meter);
        let priced = clearing.priced(id)?;
        let before = clearing.position(account, id, &priced.market);
        if before.mode != MarginMode::Isolated || before.size.is_zero() {
            return Err(Rejection::NoIsolatedPosition);
        }
        let amount = amount(&before, &priced)?;
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
        clearing.set_position(priced.position_of(account), &priced.market, &before, after);
        clearing.add_collateral(account, Usd::ZERO.minus(amount)?)?;
        self.events.push(Event::IsolatedMargin { account, market: id, amount });
        self.reindex(account)?;
        Ok(ItemStatus::Done)
    }
}

/// The least value with which a notional has no more than a leverage.
fn value_at(notional: i128, leverage: &Decimal) -> Result<i128, Rejection> {
    let unit = 10i128.saturating_pow(u32::from(leverage.decimals()));
    let product = notional.checked_mul(unit).ok_or(Rejection::AmountTooLarge)?;
    let mantissa = i128::from(leverage.mantissa());
    let floor = product.checked_div(mantissa).ok_or(Rejection::LeverageOutOfRange)?;
    let exact = product.checked_rem(mantissa) == Some(0);
    Ok(if exact { floor } else { floor.saturating_add(1) })
}

/// What taking `amount` out changes of a margin.
pub(super) fn taken(amount: Usd) -> Result<Margin, Rejection> {
    Ok(Margin::of_collateral(Usd::ZERO.minus(amount)?))
}
