//! A position, and what a fill does to it.
//!
//! A position is a signed size and a signed quote: what its fills received less what they paid, less fees and funding,
//! and, if isolated, with the margin moved into it. Fills and fees are sums of exact products; only the funding owed is
//! rounded, up. So the sum over both sides of a fill, the fees and the funding pool never changes.
//!
//! Invariants: a position without size has no quote; what open orders it counts is exactly what rests in the book.

use super::market::PerpPrices;
use super::risk::RiskBound;
use super::tiers::MarginTiers;
use tandem_book::Side;
use tandem_types::{PriceTicks, QuantityError, QuoteAtoms, SignedLots, SizeLots, Usd};

pub use super::mode::MarginMode;

/// Quote atoms in a tick times a lot: a perpetual's price × size counts 10^-6 USD, an atom is 10^-8.
pub const ATOMS_PER_TICK_LOT: u64 = 100;
/// Units of the funding index in an atom per lot.
pub const FUNDING_INDEX_UNIT: i128 = 10_000_000_000;

/// What an account has in a market: its position, its leverage, and the sizes of its open orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Long above zero, short below.
    pub size: SignedLots,
    /// What fills received less what they paid, less fees and funding, with what margin was moved into it.
    pub quote: Usd,
    /// The notional at which the size was entered. For display; no money depends on it.
    pub entry: QuoteAtoms,
    /// The market's funding index up to which it has paid.
    pub funding_index: i128,
    /// The leverage at which it is entered.
    pub leverage: u8,
    /// Whose margin it uses.
    pub mode: MarginMode,
    /// Lots of open bids, reduce-only ones excluded.
    pub bids: SizeLots,
    /// Lots of open asks, reduce-only ones excluded.
    pub asks: SizeLots,
    /// Lots of open reduce-only orders.
    pub reduce_only: SizeLots,
    /// Where the risk index has it; `None` if nothing is held, or its account is being liquidated.
    pub bound: Option<RiskBound>,
}
tandem_codec::record!(Position {
    size,
    quote,
    entry,
    funding_index,
    leverage,
    mode,
    bids,
    asks,
    reduce_only,
    bound,
});

/// One side's part of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FillTerms {
    /// Whether this side buys or sells.
    pub side: Side,
    /// How much.
    pub size: SizeLots,
    /// At what price.
    pub price: PriceTicks,
    /// What this side pays for it.
    pub fee: QuoteAtoms,
}

/// What a fill made of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The position after.
    pub position: Position,
    /// What moved from it to the account's collateral; below zero, from the collateral into it.
    pub to_collateral: Usd,
    /// Profit of the part that was closed, over its entry, before the fee. For display.
    pub closed_profit: Usd,
}

/// The notional of `size` at `price` in quote atoms: exact, below 2^119 for prices that the rules hold.
#[must_use]
pub fn notional(size: SizeLots, price: PriceTicks) -> u128 {
    let ticks = u128::from(price.0).saturating_mul(u128::from(ATOMS_PER_TICK_LOT));
    ticks.saturating_mul(u128::from(size.0))
}

/// The notional as an amount.
///
/// # Errors
/// [`QuantityError::Overflow`] above 184 billion USD.
pub fn notional_amount(size: SizeLots, price: PriceTicks) -> Result<QuoteAtoms, QuantityError> {
    u64::try_from(notional(size, price)).map(QuoteAtoms).map_err(|_| QuantityError::Overflow)
}

pub(super) fn signed(atoms: u128) -> i128 {
    i128::try_from(atoms).unwrap_or(i128::MAX)
}

impl Position {
    /// Nothing held and nothing open.
    #[must_use]
    pub const fn new(leverage: u8, mode: MarginMode) -> Self {
        Self {
            size: SignedLots::ZERO,
            quote: Usd::ZERO,
            entry: QuoteAtoms::ZERO,
            funding_index: 0,
            leverage,
            mode,
            bids: SizeLots::ZERO,
            asks: SizeLots::ZERO,
            reduce_only: SizeLots::ZERO,
            bound: None,
        }
    }

