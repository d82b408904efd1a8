//! Placing an order on a spot market, and what both kinds of market share of it.
//!
//! Ordered guard clauses first, each with one reason; then the book matches and settles; then what remains rests and
//! its backing is put on hold. The caller's checkpoint undoes everything if a later step refuses.

use crate::Rejection;
use crate::action::{self, Order as OrderRequest, OrderKind};
use crate::fees;
use crate::fill::{self, Taker};
use crate::form::{self, FILLS_MAX, MAKER_WORK, ORDER_WORK};
use crate::ledger;
use crate::orders::{OpenOrders, open_orders};
use crate::perp;
use crate::receipt::{CloseReason, Event, ItemStatus};
use crate::records::{Counters, Market, OrderInfo};
use crate::session::Session;
use crate::settle;
use crate::tables::CloidKey;
use crate::trigger::Role;
use tandem_book::{Book, Incoming, Limits, Owner, PlaceError, PlaceOutcome, Placed, SelfTrade, Side};
use tandem_types::{MarketId, OrderId, PriceRank, SizeLots};

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
        self.check_open_orders(form::may_rest(order.time_in_force))?;
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
        let time_in_force = form::limit_time_in_force(request)?;
        if request.reduce_only {
            return Err(Rejection::ReduceOnlyUnsupported);
        }
        self.check_expiry(request)?;
        let price = form::parse_price(&request.price, market.price_scale())?;
        let size = form::parse_size(&request.size, market.size_decimals)?;
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
            self_trade: form::book_self_trade(request.self_trade_prevention),
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
            time_in_force: form::book_time_in_force(order.time_in_force),
            self_trade: order.self_trade,
        };
        let taker = Taker { account: self.account, order: id, side: order.side, builder: self.builder };
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
        let (notional, traded) = (settlement.trading.notional, settlement.trading.fees.traded());
        let placed = self.count_match(placed, counters, traded)?;
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
                self.close(id, remaining, form::close_reason(why));
                Ok(filled)
            }
        }
    }

    /// After a match: charges the makers that it visited, and keeps what it counted.
    pub(crate) fn count_match(
        &mut self,
        placed: Result<Placed, PlaceError<Rejection>>,
        counters: Counters,
        traded: u64,
    ) -> Result<Placed, Rejection> {
        self.meter.charge(MAKER_WORK.times(u64::from(form::steps_of(&placed))))?;
        let placed = placed.map_err(form::place_error)?;
        if self.tables.counters.get(&()).is_none_or(|before| before.trade != counters.trade) {
            fees::count_trades(self.tables, self.block, traded);
            self.tables.counters.put((), counters);
        }
        Ok(placed)
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
            built: false,
        };
        let account = self.account;
        let builder = self.builder;
        self.open_orders().open(account, id, info, builder);
        Ok(())
    }

    pub(crate) fn close(&mut self, id: OrderId, remaining: SizeLots, reason: CloseReason) {
        self.events.push(fill::closed(self.account, id, remaining, reason));
    }

    pub(crate) const fn open_orders(&mut self) -> OpenOrders<'_> {
        open_orders!(self.tables)
    }
}
