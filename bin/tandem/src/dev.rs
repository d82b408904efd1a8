//! A developer's own chain: one validator, funded accounts with well-known keys, a few markets.

use crate::cli::Dev;
use crate::genesis_file::{
    AccountEntry, ExchangeEntry, GenesisFile, Holding, ParametersEntry, TokenEntry, ValidatorEntry,
};
use crate::home::{Home, default_exchange, now_ms};
use crate::keys::{account_key, to_hex};
use crate::markets::{PERPETUALS, perpetuals};
use crate::run::{self, Endpoints};
use eyre::{Result, WrapErr};
use tandem_crypto::keccak256;
use tandem_crypto::secp256k1::SigningKey;
use tandem_system::Parameters;
use tandem_types::ChainId;

/// The chain id of developers' chains.
pub(crate) const DEV_CHAIN_ID: ChainId = ChainId(1337);

const TOKENS: [(&str, u8, u8, &str); 4] = [
    ("USDC", 8, 2, "1000000000"),
    ("TNDM", 8, 2, "10000000"),
    ("ETH", 8, 4, "100000"),
    ("AAPL", 8, 0, "100000000"),
];
const NATIVE: &str = "100000";
/// Accounts of a developer's chain may send as much as they like.
const BUDGET: u64 = 1_000_000_000;
const OPEN_ORDERS_MAX: u32 = 100_000;

/// Runs `tandem dev`.
pub(crate) fn run(arguments: &Dev) -> Result<()> {
    let temporary = match &arguments.home {
        Some(_) => None,
        None => Some(tempfile::tempdir().wrap_err("making a temporary home")?),
    };
    let path = arguments.home.as_deref().or(temporary.as_ref().map(tempfile::TempDir::path));
    let Some(path) = path else { unreachable!("either given or made") };
    let home = Home::open_or_make(path, |validator| genesis(validator, arguments.accounts))?;
    let accounts = accounts(arguments.accounts)?;
    let endpoints = Endpoints { api_port: arguments.ports.api_port, rpc_port: arguments.ports.rpc_port };
    run::run(&home, &endpoints, |served| {
        print_accounts(&accounts, arguments.seed_accounts);
        println!("Spot       {}", markets().join("  "));
        println!("Perpetual  {}", perpetual_markets().join("  "));
        println!("Home       {}{}", path.display(), if temporary.is_some() { " (temporary)" } else { "" });
        served.print();
    })
}

fn markets() -> Vec<String> {
    let bases = TOKENS.iter().skip(1).enumerate();
    bases.map(|(at, (name, ..))| format!("{name}/USDC (@{at}, asset {})", 10_000 + at)).collect()
}

fn perpetual_markets() -> Vec<String> {
    PERPETUALS.iter().enumerate().map(|(at, market)| format!("{} (asset {at})", market.name)).collect()
}

/// The seed of a developer's account: the Keccak hash of its name.
pub(crate) fn account_seed(index: u32) -> [u8; 32] {
    keccak256(format!("tandem/dev/account/{index}").as_bytes()).0
}

fn accounts(count: u32) -> Result<Vec<([u8; 32], SigningKey)>> {
    (0..count).map(account_seed).map(|seed| Ok((seed, account_key(&seed)?))).collect()
}

fn print_accounts(accounts: &[([u8; 32], SigningKey)], all: bool) {
    const SHOWN: usize = 4;
    let shown = if all { accounts.len() } else { accounts.len().min(SHOWN) };
    println!("Accounts   (keys are public: never send real money to them)");
    for (seed, key) in accounts.iter().take(shown) {
        println!("  {}  0x{}", key.address(), to_hex(seed));
    }
    if shown < accounts.len() {
        println!("  and {} more: --seed-accounts shows all", accounts.len() - shown);
    }
}

/// The genesis of a developer's chain with `count` funded accounts.
pub(crate) fn genesis(validator: ValidatorEntry, count: u32) -> GenesisFile {
    let token = |(name, wei_decimals, size_decimals, _): &(&str, u8, u8, &str)| TokenEntry {
        name: (*name).to_owned(),
        wei_decimals: *wei_decimals,
        size_decimals: *size_decimals,
    };
    let holdings = || {
        let holding = |(name, _, _, amount): &(&str, u8, u8, &str)| Holding {
            token: (*name).to_owned(),
            amount: (*amount).to_owned(),
        };
        TOKENS.iter().map(holding).collect()
    };
    let account = |index| {
        let key = account_key(&account_seed(index)).ok()?;
        Some(AccountEntry {
            address: key.address().to_string(),
            native: Some(NATIVE.to_owned()),
            tokens: holdings(),
        })
    };
    GenesisFile {
        time_ms: now_ms(),
        parameters: ParametersEntry::of(&Parameters::dev(DEV_CHAIN_ID)),
        exchange: ExchangeEntry {
            budget_base: BUDGET,
            open_orders_max: OPEN_ORDERS_MAX,
            ..default_exchange()
        },
        validators: vec![validator],
        tokens: TOKENS.iter().map(token).collect(),
        markets: TOKENS.iter().skip(1).map(|(name, ..)| (*name).to_owned()).collect(),
        perpetuals: Some(perpetuals()),
        accounts: (0..count).filter_map(account).collect(),
    }
}