    /// Whether nothing is held and nothing open.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.size.is_zero() && self.bids.is_zero() && self.asks.is_zero() && self.reduce_only.is_zero()
    }

    /// Size × `mark`, below zero if short.
    #[must_use]
    pub fn market_value(&self, mark: PriceTicks) -> i128 {
        let value = signed(notional(self.size.magnitude(), mark));
        if self.size.is_negative() { value.saturating_neg() } else { value }
    }

    /// What it owes in funding at `index`, rounded up; below zero what it is owed, rounded down.
    #[must_use]
    pub fn funding_owed(&self, index: i128) -> i128 {
        let grown = index.saturating_sub(self.funding_index);
        let owed = grown.saturating_mul(i128::from(self.size.0));
        let floor = owed.div_euclid(FUNDING_INDEX_UNIT);
        let exact = floor.saturating_mul(FUNDING_INDEX_UNIT) == owed;
        if exact { floor } else { floor.saturating_add(1) }
    }

    /// What it is worth: size × mark + quote - funding owed.
    #[must_use]
    pub fn value(&self, prices: &PerpPrices) -> i128 {
        let held = self.market_value(prices.mark).saturating_add(i128::from(self.quote.0));
        held.saturating_sub(self.funding_owed(prices.funding_index))
    }

    /// Lots held in magnitude if all open bids filled, or all open asks: whichever is more.
    #[must_use]
    pub fn exposure(&self) -> SizeLots {
        let size = i128::from(self.size.0);
        let long = size.saturating_add(i128::from(self.bids.0));
        let short = i128::from(self.asks.0).saturating_sub(size);
        SizeLots(u64::try_from(long.max(short)).unwrap_or(u64::MAX))
    }

    /// The side that an order must have to make this smaller; `None` if nothing is held.
    #[must_use]
    pub const fn reducing_side(&self) -> Option<Side> {
        match self.size.0 {
            0 => None,
            1.. => Some(Side::Ask),
            _ => Some(Side::Bid),
        }
    }

    /// Pays funding up to `index`; returns the position and what it paid.
    ///
    /// # Errors
    /// [`QuantityError::Overflow`].
    pub fn settle_funding(self, index: i128) -> Result<(Self, Usd), QuantityError> {
        let payment = Usd::from_atoms(self.funding_owed(index))?;
        Ok((Self { quote: self.quote.minus(payment)?, funding_index: index, ..self }, payment))
    }

    /// Fills: first what closes, then what opens. Funding has been settled, and the filled order's size is still
    /// counted among those open: the caller takes it off.
    ///
    /// # Errors
    /// [`QuantityError::Overflow`].
    pub fn fill(
        self,
        terms: &FillTerms,
        mark: PriceTicks,
        tiers: &MarginTiers,
    ) -> Result<Filled, QuantityError> {
        let closes = self.reducing_side() == Some(terms.side);
        let closed = if closes { terms.size.min(self.size.magnitude()) } else { SizeLots::ZERO };
        let opened = terms.size.minus_or_zero(closed);
        // The fee belongs to the part that comes first.
        let mut filled = Filled { position: self, to_collateral: Usd::ZERO, closed_profit: Usd::ZERO };
        let mut fee = terms.fee;
        if !closed.is_zero() {
            filled.close(&FillTerms { size: closed, fee, ..*terms }, mark, tiers)?;
            fee = QuoteAtoms::ZERO;
        }
        if !opened.is_zero() {
            filled.open(&FillTerms { size: opened, fee, ..*terms }, mark, tiers)?;
        }
        Ok(filled)
    }

    /// The size and the quote after a fill, nothing else.
    fn trade(self, terms: &FillTerms) -> Result<Self, QuantityError> {
        let size = SignedLots::long(terms.size)?;
        let notional = Usd::had(notional_amount(terms.size, terms.price)?)?;
        let (size, quote) = match terms.side {
            Side::Bid => (self.size.plus(size)?, self.quote.minus(notional)?),
            Side::Ask => (self.size.minus(size)?, self.quote.plus(notional)?),
        };
        Ok(Self { size, quote: quote.minus(Usd::had(terms.fee)?)?, ..self })
    }

    /// Its value, funding being settled.
    fn settled_value(&self, mark: PriceTicks) -> i128 {
        self.market_value(mark).saturating_add(i128::from(self.quote.0))
    }
}

