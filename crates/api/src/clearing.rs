//! An account's side of the perpetual markets, out of the state, and what clients want derived of it.
//!
//! Everything is worked out by the rules' own pure functions of positions and prices; nothing here decides.

use crate::format::Fixed;
use crate::wire::Coin;
use serde_json::{Value, json};
use tandem_exchange::perp::margin::{Margin, liquidation_price};
use tandem_exchange::perp::position::{MarginMode, Position, notional};
use tandem_exchange::perp::{PerpMarket, PerpPrices};
use tandem_exchange::{ExchangeTables, PositionKey};
use tandem_indexer::{FundingPayment, Indexer, Listing};
use tandem_types::{AccountId, BlockTime, MarketId, SizeLots, Usd};

/// Digits of a return on equity.
const RETURN_DECIMALS: u8 = 10;
/// Decimals of USD.
const USD_DECIMALS: u8 = 8;

/// A market with its prices, and what an account has there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) id: MarketId,
    pub(crate) market: PerpMarket,
    pub(crate) prices: PerpPrices,
    pub(crate) position: Position,
}

impl Held {
    /// What an account has in a market; nothing, if it has nothing. `None` without a market.
    pub(crate) fn of(account: Option<AccountId>, id: MarketId, tables: &ExchangeTables) -> Option<Self> {
        let market = *tables.perp_markets.peek(&id)?;
        let prices = tables.perp_prices.peek(&id).copied().unwrap_or_default();
        let key = account.map(|account| PositionKey { account, market: id });
        let (leverage, mode) = market.default_leverage();
        let position = key.and_then(|key| tables.positions.peek(&key).copied());
        Some(Self { id, market, prices, position: position.unwrap_or(Position::new(leverage, mode)) })
    }

    fn cross_part(&self) -> Margin {
        Margin::cross_part(&self.position, &self.prices, &self.market.tiers)
    }

    /// The position by itself.
    fn own(&self) -> Margin {
        Margin::own(&self.position, &self.prices, &self.market.tiers)
    }

    /// Size × mark, below zero if short.
    fn market_value(&self) -> i128 {
        self.position.market_value(self.prices.mark)
    }

    /// What it uses of its account's margin.
    fn margin_used(&self) -> i128 {
        match self.position.mode {
            MarginMode::Cross => self.own().initial,
            MarginMode::Isolated => self.own().value,
        }
    }

    fn unrealized(&self) -> i128 {
        let entry = i128::from(self.position.entry.0);
        self.market_value() - if self.position.size.is_negative() { -entry } else { entry }
    }

    /// Unrealized profit over the margin at entry, which is entry / leverage.
    fn return_on_equity(&self) -> Fixed {
        let scale = 10i128.pow(u32::from(RETURN_DECIMALS));
        let gain = self.unrealized().saturating_mul(i128::from(self.position.leverage));
        let entry = i128::from(self.position.entry.0).max(1);
        Fixed::signed(gain.saturating_mul(scale) / entry, RETURN_DECIMALS)
    }

    /// The average price of entry, rounded down, with two digits more than prices have.
    fn entry_price(&self) -> Fixed {
        let (entry, lots) = (self.position.entry.0, self.position.size.magnitude().0);
        let decimals = USD_DECIMALS - self.market.size_decimals;
        Fixed::quotient(u128::from(entry), u128::from(lots), decimals)
    }

    pub(crate) fn leverage(&self) -> Value {
        let value = self.position.leverage;
        match self.position.mode {
            MarginMode::Cross => json!({ "type": "cross", "value": value }),
            MarginMode::Isolated => {
                let raw = self.own().value - self.market_value();
                json!({ "type": "isolated", "value": value, "rawUsd": Fixed::usd(raw) })
            }
        }
    }

    pub(crate) fn mark(&self) -> Fixed {
        Fixed::ticks(self.prices.mark, self.market.price_scale().decimals())
    }
}

/// An account's collateral and all that it has in perpetual markets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clearing {
    collateral: Usd,
    held: Vec<Held>,
}

impl Clearing {
    pub(crate) fn of(account: AccountId, tables: &ExchangeTables) -> Self {
        let mut held = Vec::new();
        let (mut from, last) = (PositionKey::first(account), PositionKey::last(account));
        while let Some((key, _)) = tables.positions.peek_first(&from, &last) {
            held.extend(Held::of(Some(account), key.market, tables));
            let Some(market) = key.market.next() else { break };
            from = PositionKey { account, market };
        }
        Self { collateral: tables.collaterals.peek(&account).copied().unwrap_or_default(), held }
    }

    /// The account's cross margin, as the rules judge it.
    pub(crate) fn cross(&self) -> Margin {
        let start = Margin::of_collateral(self.collateral);
        self.held.iter().fold(start, |margin, held| margin.plus(&held.cross_part()))
    }

    /// All that the account is worth, isolated positions counted.
    pub(crate) fn value(&self) -> i128 {
        self.cross().value + self.isolated_value()
    }

    fn isolated_value(&self) -> i128 {
        let isolated = self.positions().filter(|held| held.position.mode == MarginMode::Isolated);
        isolated.map(|held| held.own().value).sum()
    }

