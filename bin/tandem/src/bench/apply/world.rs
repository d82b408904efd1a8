//! The exchange that blocks are applied to: its genesis, its accounts' keys, its prices.

use crate::cli::BenchApply;
use eyre::{Result, eyre};
use std::thread;
use tandem_crypto::ed25519::SigningKey;
use tandem_exchange::action::{
    Action, Signature, SignedAction, action_hash, ed25519_address, ed25519_message,
};
use tandem_exchange::perp::tiers::{MarginTiers, Tier};
use tandem_exchange::perp::{PerpConfig, PerpGenesis, PerpMarket};
use tandem_exchange::{Allocation, Config, ExchangeGenesis, Token, TokenName};
use tandem_stf::{Genesis, Identity};
use tandem_system::{Parameters, SystemGenesis, Validator};
use tandem_types::{Address, BlockTime, ChainId, QuoteAtoms, SizeLots, TokenAtoms, TokenId};

/// The first nonce and the genesis' time.
pub(super) const START: BlockTime = BlockTime(1_700_000_000_000);
/// Decimals of sizes on every market; prices have the rest of six.
pub(super) const SIZE_DECIMALS: u8 = 2;

const CHAIN_ID: ChainId = ChainId(1_337);
const VALIDATOR_SEED: [u8; 32] = [1; 32];
/// More than any block here needs: what is measured is time.
const BLOCK_WORK_MAX: u64 = 10_000_000_000;

/// A chain to be, and those who act on it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) genesis: Genesis,
    pub(super) identity: Identity,
    pub(super) validator: SigningKey,
}

impl World {
    /// One validator; accounts that own ed25519 keys; no fee schedule, budget or cap that would refuse anything.
    pub(super) fn new(arguments: &BenchApply) -> Result<Self> {
        let validator = SigningKey::from_seed(VALIDATOR_SEED);
        let parameters = Parameters { block_work_max: BLOCK_WORK_MAX, ..Parameters::dev(CHAIN_ID) };
        let genesis = Genesis {
            time: START,
            system: SystemGenesis {
                parameters,
                validators: vec![Validator { public_key: validator.public_key().0, power: 1 }],
            },
            exchange: exchange(arguments)?,
            evm: Vec::new(),
        };
        let identity = tandem_node::identity(&genesis);
        Ok(Self { genesis, identity, validator })
    }

    /// An action of an account, signed.
    pub(super) fn sign(&self, account: u32, action: &Action, nonce: u64) -> SignedAction {
        let (key, action) = (key(account), action.encode());
        let hash = action_hash(&action, nonce, None, None);
        let signature = key.sign(&ed25519_message(&self.identity.network.genesis_hash, &hash));
        let signature = Signature::Ed25519 { public_key: key.public_key(), signature };
        SignedAction { action, nonce, vault_address: None, expires_after: None, signature }
    }
}

fn exchange(arguments: &BenchApply) -> Result<ExchangeGenesis> {
    let name = |name: &str| TokenName::new(name).ok_or_else(|| eyre!("{name} is no name"));
    let token = Token { name: name("USDC")?, wei_decimals: 8, size_decimals: 8 };
    let tier = |from, leverage_max| Tier { from: QuoteAtoms(from), leverage_max };
    let tiers = MarginTiers::new(&[tier(0, 50), tier(1_000_000_000_000_000, 25)]);
    let market = PerpMarket {
        name: name("M")?,
        size_decimals: SIZE_DECIMALS,
        tiers: tiers.ok_or_else(|| eyre!("margin tiers"))?,
        open_interest_max: SizeLots(u64::MAX),
        open_interest_notional_max: QuoteAtoms(u64::MAX),
        impact_notional_micros: 6_000_000_000,
    };
    let gift = |address| Allocation { address, token: TokenId(0), amount: TokenAtoms(1) };
    Ok(ExchangeGenesis {
        config: Config {
            taker_fee_ppm: 700,
            maker_fee_ppm: 400,
            budget_base: u64::MAX / 4,
            open_orders_max: u32::MAX,
            notional_min: QuoteAtoms(1_000_000_000),
            activation_fee: QuoteAtoms(0),
            fees: tandem_exchange::fees::FeeSchedule::default(),
        },
        tokens: vec![token],
        markets: Vec::new(),
        allocations: addresses(arguments.accounts).into_iter().map(gift).collect(),
        perps: PerpGenesis {
            config: PerpConfig::default(),
            markets: vec![market; usize::from(arguments.markets)],
            ..PerpGenesis::default()
        },
    })
}

/// The accounts' addresses, by the accounts' numbers.
fn addresses(accounts: u32) -> Vec<Address> {
    let address = |account| ed25519_address(&key(account).public_key());
    let cores = thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    let share = accounts.div_ceil(cores).max(1);
    let starts = (0..accounts).step_by(usize::try_from(share).unwrap_or(1));
    thread::scope(|scope| {
        let parts: Vec<_> = starts
            .map(|start| {
                scope.spawn(move || (start..accounts.min(start + share)).map(address).collect::<Vec<_>>())
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}

fn key(account: u32) -> SigningKey {
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&account.to_be_bytes());
    SigningKey::from_seed(seed)
}
