//! The exchange's part of the genesis.

use crate::Rejection;
use crate::ledger;
use crate::ledger::QUOTE;
use crate::perp::{PerpGenesis, PerpGenesisError, SPOT_ASSET_BASE};
use crate::records::{Config, Market, SPOT_PRICE_DECIMALS, Token};
use crate::tables::ExchangeTables;
use crate::transfer;
use alloc::vec::Vec;
use core::fmt;
use tandem_codec::{Decode, DecodeError, Encode, Reader};
use tandem_types::{Address, MarketId, TokenAtoms, TokenId};

/// The treasury's address, which nobody has the key of.
pub const TREASURY_ADDRESS: Address = Address([0xfe; 20]);
const TOKENS_MAX: u32 = 10_000;
const ALLOCATIONS_MAX: u32 = 10_000_000;

/// What an account is given at genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Who.
    pub address: Address,
    /// What.
    pub token: TokenId,
    /// How much.
    pub amount: TokenAtoms,
}
tandem_codec::record!(Allocation { address, token, amount });

/// Tokens, markets and balances at genesis. Token 0 is the quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeGenesis {
    /// Settings.
    pub config: Config,
    /// Tokens in the order of their ids.
    pub tokens: Vec<Token>,
    /// The base tokens of the spot markets, in the order of the markets.
    pub markets: Vec<TokenId>,
    /// Who has what.
    pub allocations: Vec<Allocation>,
    /// Perpetual markets.
    pub perps: PerpGenesis,
}

/// Why a genesis is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenesisError {
    /// Token 0 must be the quote, in units of 10^-8.
    Quote,
    /// A token's lots would be finer than its atoms or its prices, by its place in the list.
    Token(usize),
    /// A market's base is not a token, or is the quote, by its place in the list.
    Market(usize),
    /// An allocation is not possible, by its place in the list.
    Allocation(usize, Rejection),
    /// A perpetual market is not possible.
    Perpetual(PerpGenesisError),
}

impl fmt::Display for GenesisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quote => f.write_str("token 0 must be the quote with 8 decimals"),
            Self::Token(at) => write!(f, "token {at} has lots finer than its atoms or than prices allow"),
            Self::Market(at) => write!(f, "spot market {at} has no base token, or the quote as its base"),
            Self::Perpetual(error) => error.fmt(f),
            Self::Allocation(at, rejection) => write!(f, "allocation {at}: {rejection}"),
        }
    }
}

impl core::error::Error for GenesisError {}

impl ExchangeGenesis {
    /// Writes the genesis into empty tables.
    ///
    /// # Errors
    /// [`GenesisError`]; the tables are then of no use.
    pub fn write(&self, tables: &mut ExchangeTables) -> Result<(), GenesisError> {
        let quote = self.tokens.first().ok_or(GenesisError::Quote)?;
        if quote.wei_decimals != SPOT_PRICE_DECIMALS {
            return Err(GenesisError::Quote);
        }
        tables.config.put((), self.config);
        transfer::create_account(tables, &TREASURY_ADDRESS).map_err(|_| GenesisError::Quote)?;
        self.write_tokens(tables)?;
        self.write_markets(tables)?;
        self.perps.write(tables).map_err(GenesisError::Perpetual)?;
        for (at, allocation) in self.allocations.iter().enumerate() {
            self.allocate(tables, allocation).map_err(|rejection| GenesisError::Allocation(at, rejection))?;
        }
        let vaults = self.perps.write_vaults(tables);
        vaults.map_err(|rejection| GenesisError::Allocation(self.allocations.len(), rejection))?;
        Ok(())
    }

    fn write_tokens(&self, tables: &mut ExchangeTables) -> Result<(), GenesisError> {
        for (at, token) in self.tokens.iter().enumerate() {
            let id = u16::try_from(at).map_err(|_| GenesisError::Token(at))?;
            if token.atoms_per_lot().is_none() || token.size_decimals > SPOT_PRICE_DECIMALS {
                return Err(GenesisError::Token(at));
            }
            tables.tokens.put(TokenId(id), *token);
        }
        Ok(())
    }

    fn write_markets(&self, tables: &mut ExchangeTables) -> Result<(), GenesisError> {
        for (at, base) in self.markets.iter().enumerate() {
            let number = u16::try_from(at).ok().and_then(|at| SPOT_ASSET_BASE.checked_add(at));
            let token = self.tokens.get(usize::from(base.0)).filter(|_| *base != QUOTE);
            let (Some(number), Some(token)) = (number, token) else { return Err(GenesisError::Market(at)) };
            let atoms_per_lot = token.atoms_per_lot().ok_or(GenesisError::Market(at))?;
            let market = Market { base: *base, size_decimals: token.size_decimals, atoms_per_lot };
            tables.markets.put(MarketId(number), market);
        }
        Ok(())
    }

    fn allocate(&self, tables: &mut ExchangeTables, allocation: &Allocation) -> Result<(), Rejection> {
        if usize::from(allocation.token.0) >= self.tokens.len() {
            return Err(Rejection::UnknownToken);
        }
        let account = match transfer::find_account(tables, &allocation.address) {
            Some(account) => account,
            None => transfer::create_account(tables, &allocation.address)?,
        };
        ledger::credit(&mut tables.balances, account, allocation.token, allocation.amount)
    }
}

impl Encode for ExchangeGenesis {
    fn encode(&self, out: &mut Vec<u8>) {
        self.config.encode(out);
        self.tokens.encode(out);
        self.markets.encode(out);
        self.allocations.encode(out);
        self.perps.encode(out);
    }
}

impl Decode for ExchangeGenesis {
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            config: Decode::decode(input)?,
            tokens: input.list(TOKENS_MAX)?,
            markets: input.list(TOKENS_MAX)?,
            allocations: input.list(ALLOCATIONS_MAX)?,
            perps: Decode::decode(input)?,
        })
    }
}
