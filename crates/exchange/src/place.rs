//! Placing an order on a spot market, and what both kinds of market share of it.
//!
//! Ordered guard clauses first, each with one reason; then the book matches and settles; then what remains rests and
//! its backing is put on hold. The caller's checkpoint undoes everything if a later step refuses.

use crate::Rejection;
use crate::action::{self, Decimal, Order as OrderRequest, OrderKind};
use crate::ledger;
use crate::orders::{OpenOrders, open_orders};
use crate::perp;
use crate::receipt::{CloseReason, Event, ItemStatus};
use crate::records::{Config, Market, OrderInfo};
use crate::settle::{self, Taker};
use crate::tables::{CloidKey, ExchangeTables};
use crate::trigger::Role;
use alloc::vec::Vec;
use tandem_book::{
    Book, Incoming, Limits, Owner, PlaceError, PlaceOutcome, PlaceRejection, Placed, SelfTrade, Side,
    TakerCancelReason, TimeInForce,
};
use tandem_coprocessor::{BlockContext, Work, WorkMeter};
use tandem_types::{AccountId, MarketId, OrderId, PriceRank, PriceScale, PriceTicks, SizeLots};

/// Most makers that one order may meet.
pub const FILLS_MAX: u32 = 1_000;
/// Work of an order before it meets anyone.
pub const ORDER_WORK: Work = Work(4_000);
/// Work of each maker met.
pub const MAKER_WORK: Work = Work(3_000);

/// What an action's items work with.
#[derive(Debug)]
pub(crate) struct Session<'a, 'm> {
    pub(crate) tables: &'a mut ExchangeTables,
    pub(crate) block: BlockContext,
    pub(crate) meter: &'m mut WorkMeter,
    pub(crate) config: Config,
    pub(crate) account: AccountId,
    pub(crate) events: &'a mut Vec<Event>,
}

/// An order that passed every check that does not need the book.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValidOrder {
    pub(crate) id: MarketId,
    pub(crate) market: Market,
    pub(crate) side: Side,
    pub(crate) price: PriceRank,
    pub(crate) size: SizeLots,
    pub(crate) time_in_force: action::TimeInForce,
    pub(crate) self_trade: SelfTrade,
}

/// Whether what remains of an order stays in the book.
pub(crate) const fn may_rest(time_in_force: action::TimeInForce) -> bool {
    match book_time_in_force(time_in_force) {
        TimeInForce::Gtc | TimeInForce::Alo => true,
        TimeInForce::Ioc | TimeInForce::Fok => false,
    }
}

/// The time in force of an order that enters the book at once.
pub(crate) const fn limit_time_in_force(request: &OrderRequest) -> Result<action::TimeInForce, Rejection> {
    match &request.kind {
        OrderKind::Limit(time_in_force) => Ok(*time_in_force),
        OrderKind::Trigger(_) => Err(Rejection::TriggerUnsupported),
    }
}

impl Session<'_, '_> {
    /// Places an order.
    pub(crate) fn place(&mut self, request: &OrderRequest) -> Result<ItemStatus, Rejection> {
        let id = MarketId(u16::try_from(request.asset.0).map_err(|_| Rejection::UnknownAsset)?);
        if perp::is_perpetual(id) {
            return match &request.kind {
                OrderKind::Limit(_) => self.place_perp(request, id),
                OrderKind::Trigger(trigger) => self.place_trigger(request, trigger, Role::Alone),
            };
        }
        self.meter.charge(ORDER_WORK)?;
        let order = self.validate(request, id)?;
        self.check_cloid(request)?;
        self.check_open_orders(may_rest(order.time_in_force))?;
        let (token, amount) = settle::backing(&order.market, order.side, order.price, order.size)?;
        if ledger::available(&mut self.tables.balances, self.account, token) < amount {
            return Err(Rejection::InsufficientBalance);
        }
        let id = self.next_order_id()?;
        self.events.push(Event::Opened {
            account: self.account,
            id,
            market: order.id,
            side: order.side,
            price: order.price,
            size: order.size,
            cloid: request.cloid,
            time_in_force: order.time_in_force,
        });
        self.execute(id, &order, request)
    }

