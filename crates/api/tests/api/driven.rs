//! A chain whose blocks the test makes one at a time, prices included, with its API on a free port.
//!
//! Blocks are the test harness's; the node judges and decides them as it does those of others.

use crate::client::{Answer, Http, Socket};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tandem_api::{ApiConfig, Limits, Server};
use tandem_codec::Encode;
use tandem_consensus::{Application, Certificate, Origin, ReceivedBlock, ValidatorAddress};
use tandem_exchange::action::Action;
use tandem_exchange::fees::{FeeSchedule, FeeTier, Rates, RebateTier};
use tandem_node::{Executor, Opened, PoolLimits};
use tandem_storage::RealFiles;
use tandem_testkit::{
    DOGE, ETH, Harness, Signer, Step, buy_perp, class_transfer, perp_genesis, place, sell_perp,
};
use tandem_types::Round;

const HOUR_MS: u64 = 3_600_000;

/// Tiers that nobody reaches.
fn fee_schedule() -> FeeSchedule {
    let rates = |taker_ppm, maker_ppm| Rates { taker_ppm, maker_ppm };
    let tier = FeeTier { above_usd: 5_000_000, perp: rates(400, 120), spot: rates(600, 300) };
    FeeSchedule::new(&[tier], &[RebateTier { above_share_ppm: 1_000_000, rebate_ppm: 10 }]).unwrap()
}

/// See the module.
pub(crate) struct Driven {
    pub(crate) chain: Harness,
    executor: Executor,
    server: Server,
    _home: tempfile::TempDir,
}

impl Driven {
    /// A chain with perpetual markets that have no prices yet.
    pub(crate) async fn start() -> Self {
        Self::start_with(Limits::default()).await
    }

    pub(crate) async fn start_with(limits: Limits) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut genesis = perp_genesis();
        genesis.exchange.config.fees = fee_schedule();
        let chain = Harness::new(genesis);
        let files = Arc::new(RealFiles::new(home.path().join("data")).unwrap());
        let storage = tandem_storage::Config::new([1; 16]);
        let (genesis, proposer) = (chain.genesis.clone(), ValidatorAddress([7; 20]));
        let Opened { executor, handle: node, .. } =
            tandem_node::open(files, storage, PoolLimits::default(), genesis, proposer).unwrap();
        let listen = vec!["127.0.0.1:0".parse().unwrap()];
        let config = ApiConfig { limits, ..ApiConfig::new(listen) };
        let server = tandem_api::serve(node, config).await.unwrap();
        Self { chain, executor, server, _home: home }
    }

    /// ETH at 2000 USD, DOGE at 0.1; wallets 1 to 3 with ten thousand USD of collateral each.
    pub(crate) async fn market() -> (Self, [Signer; 3]) {
        let mut driven = Self::start().await;
        driven.chain.set_oracle(ETH, 20_000_000);
        driven.chain.set_oracle(DOGE, 100_000);
        let traders = [1, 2, 3].map(Signer::wallet);
        for trader in &traders {
            let nonce = driven.chain.nonce();
            driven.act(trader, &class_transfer("10000", true, nonce)).await;
        }
        (driven, traders)
    }

    /// A block of one action.
    pub(crate) async fn act(&mut self, signer: &Signer, action: &Action) -> Step {
        let step = self.chain.act(signer, action);
        self.decide(&step).await;
        step
    }

    pub(crate) async fn empty(&mut self) {
        let step = self.chain.empty();
        self.decide(&step).await;
    }

    /// A block that is the first of the next hour.
    pub(crate) async fn pass_hour(&mut self) {
        self.chain.step_ms = HOUR_MS - self.chain.parent.time.0 % HOUR_MS + 1;
        self.empty().await;
        self.chain.step_ms = 100;
    }

    /// `buyer` takes `size` ETH at 2000 from `seller`.
    pub(crate) async fn trade(&mut self, buyer: &Signer, seller: &Signer, size: &str) {
        self.act(seller, &place(&[sell_perp(ETH, "2000", size)])).await;
        self.act(buyer, &place(&[buy_perp(ETH, "2000", size)])).await;
    }

    /// Has the node decide a block, and waits until the API has seen it.
    async fn decide(&mut self, step: &Step) {
        let (bytes, height) = (step.block.to_bytes(), step.block.header.height);
        let id = self.executor.identify(&bytes).unwrap();
        let proposer = ValidatorAddress(step.block.header.proposer.0);
        let (round, origin) = (Round(0), Origin::Synced);
        let received = ReceivedBlock { height, round, proposer, origin, id, bytes: bytes.into() };
        let verdict = self.executor.validate(&received).unwrap();
        assert_eq!(verdict, tandem_consensus::Verdict::Valid);
        let certificate = Certificate::new(height, round, id, Vec::new());
        self.executor.decide(&certificate).unwrap();
        self.chain.commit = certificate.to_bytes();
        let mut http = self.http().await;
        let question = json!({ "type": "exchangeStatus" }).to_string();
        while http.post("/info", &question).await.json()["height"] != height.0 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    pub(crate) async fn http(&self) -> Http {
        Http::connect(self.address()).await
    }

    pub(crate) async fn socket(&self) -> Socket {
        Socket::connect(self.address()).await
    }

    pub(crate) async fn ask(&self, question: &Value) -> Answer {
        self.http().await.post("/info", &question.to_string()).await
    }

    /// The answer to a question, which has one.
    pub(crate) async fn info(&self, question: Value) -> Value {
        let answer = self.ask(&question).await;
        assert_eq!(answer.status, 200, "{question}: {}", answer.body);
        answer.json()
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }
}
