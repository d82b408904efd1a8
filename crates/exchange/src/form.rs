//! The form of an order, on every market: what its numbers and words are in the book's, and the work that it is.

use crate::Rejection;
use crate::action::{self, Decimal, Order as OrderRequest, OrderKind};
use crate::receipt::CloseReason;
use tandem_book::{PlaceError, PlaceRejection, Placed, SelfTrade, TakerCancelReason, TimeInForce};
use tandem_coprocessor::Work;
use tandem_types::{PriceRank, PriceScale, PriceTicks, SizeLots};

/// Most makers that one order may meet.
pub const FILLS_MAX: u32 = 1_000;
/// Work of an order before it meets anyone.
pub const ORDER_WORK: Work = Work(4_000);
/// Work of each maker met.
pub const MAKER_WORK: Work = Work(3_000);

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
