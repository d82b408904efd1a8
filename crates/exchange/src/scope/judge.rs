//! Judging actions of scoped agents.

use super::record::Scope;
use crate::Rejection;
use crate::action::{
    Action, ApproveScopedAgent, AssetId, Decimal, Order as OrderRequest, OrderKind, TwapRequest,
    account_action,
};
use crate::perp::parse_usd;
use crate::receipt::ItemStatus;
use crate::session::Session;
use crate::tables::AddressKey;
use alloc::vec::Vec;
use tandem_book::{Book, Side};
use tandem_coprocessor::Work;
use tandem_types::{MarketId, QuoteAtoms};

/// Work of judging one item of an action.
pub const SCOPE_WORK: Work = Work(500);

/// Decimals of quote atoms.
const QUOTE_DECIMALS: u32 = 8;

impl Scope {
    /// The scope that an approval asks for.
    pub(crate) fn of(request: &ApproveScopedAgent) -> Result<Self, Rejection> {
        let market =
            |asset: &AssetId| u16::try_from(asset.0).map(MarketId).map_err(|_| Rejection::UnknownAsset);
        let markets = request.assets.iter().map(market).collect::<Result<Vec<_>, _>>()?;
        let limit = |amount: &Option<_>| amount.as_ref().map(parse_usd).transpose();
        let (order_max, total_max) = (limit(&request.order_usd)?, limit(&request.total_usd)?);
        Ok(Self { markets, order_max, total_max, used: QuoteAtoms::ZERO })
    }

    fn allows(&self, asset: AssetId) -> Result<(), Rejection> {
        let listed = |market: &MarketId| u32::from(market.0) == asset.0;
        let good = self.markets.is_empty() || self.markets.iter().any(listed);
        if good { Ok(()) } else { Err(Rejection::ScopeMarket) }
    }

    /// What touches every market needs a scope of every market. Like [`Self::each`], it weighs nothing.
    const fn all_markets(&self) -> Result<Vec<QuoteAtoms>, Rejection> {
        if self.markets.is_empty() { Ok(Vec::new()) } else { Err(Rejection::ScopeMarket) }
    }

    fn each<T>(&self, items: &[T], asset: impl Fn(&T) -> AssetId) -> Result<Vec<QuoteAtoms>, Rejection> {
        items.iter().try_for_each(|item| self.allows(asset(item)))?;
        Ok(Vec::new())
    }

    /// Whether orders of these notionals may be placed together.
    fn bears(&self, notionals: &[QuoteAtoms]) -> Result<(), Rejection> {
        let mut total = self.used;
        for notional in notionals {
            if self.order_max.is_some_and(|most| *notional > most) {
                return Err(Rejection::ScopeOrderNotional);
            }
            total = total.plus(*notional).map_err(|_| Rejection::ScopeTotalNotional)?;
        }
        if self.total_max.is_some_and(|most| total > most) {
            return Err(Rejection::ScopeTotalNotional);
        }
        Ok(())
    }
}

impl Session<'_, '_> {
    /// Judges an action of a scoped agent; returns the notional of each of its orders.
    pub(crate) fn judge_scope(
        &mut self,
        agent: AddressKey,
        action: &Action,
    ) -> Result<Vec<QuoteAtoms>, Rejection> {
        let scope = self.tables.agent_scopes.get(&agent).cloned().ok_or(Rejection::ScopeAction)?;
        let notionals = match action {
            Action::Order(request) => self.weigh_all(&scope, request.orders.iter())?,
            Action::Modify(modify) => self.weigh_all(&scope, core::iter::once(&modify.order))?,
            Action::BatchModify(modifies) => {
                self.weigh_all(&scope, modifies.iter().map(|modify| &modify.order))?
            }
            Action::TwapOrder(request) => alloc::vec![self.weigh_twap(&scope, request)?],
            Action::Noop => Vec::new(),
            Action::Cancel(request) => scope.each(&request.cancels, |cancel| cancel.asset)?,
            Action::CancelByCloid(cancels) => scope.each(cancels, |cancel| cancel.asset)?,
            Action::CancelAll(Some(asset)) => scope.each(&[*asset], |asset| *asset)?,
            Action::CancelAll(None) | Action::ScheduleCancel(_) => scope.all_markets()?,
            Action::TwapCancel(cancel) => scope.each(&[cancel.asset], |asset| *asset)?,
            Action::UpdateLeverage(update) => scope.each(&[update.asset], |asset| *asset)?,
            Action::UpdateIsolatedMargin(update) => scope.each(&[update.asset], |asset| *asset)?,
            Action::TopUpIsolatedOnlyMargin(top_up) => scope.each(&[top_up.asset], |asset| *asset)?,
            account_action!() | Action::MultiSig(_) => return Err(Rejection::ScopeAction),
        };
        scope.bears(&notionals)?;
        Ok(notionals)
    }

    /// Counts the orders that were accepted.
    pub(crate) fn use_scope(&mut self, agent: AddressKey, notionals: &[QuoteAtoms], items: &[ItemStatus]) {
        let accepted = notionals.iter().zip(items);
        let accepted = accepted.filter(|(_, item)| !matches!(item, ItemStatus::Rejected(_)));
        let total = accepted.fold(0u64, |sum, (notional, _)| sum.saturating_add(notional.0));
        if total > 0 {
            self.tables.agent_scopes.update(&agent, |scope| {
                scope.used = QuoteAtoms(scope.used.0.saturating_add(total));
            });
        }
    }

