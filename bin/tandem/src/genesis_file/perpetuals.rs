//! Perpetual markets as people write them: sizes and amounts in decimals.

use super::amount;
use crate::keys::from_hex;
use eyre::{Result, WrapErr, eyre};
use serde::{Deserialize, Serialize};
use tandem_exchange::TokenName;
use tandem_exchange::perp::liquidation::VaultAddresses;
use tandem_exchange::perp::tiers::{MarginTiers, Tier};
use tandem_exchange::perp::{PerpConfig, PerpGenesis, PerpMarket};
use tandem_types::{Address, QuoteAtoms, SizeLots};

const USD_DECIMALS: u8 = 8;
const IMPACT_DECIMALS: u8 = 6;

/// Settings and markets.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PerpetualsEntry {
    pub(crate) taker_fee_ppm: u32,
    pub(crate) maker_fee_ppm: u32,
    /// Age in milliseconds above which reports and oracle prices no longer count.
    pub(crate) price_stale_ms: u64,
    /// Address of the account that takes positions of accounts far below their margin.
    pub(crate) backstop: String,
    /// Address of the account that pays what such accounts lack.
    pub(crate) insurance: String,
    /// In the order of their asset numbers.
    pub(crate) markets: Vec<PerpetualEntry>,
}

/// A market.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PerpetualEntry {
    pub(crate) name: String,
    pub(crate) size_decimals: u8,
    /// In units of the underlying.
    pub(crate) open_interest_max: String,
    /// In USD.
    pub(crate) open_interest_notional_max: String,
    /// What impact prices trade, in USD.
    pub(crate) impact_notional: String,
    /// The first from 0, with the greatest leverage.
    pub(crate) tiers: Vec<TierEntry>,
}

/// From which notional on which leverage is the greatest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TierEntry {
    /// In USD.
    pub(crate) from: String,
    pub(crate) leverage_max: u8,
}

impl PerpetualsEntry {
    /// These markets, with the usual settings.
    pub(crate) fn of(markets: Vec<PerpetualEntry>) -> Self {
        let PerpConfig { taker_fee_ppm, maker_fee_ppm, price_stale_ms } = PerpConfig::default();
        let VaultAddresses { backstop, insurance } = VaultAddresses::default();
        let (backstop, insurance) = (backstop.to_string(), insurance.to_string());
        Self { taker_fee_ppm, maker_fee_ppm, price_stale_ms, backstop, insurance, markets }
    }

    /// What the chain begins with.
    pub(crate) fn to_genesis(&self) -> Result<PerpGenesis> {
        let Self { taker_fee_ppm, maker_fee_ppm, price_stale_ms, .. } = *self;
        let config = PerpConfig { taker_fee_ppm, maker_fee_ppm, price_stale_ms };
        let market = |entry: &PerpetualEntry| {
            entry.to_market().wrap_err_with(|| format!("perpetual market {:?}", entry.name))
        };
        let vaults = VaultAddresses {
            backstop: Address(from_hex(&self.backstop).wrap_err("backstop")?),
            insurance: Address(from_hex(&self.insurance).wrap_err("insurance")?),
        };
        Ok(PerpGenesis { config, vaults, markets: self.markets.iter().map(market).collect::<Result<_>>()? })
    }
}

impl PerpetualEntry {
    fn to_market(&self) -> Result<PerpMarket> {
        let name = TokenName::new(&self.name).ok_or_else(|| eyre!("1 to 12 capital letters, digits or -"))?;
        let tiers: Result<Vec<Tier>> = self.tiers.iter().map(TierEntry::to_tier).collect();
        let tiers = MarginTiers::new(&tiers?).ok_or_else(|| {
            eyre!("tiers must begin at 0, rise, and allow less and less leverage, 100 at most")
        })?;
        Ok(PerpMarket {
            name,
            size_decimals: self.size_decimals,
            tiers,
            open_interest_max: SizeLots(amount(&self.open_interest_max, self.size_decimals)?),
            open_interest_notional_max: QuoteAtoms(amount(&self.open_interest_notional_max, USD_DECIMALS)?),
            impact_notional_micros: amount(&self.impact_notional, IMPACT_DECIMALS)?,
        })
    }
}

impl TierEntry {
    fn to_tier(&self) -> Result<Tier> {
        let from = QuoteAtoms(amount(&self.from, USD_DECIMALS)?);
        Ok(Tier { from, leverage_max: self.leverage_max })
    }
}
