//! What an operator may choose, and the engine's own settings that follow from it.

use crate::{Domain, PrivateKey};
use arc_malachitebft_app_channel::app::config::{
    ChannelNames, ConsensusConfig, DiscoveryConfig, NodeConfig, P2pConfig, ProtocolNames, PubSubProtocol,
    ValuePayload, ValueSyncConfig,
};
use arc_malachitebft_app_channel::app::net::Multiaddr;
use arc_malachitebft_app_channel::app::types::core::LinearTimeouts;
use std::time::Duration;

/// Messages for coming heights that the engine keeps: a node may be that many heights behind without asking for sync.
const QUEUE_CAPACITY: usize = 100;
/// Bytes of one gossiped message. A part with its header has 67 KB; a round certificate of 256 validators 60 KB.
const MESSAGE_BYTES_MAX: u64 = 256 << 10;
/// Bytes of one sync response: two of the greatest blocks with their certificates.
const SYNC_BYTES_MAX: u64 = 12 << 20;
/// Blocks asked for in one sync request.
const SYNC_BLOCKS: usize = 32;

/// How long each step of a round waits for others. Each round waits longer than the one before it by a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the proposal, its bytes and their execution.
    pub propose_ms: u64,
    /// For more prevotes once two thirds are here without agreeing.
    pub prevote_ms: u64,
    /// The same for precommits.
    pub precommit_ms: u64,
}

/// Measured: a height whose proposer is dead takes 0.56 s, and blocks of 500 KB cause no false rounds.
impl Default for Timeouts {
    fn default() -> Self {
        Self { propose_ms: 300, prevote_ms: 150, precommit_ms: 150 }
    }
}

impl Timeouts {
    pub(crate) const fn engine(&self) -> LinearTimeouts {
        let ms = Duration::from_millis;
        LinearTimeouts {
            propose: ms(self.propose_ms),
            propose_delta: ms(self.propose_ms / 2),
            prevote: ms(self.prevote_ms),
            prevote_delta: ms(self.prevote_ms / 2),
            precommit: ms(self.precommit_ms),
            precommit_delta: ms(self.precommit_ms / 2),
            rebroadcast: ms(self
                .propose_ms
                .saturating_add(self.prevote_ms)
                .saturating_add(self.precommit_ms)),
            max_timeout: Duration::from_secs(10),
        }
    }
}

/// The keys of a node.
#[derive(Clone, Debug)]
pub struct Keys {
    /// With it the node votes, whenever the validator set has its public key. Without, it follows.
    pub validator: Option<PrivateKey>,
    /// The seed of the ed25519 key that identifies the node to peers. Not the validator's.
    pub node: NodeSeed,
}

/// The seed of a node key. Not shown by `Debug`.
#[derive(Clone)]
pub struct NodeSeed(pub [u8; 32]);

impl std::fmt::Debug for NodeSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NodeSeed")
    }
}

/// Settings of a node.
#[derive(Clone, Debug)]
pub struct Config {
    /// A name for logs and metrics, one per process.
    pub moniker: String,
    /// Address to listen on, such as `/ip4/0.0.0.0/tcp/26656`.
    pub listen: Multiaddr,
    /// Peers to stay connected with.
    pub peers: Vec<Multiaddr>,
    /// Whether to look for more peers through those (Kademlia).
    pub discovery: bool,
    /// Inbound connections allowed from one IP address. Testnets on one host need one per node.
    pub connections_per_ip: usize,
    /// Whether every validator is connected with every other: then messages go straight to all, at half the latency.
    /// Otherwise they are gossiped.
    pub full_mesh: bool,
    /// Timeouts of a round.
    pub timeouts: Timeouts,
    /// How long the start may wait for peers, so that the first rounds are not lost.
    pub peers_wait_ms: u64,
    /// Without a decision for that long, [`Report::Stalled`](crate::Report::Stalled) is sent, and again after each
    /// further such time.
    pub stall_ms: u64,
}

