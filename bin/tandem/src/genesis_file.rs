//! The genesis as people write it: TOML with decimal amounts.

mod fees;
mod perpetuals;

pub(crate) use fees::{FeeTierEntry, RebateTierEntry, default_tiers};
pub(crate) use perpetuals::{PerpetualEntry, PerpetualsEntry, TierEntry};

use crate::keys::{from_hex, to_hex};
use eyre::{Result, WrapErr, eyre};
use serde::{Deserialize, Serialize};
use tandem_exchange::action::Decimal;
use tandem_exchange::perp::PerpGenesis;
use tandem_exchange::{Allocation, Config, ExchangeGenesis, Token, TokenName};
use tandem_stf::{EvmAllocation, Genesis};
use tandem_system::{NetworkKind, Parameters, SystemGenesis, Validator};
use tandem_types::{Address, BlockTime, ChainId, QuoteAtoms, TokenAtoms, TokenId};

/// Decimals of the native coin in Core.
const NATIVE_DECIMALS: u8 = 8;
const QUOTE_DECIMALS: u8 = 8;

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenesisFile {
    /// Milliseconds since the Unix epoch.
    pub(crate) time_ms: u64,
    pub(crate) parameters: ParametersEntry,
    pub(crate) exchange: ExchangeEntry,
    pub(crate) validators: Vec<ValidatorEntry>,
    pub(crate) tokens: Vec<TokenEntry>,
    /// Spot markets, by the names of their base tokens.
    pub(crate) markets: Vec<String>,
    /// Perpetual markets; without, the chain has none, and validators report no prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) perpetuals: Option<PerpetualsEntry>,
    #[serde(default)]
    pub(crate) accounts: Vec<AccountEntry>,
}

/// Parameters of the chain.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParametersEntry {
    /// `production`, `test` or `dev`.
    pub(crate) network: String,
    pub(crate) chain_id: u64,
    pub(crate) block_time_ms: u64,
    pub(crate) time_step_max_ms: u64,
    pub(crate) evm_interval: u64,
    pub(crate) root_interval: u64,
    pub(crate) price_interval: u64,
    pub(crate) block_work_max: u64,
    pub(crate) evm_gas_limit: u64,
}

/// Settings of the exchange.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExchangeEntry {
    pub(crate) taker_fee_ppm: u32,
    pub(crate) maker_fee_ppm: u32,
    pub(crate) budget_base: u64,
    pub(crate) open_orders_max: u32,
    /// In USD.
    pub(crate) notional_min: String,
    /// In USD.
    pub(crate) activation_fee: String,
    /// Rates above volumes of fourteen days.
    #[serde(default)]
    pub(crate) fee_tiers: Vec<FeeTierEntry>,
    /// What makers receive above parts of all volume.
    #[serde(default)]
    pub(crate) rebate_tiers: Vec<RebateTierEntry>,
}

/// A validator.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValidatorEntry {
    /// ed25519, 64 hex digits.
    pub(crate) public_key: String,
    pub(crate) power: u64,
}

/// A token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenEntry {
    pub(crate) name: String,
    pub(crate) wei_decimals: u8,
    pub(crate) size_decimals: u8,
}

/// What an address has from the beginning.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountEntry {
    pub(crate) address: String,
    /// Native coin in the EVM.
    #[serde(default)]
    pub(crate) native: Option<String>,
    /// Tokens on the exchange, by name.
    #[serde(default)]
    pub(crate) tokens: Vec<Holding>,
}

/// An amount of a token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Holding {
    pub(crate) token: String,
    pub(crate) amount: String,
}