    fn validate(&mut self, request: &OrderRequest, id: MarketId) -> Result<ValidOrder, Rejection> {
        let market = *self.tables.markets.get(&id).ok_or(Rejection::UnknownAsset)?;
        let time_in_force = limit_time_in_force(request)?;
        if request.reduce_only {
            return Err(Rejection::ReduceOnlyUnsupported);
        }
        self.check_expiry(request)?;
        let price = parse_price(&request.price, market.price_scale())?;
        let size = parse_size(&request.size, market.size_decimals)?;
        let notional =
            size.notional(price.to_ticks(market.price_scale())).map_err(|_| Rejection::SizeTooLarge)?;
        size.base_atoms(market.atoms_per_lot).map_err(|_| Rejection::SizeTooLarge)?;
        if notional < self.config.notional_min {
            return Err(Rejection::NotionalTooSmall);
        }
        let side = if request.is_buy { Side::Bid } else { Side::Ask };
        Ok(ValidOrder {
            id,
            market,
            side,
            price,
            size,
            time_in_force,
            self_trade: book_self_trade(request.self_trade_prevention),
        })
    }

    /// An order comes before its time is up.
    pub(crate) fn check_expiry(&self, request: &OrderRequest) -> Result<(), Rejection> {
        let expired = request.expires.is_some_and(|time| time <= self.block.time);
        if expired { Err(Rejection::AlreadyExpired) } else { Ok(()) }
    }

    /// An order that may rest needs a place among the account's open orders.
    pub(crate) fn check_open_orders(&mut self, may_rest: bool) -> Result<(), Rejection> {
        let open = self.tables.accounts.get(&self.account).map_or(0, |account| account.open_orders);
        if may_rest && open >= self.config.open_orders_max {
            return Err(Rejection::TooManyOpenOrders);
        }
        Ok(())
    }

    pub(crate) fn check_cloid(&mut self, request: &OrderRequest) -> Result<(), Rejection> {
        let Some(cloid) = &request.cloid else { return Ok(()) };
        let key = CloidKey::of(self.account, cloid);
        if let Some(id) = self.tables.cloids.get(&key).copied() {
            let info = self.find(id).ok_or(Rejection::CloidInUse)?;
            let reason = self.why_dead(&info).ok_or(Rejection::CloidInUse)?;
            self.take_out(id, &info, reason)?;
        }
        if self.tables.cancelled_cloids.contains(&key) {
            return Err(Rejection::CancelledBeforePlaced);
        }
        Ok(())
    }

    pub(crate) fn next_order_id(&mut self) -> Result<OrderId, Rejection> {
        let mut counters = self.tables.counters.get(&()).copied().unwrap_or_default();
        let id = counters.order;
        counters.order = id.next().ok_or(Rejection::Overflow)?;
        self.tables.counters.put((), counters);
        Ok(id)
    }

    /// Matches and settles, then rests what remains.
    fn execute(
        &mut self,
        id: OrderId,
        order: &ValidOrder,
        request: &OrderRequest,
    ) -> Result<ItemStatus, Rejection> {
        let mut counters = self.tables.counters.get(&()).copied().unwrap_or_default();
        let incoming = Incoming {
            id,
            owner: Owner(self.account.0),
            side: order.side,
            limit: order.price,
            size: order.size,
            time_in_force: book_time_in_force(order.time_in_force),
            self_trade: order.self_trade,
        };
        let taker = Taker { account: self.account, order: id, side: order.side };
        let trade_before = counters.trade;
        let (orders, mut settlement) = settle::split(
            self.tables,
            taker,
            order.market,
            (self.config, self.block),
            &mut counters.trade,
            self.events,
        );
        let placed =
            Book::new(order.id, orders).place(&incoming, &Limits { fills_max: FILLS_MAX }, &mut settlement);
        let notional = settlement.notional;
        self.meter.charge(MAKER_WORK.times(u64::from(steps_of(&placed))))?;
        let placed = placed.map_err(place_error)?;
        if counters.trade != trade_before {
            self.tables.counters.put((), counters);
        }
        let filled = ItemStatus::Filled { id, size: placed.filled, notional };
        match placed.outcome {
            PlaceOutcome::Filled => {
                self.close(id, SizeLots::ZERO, CloseReason::Filled);
                Ok(filled)
            }
            PlaceOutcome::Resting { remaining } => {
                self.rest(id, order, request, remaining)?;
                Ok(ItemStatus::Resting { id, filled: placed.filled })
            }
            PlaceOutcome::Cancelled { remaining, why } => {
                self.close(id, remaining, close_reason(why));
                Ok(filled)
            }
        }
    }

