//! TWAP orders: a size bought or sold in equal parts, one every thirty seconds.
//!
//! Each part is an ordinary immediate-or-cancel order on a perpetual market, at most 3 % beyond the mark price of its
//! moment, placed in due work. It is for what the order should have traded by then and hasn't, at most three times the
//! even part: so what a part misses is caught up, within bounds. Parts that blocks had no room for are not repeated one by
//! one: the next is for all of them, within the same bound. A randomized order varies its parts by up to a fifth, by a hash
//! of its number, the part, the block's time and the mark: everyone can compute it, but only then.
//!
//! A part that meets nobody, or is worth too little, is left to the next. One that is refused for another reason (margin,
//! no position to reduce, a cap) ends the order. On stale prices parts are left out.
//!
//! Running orders are listed by account, and by the time of their next part: that table is the cursor, too.

pub(crate) mod record;

pub use record::{TWAP_CATCH_UP, TWAP_INTERVAL_MS, Twap, TwapDue, TwapEnd, TwapKey};

use crate::Rejection;
use crate::action::{self, AssetId, Decimal, OrderKind, TimeInForce, TwapCancel, TwapRequest};
use crate::form::{self, MAKER_WORK, ORDER_WORK};
use crate::perp::{clearing, is_perpetual, position::notional_amount};
use crate::receipt::{Event, ItemStatus};
use crate::session::{DueWork, Session};
use alloc::vec::Vec;
use tandem_book::Side;
use tandem_codec::Encode;
use tandem_coprocessor::Work;
use tandem_types::{AccountId, MarketId, PriceScale, PriceTicks, QuoteAtoms, SizeLots};

/// Shortest and longest duration in minutes: seven days.
pub const TWAP_MINUTES: core::ops::RangeInclusive<u64> = 5..=10_080;
/// Most running orders of an account.
pub const TWAPS_MAX: u32 = 32;
/// Work of a part, beside that of its order.
pub const TWAP_WORK: Work = Work(4_000);

/// How far beyond the mark a part may trade, in hundredths.
const SLIPPAGE_PERCENT: u64 = 3;
/// The least that must be left for another part.
const LEFT_MIN: Work = TWAP_WORK.plus(ORDER_WORK).plus(MAKER_WORK.times(4));

/// The worst price of a part: a valid one, no more than 3 % beyond `mark`.
fn worst_price(side: Side, mark: PriceTicks, scale: PriceScale) -> PriceTicks {
    let percent = match side {
        Side::Bid => 100u64.saturating_add(SLIPPAGE_PERCENT),
        Side::Ask => 100u64.saturating_sub(SLIPPAGE_PERCENT),
    };
    let product = mark.0.saturating_mul(percent);
    let (floor, exact) = (product.checked_div(100).unwrap_or(0), product.is_multiple_of(100));
    let price = if exact || side == Side::Bid { floor } else { floor.saturating_add(1) };
    let unit = 10u64.saturating_pow(u32::from(scale.decimals()));
    let digits = price.checked_ilog10().unwrap_or(0).saturating_add(1);
    let step = 10u64.saturating_pow(digits.saturating_sub(5)).min(unit);
    let excess = price.checked_rem(step).unwrap_or(0);
    let below = price.saturating_sub(excess);
    match side {
        Side::Ask if excess > 0 => PriceTicks(below.saturating_add(step)),
        Side::Bid | Side::Ask => PriceTicks(below),
    }
}

impl Session<'_, '_> {
    /// Executes a `twapOrder`: it begins, and its first part is placed at the end of this block.
    pub(crate) fn start_twap(&mut self, request: &TwapRequest) -> Result<ItemStatus, Rejection> {
        self.meter.charge(ORDER_WORK)?;
        let twap = self.validate_twap(request)?;
        let account = self.account;
        self.check_twaps()?;
        let id = self.tables.next_twap.get(&()).copied().unwrap_or_default();
        self.tables.next_twap.put((), id.checked_add(1).ok_or(Rejection::Overflow)?);
        self.tables.twaps.put(TwapKey { account, id }, twap);
        self.tables.twap_due.put(TwapDue { time: twap.next.0, id }, account);
        self.events.push(Event::TwapStarted { account, id, twap });
        Ok(ItemStatus::TwapRunning { id })
    }

