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

use crate::Rejection;
use crate::action::{self, AssetId, Decimal, OrderKind, TimeInForce, TwapCancel, TwapRequest};
use crate::engine::{self, Exchange};
use crate::perp::{clearing, is_perpetual, position::notional_amount};
use crate::place::{self, MAKER_WORK, ORDER_WORK, Session};
use crate::receipt::{Event, ItemStatus};
use crate::tables::ExchangeTables;
use alloc::vec::Vec;
use tandem_book::Side;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_coprocessor::{Handle, Work};
use tandem_crypto::sha256;
use tandem_state::keys;
use tandem_types::{AccountId, BlockTime, MarketId, PriceScale, PriceTicks, QuoteAtoms, SizeLots};

/// Milliseconds from one part to the next.
pub const TWAP_INTERVAL_MS: u64 = 30_000;
/// Shortest and longest duration in minutes: seven days.
pub const TWAP_MINUTES: core::ops::RangeInclusive<u64> = 5..=10_080;
/// Most running orders of an account.
pub const TWAPS_MAX: u32 = 32;
/// How many even parts one part may be.
pub const TWAP_CATCH_UP: u64 = 3;
/// Work of a part, beside that of its order.
pub const TWAP_WORK: Work = Work(4_000);

/// How far beyond the mark a part may trade, in hundredths.
const SLIPPAGE_PERCENT: u64 = 3;
/// The least that must be left for another part.
const LEFT_MIN: Work = TWAP_WORK.plus(ORDER_WORK).plus(MAKER_WORK.times(4));

/// A TWAP order, by whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TwapKey {
    /// Whose.
    pub account: AccountId,
    /// Its number.
    pub id: u64,
}

/// A TWAP order, by when its next part is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TwapDue {
    /// When.
    pub time: u64,
    /// Its number.
    pub id: u64,
}

tandem_codec::record!(TwapKey { account, id });
tandem_codec::record!(TwapDue { time, id });
keys!(TwapKey: 12, TwapDue: 16);

/// A running TWAP order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twap {
    /// Where.
    pub market: MarketId,
    /// Its side.
    pub side: Side,
    /// All of it.
    pub size: SizeLots,
    /// Whether it may only make a position smaller.
    pub reduce_only: bool,
    /// Whether its parts vary.
    pub randomize: bool,
    /// How many parts it has.
    pub parts: u32,
    /// When it began.
    pub started: BlockTime,
    /// When its next part is due.
    pub next: BlockTime,
    /// How much has traded.
    pub filled: SizeLots,
    /// At what notional.
    pub notional: QuoteAtoms,
}
tandem_codec::record!(Twap {
    market,
    side,
    size,
    reduce_only,
    randomize,
    parts,
    started,
    next,
    filled,
    notional,
});

/// How a TWAP order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwapEnd {
    /// Its last part was placed, or all of it has traded.
    Finished,
    /// Its owner ended it.
    Cancelled,
    /// A part was refused.
    Refused(Rejection),
}

impl Encode for TwapEnd {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Finished => 0u8.encode(out),
            Self::Cancelled => 1u8.encode(out),
            Self::Refused(why) => {
                2u8.encode(out);
                why.encode(out);
            }
        }
    }
}

impl Decode for TwapEnd {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(input)? {
            0 => Self::Finished,
            1 => Self::Cancelled,
            2 => Self::Refused(Decode::decode(input)?),
            _ => return Err(input.invalid("end of a twap")),
        })
    }
}

impl Twap {
    /// The part that is due at `now`, from 0.
    fn part_at(&self, now: BlockTime) -> u32 {
        let since = now.ms_since(self.started).unwrap_or(0);
        let part = since.checked_div(TWAP_INTERVAL_MS).unwrap_or(0);
        u32::try_from(part).unwrap_or(u32::MAX).min(self.parts.saturating_sub(1))
    }

    /// An even part, rounded up.
    #[must_use]
    pub fn even_part(&self) -> SizeLots {
        SizeLots(self.size.0.div_ceil(u64::from(self.parts.max(1))))
    }

    /// What should have traded when a part is done: rounded down, all of it at the last.
    #[must_use]
    pub fn target(&self, part: u32) -> SizeLots {
        let parts = u128::from(self.parts.max(1));
        let product = u128::from(self.size.0).saturating_mul(u128::from(part).saturating_add(1));
        let target = product.checked_div(parts).unwrap_or(0);
        SizeLots(u64::try_from(target).unwrap_or(u64::MAX)).min(self.size)
    }

    /// The size of a part, before it varies.
    #[must_use]
    pub fn part_size(&self, part: u32) -> SizeLots {
        let most = SizeLots(self.even_part().0.saturating_mul(TWAP_CATCH_UP));
        self.target(part).minus_or_zero(self.filled).min(most)
    }

    /// The size of a part that varies: between four and six fifths, the last one as it is.
    fn varied(&self, part: u32, seed: &[u8]) -> SizeLots {
        let size = self.part_size(part);
        if !self.randomize || part.saturating_add(1) >= self.parts {
            return size;
        }
        let hash = sha256(seed);
        let word = hash.first_chunk::<8>().map_or(0, |head| u64::from_be_bytes(*head));
        let thousandths = word.checked_rem(401).unwrap_or(0).saturating_add(800);
        let product = u128::from(size.0).saturating_mul(u128::from(thousandths));
        let varied = u64::try_from(product.checked_div(1_000).unwrap_or(0)).unwrap_or(u64::MAX);
        let most = self.even_part().0.saturating_mul(TWAP_CATCH_UP);
        SizeLots(varied.min(most)).min(self.size.minus_or_zero(self.filled))
    }
}

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
        let size = place::parse_size(&request.size, priced.market.size_decimals)?;
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
pub(crate) fn due_work(handle: &mut Handle<'_, '_, Exchange>, events: &mut Vec<Event>) {
    let (first, last) = (TwapDue { time: 0, id: 0 }, TwapDue { time: handle.block.time.0, id: u64::MAX });
    let mut none_yet = true;
    while handle.meter.left() >= LEFT_MIN {
        let Some((due, account)) = handle.tables.twap_due.first(&first, &last).map(|(due, who)| (due, *who))
        else {
            return;
        };
        match engine::due_step(handle, account, events, |session| session.twap_part(due.id)) {
            Ok(()) => {}
            // With a whole block's work it may yet succeed; the first of a block had that.
            Err(Rejection::OutOfWork) if !none_yet => return,
            Err(why) => abandon(handle.tables, account, due, why, events),
        }
        none_yet = false;
    }
}

/// Ends an order whose part can't be placed at all.
fn abandon(
    tables: &mut ExchangeTables,
    account: AccountId,
    due: TwapDue,
    why: Rejection,
    events: &mut Vec<Event>,
) {
    tables.twap_due.remove(&due);
    if let Some(twap) = tables.twaps.remove(&TwapKey { account, id: due.id }) {
        let Twap { filled, notional, .. } = twap;
        events.push(Event::TwapEnded { account, id: due.id, filled, notional, why: TwapEnd::Refused(why) });
    }
}
