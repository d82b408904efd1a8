//! One home through its lives.

use crate::history::History;
use crate::traders::{TRADERS, Trader};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tandem_consensus::{
    Config, ConsensusError, ConsensusHandle, Keys, NodeSeed, PrivateKey, Report, Timeouts, ValidatorAddress,
};
use tandem_node::{NodeError, NodeHandle, Opened, PoolLimits, consensus_domain, open};
use tandem_prices::{PriceMicros, Simulation, Walk};
use tandem_stf::Genesis;
use tandem_storage::simulation::SimulatedFiles;
use tandem_system::{Parameters, Validator};
use tandem_testkit::{CHAIN_ID, Random};
use tandem_types::BlockTime;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Blocks after which a life ends if the power has not gone out.
const BLOCKS_MAX: u64 = 40;
/// Operations of the disk within which the power goes out; some twenty blocks.
const OPERATIONS_MAX: u64 = 400;
/// The same while recovering, when few are made.
const OPERATIONS_AT_START_MAX: u64 = 12;
/// Far beyond what a loaded machine needs.
const DEADLINE: Duration = Duration::from_secs(60);

/// A home on a disk of its own.
pub(crate) struct Home {
    pub(crate) files: SimulatedFiles,
    seed: u64,
    choices: Random,
    genesis: Genesis,
    key: PrivateKey,
    nonces: Arc<AtomicU64>,
}

/// Prices that move between any two reports.
fn prices() -> Simulation {
    let walk = Walk { start: PriceMicros(3_000_000_000), volatility_ppm: 10_000 };
    Simulation::new(1, [("ETH".to_owned(), walk), ("DOGE".to_owned(), walk)].into())
}

impl Home {
    pub(crate) fn new(seed: u64) -> Self {
        let key = PrivateKey::from_seed([7; 32]);
        let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        let mut genesis = tandem_testkit::genesis();
        genesis.time = BlockTime(now);
        genesis.system.parameters =
            Parameters { block_time_ms: 10, evm_interval: 3, price_interval: 2, ..Parameters::dev(CHAIN_ID) };
        genesis.exchange.perps = tandem_testkit::perp_genesis().exchange.perps;
        genesis.system.validators = vec![Validator { public_key: *key.public_key().as_bytes(), power: 1 }];
        Self {
            files: SimulatedFiles::new(seed),
            seed,
            choices: Random::seeded(seed),
            genesis,
            key,
            nonces: Arc::new(AtomicU64::new(now)),
        }
    }

    /// Works until the power goes out, at an operation that the seed chooses, or until there are enough blocks.
    pub(crate) async fn live(&mut self, history: &mut History) {
        let operations = 1 + self.choices.below(OPERATIONS_MAX);
        self.files.crash_at(operations);
        let opened = self.open();
        let Some(Opened { executor, wal, handle }) = self.unless_down(opened) else { return };
        let executor = executor.with_prices(Box::new(prices()));
        let said = Arc::clone(&history.said);
        let domain = consensus_domain(self.genesis.hash(), CHAIN_ID);
        let config = self.consensus_config();
        let keys = Keys { validator: Some(self.key.clone()), node: NodeSeed([8; 32]) };
        let reporter = Arc::new(move |report: Report| said.lock().unwrap().add(report));
        let consensus = tandem_consensus::start(config, domain, keys, executor, wal, reporter).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let traders = self.trade(&handle, history, &stopped);
        let before = history.height();
        self.until_dark(consensus, before + BLOCKS_MAX).await;
        stop.send_replace(true);
        traders.join_all().await;
        history.cuts_at_work += u64::from(self.files.is_down());
    }

    fn consensus_config(&self) -> Config {
        let listen = "/ip4/127.0.0.1/tcp/0".parse().unwrap();
        let mut config = Config::new(format!("home {}", self.seed), listen);
        if self.seed % 4 < 2 {
            // So hasty that heights take several rounds, and what was said depends on when.
            config.timeouts = Timeouts { propose_ms: 2, prevote_ms: 2, precommit_ms: 2 };
        }
        config
    }

    fn trade(
        &mut self,
        handle: &NodeHandle,
        history: &History,
        stopped: &watch::Receiver<bool>,
    ) -> JoinSet<()> {
        let mut traders = JoinSet::new();
        for number in 1..=TRADERS {
            let choices = Random::seeded(self.choices.below(u64::MAX));
            let trader = Trader::new(number, handle.clone(), choices, Arc::clone(&self.nonces));
            let (answers, mut stopped) = (Arc::clone(&history.answers), stopped.clone());
            traders.spawn(async move {
                tokio::select! {
                    () = trader.trade(answers) => {}
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
            });
        }
        traders
    }

    async fn until_dark(&self, mut consensus: ConsensusHandle, height: u64) {
        let mut decided = consensus.decided();
        let reached = async { drop(decided.wait_for(|decided| decided.0 >= height).await) };
        let ended = tokio::select! {
            ended = consensus.wait() => ended,
            () = reached => return consensus.stop().await.or_else(|error| self.only_dark(error)).unwrap(),
            () = tokio::time::sleep(DEADLINE) => panic!("seed {}: nothing happens", self.seed),
        };
        self.only_dark(ended.expect_err("consensus does not end by itself")).unwrap();
    }

    /// Nothing but the lack of power may end a node.
    fn only_dark(&self, error: ConsensusError) -> Result<(), ConsensusError> {
        if self.files.is_down() { Ok(()) } else { Err(error) }
    }

    /// Opens what the disk kept. The power may go out once meanwhile, and the node comes back all the same.
    pub(crate) fn recover(&mut self, history: &mut History) {
        if self.choices.below(2) == 0 {
            self.files.crash_at(1 + self.choices.below(OPERATIONS_AT_START_MAX));
            let opened = self.open();
            drop(self.unless_down(opened));
            self.files.crash();
        }
        let opened = self.open().unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
        history.check(&opened.handle, self.seed);
    }

    fn unless_down(&self, opened: Result<Opened, NodeError>) -> Option<Opened> {
        opened.inspect_err(|error| assert!(self.files.is_down(), "seed {}: {error}", self.seed)).ok()
    }

    fn open(&self) -> Result<Opened, NodeError> {
        let config = tandem_storage::Config {
            checkpoint_interval: 5,
            history_blocks: None,
            segment_bytes: 20_000,
            cache_bytes: 1 << 20,
            // Both ways: a thread that writes checkpoints meanwhile, and an order that can be repeated.
            background: self.seed.is_multiple_of(2),
            ..tandem_storage::Config::new([1; 16])
        };
        let proposer = ValidatorAddress::of(&self.key.public_key());
        open(Arc::new(self.files.clone()), config, PoolLimits::default(), self.genesis.clone(), proposer)
    }
}