    fn validate_twap(&mut self, request: &TwapRequest) -> Result<Twap, Rejection> {
        let id = u16::try_from(request.asset.0).map(MarketId).map_err(|_| Rejection::UnknownAsset)?;
        if !is_perpetual(id) {
            return Err(Rejection::TwapUnsupported);
        }
        let priced = clearing!(self.tables, self.meter).priced(id)?;
        if !TWAP_MINUTES.contains(&request.minutes) {
            return Err(Rejection::TwapDuration);
        }
        let size = form::parse_size(&request.size, priced.market.size_decimals)?;
        let now = self.block.time;
        let parts = u32::try_from(request.minutes).unwrap_or(0).saturating_mul(2);
        let twap = Twap {
            market: id,
            side: if request.is_buy { Side::Bid } else { Side::Ask },
            size,
            reduce_only: request.reduce_only,
            randomize: request.randomize,
            parts,
            started: now,
            next: now,
            filled: SizeLots::ZERO,
            notional: QuoteAtoms::ZERO,
        };
        let value = notional_amount(twap.even_part(), priced.prices.mark);
        let value = value.map_err(|_| Rejection::SizeTooLarge)?;
        if value < self.config.notional_min {
            return Err(Rejection::TwapTooSmall);
        }
        if value > priced.market.order_notional_max(false) {
            return Err(Rejection::OrderTooLarge);
        }
        Ok(twap)
    }

    fn check_twaps(&mut self) -> Result<(), Rejection> {
        let account = self.account;
        let (mut from, to) = (TwapKey { account, id: 0 }, TwapKey { account, id: u64::MAX });
        for _ in 0..TWAPS_MAX {
            let Some((key, _)) = self.tables.twaps.first(&from, &to) else { return Ok(()) };
            from.id = key.id.saturating_add(1);
        }
        Err(Rejection::TooManyTwaps)
    }

    /// Executes a `twapCancel`.
    pub(crate) fn cancel_twap(&mut self, request: &TwapCancel) -> Result<ItemStatus, Rejection> {
        self.meter.charge(crate::CANCEL_WORK)?;
        let key = TwapKey { account: self.account, id: request.twap };
        let found = self.tables.twaps.get(&key).copied();
        let twap = found.filter(|twap| AssetId(u32::from(twap.market.0)) == request.asset);
        self.end_twap(key.id, &twap.ok_or(Rejection::UnknownTwap)?, TwapEnd::Cancelled);
        Ok(ItemStatus::Done)
    }

    fn end_twap(&mut self, id: u64, twap: &Twap, why: TwapEnd) {
        let account = self.account;
        self.tables.twaps.remove(&TwapKey { account, id });
        self.tables.twap_due.remove(&TwapDue { time: twap.next.0, id });
        let Twap { filled, notional, .. } = *twap;
        self.events.push(Event::TwapEnded { account, id, filled, notional, why });
    }

    /// Places the part that is due, and appoints the next.
    fn twap_part(&mut self, id: u64) -> Result<(), Rejection> {
        self.meter.charge(TWAP_WORK)?;
        let key = TwapKey { account: self.account, id };
        let mut twap = *self.tables.twaps.get(&key).ok_or(Rejection::UnknownTwap)?;
        let part = twap.part_at(self.block.time);
        let status = self.place_part(id, &twap, part)?;
        let refused = match status {
            None => None,
            Some(ItemStatus::Rejected(why)) => Some(why).filter(|why| ends_twap(*why)),
            Some(ItemStatus::Filled { id: order, size, notional }) => {
                twap.filled = twap.filled.plus(size)?;
                twap.notional = twap.notional.plus(notional)?;
                self.events.push(Event::TwapPart { account: key.account, id, order, filled: size });
                None
            }
            Some(_) => None,
        };
        let last = part.saturating_add(1) >= twap.parts || twap.filled >= twap.size;
        match (refused, last) {
            (Some(why), _) => self.end_twap(id, &twap, TwapEnd::Refused(why)),
            (None, true) => self.end_twap(id, &twap, TwapEnd::Finished),
            (None, false) => {
                self.tables.twap_due.remove(&TwapDue { time: twap.next.0, id });
                let next = u64::from(part).saturating_add(1).saturating_mul(TWAP_INTERVAL_MS);
                twap.next = twap.started.plus_ms(next);
                self.tables.twap_due.put(TwapDue { time: twap.next.0, id }, key.account);
                self.tables.twaps.put(key, twap);
            }
        }
        Ok(())
    }

