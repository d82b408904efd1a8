//! Positions and collateral: the only code that changes them.
//!
//! An account's margin is one range of the table of positions, so it costs as much as the account has markets, once in a
//! block (`sums`), and a price update writes no account. Entries that say nothing (nothing held or open, leverage not set) are not kept.

use super::margin::Margin;
use super::market::{PerpMarket, PerpPrices};
use super::position::Position;
use super::risk::Held;
use super::risk::bound::{HeldSide, HolderKey, RiskKey};
use super::sums::CrossSums;
use crate::Rejection;
use crate::tables::{ExchangeTables, PositionKey};
use crate::trigger::PositionTrigger;
use alloc::vec::Vec;
use tandem_coprocessor::{Work, WorkMeter};
use tandem_state::index::{Hashed, Ordered};
use tandem_state::{Scratch, Table};
use tandem_types::{AccountId, MarketId, Usd};

/// Work of each position margined.
pub const POSITION_WORK: Work = Work(150);

/// The tables of the clearing house, apart from others, so that a book can be walked beside them.
pub(crate) struct Clearing<'a> {
    pub(crate) positions: &'a mut Table<PositionKey, Position, Ordered<PositionKey, Position>>,
    pub(crate) collaterals: &'a mut Table<AccountId, Usd, Hashed<AccountId, Usd>>,
    pub(crate) markets: &'a mut Table<MarketId, PerpMarket, Hashed<MarketId, PerpMarket>>,
    pub(crate) prices: &'a mut Table<MarketId, PerpPrices, Hashed<MarketId, PerpPrices>>,
    pub(crate) risk_index: &'a mut Keys<RiskKey>,
    pub(crate) holders: &'a mut Keys<HolderKey>,
    pub(crate) kept: &'a mut Scratch<AccountId, CrossSums>,
    pub(crate) position_triggers: &'a mut Keys<PositionTrigger>,
    pub(crate) ended_positions: &'a mut Keys<PositionKey>,
    pub(crate) meter: &'a mut WorkMeter,
}

/// A table of keys alone.
type Keys<K> = Table<K, (), Ordered<K, ()>>;

/// A market with its prices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Priced {
    pub(crate) id: MarketId,
    pub(crate) market: PerpMarket,
    pub(crate) prices: PerpPrices,
}

impl Priced {
    /// Where an account's position in the market is.
    pub(crate) const fn position_of(&self, account: AccountId) -> PositionKey {
        PositionKey { account, market: self.id }
    }
}

/// Borrows the clearing house's tables out of all.
macro_rules! clearing {
    ($tables:expr, $meter:expr) => {
        $crate::perp::Clearing {
            positions: &mut $tables.positions,
            collaterals: &mut $tables.collaterals,
            markets: &mut $tables.perp_markets,
            prices: &mut $tables.perp_prices,
            risk_index: &mut $tables.risk_index,
            holders: &mut $tables.holders,
            kept: &mut $tables.cross_sums,
            position_triggers: &mut $tables.position_triggers,
            ended_positions: &mut $tables.ended_positions,
            meter: $meter,
        }
    };
}
pub(crate) use clearing;