impl Filled {
    fn close(
        &mut self,
        terms: &FillTerms,
        mark: PriceTicks,
        tiers: &MarginTiers,
    ) -> Result<(), QuantityError> {
        let before = self.position;
        let mut after = before.trade(terms)?;
        after.entry = QuoteAtoms(share(before.entry.0, after.size.magnitude().0, before.size.magnitude().0));
        let entered = Usd::had(before.entry.minus(after.entry)?)?;
        let traded = Usd::had(notional_amount(terms.size, terms.price)?)?;
        self.closed_profit = match terms.side {
            Side::Ask => traded.minus(entered)?,
            Side::Bid => entered.minus(traded)?,
        };
        let released = match (after.size.is_zero(), before.mode) {
            (true, _) => after.quote,
            (false, MarginMode::Cross) => Usd::ZERO,
            (false, MarginMode::Isolated) => Usd::from_atoms(released(&before, &after, mark, tiers))?,
        };
        after.quote = after.quote.minus(released)?;
        self.to_collateral = self.to_collateral.plus(released)?;
        self.position = after;
        Ok(())
    }

    fn open(
        &mut self,
        terms: &FillTerms,
        mark: PriceTicks,
        tiers: &MarginTiers,
    ) -> Result<(), QuantityError> {
        let before = self.position;
        let mut after = before.trade(terms)?;
        after.entry = before.entry.plus(notional_amount(terms.size, terms.price)?)?;
        if before.mode == MarginMode::Isolated {
            let initial = |position: &Position| {
                signed(tiers.initial(notional(position.size.magnitude(), mark), position.leverage))
            };
            // The value changes by the new part's gain at mark less the fee.
            let gain_less_fee = after.settled_value(mark).saturating_sub(before.settled_value(mark));
            let margin =
                initial(&after).saturating_sub(initial(&before)).saturating_sub(gain_less_fee).max(0);
            let margin = Usd::from_atoms(margin)?;
            after.quote = after.quote.plus(margin)?;
            self.to_collateral = self.to_collateral.minus(margin)?;
        }
        self.position = after;
        Ok(())
    }
}

/// What leaves an isolated position that was partly closed: what exceeds the value that keeps its health.
fn released(before: &Position, after: &Position, mark: PriceTicks, tiers: &MarginTiers) -> i128 {
    let maintenance =
        |position: &Position| signed(tiers.maintenance(notional(position.size.magnitude(), mark)));
    let value = before.settled_value(mark);
    if value <= 0 {
        return 0;
    }
    let kept =
        value.checked_mul(maintenance(after)).and_then(|product| ceil_div(product, maintenance(before)));
    kept.map_or(0, |kept| after.settled_value(mark).saturating_sub(kept).max(0))
}

fn ceil_div(numerator: i128, denominator: i128) -> Option<i128> {
    let floor = numerator.checked_div_euclid(denominator)?;
    let exact = numerator.checked_rem_euclid(denominator)? == 0;
    if exact { Some(floor) } else { floor.checked_add(1) }
}

/// `whole × part / of`, rounded down.
fn share(whole: u64, part: u64, of: u64) -> u64 {
    let product = u128::from(whole).saturating_mul(u128::from(part));
    u64::try_from(product.checked_div(u128::from(of)).unwrap_or(0)).unwrap_or(u64::MAX)
}
