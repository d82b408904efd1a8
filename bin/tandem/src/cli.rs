//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use tandem_replay::load;

/// An exchange chain: an order book and an EVM under one consensus.
#[derive(Debug, Parser)]
#[command(name = "tandem", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a chain of your own with one validator and funded accounts, for development.
    Dev(Dev),
    /// Make a home for a node: keys, genesis and a commented configuration.
    Init(Init),
    /// Run the node of a home.
    Start(Start),
    /// Make and show keys.
    Keys(Keys),
    /// Replay recorded order flow (LOBSTER's message format) as signed orders of many accounts.
    Replay(Replay),
    /// Copy all blocks of a home, with their certificates, into one file.
    Export(Export),
    /// Execute all blocks of a home or of an export again and compare every root.
    Verify(Verify),
    /// Measure a running developers' node: orders at a steady rate, whatever it answers.
    Bench(Bench),
    /// Measure on a running developers' node whether a flood leaves others' latency as it was: the two lanes against each
    /// other, and the classes of exchange actions.
    BenchLanes(BenchLanes),
    /// Measure what executing blocks costs, without a network, on the state of a large exchange.
    BenchApply(BenchApply),
}

/// Where the node serves.
#[derive(Clone, Debug, Args)]
pub(crate) struct Ports {
    /// Port of the exchange's HTTP and WebSocket API, on 127.0.0.1 and [::1]; 0 picks a free one.
    #[arg(long, default_value_t = 3030, value_name = "PORT")]
    pub(crate) api_port: u16,
    /// Port of the Ethereum JSON-RPC, on 127.0.0.1; 0 picks a free one.
    #[arg(long, default_value_t = 8545, value_name = "PORT")]
    pub(crate) rpc_port: u16,
}

/// Options of `tandem dev`.
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Keep the chain in this directory and resume from it; without, it is lost at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Where to serve.
    #[command(flatten)]
    pub(crate) ports: Ports,
    /// Print the funded accounts one to a line, for scripts.
    #[arg(long)]
    pub(crate) seed_accounts: bool,
    /// Number of funded accounts.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) accounts: u32,
}

/// Options of `tandem init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The directory to make.
    #[arg(long, value_name = "DIR")]
    pub(crate) home: PathBuf,
    /// The chain's id (EIP-155).
    #[arg(long, default_value_t = 1337, value_name = "ID")]
    pub(crate) chain_id: u64,
}

/// Options of `tandem start`.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// The node's home, as made by `tandem init`.
    #[arg(long, value_name = "DIR")]
    pub(crate) home: PathBuf,
}

/// Options of `tandem keys`.
#[derive(Debug, Args)]
pub(crate) struct Keys {
    /// What to do with keys.
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a new account key and print it with its address.
    New,
    /// Show the address of an account key.
    Address {
        /// The private key: 64 hex digits.
        #[arg(value_name = "KEY")]
        key: String,
    },
}

/// Options of `tandem export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The node's home; the node must not be running.
    #[arg(long, value_name = "DIR")]
    pub(crate) home: PathBuf,
    /// The file to make.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Options of `tandem verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The node's home; the node must not be running.
    #[arg(long, value_name = "DIR", required_unless_present = "blocks", conflicts_with_all = ["blocks", "genesis"])]
    pub(crate) home: Option<PathBuf>,
    /// Blocks that `tandem export` wrote, on this machine or another.
    #[arg(long, value_name = "FILE", requires = "genesis")]
    pub(crate) blocks: Option<PathBuf>,
    /// The genesis.toml of their chain, from someone you trust: all that is taken on trust.
    #[arg(long, value_name = "FILE", requires = "blocks")]
    pub(crate) genesis: Option<PathBuf>,
}

/// Options of `tandem replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The messages: comma-separated, compressed with gzip or not.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The node's exchange API. Orders go through it as those of anybody else.
    #[arg(long, default_value = "http://127.0.0.1:3030", value_name = "URL")]
    pub(crate) url: String,
    /// The market to trade on, by name: BASE/QUOTE on spot, such as AAPL/USDC, or a perpetual, such as AAPL.
    #[arg(long, default_value = "AAPL/USDC", value_name = "NAME")]
    pub(crate) market: String,
    /// The leverage that accounts set on a perpetual market.
    #[arg(long, default_value_t = 5, value_name = "X", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) leverage: u8,
    /// Accounts that send.
    #[arg(long, default_value_t = 128, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub(crate) accounts: u32,
    /// A file with the private key of the account that gives those accounts their funds; on a developers' chain its first
    /// account if absent. The accounts' keys follow from it, so that a later replay finds them again.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Send at so many times the recorded speed, 1 for an hour in an hour; as fast as --in-flight allows if absent.
    #[arg(long, value_name = "FACTOR", value_parser = speed)]
    pub(crate) speed: Option<f64>,
    /// Most requests sent and not yet answered. What concerns an order waits for the answers to what came before about it.
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub(crate) in_flight: u32,
    /// Stop after so many messages.
    #[arg(long, value_name = "N")]
    pub(crate) messages: Option<usize>,
    /// Replay on a fresh developers' chain inside this process instead, with a block every N messages and time and nonces
    /// from the file: the same file always ends in the same root. A running node is not asked, because its clock and
    /// whatever else it is sent would make each run another.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000),
        conflicts_with_all = ["url", "key", "speed", "in_flight"])]
    pub(crate) lockstep: Option<u32>,
}