    fn rest(
        &mut self,
        id: OrderId,
        order: &ValidOrder,
        request: &OrderRequest,
        remaining: SizeLots,
    ) -> Result<(), Rejection> {
        let (token, amount) = settle::backing(&order.market, order.side, order.price, remaining)?;
        ledger::hold(&mut self.tables.balances, self.account, token, amount)?;
        let info = OrderInfo {
            market: order.id,
            side: order.side,
            price: order.price,
            size: order.size,
            time: self.block.time,
            cloid: request.cloid,
            time_in_force: order.time_in_force,
            reduce_only: false,
            expires: request.expires,
            group: None,
        };
        let account = self.account;
        self.open_orders().open(account, id, info);
        Ok(())
    }

    pub(crate) fn close(&mut self, id: OrderId, remaining: SizeLots, reason: CloseReason) {
        self.events.push(settle::closed(self.account, id, remaining, reason));
    }

    pub(crate) const fn open_orders(&mut self) -> OpenOrders<'_> {
        open_orders!(self.tables)
    }
}

pub(crate) const fn close_reason(why: TakerCancelReason) -> CloseReason {
    match why {
        TakerCancelReason::IocRemainder => CloseReason::ImmediateOrCancel,
        TakerCancelReason::SelfTrade => CloseReason::SelfTrade,
        TakerCancelReason::FillLimit => CloseReason::FillLimit,
    }
}

/// Makers visited, also by an order that was refused for what it found. A settlement that fails does so on its first
/// step that lacks a bound; what came before it is not counted.
pub(crate) const fn steps_of(placed: &Result<Placed, PlaceError<Rejection>>) -> u32 {
    match placed {
        Ok(Placed { steps, .. })
        | Err(
            PlaceError::FillOrKillRefused { steps }
            | PlaceError::Rejected(PlaceRejection::FillOrKillUnfilled { steps }),
        ) => *steps,
        Err(PlaceError::Settlement(_) | PlaceError::Rejected(_)) => 0,
    }
}

pub(crate) const fn place_error(error: PlaceError<Rejection>) -> Rejection {
    match error {
        PlaceError::Settlement(rejection) => rejection,
        PlaceError::FillOrKillRefused { .. } => Rejection::FillOrKillUnfilled,
        PlaceError::Rejected(rejection) => match rejection {
            PlaceRejection::ZeroSize => Rejection::SizeZero,
            PlaceRejection::PostOnlyWouldCross { .. } => Rejection::PostOnlyWouldCross,
            PlaceRejection::NoMatch => Rejection::NoMatch,
            PlaceRejection::FillOrKillUnfilled { .. } => Rejection::FillOrKillUnfilled,
        },
    }
}

/// The book's word for a time in force; a page's market order acts as immediate-or-cancel.
pub(crate) const fn book_time_in_force(wire: action::TimeInForce) -> TimeInForce {
    match wire {
        action::TimeInForce::Gtc => TimeInForce::Gtc,
        action::TimeInForce::Ioc | action::TimeInForce::FrontendMarket => TimeInForce::Ioc,
        action::TimeInForce::Alo => TimeInForce::Alo,
        action::TimeInForce::Fok => TimeInForce::Fok,
    }
}

/// The book's word for self-trade prevention. Without one the maker is cancelled, as on Hyperliquid.
pub(crate) const fn book_self_trade(wire: Option<action::SelfTradePrevention>) -> SelfTrade {
    match wire {
        None | Some(action::SelfTradePrevention::CancelMaker) => SelfTrade::CancelMaker,
        Some(action::SelfTradePrevention::CancelTaker) => SelfTrade::CancelTaker,
        Some(action::SelfTradePrevention::CancelBoth) => SelfTrade::CancelBoth,
        Some(action::SelfTradePrevention::Decrement) => SelfTrade::Decrement,
    }
}

/// The rank of a written price on a market whose prices have `scale`.
pub(crate) fn parse_price(price: &Decimal, scale: PriceScale) -> Result<PriceRank, Rejection> {
    if price.is_zero() {
        return Err(Rejection::PriceZero);
    }
    if price.decimals() > scale.decimals() {
        return Err(Rejection::PriceTick);
    }
    let ticks = price.to_units(scale.decimals()).ok_or(Rejection::PriceTooHigh)?;
    PriceRank::from_ticks(PriceTicks(ticks), scale).map_err(Rejection::from)
}

/// The lots of a written size on a market whose sizes have `decimals`.
pub(crate) fn parse_size(size: &Decimal, decimals: u8) -> Result<SizeLots, Rejection> {
    if size.is_zero() {
        return Err(Rejection::SizeZero);
    }
    if size.decimals() > decimals {
        return Err(Rejection::SizeLot);
    }
    size.to_units(decimals).map(SizeLots).ok_or(Rejection::SizeTooLarge)
}
