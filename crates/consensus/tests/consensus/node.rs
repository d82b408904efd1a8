//! A node under test, and waiting for it.

use crate::chain::{Chain, Log, Rules};
use crate::wal::{ForgetfulWal, Kept};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tandem_consensus::{
    Config, ConsensusError, ConsensusHandle, Domain, ExtensionPolicy, Keys, Multiaddr, NodeSeed, PrivateKey,
    Report, Validator, ValidatorSet, start,
};
use tandem_types::{ChainId, Hash, Height};
use tempfile::TempDir;
use tokio::sync::watch;

/// Far beyond what a loaded machine needs.
const DEADLINE: Duration = Duration::from_secs(50);

pub(crate) const fn domain() -> Domain {
    Domain { chain: ChainId(31_337), genesis: Hash([9; 32]) }
}

pub(crate) fn key(index: u8) -> PrivateKey {
    PrivateKey::from_seed([index + 1; 32])
}

pub(crate) fn rules(validators: u8) -> Rules {
    let validators = (0..validators).map(|index| Validator::new(key(index).public_key(), 10)).collect();
    Rules {
        validators: ValidatorSet::new(validators).unwrap(),
        filler: 100_000,
        extensions: ExtensionPolicy::Disabled,
        lie: None,
        refused: Vec::new(),
        impossible: None,
        full_at: None,
    }
}

/// Free ports, all different because all are held until all are known.
pub(crate) fn addresses(count: u8) -> Vec<Multiaddr> {
    let listeners: Vec<_> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    listeners
        .iter()
        .map(|listener| format!("/ip4/127.0.0.1/tcp/{}", port(listener)).parse().unwrap())
        .collect()
}

pub(crate) struct Node {
    pub(crate) log: Arc<Mutex<Log>>,
    reports: watch::Sender<Vec<Report>>,
    handle: ConsensusHandle,
}

pub(crate) struct Setup {
    pub(crate) home: TempDir,
    pub(crate) wal: Arc<Mutex<Kept>>,
    pub(crate) index: u8,
    /// Whose key it votes with, if it votes.
    pub(crate) validator: Option<u8>,
    pub(crate) rules: Rules,
    pub(crate) addresses: Vec<Multiaddr>,
}

impl Setup {
    pub(crate) fn new(index: u8, rules: Rules, addresses: &[Multiaddr]) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            wal: Arc::default(),
            index,
            validator: Some(index),
            rules,
            addresses: addresses.to_vec(),
        }
    }

    fn dir(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) async fn start(&self) -> Node {
        let log = Arc::default();
        let reports = watch::Sender::new(Vec::new());
        let chain = Chain::open(self.dir("chain"), self.rules.clone(), Arc::clone(&log));
        let mut peers = self.addresses.clone();
        let listen = peers.remove(usize::from(self.index));
        let mut config = Config::new(format!("n{}", self.index), listen);
        config.peers = peers;
        config.connections_per_ip = 20;
        let keys = Keys { validator: self.validator.map(key), node: NodeSeed([self.index + 101; 32]) };
        let reporter = reports.clone();
        let reporter = Arc::new(move |report| reporter.send_modify(|reports| reports.push(report)));
        let wal = Box::new(ForgetfulWal::open(&self.wal));
        let handle = start(config, domain(), keys, chain, wal, reporter).await.unwrap();
        Node { log, reports, handle }
    }
}

impl Node {
    /// Waits until `height` is final here.
    pub(crate) async fn reaches(&self, height: u64) {
        let mut decided = self.handle.decided();
        let reached = decided.wait_for(|decided| decided.0 >= height);
        if tokio::time::timeout(DEADLINE, reached).await.is_err() {
            let reports = self.reports.borrow();
            let last = &reports[reports.len().saturating_sub(10)..];
            panic!("height {height} not reached at {}: {last:?}", self.height());
        }
    }

    /// Waits until something is reported.
    pub(crate) async fn reports(&self, wanted: impl Fn(&Report) -> bool) {
        let mut reports = self.reports.subscribe();
        let reported = reports.wait_for(|reports| reports.iter().any(&wanted));
        assert!(tokio::time::timeout(DEADLINE, reported).await.is_ok(), "not reported at {}", self.height());
    }

    /// Everything reported so far.
    pub(crate) fn reported(&self) -> Vec<Report> {
        self.reports.borrow().clone()
    }

    pub(crate) fn height(&self) -> Height {
        *self.handle.decided().borrow()
    }

    /// Waits until consensus ends by itself.
    pub(crate) async fn ends(&mut self) -> ConsensusError {
        tokio::time::timeout(DEADLINE, self.handle.wait()).await.unwrap().unwrap_err()
    }

    /// Ends consensus, whose log may have failed meanwhile; gives what was reported.
    pub(crate) async fn cut(self) -> Vec<Report> {
        self.handle.stop().await.ok();
        self.reports.borrow().clone()
    }

    pub(crate) async fn stop(self) {
        self.handle.stop().await.unwrap();
    }
}