impl GenesisFile {
    /// Reads the file's text.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).wrap_err("genesis file")
    }

    /// The genesis that it describes.
    pub(crate) fn to_genesis(&self) -> Result<Genesis> {
        Ok(Genesis {
            time: BlockTime(self.time_ms),
            system: SystemGenesis {
                parameters: self.parameters.to_parameters()?,
                validators: self.validators()?,
            },
            exchange: self.exchange()?,
            evm: self.evm()?,
        })
    }

    fn validators(&self) -> Result<Vec<Validator>> {
        let read = |entry: &ValidatorEntry| {
            let public_key = from_hex(&entry.public_key).wrap_err("public_key of a validator")?;
            Ok(Validator { public_key, power: entry.power })
        };
        self.validators.iter().map(read).collect()
    }

    fn exchange(&self) -> Result<ExchangeGenesis> {
        let tokens: Result<Vec<Token>> = self.tokens.iter().map(TokenEntry::to_token).collect();
        let markets: Result<Vec<TokenId>> =
            self.markets.iter().map(|name| self.token(name).map(|(id, _)| id)).collect();
        let mut allocations = Vec::new();
        for account in &self.accounts {
            let address = Address(from_hex(&account.address).wrap_err("address of an account")?);
            for holding in &account.tokens {
                let (token, entry) = self.token(&holding.token)?;
                let amount = TokenAtoms(amount(&holding.amount, entry.wei_decimals)?);
                allocations.push(Allocation { address, token, amount });
            }
        }
        let config = Config {
            taker_fee_ppm: self.exchange.taker_fee_ppm,
            maker_fee_ppm: self.exchange.maker_fee_ppm,
            budget_base: self.exchange.budget_base,
            open_orders_max: self.exchange.open_orders_max,
            notional_min: QuoteAtoms(amount(&self.exchange.notional_min, QUOTE_DECIMALS)?),
            activation_fee: QuoteAtoms(amount(&self.exchange.activation_fee, QUOTE_DECIMALS)?),
            fees: fees::schedule(&self.exchange.fee_tiers, &self.exchange.rebate_tiers)?,
        };
        let perps = self
            .perpetuals
            .as_ref()
            .map_or_else(|| Ok(PerpGenesis::default()), PerpetualsEntry::to_genesis)?;
        Ok(ExchangeGenesis { config, tokens: tokens?, markets: markets?, allocations, perps })
    }

    fn evm(&self) -> Result<Vec<EvmAllocation>> {
        let funded = self.accounts.iter().filter_map(|account| Some((account, account.native.as_ref()?)));
        funded
            .map(|(account, native)| {
                let address = Address(from_hex(&account.address).wrap_err("address of an account")?);
                let balance = TokenAtoms(amount(native, NATIVE_DECIMALS)?);
                Ok(EvmAllocation { address, balance, code: Vec::new() })
            })
            .collect()
    }

    fn token(&self, name: &str) -> Result<(TokenId, &TokenEntry)> {
        let found = self.tokens.iter().enumerate().find(|(_, token)| token.name == name);
        let (at, token) = found.ok_or_else(|| eyre!("no token is called {name:?}"))?;
        Ok((TokenId(u16::try_from(at).wrap_err("too many tokens")?), token))
    }
}

impl ParametersEntry {
    /// The entry of parameters.
    pub(crate) fn of(parameters: &Parameters) -> Self {
        let network = match parameters.network {
            NetworkKind::Production => "production",
            NetworkKind::Test => "test",
            NetworkKind::Dev => "dev",
        };
        Self {
            network: network.to_owned(),
            chain_id: parameters.chain_id.0,
            block_time_ms: parameters.block_time_ms,
            time_step_max_ms: parameters.time_step_max_ms,
            evm_interval: parameters.evm_interval,
            root_interval: parameters.root_interval,
            price_interval: parameters.price_interval,
            block_work_max: parameters.block_work_max,
            evm_gas_limit: parameters.evm_gas_limit,
        }
    }

    fn to_parameters(&self) -> Result<Parameters> {
        let network = match self.network.as_str() {
            "production" => NetworkKind::Production,
            "test" => NetworkKind::Test,
            "dev" => NetworkKind::Dev,
            other => return Err(eyre!("network is {other:?}, must be production, test or dev")),
        };
        Ok(Parameters {
            network,
            chain_id: ChainId(self.chain_id),
            block_time_ms: self.block_time_ms,
            time_step_max_ms: self.time_step_max_ms,
            evm_interval: self.evm_interval,
            root_interval: self.root_interval,
            price_interval: self.price_interval,
            block_work_max: self.block_work_max,
            evm_gas_limit: self.evm_gas_limit,
        })
    }
}

impl TokenEntry {
    fn to_token(&self) -> Result<Token> {
        let name = TokenName::new(&self.name)
            .ok_or_else(|| eyre!("token name {:?}: 1 to 12 capital letters, digits or -", self.name))?;
        Ok(Token { name, wei_decimals: self.wei_decimals, size_decimals: self.size_decimals })
    }
}

impl ValidatorEntry {
    /// The entry of a validator's public key.
    pub(crate) fn new(public_key: &[u8; 32], power: u64) -> Self {
        Self { public_key: to_hex(public_key), power }
    }
}

fn amount(text: &str, decimals: u8) -> Result<u64> {
    let decimal = Decimal::parse(text).map_err(|error| eyre!("amount {text:?}: {error}"))?;
    decimal
        .to_units(decimals)
        .ok_or_else(|| eyre!("amount {text:?} has more than {decimals} decimals, or is too large"))
}