impl Config {
    /// A node that listens on `listen` and has defaults for the rest.
    #[must_use]
    pub fn new(moniker: impl Into<String>, listen: Multiaddr) -> Self {
        Self {
            moniker: moniker.into(),
            listen,
            peers: Vec::new(),
            discovery: false,
            connections_per_ip: 5,
            full_mesh: false,
            timeouts: Timeouts::default(),
            peers_wait_ms: 3_000,
            stall_ms: 10_000,
        }
    }

    pub(crate) fn engine(&self, domain: &Domain) -> EngineConfig {
        let discovery = DiscoveryConfig {
            enabled: self.discovery,
            max_connections_per_ip: self.connections_per_ip,
            // A node that restarts at once must be let in again.
            ip_throttle_duration: Duration::ZERO,
            ..DiscoveryConfig::default()
        };
        let mut p2p = P2pConfig {
            listen_addr: self.listen.clone(),
            persistent_peers: self.peers.clone(),
            discovery,
            protocol: if self.full_mesh { PubSubProtocol::Broadcast } else { PubSubProtocol::default() },
            protocol_names: protocol_names(domain),
            channel_names: channel_names(domain),
            ..P2pConfig::default()
        };
        p2p.pubsub_max_size.0 = MESSAGE_BYTES_MAX;
        p2p.rpc_max_size.0 = SYNC_BYTES_MAX + MESSAGE_BYTES_MAX;
        let consensus = ConsensusConfig {
            p2p,
            // `ProposalOnly` would have the engine find every block valid by itself.
            value_payload: ValuePayload::ProposalAndParts,
            queue_capacity: QUEUE_CAPACITY,
            ..ConsensusConfig::default()
        };
        let mut sync = ValueSyncConfig {
            // Eager: a node that lost one block's parts learns at once that others have decided it.
            status_update_interval: Duration::ZERO,
            batch_size: SYNC_BLOCKS,
            ..ValueSyncConfig::default()
        };
        sync.max_response_size.0 = SYNC_BYTES_MAX;
        EngineConfig { moniker: self.moniker.clone(), consensus, sync }
    }
}

/// Nodes of different chains share no topic and no protocol. A topic may have 64 bytes; 52 are the most here.
fn scoped(domain: &Domain, name: &str) -> String {
    let [a, b, c, d, ..] = domain.genesis.0;
    format!("/tandem/{}/{a:02x}{b:02x}{c:02x}{d:02x}/{name}/1", domain.chain)
}

fn protocol_names(domain: &Domain) -> ProtocolNames {
    ProtocolNames {
        consensus: scoped(domain, "node"),
        discovery_kad: scoped(domain, "kad"),
        discovery_regres: scoped(domain, "peers"),
        sync: scoped(domain, "sync"),
        validator_proof: scoped(domain, "validator-proof"),
    }
}

fn channel_names(domain: &Domain) -> ChannelNames {
    ChannelNames {
        consensus: scoped(domain, "votes"),
        proposal_parts: scoped(domain, "parts"),
        sync: scoped(domain, "status"),
        liveness: scoped(domain, "liveness"),
    }
}

#[derive(Clone, Debug)]
pub(crate) struct EngineConfig {
    moniker: String,
    consensus: ConsensusConfig,
    sync: ValueSyncConfig,
}

impl NodeConfig for EngineConfig {
    fn moniker(&self) -> &str {
        &self.moniker
    }

    fn consensus(&self) -> &ConsensusConfig {
        &self.consensus
    }

    fn consensus_mut(&mut self) -> &mut ConsensusConfig {
        &mut self.consensus
    }

    fn value_sync(&self) -> &ValueSyncConfig {
        &self.sync
    }

    fn value_sync_mut(&mut self) -> &mut ValueSyncConfig {
        &mut self.sync
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_types::{ChainId, Hash};

    #[test]
    fn topics_fit_into_the_64_bytes_that_broadcasting_allows() {
        let domain = Domain { chain: ChainId(u64::MAX), genesis: Hash([255; 32]) };
        let ChannelNames { consensus, proposal_parts, sync, liveness } = channel_names(&domain);
        for name in [consensus, proposal_parts, sync, liveness] {
            assert!(name.len() <= 64, "{name}");
        }
    }
}
