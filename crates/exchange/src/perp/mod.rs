//! Perpetual markets: positions, margin, funding, and what is done with them.
//!
//! - Pure: [`tiers`], [`margin`], [`position`], `market`, `mode`, `pending`, `buckets`.
//! - On the tables: `clearing` (positions and collateral, with `sums`), `place` and `settle` (orders), `reduce_only`, `leverage`,
//!   `transfer`, [`prices`] (what a price update changes), `invariants`.
//! - Below maintenance margin: [`risk`] (who may be), [`liquidation`] (whose turn it is), `liquidate` (by the book),
//!   `takeover` (by the vaults), [`deleverage`] (against the other side).
//!
//! Invariants: over a block, money is conserved and each market's sizes sum to nothing; an account that acts ends with
//! its margin or no less healthy; reduce-only orders never open or flip. Rules: `docs/exchange-rules.md`.

pub(crate) mod buckets;
mod clearing;
pub mod deleverage;
pub(crate) mod genesis;
pub(crate) mod invariants;
mod leverage;
mod liquidate;
pub mod liquidation;
pub mod margin;
pub(crate) mod market;
mod mode;
pub(crate) mod pending;
mod phase;
mod place;
pub mod position;
pub mod prices;
mod reduce_only;
pub mod risk;
mod settle;
pub(crate) mod sums;
mod takeover;
mod terms;
pub mod tiers;
mod transfer;

pub use clearing::{POSITION_WORK, cross_margin, sums_anew};
pub use genesis::{PerpGenesis, PerpGenesisError};
pub use liquidate::{CANCELS_PER_TURN, PARTIAL_NOTIONAL_MIN, PARTIAL_PARTS};
pub use market::{
    LEVERAGE_DEFAULT, PERP_PRICE_DECIMALS, PerpConfig, PerpEstimates, PerpMarket, PerpPrices, PerpTotals,
};
pub use phase::{has_pending_liquidations, is_reduce_only};
pub use sums::CrossSums;
pub use terms::{COOLDOWN_MS, LIQUIDATION_FILLS_MAX, RETRY_MS, zero_price};

pub(crate) use clearing::{Clearing, clearing};
pub(crate) use transfer::parse_usd;

use tandem_types::{MarketId, PriceTicks, QuantityError, QuoteAtoms, SizeLots};

/// The asset number of spot market 0; perpetuals are numbered below.
pub const SPOT_ASSET_BASE: u16 = 10_000;

/// Whether a market's number is one of a perpetual.
#[must_use]
pub const fn is_perpetual(market: MarketId) -> bool {
    market.0 < SPOT_ASSET_BASE
}

/// The notional of an order on a market of either kind.
pub(crate) fn order_notional(
    market: MarketId,
    size: SizeLots,
    price: PriceTicks,
) -> Result<QuoteAtoms, QuantityError> {
    if is_perpetual(market) { position::notional_amount(size, price) } else { size.notional(price) }
}