    /// Places a part; `None` if there is none: prices are stale, or there is nothing to catch up.
    fn place_part(&mut self, id: u64, twap: &Twap, part: u32) -> Result<Option<ItemStatus>, Rejection> {
        let priced = clearing!(self.tables, self.meter).priced(twap.market)?;
        let stale_ms = self.tables.perp_config.get(&()).copied().unwrap_or_default().price_stale_ms;
        let size = twap.varied(part, &self.seed(id, part, priced.prices.mark));
        if size.is_zero() || priced.prices.is_stale(self.block.time, stale_ms) {
            return Ok(None);
        }
        let scale = priced.market.price_scale();
        let price = worst_price(twap.side, priced.prices.mark, scale);
        let request = action::Order {
            asset: AssetId(u32::from(twap.market.0)),
            is_buy: twap.side == Side::Bid,
            price: Decimal::new(price.0, scale.decimals()).ok_or(Rejection::PriceTick)?,
            size: Decimal::new(size.0, priced.market.size_decimals).ok_or(Rejection::SizeLot)?,
            reduce_only: twap.reduce_only,
            kind: OrderKind::Limit(TimeInForce::Ioc),
            cloid: None,
            self_trade_prevention: None,
            expires: None,
        };
        self.attempt(|session| session.place_perp(&request, twap.market)).map(Some)
    }

    fn seed(&self, id: u64, part: u32, mark: PriceTicks) -> Vec<u8> {
        let mut seed = b"tandem/twap".to_vec();
        id.encode(&mut seed);
        part.encode(&mut seed);
        self.block.time.encode(&mut seed);
        mark.encode(&mut seed);
        seed
    }
}

/// Whether a refused part ends its order, rather than being left to the next.
const fn ends_twap(why: Rejection) -> bool {
    !matches!(why, Rejection::NoMatch | Rejection::NotionalTooSmall | Rejection::LiquidationsPending)
}

/// Places the parts that are due, the earliest first.
pub(crate) fn due_work(work: &mut DueWork<'_>) {
    let (first, last) = (TwapDue { time: 0, id: 0 }, TwapDue { time: work.block.time.0, id: u64::MAX });
    let mut none_yet = true;
    while work.meter.left() >= LEFT_MIN {
        let Some((due, account)) = work.tables.twap_due.first(&first, &last).map(|(due, who)| (due, *who))
        else {
            return;
        };
        match work.step(account, |session| session.twap_part(due.id)) {
            Ok(()) => {}
            // With a whole block's work it may yet succeed; the first of a block had that.
            Err(Rejection::OutOfWork) if !none_yet => return,
            Err(why) => abandon(work, account, due, why),
        }
        none_yet = false;
    }
}

/// Ends an order whose part can't be placed at all.
fn abandon(work: &mut DueWork<'_>, account: AccountId, due: TwapDue, why: Rejection) {
    work.tables.twap_due.remove(&due);
    if let Some(twap) = work.tables.twaps.remove(&TwapKey { account, id: due.id }) {
        let Twap { filled, notional, .. } = twap;
        let why = TwapEnd::Refused(why);
        work.events.push(Event::TwapEnded { account, id: due.id, filled, notional, why });
    }
}
