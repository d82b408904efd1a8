//! Starting and stopping.

use super::context::Context;
use super::host::{Host, Wiring};
use super::signer::{Signer, Verifier};
use super::watchdog;
use super::wire::Wire;
use crate::{Application, Config, ConsensusError, Domain, Keys, PublicKey, Reporter, ValidatorAddress};
use arc_malachitebft_app_channel::app::engine::node::NodeRef;
use arc_malachitebft_app_channel::app::metrics;
use arc_malachitebft_app_channel::app::types::Keypair;
use arc_malachitebft_app_channel::{
    Channels, ConsensusContext, EngineHandle, NetworkContext, NetworkIdentity, RequestContext, SyncContext,
    WalContext, start_engine,
};
use std::fs::File;
use std::path::PathBuf;
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
const POLL: Duration = Duration::from_millis(2);

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

/// Starts consensus for `application`. Must be called within a tokio runtime of several threads.
///
/// # Errors
/// [`ConsensusError`] if the engine or its host cannot start.
pub async fn start<A: Application>(
    config: Config,
    domain: Domain,
    keys: Keys,
    application: A,
    reporter: Reporter,
) -> Result<ConsensusHandle, ConsensusError> {
    let tip = application.tip().height;
    // The engine's own future is large; callers should not have to carry it.
    let (channels, engine) = Box::pin(engine(&config, domain, &keys)).await?;
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
    let stopping = Stopping { engine: engine.actor, log: log_path(&config) };
    let supervisor = tokio::spawn(supervise(engine.handle, stopping, host_ended, stop_asked));
    Ok(ConsensusHandle { stop: Some(stop), supervisor, decided: decided_receiver })
}

async fn engine(
    config: &Config,
    domain: Domain,
    keys: &Keys,
) -> Result<(Channels<Context>, EngineHandle), ConsensusError> {
    let node = Keypair::ed25519_from_bytes(keys.node.0)
        .map_err(|error| ConsensusError::NodeKey(error.to_string()))?;
    let (identity, consensus) = identities(config, domain, keys, node)?;
    start_engine(
        Context,
        config.engine(&domain),
        WalContext::new(log_path(config), Wire),
        NetworkContext::new(identity, Wire),
        consensus,
        SyncContext::new(Wire),
        RequestContext::new(REQUESTS),
    )
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

fn log_path(config: &Config) -> PathBuf {
    config.home.join("consensus.wal")
}

/// Waits for whichever ends first, then ends the other.
async fn supervise(
    mut engine: JoinHandle<()>,
    stopping: Stopping,
    mut host: oneshot::Receiver<Result<(), ConsensusError>>,
    stop: oneshot::Receiver<()>,
) -> Result<(), ConsensusError> {
    let asked = tokio::select! {
        Ok(()) = stop => true,
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
    log: PathBuf,
}

impl Stopping {
    async fn stop(self) {
        // Children first, so that each closes its files and sockets.
        self.engine.get_cell().stop_children_and_wait(None, Some(STOP)).await;
        self.engine.stop_and_wait(None, Some(STOP)).await.ok();
        tokio::time::timeout(STOP, self.log_closed()).await.ok();
    }

    /// The log's thread ends on its own, after the actor. Its lock on the file tells when.
    async fn log_closed(&self) {
        while let Ok(log) = File::open(&self.log)
            && log.try_lock().is_err()
        {
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Appends the engine's metrics in Prometheus's text format: those of all engines of this process, by moniker.
pub fn encode_metrics(out: &mut String) {
    metrics::export(out);
}
