//! A chain of one validator in this process, with its API on a free port.

use crate::client::{Answer, Http, Socket};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tandem_api::{ApiConfig, Limits, Server};
use tandem_consensus::{Config, ConsensusHandle, Keys, NodeSeed, PrivateKey, ValidatorAddress};
use tandem_crypto::ed25519;
use tandem_exchange::action::{Action, Signature, SignedAction};
use tandem_node::{NodeHandle, Opened, PoolLimits, consensus_domain};
use tandem_storage::RealFiles;
use tandem_system::{Parameters, Validator};
use tandem_testkit::{CHAIN_ID, Signer};
use tandem_types::BlockTime;

/// A running chain.
pub(crate) struct Chain {
    pub(crate) node: NodeHandle,
    server: Server,
    consensus: ConsensusHandle,
    nonces: AtomicU64,
    _home: tempfile::TempDir,
}

impl Chain {
    pub(crate) async fn start() -> Self {
        Self::start_with(Limits::default()).await
    }

    pub(crate) async fn start_with(limits: Limits) -> Self {
        let home = tempfile::tempdir().unwrap();
        let validator = PrivateKey::from_seed([7; 32]);
        let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        let mut genesis = tandem_testkit::genesis();
        genesis.time = BlockTime(now);
        genesis.exchange.config.open_orders_max = 5_000;
        genesis.system.parameters = Parameters { block_time_ms: 20, ..Parameters::dev(CHAIN_ID) };
        genesis.system.validators =
            vec![Validator { public_key: *validator.public_key().as_bytes(), power: 1 }];
        let domain = consensus_domain(genesis.hash(), CHAIN_ID);
        let files = Arc::new(RealFiles::new(home.path().join("data")).unwrap());
        let storage = tandem_storage::Config::new([1; 16]);
        let proposer = ValidatorAddress::of(&validator.public_key());
        let Opened { executor, wal, handle } =
            tandem_node::open(files, storage, PoolLimits::default(), genesis, proposer).unwrap();
        let listen = "/ip4/127.0.0.1/tcp/0".parse().unwrap();
        let config = Config::new("test", listen);
        let keys = Keys { validator: Some(validator), node: NodeSeed([8; 32]) };
        let consensus =
            tandem_consensus::start(config, domain, keys, executor, wal, Arc::new(|_| {})).await.unwrap();
        let listen = vec!["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()];
        let config = ApiConfig { limits, ..ApiConfig::new(listen) };
        let server = tandem_api::serve(handle.clone(), config).await.unwrap();
        Self { node: handle, server, consensus, nonces: AtomicU64::new(now), _home: home }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        self.server.addresses()
    }

    pub(crate) async fn http(&self) -> Http {
        Http::connect(self.address()).await
    }

    pub(crate) async fn socket(&self) -> Socket {
        Socket::connect(self.address()).await
    }

    pub(crate) async fn info(&self, question: Value) -> Answer {
        self.http().await.post("/info", &question.to_string()).await
    }

    /// A request body that acts: the action as clients write it, signed as clients sign it.
    pub(crate) fn request(&self, signer: &Signer, wire: &Value, action: &Action) -> Value {
        let nonce = match action.user_signed() {
            Some(user) => user.nonce,
            None => self.nonce(),
        };
        let signed = signer.sign(action, nonce, None, &self.node.identity().network);
        json!({ "action": wire, "nonce": nonce, "signature": signature(&signed), "vaultAddress": null })
    }

    pub(crate) async fn act(&self, signer: &Signer, wire: &Value, action: &Action) -> Value {
        let body = self.request(signer, wire, action).to_string();
        let answer = self.http().await.post("/exchange", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub(crate) fn nonce(&self) -> u64 {
        self.nonces.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
        self.consensus.stop().await.unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn signature(signed: &SignedAction) -> Value {
    match &signed.signature {
        Signature::Secp256k1(signature) => {
            json!({ "r": hex(&signature.r), "s": hex(&signature.s), "v": signature.v() })
        }
        Signature::Ed25519 { public_key: ed25519::PublicKey(key), signature: ed25519::Signature(bytes) } => {
            json!({ "publicKey": hex(key), "sig": hex(bytes) })
        }
    }
}
