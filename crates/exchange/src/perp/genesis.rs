//! Perpetual markets at genesis.

use super::market::{PERP_PRICE_DECIMALS, PerpConfig, PerpMarket};
use super::pending::{VaultAddresses, Vaults};
use crate::Rejection;
use crate::tables::ExchangeTables;
use crate::transfer;
use alloc::vec::Vec;
use core::fmt;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_oracle::report::REPORT_MARKETS_MAX;
use tandem_types::MarketId;

/// Settings and markets, in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerpGenesis {
    /// Settings.
    pub config: PerpConfig,
    /// The markets; without any, validators report no prices.
    pub markets: Vec<PerpMarket>,
    /// The addresses of those who take what nobody else does.
    pub vaults: VaultAddresses,
}

/// A market that can't be: finer lots than prices allow, or a name or number beyond the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerpGenesisError {
    /// Its place in the list.
    pub market: usize,
}

impl fmt::Display for PerpGenesisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "perpetual market {} has too fine lots, or is one too many", self.market)
    }
}

impl core::error::Error for PerpGenesisError {}

impl PerpGenesis {
    /// Writes the markets into empty tables.
    ///
    /// # Errors
    /// [`PerpGenesisError`].
    pub(crate) fn write(&self, tables: &mut ExchangeTables) -> Result<(), PerpGenesisError> {
        if self.markets.is_empty() {
            return Ok(());
        }
        tables.perp_config.put((), self.config);
        for (at, market) in self.markets.iter().enumerate() {
            let number = u16::try_from(at).ok().filter(|number| u32::from(*number) < REPORT_MARKETS_MAX);
            let fine = market.size_decimals <= PERP_PRICE_DECIMALS;
            let number = number.filter(|_| fine).ok_or(PerpGenesisError { market: at })?;
            tables.perp_markets.put(MarketId(number), *market);
        }
        Ok(())
    }

    /// Makes the vaults' accounts, unless their addresses have some. The last accounts of the genesis.
    ///
    /// # Errors
    /// No more accounts can be made.
    pub(crate) fn write_vaults(&self, tables: &mut ExchangeTables) -> Result<(), Rejection> {
        if self.markets.is_empty() {
            return Ok(());
        }
        let mut account = |address| match transfer::find_account(tables, address) {
            Some(account) => Ok(account),
            None => transfer::create_account(tables, address),
        };
        let VaultAddresses { backstop, insurance } = &self.vaults;
        let vaults = Vaults { backstop: account(backstop)?, insurance: account(insurance)? };
        tables.perp_vaults.put((), vaults);
        Ok(())
    }
}

impl Encode for PerpGenesis {
    fn encode(&self, out: &mut Vec<u8>) {
        self.config.encode(out);
        self.markets.encode(out);
        self.vaults.encode(out);
    }
}

impl Decode for PerpGenesis {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            config: Decode::decode(input)?,
            markets: input.list(REPORT_MARKETS_MAX)?,
            vaults: Decode::decode(input)?,
        })
    }
}