/// A factor that a recorded time can be divided by.
fn speed(text: &str) -> Result<f64, String> {
    const RANGE: RangeInclusive<f64> = 0.001..=1_000_000.0;
    let factor: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let refused = || format!("must be {} to {}", RANGE.start(), RANGE.end());
    if RANGE.contains(&factor) { Ok(factor) } else { Err(refused()) }
}

/// Options of `tandem bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// The node's exchange API. Start it with `tandem dev --accounts N` for at least as many accounts as sign.
    #[arg(long, default_value = "http://127.0.0.1:3030", value_name = "URL")]
    pub(crate) url: String,
    /// How long requests are sent.
    #[arg(long, default_value_t = 60, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) seconds: u32,
    /// Orders (and cancels, if the mix has them) each second, evenly spaced.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) rate: u32,
    /// Accounts that sign, in turn.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) signers: u32,
    /// What they sign with; for ed25519, each account first approves a key as its agent.
    #[arg(long, value_enum, default_value_t = Scheme::Secp256k1)]
    pub(crate) scheme: Scheme,
    /// Orders to a signature.
    #[arg(long, default_value_t = 1, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=128))]
    pub(crate) batch: u32,
    /// What the orders are.
    #[arg(long, value_enum, default_value_t = Mix::Rest)]
    pub(crate) mix: Mix,
    /// WebSockets to send over, at most one for each signer; a node takes 100 unanswered requests on each.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) connections: u32,
}

/// Options of `tandem bench-lanes`.
#[derive(Debug, Args)]
pub(crate) struct BenchLanes {
    /// The node's exchange API. Start the node with `tandem dev --accounts 700`.
    #[arg(long, default_value = "http://127.0.0.1:3030", value_name = "URL")]
    pub(crate) url: String,
    /// The node's Ethereum JSON-RPC.
    #[arg(long, default_value = "http://127.0.0.1:8545", value_name = "URL")]
    pub(crate) rpc_url: String,
    /// How long latencies are measured beside each flood.
    #[arg(long, default_value_t = 20, value_name = "S", value_parser = clap::value_parser!(u32).range(5..=600))]
    pub(crate) seconds: u32,
    /// How much a flood asks for, in percent of what its lane can do.
    #[arg(long, default_value_t = 110, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) flood: u32,
}

/// Options of `tandem bench-apply`.
#[derive(Debug, Args)]
pub(crate) struct BenchApply {
    /// Seconds of `apply_block` to measure; the run takes about three times as long.
    #[arg(long, default_value_t = 60, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) seconds: u32,
    /// Accounts.
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=4_000_000))]
    pub(crate) accounts: u32,
    /// Perpetual markets.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) markets: u16,
    /// Orders that rest in the books before anything is measured.
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    pub(crate) resting: u32,
    /// Orders to a signature.
    #[arg(long, default_value_t = 1, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=128))]
    pub(crate) batch: u32,
    /// Orders to a block.
    #[arg(long, default_value_t = 20_000, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=60_000))]
    pub(crate) block: u32,
}

/// Signature schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scheme {
    /// The accounts' own keys.
    Secp256k1,
    /// Keys of agents.
    Ed25519,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secp256k1 => "secp256k1",
            Self::Ed25519 => "ed25519",
        })
    }
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mix {
    /// Post-only orders that stay.
    Rest,
    /// Post-only orders that are cancelled: half orders, half cancels.
    Cancel,
    /// Orders that trade with each other.
    Trade,
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rest => "rest",
            Self::Cancel => "cancel",
            Self::Trade => "trade",
        })
    }
}

impl From<Mix> for load::Mix {
    fn from(mix: Mix) -> Self {
        match mix {
            Mix::Rest => Self::Rest,
            Mix::Cancel => Self::Cancel,
            Mix::Trade => Self::Trade,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn blocks_are_verified_in_a_home_or_in_an_export_with_its_genesis() {
        let rows: [(&[&str], bool); 6] = [
            (&["--home", "a"], true),
            (&["--blocks", "a", "--genesis", "b"], true),
            (&["--blocks", "a"], false),
            (&["--genesis", "b"], false),
            (&["--home", "a", "--blocks", "b", "--genesis", "c"], false),
            (&[], false),
        ];
        for (arguments, good) in rows {
            let all = ["tandem", "verify"].iter().chain(arguments);
            assert_eq!(Cli::try_parse_from(all).is_ok(), good, "{arguments:?}");
        }
    }

    #[test]
    fn a_replay_is_paced_by_a_factor_or_cut_by_the_file() {
        let rows: [(&[&str], bool); 10] = [
            (&[], true),
            (&["--speed", "60"], true),
            (&["--market", "AAPL", "--leverage", "10"], true),
            (&["--lockstep", "50", "--market", "AAPL"], true),
            (&["--speed", "0.5", "--url", "http://a:1"], true),
            (&["--speed", "0"], false),
            (&["--speed", "inf"], false),
            (&["--speed", "fast"], false),
            (&["--lockstep", "50", "--accounts", "8"], true),
            (&["--lockstep", "50", "--url", "http://a:1"], false),
        ];
        for (arguments, good) in rows {
            let all = ["tandem", "replay", "file"].iter().chain(arguments);
            assert_eq!(Cli::try_parse_from(all).is_ok(), good, "{arguments:?}");
        }
    }
}