impl Clearing<'_> {
    /// A market that has prices.
    pub(crate) fn priced(&mut self, id: MarketId) -> Result<Priced, Rejection> {
        let market = *self.markets.get(&id).ok_or(Rejection::UnknownAsset)?;
        let prices = *self.prices.get(&id).ok_or(Rejection::NoMarkPrice)?;
        Ok(Priced { id, market, prices })
    }

    /// What an account has in a market.
    pub(crate) fn position(&mut self, account: AccountId, id: MarketId, market: &PerpMarket) -> Position {
        let found = self.positions.get(&PositionKey { account, market: id }).copied();
        let (leverage, mode) = market.default_leverage();
        found.unwrap_or(Position::new(leverage, mode))
    }

    /// Writes what an account has in a market, which was `before`, and with it the list of holders and the entry of the
    /// risk index. A position that is opened, closed or turned has no bound until its account is looked at.
    pub(crate) fn set_position(
        &mut self,
        key: PositionKey,
        market: &PerpMarket,
        before: &Position,
        mut after: Position,
    ) {
        let PositionKey { account, market: id } = key;
        self.note_end(key, before, &after);
        let (old, new) = (HeldSide::of(before.size), HeldSide::of(after.size));
        if old != new {
            after.bound = None;
            let holder = |side| HolderKey { market: id, side, account };
            if let Some(side) = old {
                self.holders.remove(&holder(side));
            }
            if let Some(side) = new {
                self.holders.put(holder(side), ());
            }
        }
        if before.bound != after.bound {
            if let Some(bound) = &before.bound {
                self.risk_index.remove(&RiskKey::new(id, bound, account));
            }
            if let Some(bound) = &after.bound {
                self.risk_index.put(RiskKey::new(id, bound, account), ());
            }
        }
        self.keep_sums(key, market, before, &after);
        if after.is_idle() && (after.leverage, after.mode) == market.default_leverage() {
            self.positions.remove(&key);
        } else {
            self.positions.put(key, after);
        }
    }

    /// All that an account holds, in the order of markets.
    pub(crate) fn held(&mut self, account: AccountId) -> Result<Vec<Held>, Rejection> {
        let mut held = Vec::new();
        let (mut from, to) = (PositionKey::first(account), PositionKey::last(account));
        while let Some((key, position)) = self.positions.first(&from, &to) {
            self.meter.charge(POSITION_WORK)?;
            let position = *position;
            if !position.size.is_zero() {
                held.push(Held { priced: self.priced(key.market)?, position });
            }
            let Some(market) = key.market.next() else { break };
            from = PositionKey { account, market };
        }
        Ok(held)
    }

    /// Notes that a position is no more, or on the other side, if orders follow it.
    fn note_end(&mut self, key: PositionKey, before: &Position, after: &Position) {
        let side = before.reducing_side();
        if side.is_none() || side == after.reducing_side() {
            return;
        }
        let (first, last) = PositionTrigger::range(key);
        if self.position_triggers.first(&first, &last).is_some() {
            self.ended_positions.put(key, ());
        }
    }

    /// An account's collateral.
    pub(crate) fn collateral(&mut self, account: AccountId) -> Usd {
        self.collaterals.get(&account).copied().unwrap_or_default()
    }

    /// Adds to an account's collateral, or takes off.
    pub(crate) fn add_collateral(&mut self, account: AccountId, amount: Usd) -> Result<(), Rejection> {
        if amount.is_zero() {
            return Ok(());
        }
        let collateral = self.collateral(account).plus(amount)?;
        self.kept.update(&account, |sums| *sums = sums.plus_collateral(amount));
        if collateral.is_zero() {
            self.collaterals.remove(&account);
        } else {
            self.collaterals.put(account, collateral);
        }
        Ok(())
    }

    /// An account's cross margin.
    pub(crate) fn cross_margin(&mut self, account: AccountId) -> Result<Margin, Rejection> {
        self.sums(account).map(|sums| sums.margin)
    }

    /// The sums over an account's positions, at the cost of its positions the first time in a block.
    pub(crate) fn sums(&mut self, account: AccountId) -> Result<CrossSums, Rejection> {
        if let Some(kept) = self.kept.get(&account) {
            self.meter.charge(POSITION_WORK)?;
            return Ok(*kept);
        }
        let sums = self.sum_anew(account)?;
        self.kept.put(account, sums);
        Ok(sums)
    }

    fn sum_anew(&mut self, account: AccountId) -> Result<CrossSums, Rejection> {
        let mut sums = CrossSums::of_collateral(self.collateral(account));
        let (mut from, to) = (PositionKey::first(account), PositionKey::last(account));
        while let Some((key, position)) = self.positions.first(&from, &to) {
            self.meter.charge(POSITION_WORK)?;
            if let (Some(market), Some(prices)) =
                (self.markets.get(&key.market), self.prices.get(&key.market))
            {
                sums = sums.plus(position, market, prices);
            }
            let Some(market) = key.market.next() else { break };
            from = PositionKey { account, market };
        }
        Ok(sums)
    }

    /// Keeps the account's sums, if there are some, over a change of a position.
    fn keep_sums(&mut self, key: PositionKey, market: &PerpMarket, before: &Position, after: &Position) {
        if self.kept.get(&key.account).is_none() {
            return;
        }
        let Some(prices) = self.prices.get(&key.market) else { return };
        self.kept.update(&key.account, |sums| {
            *sums = sums.minus(before, market, prices).plus(after, market, prices);
        });
    }

    /// All that an account is worth: its cross margin's value and that of its isolated positions.
    pub(crate) fn account_value(&mut self, account: AccountId) -> Result<i128, Rejection> {
        let mut value = self.cross_margin(account)?.value;
        for Held { priced, position } in self.held(account)? {
            if position.mode == super::position::MarginMode::Isolated {
                value = value.saturating_add(position.value(&priced.prices));
            }
        }
        Ok(value)
    }

    /// Whether an account that had `before` may have `after` in a market, and `moved` more collateral. Positions that
    /// the tables hold are those before.
    pub(crate) fn may_become(
        &mut self,
        account: AccountId,
        priced: &Priced,
        before: &Position,
        after: &Position,
        moved: Usd,
    ) -> Result<bool, Rejection> {
        let (prices, tiers) = (&priced.prices, &priced.market.tiers);
        let cross = self.cross_margin(account)?;
        let becomes = cross
            .minus(&Margin::cross_part(before, prices, tiers))
            .plus(&Margin::cross_part(after, prices, tiers))
            .plus(&Margin::of_collateral(moved));
        Ok(becomes.is_sound_after(&cross) && own_is_sound(priced, before, after))
    }
}

/// Whether an isolated position may change so. Of cross positions the account's margin says all.
pub(crate) fn own_is_sound(priced: &Priced, before: &Position, after: &Position) -> bool {
    let own = |position| Margin::own(position, &priced.prices, &priced.market.tiers);
    match after.mode {
        super::position::MarginMode::Cross => true,
        super::position::MarginMode::Isolated => own(after).is_sound_after(&own(before)),
    }
}

/// An account's cross margin, for readers outside of the rules. The meter bounds nothing here.
///
/// # Errors
/// Never in practice: only a sum out of range refuses.
pub fn cross_margin(tables: &mut ExchangeTables, account: AccountId) -> Result<Margin, Rejection> {
    sums_anew(tables, account).map(|sums| sums.margin)
}

/// The sums over an account's positions, whatever is kept of them. For tests of what is kept.
///
/// # Errors
/// As [`cross_margin`].
pub fn sums_anew(tables: &mut ExchangeTables, account: AccountId) -> Result<CrossSums, Rejection> {
    let mut meter = WorkMeter::new(Work(u64::MAX));
    clearing!(tables, &mut meter).sum_anew(account)
}
