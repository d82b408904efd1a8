//! Runs a node until it is told to stop.

use crate::cli::Start;
use crate::files;
use crate::home::Home;
use crate::keys::random;
use crate::status;
use eyre::{Result, WrapErr, eyre};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tandem_api::ApiConfig;
use tandem_consensus::{Config, ConsensusHandle, Keys, NodeSeed, Report, ValidatorAddress};
use tandem_node::{NodeHandle, Opened, PoolLimits, consensus_domain};
use tandem_prices::PriceSource;
use tandem_rpc::RpcConfig;
use tandem_storage::RealFiles;
use tandem_system::NetworkKind;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// What is logged unless `TANDEM_LOG` says otherwise. The network layer calls it an error when nobody listens, which is
/// the rule for a single validator, and its state machine warns whenever votes begin or end to carry prices.
const LOG_DEFAULT: &str = "warn,arc_malachitebft_network=off,arc_malachitebft_engine=error,\
                           arc_malachitebft_core_consensus::state=error";

/// Where to serve; 0 picks a free port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endpoints {
    /// The exchange API.
    pub(crate) api_port: u16,
    /// The Ethereum JSON-RPC.
    pub(crate) rpc_port: u16,
}

/// Where the node serves.
#[derive(Debug)]
pub(crate) struct Served {
    api: Vec<String>,
    rpc: Vec<String>,
}

impl Served {
    /// Prints the addresses.
    pub(crate) fn print(&self) {
        println!("Exchange   {}", self.api.join("  "));
        println!("Ethereum   {}", self.rpc.join("  "));
    }
}

/// Runs `tandem start`.
pub(crate) fn start(arguments: &Start) -> Result<()> {
    let home = Home::open(&arguments.home)?;
    let endpoints = Endpoints { api_port: home.config.api_port, rpc_port: home.config.rpc_port };
    run(&home, &endpoints, Served::print)
}

/// Runs the node of `home` until SIGINT or SIGTERM, or until it fails; `ready` is called once it serves.
pub(crate) fn run(home: &Home, endpoints: &Endpoints, ready: impl FnOnce(&Served)) -> Result<()> {
    let filter = EnvFilter::try_from_env("TANDEM_LOG").unwrap_or_else(|_| EnvFilter::new(LOG_DEFAULT));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().wrap_err("starting threads")?;
    runtime.block_on(serve(home, endpoints, ready))
}

async fn serve(home: &Home, endpoints: &Endpoints, ready: impl FnOnce(&Served)) -> Result<()> {
    let Opened { executor, wal, handle } = open(home)?;
    let executor = match prices(home, &handle)? {
        Some(source) => executor.with_prices(source),
        None => executor,
    };
    let genesis = handle.genesis();
    let domain = consensus_domain(genesis.hash(), genesis.system.parameters.chain_id);
    let keys = Keys { validator: Some(home.validator.clone()), node: NodeSeed(home.node_seed) };
    let config = consensus_config(home)?;
    let mut consensus = tandem_consensus::start(config, domain, keys, executor, wal, Arc::new(report))
        .await
        .wrap_err("starting consensus")?;
    let mut api = ApiConfig::new(loopback(endpoints.api_port));
    let mut rpc = RpcConfig::new(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, endpoints.rpc_port))]);
    files::bound(&mut api, &mut rpc)?;
    let api = tandem_api::serve(handle.clone(), api).await.wrap_err("starting the exchange API")?;
    let rpc = tandem_rpc::serve(handle.clone(), rpc).await.wrap_err("starting the Ethereum JSON-RPC")?;
    ready(&Served { api: urls(api.addresses()), rpc: urls(rpc.addresses()) });
    println!("ready");
    let ended = until_stopped(&mut consensus, &handle).await;
    api.stop().await;
    rpc.stop().await;
    match ended {
        Ended::Asked => consensus.stop().await.wrap_err("stopping consensus"),
        Ended::Failed(error) => Err(error),
    }
}

