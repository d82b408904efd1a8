//! What happens to an account that has less than its maintenance margin.

use tandem_types::{AccountId, MarketId, OrderId, PriceTicks, QuoteAtoms, SignedLots, Usd};

/// Why an order that follows was placed: its account has less than its maintenance margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiquidationOrder {
    /// Whose.
    pub account: AccountId,
    /// Whether an isolated position is liquidated, not all cross positions.
    pub isolated: bool,
    /// Where.
    pub market: MarketId,
    /// The order.
    pub order: OrderId,
    /// The mark price.
    pub mark: PriceTicks,
    /// What was liquidated was worth so much before it.
    pub value: Usd,
    /// And needed so much to stay.
    pub maintenance: Usd,
}
tandem_codec::record!(LiquidationOrder { account, isolated, market, order, mark, value, maintenance });

/// Which vault took something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vault {
    /// The backstop, which wants initial margin for it.
    Backstop,
    /// The insurance fund, which passes it on by deleveraging.
    Insurance,
}
tandem_codec::tags!(Vault { Backstop = 0, Insurance = 1 });

/// A position that a vault took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takeover {
    /// Whose it was.
    pub account: AccountId,
    /// Which vault.
    pub vault: Vault,
    /// The vault's account.
    pub by: AccountId,
    /// Where.
    pub market: MarketId,
    /// The size that was taken.
    pub size: SignedLots,
    /// The mark price, at which it was.
    pub mark: PriceTicks,
    /// Profit of the one who lost it, over its entry.
    pub closed_profit: Usd,
}
tandem_codec::record!(Takeover { account, vault, by, market, size, mark, closed_profit });

/// A position, or a part of one, that was closed against the insurance fund's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleveraged {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// The size before.
    pub size_before: SignedLots,
    /// The size after.
    pub size: SignedLots,
    /// The mark price, at which it was closed.
    pub mark: PriceTicks,
    /// What it paid beside: its share of what the fund was worth less than nothing.
    pub paid: QuoteAtoms,
    /// Profit of what was closed, over its entry and before `paid`.
    pub closed_profit: Usd,
}
tandem_codec::record!(Deleveraged { account, market, size_before, size, mark, paid, closed_profit });
