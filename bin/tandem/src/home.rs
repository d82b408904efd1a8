//! A node's home on disk.
//!
//! ```text
//! config.toml     what the operator may change, commented
//! genesis.toml    what the chain began with
//! validator.key   the key that votes; secret
//! node.key        the key that names the node to its peers; secret
//! data/           blocks, state, and the log of what the validator said; never run a copy beside the original
//! ```

use crate::cli::Init;
use crate::genesis_file::{
    ExchangeEntry, GenesisFile, ParametersEntry, TokenEntry, ValidatorEntry, default_tiers,
};
use crate::keys::{from_hex, random, to_hex};
use crate::markets::perpetuals;
use crate::price_config::{self, PriceConfig};
use eyre::{Result, WrapErr, bail};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use tandem_consensus::PrivateKey;
use tandem_system::Parameters;
use tandem_types::ChainId;

const CONFIG: &str = "config.toml";
const GENESIS: &str = "genesis.toml";
const VALIDATOR_KEY: &str = "validator.key";
const NODE_KEY: &str = "node.key";

/// What `config.toml` holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    /// A name for logs.
    pub(crate) moniker: String,
    /// Port of the exchange API on loopback.
    pub(crate) api_port: u16,
    /// Port of the Ethereum JSON-RPC on loopback.
    pub(crate) rpc_port: u16,
    /// Address for consensus with other validators.
    pub(crate) p2p_listen: String,
    /// Peers to stay connected with.
    pub(crate) p2p_peers: Vec<String>,
    /// Decided blocks to keep; 0 keeps all.
    pub(crate) history_blocks: u64,
    /// Blocks between checkpoints of the state.
    pub(crate) checkpoint_interval: u64,
    /// Where prices come from.
    #[serde(default)]
    pub(crate) prices: PriceConfig,
}

const CONFIG_TEXT: &str = r#"# Configuration of a Tandem node. Changes take effect at the next start.

# A name for logs and metrics.
moniker = "tandem"

# Port of the exchange's HTTP and WebSocket API, on 127.0.0.1 and [::1].
api_port = 3030

# Port of the Ethereum JSON-RPC, on 127.0.0.1.
rpc_port = 8545

# Where to listen for other validators (a multiaddress).
p2p_listen = "/ip4/127.0.0.1/tcp/26656"

# Validators to stay connected with, such as "/ip4/10.0.0.7/tcp/26656".
p2p_peers = []

# Decided blocks to keep behind the last checkpoint; 0 keeps all. 1,000,000 blocks are 28 hours at 100 ms.
history_blocks = 1000000

# Blocks between checkpoints of the state. More: less writing, longer recovery after a crash.
checkpoint_interval = 100
"#;

/// An opened home.
#[derive(Debug)]
pub(crate) struct Home {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The operator's choices.
    pub(crate) config: ConfigFile,
    /// The chain's beginning.
    pub(crate) genesis: GenesisFile,
    /// The key that votes.
    pub(crate) validator: PrivateKey,
    /// The seed of the node's key.
    pub(crate) node_seed: [u8; 32],
}

impl Home {
    /// Opens a home that was made before.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if !path.join(GENESIS).exists() {
            bail!("{} is not a node's home: make one with `tandem init --home {0}`", path.display());
        }
        let read = |name: &str| {
            fs::read_to_string(path.join(name))
                .wrap_err_with(|| format!("reading {}", path.join(name).display()))
        };
        let config =
            toml::from_str(&read(CONFIG)?).wrap_err_with(|| format!("{} in {CONFIG}", path.display()))?;
        let seed = from_hex(read(VALIDATOR_KEY)?.trim()).wrap_err(VALIDATOR_KEY)?;
        Ok(Self {
            path: path.to_owned(),
            config,
            genesis: GenesisFile::parse(&read(GENESIS)?)?,
            validator: PrivateKey::from_seed(seed),
            node_seed: from_hex(read(NODE_KEY)?.trim()).wrap_err(NODE_KEY)?,
        })
    }

    /// Makes a home with new keys and the genesis that `genesis` gives for the validator's public key. A home that
    /// is there already is opened as it is.
    pub(crate) fn open_or_make(
        path: &Path,
        genesis: impl FnOnce(ValidatorEntry) -> GenesisFile,
    ) -> Result<Self> {
        if !path.join(GENESIS).exists() {
            make(path, genesis)?;
        }
        Self::open(path)
    }
}

/// Runs `tandem init`.
pub(crate) fn init(arguments: &Init) -> Result<()> {
    if arguments.home.join(GENESIS).exists() {
        bail!("{} is a node's home already", arguments.home.display());
    }
    let parameters = Parameters::dev(ChainId(arguments.chain_id));
    make(&arguments.home, |validator| empty_genesis(&parameters, validator))?;
    let home = arguments.home.display();
    println!("Made a home in {home} with new keys.");
    println!("Next: look at {home}/{GENESIS} and {home}/{CONFIG}, then `tandem start --home {home}`.");
    Ok(())
}

fn make(path: &Path, genesis: impl FnOnce(ValidatorEntry) -> GenesisFile) -> Result<()> {
    fs::create_dir_all(path).wrap_err_with(|| format!("making {}", path.display()))?;
    let seed = random::<32>()?;
    let public_key = PrivateKey::from_seed(seed).public_key();
    write_secret(&path.join(VALIDATOR_KEY), &to_hex(&seed))?;
    write_secret(&path.join(NODE_KEY), &to_hex(&random::<32>()?))?;
    write(&path.join(CONFIG), &format!("{CONFIG_TEXT}{}", price_config::text()))?;
    let genesis = genesis(ValidatorEntry::new(public_key.as_bytes(), 1));
    genesis.to_genesis()?;
    write(&path.join(GENESIS), &toml::to_string_pretty(&genesis).wrap_err("genesis")?)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).wrap_err_with(|| format!("writing {}", path.display()))
}

fn write_secret(path: &Path, text: &str) -> Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .wrap_err_with(|| format!("making {}", path.display()))?;
    writeln!(file, "{text}").wrap_err_with(|| format!("writing {}", path.display()))
}

/// A genesis with the quote token and the usual perpetual markets, for operators to fill in.
fn empty_genesis(parameters: &Parameters, validator: ValidatorEntry) -> GenesisFile {
    GenesisFile {
        time_ms: now_ms(),
        parameters: ParametersEntry::of(parameters),
        exchange: default_exchange(),
        validators: vec![validator],
        tokens: vec![TokenEntry { name: "USDC".to_owned(), wei_decimals: 8, size_decimals: 2 }],
        markets: Vec::new(),
        perpetuals: Some(perpetuals()),
        accounts: Vec::new(),
    }
}

/// The exchange's settings that chains begin with: fees of 7 and 4 basis points, orders of at least 10 USD,
/// 1 USD for a new account.
pub(crate) fn default_exchange() -> ExchangeEntry {
    let (fee_tiers, rebate_tiers) = default_tiers();
    ExchangeEntry {
        taker_fee_ppm: 700,
        maker_fee_ppm: 400,
        budget_base: 10_000,
        open_orders_max: 1_000,
        notional_min: "10".to_owned(),
        activation_fee: "1".to_owned(),
        fee_tiers,
        rebate_tiers,
    }
}

/// The clock, in milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
