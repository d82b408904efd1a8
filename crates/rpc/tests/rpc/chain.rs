//! A chain of one validator in this process, with its JSON-RPC on a free port.

use crate::client::Client;
use crate::wallet::Wallet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tandem_consensus::{Config, ConsensusHandle, Keys, NodeSeed, PrivateKey, ValidatorAddress};
use tandem_exchange::perp::PerpGenesis;
use tandem_exchange::{ExchangeGenesis, Token, TokenName};
use tandem_node::{NodeHandle, Opened, PoolLimits, consensus_domain};
use tandem_rpc::{Limits, RpcConfig, RpcServer};
use tandem_stf::{EvmAllocation, Genesis};
use tandem_storage::RealFiles;
use tandem_system::{Parameters, SystemGenesis, Validator};
use tandem_types::{Address, BlockTime, ChainId, QuoteAtoms, TokenAtoms};

/// The chain's id.
pub(crate) const CHAIN_ID: u64 = 1_337;
/// What every wallet has: 1,000 native coins in units of 10^-8.
const FUNDS: u64 = 100_000_000_000;
const WALLETS: u8 = 4;

/// A running chain.
pub(crate) struct Chain {
    pub(crate) node: NodeHandle,
    pub(crate) server: RpcServer,
    consensus: ConsensusHandle,
    _home: tempfile::TempDir,
}

impl Chain {
    pub(crate) async fn start() -> Self {
        Self::start_with(Limits::default()).await
    }

    pub(crate) async fn start_with(limits: Limits) -> Self {
        let home = tempfile::tempdir().unwrap();
        let validator = PrivateKey::from_seed([7; 32]);
        let genesis = genesis(&validator);
        let domain = consensus_domain(genesis.hash(), ChainId(CHAIN_ID));
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
        let config = RpcConfig { addresses: vec!["127.0.0.1:0".parse().unwrap()], limits };
        let server = tandem_rpc::serve(handle.clone(), config).await.unwrap();
        Self { node: handle, server, consensus, _home: home }
    }

    /// A WebSocket to the server.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.server.addresses()[0]).await
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
        self.consensus.stop().await.unwrap();
    }
}

/// An EVM block in every second exchange block, so that numbers are not heights.
fn genesis(validator: &PrivateKey) -> Genesis {
    let parameters = Parameters { block_time_ms: 20, evm_interval: 2, ..Parameters::dev(ChainId(CHAIN_ID)) };
    let public_key = *validator.public_key().as_bytes();
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let quote = Token { name: TokenName::new("USDC").unwrap(), wei_decimals: 8, size_decimals: 2 };
    let config = tandem_exchange::Config {
        taker_fee_ppm: 700,
        maker_fee_ppm: 400,
        budget_base: 10_000,
        open_orders_max: 1_000,
        notional_min: QuoteAtoms(1_000_000_000),
        activation_fee: QuoteAtoms(100_000_000),
        fees: tandem_exchange::fees::FeeSchedule::default(),
    };
    let evm = (1..=WALLETS).map(|number| EvmAllocation {
        address: Address(Wallet::new(number).address().0.0),
        balance: TokenAtoms(FUNDS),
        code: Vec::new(),
    });
    Genesis {
        time: BlockTime(u64::try_from(time.as_millis()).unwrap()),
        system: SystemGenesis { parameters, validators: vec![Validator { public_key, power: 1 }] },
        exchange: ExchangeGenesis {
            config,
            tokens: vec![quote],
            markets: Vec::new(),
            allocations: Vec::new(),
            perps: PerpGenesis::default(),
        },
        evm: evm.collect(),
    }
}
