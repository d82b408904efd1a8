//! Perpetual markets: positions, margin, funding, and what is done with them.
//!
//! - Pure: [`tiers`], [`margin`], [`position`], `market`, `mode`.
//! - On the tables: `clearing` (positions and collateral, with `sums`), `place` and `settle` (orders), `reduce_only`, `leverage`,
//!   `transfer`, [`prices`] (what a price update changes), `invariants`.
//! - Below maintenance margin: [`risk`] (who may be), [`liquidation`] (whose turn it is), `liquidate` (by the book),
//!   `takeover` (by the vaults), [`deleverage`] (against the other side).
//!
//! Invariants: over a block, money is conserved and each market's sizes sum to nothing; an account that acts ends with
//! its margin or no less healthy; reduce-only orders never open or flip. Rules: `docs/exchange-rules.md`.

mod clearing;
pub mod deleverage;
pub(crate) mod genesis;
pub(crate) mod invariants;
mod leverage;
mod liquidate;
pub mod liquidation;
pub mod margin;
mod market;
mod mode;
mod place;
pub mod position;
pub mod prices;
mod reduce_only;
pub mod risk;
mod settle;
mod sums;
mod takeover;
pub mod tiers;
mod transfer;

pub use clearing::{POSITION_WORK, cross_margin, sums_anew};
pub use genesis::{PerpGenesis, PerpGenesisError};
pub use liquidate::{
    CANCELS_PER_TURN, COOLDOWN_MS, LIQUIDATION_FILLS_MAX, PARTIAL_NOTIONAL_MIN, PARTIAL_PARTS, zero_price,
};
pub use liquidation::{has_pending_liquidations, is_reduce_only};
pub use market::{
    LEVERAGE_DEFAULT, PERP_PRICE_DECIMALS, PerpConfig, PerpEstimates, PerpMarket, PerpPrices, PerpTotals,
};
pub use sums::CrossSums;

pub(crate) use clearing::{Clearing, clearing};
pub(crate) use transfer::parse_usd;

use crate::genesis::SPOT_ASSET_BASE;
use tandem_types::{MarketId, PriceTicks, QuantityError, QuoteAtoms, SizeLots};

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