    fn weigh_all<'o>(
        &mut self,
        scope: &Scope,
        orders: impl Iterator<Item = &'o OrderRequest>,
    ) -> Result<Vec<QuoteAtoms>, Rejection> {
        orders
            .map(|order| {
                scope.allows(order.asset)?;
                self.weigh(order)
            })
            .collect()
    }

    /// The notional of an order at the worst price that it could have now.
    fn weigh(&mut self, order: &OrderRequest) -> Result<QuoteAtoms, Rejection> {
        self.meter.charge(SCOPE_WORK)?;
        if order.reduce_only {
            return Ok(QuoteAtoms::ZERO);
        }
        let mut worst = notional(&order.price, &order.size)?;
        if let OrderKind::Trigger(trigger) = &order.kind {
            worst = worst.max(notional(&trigger.price, &order.size)?);
        }
        if !order.is_buy
            && let Some(bid) = self.best_bid(order.asset)
        {
            worst = worst.max(notional(&bid, &order.size)?);
        }
        Ok(worst)
    }

    /// A TWAP order is weighed at the mark price; its parts may trade at 3 % less or more.
    fn weigh_twap(&mut self, scope: &Scope, request: &TwapRequest) -> Result<QuoteAtoms, Rejection> {
        self.meter.charge(SCOPE_WORK)?;
        scope.allows(request.asset)?;
        let market = u16::try_from(request.asset.0).map(MarketId).map_err(|_| Rejection::UnknownAsset)?;
        let decimals = self.tables.perp_markets.get(&market).map(|market| market.price_scale().decimals());
        let decimals = decimals.ok_or(Rejection::UnknownAsset)?;
        let mark = self.tables.perp_prices.get(&market).ok_or(Rejection::NoMarkPrice)?.mark;
        if request.reduce_only {
            return Ok(QuoteAtoms::ZERO);
        }
        let mark = Decimal::new(mark.0, decimals).ok_or(Rejection::Overflow)?;
        notional(&mark, &request.size)
    }

    fn best_bid(&mut self, asset: AssetId) -> Option<Decimal> {
        let market = u16::try_from(asset.0).map(MarketId).ok()?;
        let perpetual = self.tables.perp_markets.get(&market).map(|market| market.price_scale());
        let scale = match perpetual {
            Some(scale) => scale,
            None => self.tables.markets.get(&market)?.price_scale(),
        };
        let (price, _) = Book::new(market, &mut self.tables.orders).best(Side::Bid)?;
        Decimal::new(price.to_ticks(scale).0, scale.decimals())
    }
}

/// Price × size in quote atoms, rounded up; too much to count is more than any scope allows.
fn notional(price: &Decimal, size: &Decimal) -> Result<QuoteAtoms, Rejection> {
    let digits = u32::from(price.decimals()).saturating_add(u32::from(size.decimals()));
    let product = u128::from(price.mantissa()).saturating_mul(u128::from(size.mantissa()));
    let atoms = match digits.checked_sub(QUOTE_DECIMALS) {
        None => {
            let more = 10u128.saturating_pow(QUOTE_DECIMALS.saturating_sub(digits));
            product.saturating_mul(more)
        }
        Some(excess) => product.div_ceil(10u128.saturating_pow(excess)),
    };
    u64::try_from(atoms).map(QuoteAtoms).map_err(|_| Rejection::ScopeOrderNotional)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notionals_are_exact_and_round_up() {
        for (price, size, atoms) in [
            ("1", "1", 100_000_000),
            ("2000.5", "0.25", 50_012_500_000),
            ("0.00000001", "0.1", 1),
            ("0.00000001", "1", 1),
            ("0.00000003", "0.5", 2),
            ("0", "7", 0),
        ] {
            let found = notional(&Decimal::parse(price).unwrap(), &Decimal::parse(size).unwrap());
            assert_eq!(found, Ok(QuoteAtoms(atoms)), "{price} {size}");
        }
        let most = Decimal::new(u64::MAX, 0).unwrap();
        assert_eq!(notional(&most, &most), Err(Rejection::ScopeOrderNotional));
    }

    #[test]
    fn orders_together_stay_within_both_limits() {
        let scope = |order, total, used| Scope {
            markets: Vec::new(),
            order_max: Some(QuoteAtoms(order)),
            total_max: Some(QuoteAtoms(total)),
            used: QuoteAtoms(used),
        };
        for (scope, notionals, expected) in [
            (scope(10, 100, 0), &[10, 10][..], Ok(())),
            (scope(10, 100, 0), &[10, 11], Err(Rejection::ScopeOrderNotional)),
            (scope(10, 100, 80), &[10, 10], Ok(())),
            (scope(10, 100, 81), &[10, 10], Err(Rejection::ScopeTotalNotional)),
            (scope(10, 100, 101), &[], Err(Rejection::ScopeTotalNotional)),
            (scope(10, u64::MAX, u64::MAX), &[1], Err(Rejection::ScopeTotalNotional)),
        ] {
            let notionals: Vec<_> = notionals.iter().copied().map(QuoteAtoms).collect();
            assert_eq!(scope.bears(&notionals), expected, "{scope:?} {notionals:?}");
        }
    }
}
