//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::fmt;
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
    /// Execute all blocks of a home again and compare every root.
    Verify(Verify),
    /// Measure a running developers' node: orders at a steady rate, whatever it answers.
    Bench(Bench),
    /// Measure on a running developers' node whether a flood leaves others' latency as it was: the two lanes against each
    /// other, and the classes of exchange actions.
    BenchLanes(BenchLanes),
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

/// Options of `tandem verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The node's home; the node must not be running.
    #[arg(long, value_name = "DIR")]
    pub(crate) home: PathBuf,
}

/// Options of `tandem replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The messages: comma-separated, compressed with gzip or not.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Replay on a fresh chain of its own, with a block every N messages and time and nonces from the file: the same
    /// file always ends in the same root.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) lockstep: u32,
    /// Accounts that send.
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub(crate) accounts: u32,
    /// Stop after so many messages.
    #[arg(long, value_name = "N")]
    pub(crate) messages: Option<usize>,
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