/// Where prices come from. Money never follows simulated ones.
fn prices(home: &Home, handle: &NodeHandle) -> Result<Option<Box<dyn PriceSource>>> {
    let production = handle.genesis().system.parameters.network == NetworkKind::Production;
    let has_markets = !handle.genesis().exchange.perps.markets.is_empty();
    if production && has_markets && home.config.prices.is_simulated() {
        return Err(eyre!(
            "a production network takes no simulated prices: choose another source in [prices] of config.toml"
        ));
    }
    home.config.prices.source(&home.path)
}

/// Both loopback addresses; IPv4 alone where the machine has no IPv6. A free port differs between the two.
fn loopback(port: u16) -> Vec<SocketAddr> {
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let has_v6 = std::net::TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))).is_ok();
    if has_v6 { vec![v4, v6] } else { vec![v4] }
}

fn urls(addresses: &[SocketAddr]) -> Vec<String> {
    addresses.iter().map(|address| format!("http://{address}")).collect()
}

enum Ended {
    Asked,
    Failed(eyre::Report),
}

async fn until_stopped(consensus: &mut ConsensusHandle, handle: &NodeHandle) -> Ended {
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        return Ended::Failed(eyre!("cannot listen for signals"));
    };
    let line = tokio::spawn(status::print(handle.clone()));
    let ended = tokio::select! {
        _ = interrupt.recv() => Ended::Asked,
        _ = terminate.recv() => Ended::Asked,
        end = consensus.wait() => Ended::Failed(match end {
            Ok(()) => eyre!("consensus ended by itself"),
            Err(error) => eyre::Report::new(error).wrap_err("consensus failed"),
        }),
    };
    line.abort();
    status::clear();
    ended
}

/// Opens the home's store and brings the state to its last decided block.
pub(crate) fn open(home: &Home) -> Result<Opened> {
    let genesis = home.genesis.to_genesis()?;
    let files = RealFiles::new(home.path.join("data"))
        .wrap_err_with(|| format!("opening {}", home.path.display()))?;
    let mut config = tandem_storage::Config::new(random::<16>()?);
    config.checkpoint_interval = home.config.checkpoint_interval.max(1);
    config.history_blocks = Some(home.config.history_blocks).filter(|blocks| *blocks > 0);
    let proposer = ValidatorAddress::of(&home.validator.public_key());
    tandem_node::open(Arc::new(files), config, PoolLimits::default(), genesis, proposer)
        .wrap_err_with(|| format!("opening the chain in {}", home.path.display()))
}

fn consensus_config(home: &Home) -> Result<Config> {
    let listen = home.config.p2p_listen.parse().wrap_err("p2p_listen in config.toml")?;
    let mut config = Config::new(home.config.moniker.clone(), listen);
    let peers =
        home.config.p2p_peers.iter().map(|peer| peer.parse().wrap_err_with(|| format!("peer {peer:?}")));
    config.peers = peers.collect::<Result<_>>()?;
    Ok(config)
}

/// What consensus reports, into the log.
fn report(report: Report) {
    match report {
        Report::Round { height, round } if round.0 > 0 => tracing::warn!(%height, %round, "another round"),
        Report::Round { .. } => {}
        Report::Proposed(proposal) => tracing::debug!(?proposal, "proposed"),
        Report::Voted(vote) => tracing::debug!(?vote, "voted"),
        Report::Decided { height, round, block } => tracing::info!(%height, %round, %block, "decided"),
        Report::Invalid { height, round, block, reason } => {
            tracing::warn!(%height, %round, %block, %reason, "invalid proposal");
        }
        Report::Diverged { height, block, reason } => {
            tracing::error!(%height, %block, %reason, "this node's execution differs from the network's");
        }
        Report::PeerIgnored { peer, reason } => tracing::warn!(%peer, %reason, "peer ignored"),
        Report::Stalled { height, for_ms } => tracing::warn!(%height, for_ms, "no decision"),
    }
}
