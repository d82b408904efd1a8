//! Starting and stopping.

use super::context::Context;
use super::host::{Host, Wiring};
use super::signer::{Signer, Verifier};
use super::wal::{self, Wal};
use super::wire::Wire;
use super::{spoken, watchdog};
use crate::{Application, Config, ConsensusError, Domain, Keys, PublicKey, Reporter, ValidatorAddress};
use arc_malachitebft_app_channel::app::engine::node::NodeRef;
use arc_malachitebft_app_channel::app::engine::wal::WalRef;
use arc_malachitebft_app_channel::app::metrics;
use arc_malachitebft_app_channel::app::types::Keypair;
use arc_malachitebft_app_channel::{
    Channels, ConsensusContext, EngineBuilder, EngineHandle, NetworkContext, NetworkIdentity, RequestContext,
    SyncContext,
};
use std::io;
use std::thread;
use std::time::Duration;
use tandem_types::Height;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// Requests to the engine that may wait: state dumps, while waiting for peers.
const REQUESTS: usize = 16;
/// How long the engine may take to stop by itself.
const STOP: Duration = Duration::from_secs(5);

/// A running consensus. Dropping it leaves consensus running; see [`ConsensusHandle::stop`].
#[derive(Debug)]
pub struct ConsensusHandle {
    stop: Option<oneshot::Sender<()>>,
    supervisor: JoinHandle<Result<(), ConsensusError>>,
    decided: watch::Receiver<Height>,
}

impl ConsensusHandle {
    /// The height of the last final block, now and whenever it changes.
    #[must_use]
    pub fn decided(&self) -> watch::Receiver<Height> {
        self.decided.clone()
    }

    /// Waits until consensus ends, which without [`ConsensusHandle::stop`] is always an error.
    ///
    /// # Errors
    /// [`ConsensusError`] says why.
    pub async fn wait(&mut self) -> Result<(), ConsensusError> {
        (&mut self.supervisor).await.map_err(|_| ConsensusError::Panicked)?
    }

    /// Stops the engine, lets the application finish what it is doing, and waits for both. When this returns, the
    /// application is dropped and the log is closed.
    ///
    /// # Errors
    /// [`ConsensusError`] if consensus had ended before, or the application failed meanwhile.
    pub async fn stop(mut self) -> Result<(), ConsensusError> {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        self.wait().await
    }
}

/// Starts consensus for `application`, which keeps what it says in `wal`. Must be called within a tokio runtime of
/// several threads.
///
/// # Errors
/// [`ConsensusError`] if the engine or its host cannot start.
pub async fn start<A: Application>(
    config: Config,
    domain: Domain,
    keys: Keys,
    application: A,
    wal: Box<dyn Wal>,
    reporter: Reporter,
) -> Result<ConsensusHandle, ConsensusError> {
    let tip = application.tip().height;
    let wal = wal::spawn(wal).await.map_err(|error| ConsensusError::Start(format!("log: {error}")))?;
    // The engine's own future is large; callers should not have to carry it.
    let (channels, engine) = Box::pin(engine(&config, domain, &keys, wal.actor)).await?;
    tokio::spawn(spoken::report(channels.events.subscribe(), reporter.clone()));
    let (decided, decided_receiver) = watch::channel(tip);
    let stall = Duration::from_millis(config.stall_ms);
    tokio::spawn(watchdog::watch(decided_receiver.clone(), stall, reporter.clone()));
    let wiring = Wiring {
        domain,
        validator: keys.validator,
        timeouts: config.timeouts,
        peers_wanted: config.peers.len(),
        peers_wait: Duration::from_millis(config.peers_wait_ms),
        network: channels.network,
        network_requests: channels.net_requests,
        runtime: Handle::current(),
        decided,
        reporter,
    };
    let (ended, host_ended) = oneshot::channel();
    let messages = channels.consensus;
    thread::Builder::new().name(format!("consensus {}", config.moniker)).spawn(move || {
        let result = Host::new(application, wiring).run(messages);
        ended.send(result).ok();
    })?;
    let (stop, stop_asked) = oneshot::channel();
    let stopping = Stopping { engine: engine.actor, log_closed: wal.closed };
    let ends = Ends { engine: engine.handle, host: host_ended, log_failed: wal.failed, asked: stop_asked };
    let supervisor = tokio::spawn(supervise(ends, stopping));
    Ok(ConsensusHandle { stop: Some(stop), supervisor, decided: decided_receiver })
}