    fn positions(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(|held| !held.position.size.is_zero())
    }

    /// What `clearinghouseState` answers.
    pub(crate) fn state(&self, account: Option<AccountId>, views: &Indexer) -> Value {
        let cross = self.cross();
        let rows = self.positions().map(|held| self.asset_position(held, &cross, account, views));
        let isolated = |held: &&Held| held.position.mode == MarginMode::Isolated;
        let of_cross: Vec<&Held> = self.positions().filter(|held| !isolated(held)).collect();
        let all: Vec<&Held> = self.positions().collect();
        json!({
            "marginSummary": summary(&all, cross.value + self.isolated_value()),
            "crossMarginSummary": summary(&of_cross, cross.value),
            "crossMaintenanceMarginUsed": Fixed::usd(cross.maintenance),
            "withdrawable": Fixed::quote(u128::from(cross.withdrawable().0)),
            "assetPositions": rows.collect::<Vec<_>>(),
            "time": views.time().0,
        })
    }

    fn asset_position(
        &self,
        held: &Held,
        cross: &Margin,
        account: Option<AccountId>,
        views: &Indexer,
    ) -> Value {
        let Held { id, market, position, .. } = held;
        let coin = Coin::new(*id, &Listing::Perpetual(*market));
        json!({
            "type": "oneWay",
            "position": {
                "coin": coin,
                "szi": Fixed::position(position.size, market.size_decimals),
                "leverage": held.leverage(),
                "entryPx": held.entry_price(),
                "positionValue": Fixed::usd(held.own().notional),
                "unrealizedPnl": Fixed::usd(held.unrealized()),
                "returnOnEquity": held.return_on_equity(),
                "liquidationPx": liquidation(held, cross),
                "marginUsed": Fixed::usd(held.margin_used()),
                "maxLeverage": market.tiers.leverage_max(),
                "cumFunding": cumulative_funding(account, *id, views),
            },
        })
    }

    /// What `activeAssetData` answers of one market, besides whose and which.
    pub(crate) fn room(&self, held: &Held) -> [SizeLots; 2] {
        let cross = self.cross().minus(&held.cross_part());
        [true, false].map(|is_buy| room(held, &cross, is_buy))
    }
}

fn summary(held: &[&Held], value: i128) -> Value {
    let notional: i128 = held.iter().map(|held| held.own().notional).sum();
    let market_value: i128 = held.iter().map(|held| held.market_value()).sum();
    let used: i128 = held.iter().map(|held| held.margin_used()).sum();
    json!({
        "accountValue": Fixed::usd(value),
        "totalNtlPos": Fixed::usd(notional),
        "totalRawUsd": Fixed::usd(value - market_value),
        "totalMarginUsed": Fixed::usd(used),
    })
}

/// The mark at which a position, or its account, falls below what it needs, if no other mark moves.
fn liquidation(held: &Held, cross: &Margin) -> Option<Fixed> {
    let own = held.own();
    let (value, others) = match held.position.mode {
        MarginMode::Cross => (cross.value, cross.maintenance - own.maintenance),
        MarginMode::Isolated => (own.value, 0),
    };
    let price = liquidation_price(held.position.size, held.prices.mark, value, others, &held.market.tiers)?;
    Some(Fixed::ticks(price, held.market.price_scale().decimals()))
}

/// What a position has paid, of what the index remembers; below zero what it was paid.
fn cumulative_funding(account: Option<AccountId>, market: MarketId, views: &Indexer) -> Value {
    let funding = views.funding();
    let since = account.map(|account| funding.since(account, market)).unwrap_or_default();
    let rows = account.into_iter().flat_map(|account| funding.payments(account));
    let rows: Vec<&FundingPayment> = rows.filter(|row| row.funding.market == market).collect();
    let paid = |from: BlockTime| {
        let rows = rows.iter().filter(|row| row.funding.time > from || from == BlockTime(0));
        Fixed::usd(rows.map(|row| row.paid).sum())
    };
    json!({ "allTime": paid(BlockTime(0)), "sinceOpen": paid(since.opened), "sinceChange": paid(since.changed) })
}

/// The largest order that the account's margin covers, fees and the price band aside; `others` is its margin without
/// this market.
fn room(held: &Held, others: &Margin, is_buy: bool) -> SizeLots {
    if held.prices.mark.0 == 0 {
        return SizeLots::ZERO;
    }
    let covers = |lots: u64| {
        let mut position = held.position;
        let side = if is_buy { &mut position.bids } else { &mut position.asks };
        *side = SizeLots(side.0.saturating_add(lots));
        others.plus(&Held { position, ..*held }.cross_part()).covers_initial()
    };
    let (mut covered, mut beyond) = (0u64, u64::MAX >> 1);
    while beyond - covered > 1 {
        let middle = covered + (beyond - covered) / 2;
        if covers(middle) { covered = middle } else { beyond = middle }
    }
    SizeLots(covered)
}

/// The margin that an order of this size takes at an account's leverage, rounded down.
pub(crate) fn margin_of(size: SizeLots, held: &Held) -> Fixed {
    Fixed::quote(notional(size, held.prices.mark) / u128::from(held.position.leverage.max(1)))
}
