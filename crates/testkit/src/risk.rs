//! What must hold between blocks of the risk index, the list of holders and the queue of liquidations, recomputed from
//! scratch: above all that nobody below its maintenance margin is left out.

use crate::invariants::rows;
use std::collections::{BTreeMap, BTreeSet};
use tandem_exchange::perp::liquidation::{Liquidation, MarginUnit, TurnKey, Waiting};
use tandem_exchange::perp::margin::Margin;
use tandem_exchange::perp::position::{MarginMode, Position};
use tandem_exchange::perp::risk::RiskKey;
use tandem_exchange::perp::risk::bound::{HeldSide, HolderKey};
use tandem_exchange::{ExchangeTables, PositionKey};
use tandem_types::{AccountId, MarketId, Usd};

/// The margin of every unit, worked out from all positions.
#[must_use]
pub fn unit_margins(tables: &ExchangeTables) -> BTreeMap<MarginUnit, Margin> {
    let mut margins: BTreeMap<MarginUnit, Margin> = BTreeMap::new();
    for (account, collateral) in rows::<AccountId, Usd>(&tables.collaterals) {
        margins.insert(MarginUnit::cross(account), Margin::of_collateral(collateral));
    }
    for (key, position) in rows::<PositionKey, Position>(&tables.positions) {
        if position.size.is_zero() {
            continue;
        }
        let market = tables.perp_markets.peek(&key.market).expect("a market");
        let prices = tables.perp_prices.peek(&key.market).expect("prices");
        let unit = unit_of(&key, &position);
        let margin = margins.entry(unit).or_default();
        *margin = margin.plus(&Margin::own(&position, prices, &market.tiers));
    }
    margins
}

const fn unit_of(key: &PositionKey, position: &Position) -> MarginUnit {
    match position.mode {
        MarginMode::Cross => MarginUnit::cross(key.account),
        MarginMode::Isolated => MarginUnit::isolated(key.account, key.market),
    }
}

/// Checks them.
///
/// # Panics
/// If one of them is not so.
pub fn assert_risk(tables: &ExchangeTables) {
    let insurance = tables.perp_vaults.peek(&()).map(|vaults| vaults.insurance);
    let mut holders = BTreeSet::new();
    let mut index = BTreeSet::new();
    for (key, position) in rows::<PositionKey, Position>(&tables.positions) {
        let Some(side) = HeldSide::of(position.size) else {
            assert_eq!(position.bound, None, "{key:?}");
            continue;
        };
        holders.insert(HolderKey { market: key.market, side, account: key.account });
        let queued = tables.liquidations.peek(&unit_of(&key, &position)).is_some();
        let is_insurance = Some(key.account) == insurance;
        assert_eq!(position.bound.is_none(), queued || is_insurance, "{key:?} {position:?}");
        assert!(
            !is_insurance || tables.deleverages.peek(&key.market).is_some(),
            "the fund holds for a while only"
        );
        let Some(bound) = position.bound else { continue };
        assert_eq!(bound.side, side);
        index.insert(RiskKey::new(key.market, &bound, key.account));
        let prices = tables.perp_prices.peek(&key.market).expect("prices");
        let distance = bound.distance(prices.drift.risk_price(side, prices.mark));
        assert!(
            distance > 0 || tables.risk_due.peek(&key.market).is_some(),
            "{key:?} is due and not looked at"
        );
    }
    let listed = rows::<HolderKey, ()>(&tables.holders).into_iter().map(|(key, ())| key);
    assert_eq!(listed.collect::<BTreeSet<_>>(), holders);
    let indexed = rows::<RiskKey, ()>(&tables.risk_index).into_iter().map(|(key, ())| key);
    assert_eq!(indexed.collect::<BTreeSet<_>>(), index);
    for (unit, margin) in unit_margins(tables) {
        let is_left_out = margin.excess() < 0
            && tables.liquidations.peek(&unit).is_none()
            && tables.risk_due.is_empty()
            && Some(unit.account) != insurance;
        assert!(!is_left_out, "{unit:?} is below its maintenance margin: {margin:?}");
    }
    assert_queue(tables);
}

/// Every unit that is liquidated has one turn ahead, and those that wait for their first are counted.
fn assert_queue(tables: &ExchangeTables) {
    let mut waiting: BTreeMap<MarketId, u32> = BTreeMap::new();
    let mut turns = BTreeSet::new();
    for (unit, liquidation) in rows::<MarginUnit, Liquidation>(&tables.liquidations) {
        turns.insert(TurnKey { due: liquidation.due.0, unit });
        if let Some(market) = liquidation.waiting {
            *waiting.entry(market).or_default() += 1;
        }
    }
    let queued = rows::<TurnKey, ()>(&tables.liquidation_queue).into_iter().map(|(key, ())| key);
    assert_eq!(queued.collect::<BTreeSet<_>>(), turns);
    let counted = rows::<MarketId, Waiting>(&tables.liquidations_waiting);
    let counted: BTreeMap<_, _> =
        counted.into_iter().map(|(market, waiting)| (market, waiting.count)).collect();
    assert_eq!(counted, waiting);
}