async fn engine(
    config: &Config,
    domain: Domain,
    keys: &Keys,
    wal: WalRef<Context>,
) -> Result<(Channels<Context>, EngineHandle), ConsensusError> {
    let node = Keypair::ed25519_from_bytes(keys.node.0)
        .map_err(|error| ConsensusError::NodeKey(error.to_string()))?;
    let (identity, consensus) = identities(config, domain, keys, node)?;
    EngineBuilder::new(Context, config.engine(&domain))
        .with_custom_wal(wal)
        .with_default_network(NetworkContext::new(identity, Wire))
        .with_default_sync(SyncContext::new(Wire))
        .with_default_consensus(consensus)
        .with_default_request(RequestContext::new(REQUESTS))
        .build()
        .await
        .map_err(|error| ConsensusError::Start(format!("{error:#}")))
}

fn identities(
    config: &Config,
    domain: Domain,
    keys: &Keys,
    node: Keypair,
) -> Result<(NetworkIdentity, ConsensusContext<Context>), ConsensusError> {
    let (moniker, verifier) = (config.moniker.clone(), Box::new(Verifier(domain)));
    let Some(key) = keys.validator.clone() else {
        // The engine wants an address all the same; this one is in no validator set.
        let key =
            node.public().try_into_ed25519().map_err(|error| ConsensusError::NodeKey(error.to_string()))?;
        let key = PublicKey::from_array(key.to_bytes())
            .map_err(|error| ConsensusError::NodeKey(error.to_string()))?;
        let address = ValidatorAddress::of(&key);
        return Ok((
            NetworkIdentity::new(moniker, node, None),
            ConsensusContext::new_full_node(address, verifier),
        ));
    };
    let address = ValidatorAddress::of(&key.public_key());
    let signer = Signer { domain, key };
    let proof = Wire::proof_bytes(&signer.proof(node.public().to_peer_id().to_bytes()));
    let identity = NetworkIdentity::new_validator(moniker, node, address.to_string(), proof);
    Ok((identity, ConsensusContext::new_validator(address, verifier, Box::new(signer))))
}

/// The ways in which consensus can end.
struct Ends {
    engine: JoinHandle<()>,
    host: oneshot::Receiver<Result<(), ConsensusError>>,
    log_failed: oneshot::Receiver<io::Error>,
    asked: oneshot::Receiver<()>,
}

/// Waits for whichever comes first, then ends everything else.
async fn supervise(ends: Ends, stopping: Stopping) -> Result<(), ConsensusError> {
    let Ends { mut engine, mut host, log_failed, asked } = ends;
    let asked = tokio::select! {
        // First, because the engine may end by it as well.
        biased;
        Ok(error) = log_failed => {
            stopping.kill().await;
            // The application may be in the middle of something; its files are its own until it is dropped.
            host.await.ok();
            return Err(ConsensusError::Log(error));
        }
        Ok(()) = asked => true,
        _ = &mut engine => false,
        result = &mut host => {
            stopping.stop().await;
            // The host ends without an error only when the engine closed its channel.
            return result.map_err(|_| ConsensusError::Panicked)?.and(Err(ConsensusError::EngineStopped));
        }
    };
    stopping.stop().await;
    let result = host.await.map_err(|_| ConsensusError::Panicked)?;
    if asked { result } else { result.and(Err(ConsensusError::EngineStopped)) }
}

/// What it takes to stop the engine.
struct Stopping {
    engine: NodeRef,
    log_closed: oneshot::Receiver<()>,
}

impl Stopping {
    async fn stop(self) {
        // Children first, so that each closes its files and sockets.
        self.engine.get_cell().stop_children_and_wait(None, Some(STOP)).await;
        self.end().await;
    }

    /// An engine whose log has failed holds its own breath for ever, so that it signs nothing more.
    async fn kill(self) {
        self.engine.get_cell().get_children().iter().for_each(|child| child.kill());
        self.end().await;
    }

    /// The log's thread ends after its actor.
    async fn end(self) {
        self.engine.stop_and_wait(None, Some(STOP)).await.ok();
        tokio::time::timeout(STOP, self.log_closed).await.ok();
    }
}

/// Appends the engine's metrics in Prometheus's text format: those of all engines of this process, by moniker.
pub fn encode_metrics(out: &mut String) {
    metrics::export(out);
}
