//! A replay in lockstep: the same file gives the same root, and the fills are those of the naive twin.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use tandem_crypto::ed25519;
use tandem_crypto::secp256k1::SigningKey;
use tandem_evm::{Admission, HardFork};
use tandem_exchange::action::{
    Action, Decimal, Network, NetworkKind, Order, OrderKind, OrderRef, TimeInForce,
};
use tandem_exchange::perp::tiers::{MarginTiers, Tier};
use tandem_exchange::perp::{PerpGenesis, PerpMarket};
use tandem_exchange::{
    Allocation, Config, Event, ExchangeGenesis, Rejection, SPOT_ASSET_BASE, Token, TokenName, Transaction,
};
use tandem_reference_book::{Arriving, Book, Event as TwinEvent, Kind, Outside, Own, Resting};
use tandem_replay::{Lockstep, LockstepError, Message, Perpetual, RequestKey, Traders, read_messages};
use tandem_stf::{Genesis, Identity, Outcome};
use tandem_system::{Parameters, SystemGenesis, Validator};
use tandem_types::{
    Address, BlockTime, ChainId, MarketId, PriceScale, QuoteAtoms, SizeLots, TokenAtoms, TokenId,
};

const ACCOUNTS: u8 = 16;
const PER_BLOCK: usize = 40;
/// The perpetual market.
const PERPETUAL: MarketId = MarketId(0);
const FILE: &str = "data/lobster_aapl_2012-06-21_0930-1030_messages.csv.gz";

fn keys() -> Vec<RequestKey> {
    let key = |seed| SigningKey::from_bytes(&[seed; 32]).expect("below the order");
    (1..=ACCOUNTS).map(|seed| RequestKey::Secp256k1(key(seed))).collect()
}

fn genesis() -> Genesis {
    let allocation = |address: Address, token| Allocation { address, token, amount: TokenAtoms(1 << 58) };
    let addresses: Vec<Address> = keys().iter().map(RequestKey::address).collect();
    let token =
        |name, size_decimals| Token { name: TokenName::new(name).unwrap(), wei_decimals: 8, size_decimals };
    Genesis {
        time: BlockTime(1_340_271_000_000),
        system: SystemGenesis {
            parameters: Parameters::dev(ChainId(1337)),
            validators: vec![Validator { public_key: [1; 32], power: 1 }],
        },
        exchange: ExchangeGenesis {
            config: Config {
                taker_fee_ppm: 700,
                maker_fee_ppm: 400,
                budget_base: 1 << 40,
                open_orders_max: 1 << 30,
                notional_min: QuoteAtoms(1),
                activation_fee: QuoteAtoms(0),
                fees: tandem_exchange::fees::FeeSchedule::default(),
            },
            tokens: vec![token("USDC", 2), token("AAPL", 0)],
            markets: vec![TokenId(1)],
            allocations: addresses
                .iter()
                .flat_map(|address| [allocation(*address, TokenId(0)), allocation(*address, TokenId(1))])
                .collect(),
            perps: PerpGenesis::default(),
        },
        evm: Vec::new(),
    }
}

/// The same with a perpetual market and a validator whose key is known, half a minute before an hour ends.
fn perpetual_genesis() -> Genesis {
    let mut genesis = genesis();
    genesis.time = BlockTime(genesis.time.0.next_multiple_of(3_600_000) - 30_000);
    genesis.system.validators = vec![Validator { public_key: validator().public_key().0, power: 1 }];
    genesis.exchange.perps.markets = vec![PerpMarket {
        name: TokenName::new("AAPL").unwrap(),
        size_decimals: 0,
        tiers: MarginTiers::new(&[Tier { from: QuoteAtoms(0), leverage_max: 10 }]).unwrap(),
        open_interest_max: SizeLots(1 << 40),
        open_interest_notional_max: QuoteAtoms(1 << 60),
        impact_notional_micros: 1_000_000_000,
    }];
    genesis
}

fn validator() -> ed25519::SigningKey {
    ed25519::SigningKey::from_seed([9; 32])
}

fn identity(genesis: &Genesis) -> Identity {
    let chain_id = ChainId(1337);
    Identity {
        network: Network { kind: NetworkKind::Dev, chain_id, genesis_hash: genesis.hash() },
        evm: Admission { chain_id: chain_id.0, hard_fork: HardFork::Osaka, unprotected: true },
    }
}

/// Messages of a made-up morning: a few orders at crossing and resting prices, reduced, executed and deleted.
fn made_up() -> Vec<Message> {
    let mut lines = String::new();
    let mut state = 7u64;
    for at in 0..600u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = state >> 33;
        let (price, size) = (5_850_000 + random % 20 * 100, 1 + random % 50);
        let older = at.saturating_sub(random % 60);
        let direction = if random.is_multiple_of(3) { -1 } else { 1 };
        let line = match random % 7 {
            0..=3 => format!("{}.{:03},1,{at},{size},{price},{direction}\n", 34_200 + at / 10, at % 1_000),
            4 => format!("{}.5,2,{older},1,{price},{direction}\n", 34_200 + at / 10),
            5 => format!("{}.5,3,{older},1,{price},{direction}\n", 34_200 + at / 10),
            _ => format!("{}.5,4,{older},2,{price},{direction}\n", 34_200 + at / 10),
        };
        lines.push_str(&line);
    }
    read_messages(lines.as_bytes()).unwrap()
}

/// The first messages of the recorded hour, where the data is at hand; more in campaigns.
fn recorded() -> Option<Vec<Message>> {
    let root = std::env::var_os("TANDEM_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let campaign: usize =
        std::env::var("TANDEM_CAMPAIGN").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut messages = read_messages(File::open(root.join(FILE)).ok()?).unwrap();
    messages.truncate(8_000 * campaign);
    Some(messages)
}

/// Who traded with whom at what price (in ticks) and size.
type Fill = (usize, usize, u64, u64);

/// The twin's market: a naive book, and the order ids that were cancelled ahead in the block at hand.
#[derive(Default)]
struct Twin {
    /// Ticks of the market in a ten-thousandth of a dollar.
    ticks_per_unit: u64,
    book: Book,
    cancelled: BTreeSet<u64>,
    fills: Vec<Fill>,
}

impl Twin {
    fn block(&mut self, senders: &[Address], transactions: &[Transaction]) {
        self.cancelled.clear();
        for transaction in transactions {
            let sender = senders.iter().position(|address| *address == transaction.signer()).unwrap();
            match transaction.checked().action() {
                Action::Order(place) => self.place(sender, place.orders.first().unwrap()),
                Action::BatchModify(modifies) => {
                    let modify = modifies.first().unwrap();
                    let OrderRef::Cloid(cloid) = modify.target else {
                        panic!("targets are client order ids")
                    };
                    self.modify(sender, number(&cloid), &modify.order);
                }
                Action::CancelByCloid(cancels) => {
                    let id = number(&cancels.first().unwrap().cloid);
                    if self.book.cancel(id).is_none() {
                        self.cancelled.insert(id);
                    }
                }
                other => panic!("a replay sends no {other:?}"),
            }
        }
    }

    fn modify(&mut self, sender: usize, id: u64, order: &Order) {
        let Some(open) = self.book.orders.iter().find(|open| open.id == id).copied() else { return };
        let same = order.is_buy == open.buys && price(&order.price) == open.price;
        if same && size(&order.size) < open.size {
            self.book.reduce(id, size(&order.size));
        } else {
            self.book.cancel(id);
            self.place(sender, order);
        }
    }

    fn place(&mut self, sender: usize, order: &Order) {
        let id = order.cloid.as_ref().map_or(u64::MAX, number);
        if self.cancelled.contains(&id) || self.book.orders.iter().any(|open| open.id == id) {
            return;
        }
        let kind = match order.kind {
            OrderKind::Limit(TimeInForce::Gtc) => Kind::GoodTillCancelled,
            _ => Kind::ImmediateOrCancel,
        };
        let resting = Resting {
            id,
            owner: u32::try_from(sender).unwrap(),
            buys: order.is_buy,
            price: price(&order.price),
            size: size(&order.size),
        };
        let arriving = Arriving { order: resting, kind, own: Own::CancelResting, meets_max: 1_000 };
        let Ok(accepted) = self.book.place(arriving, &Outside::default()) else { return };
        for event in accepted.events {
            if let TwinEvent::Traded(maker, size) = event {
                let ticks = u64::from(maker.price) * self.ticks_per_unit;
                self.fills.push((sender, usize::try_from(maker.owner).unwrap(), ticks, size));
            }
        }
    }
}

fn number(cloid: &tandem_types::Cloid) -> u64 {
    u64::try_from(u128::from_be_bytes(cloid.0)).unwrap()
}

fn price(decimal: &Decimal) -> u32 {
    u32::try_from(decimal.to_units(4).unwrap()).unwrap()
}

fn size(decimal: &Decimal) -> u64 {
    decimal.to_units(0).unwrap()
}

fn fills(outcome: &Outcome, price_decimals: u8) -> Vec<Fill> {
    let scale = PriceScale::new(price_decimals).unwrap();
    let events = outcome.receipts.actions.iter().flat_map(|receipt| &receipt.events);
    events
        .filter_map(|event| match event {
            Event::Trade(trade) => {
                let account = |id: tandem_types::AccountId| usize::try_from(id.0 - 1).unwrap();
                let price = trade.price.to_ticks(scale).0;
                Some((account(trade.taker), account(trade.maker), price, trade.size.0))
            }
            _ => None,
        })
        .collect()
}

/// Replays `messages`, comparing each block's fills with the twin's; returns the last root and the number of fills.
fn replay(messages: &[Message]) -> (String, usize) {
    let genesis = genesis();
    let traders = Traders::new(keys(), u32::from(SPOT_ASSET_BASE)).unwrap();
    let lockstep = Lockstep::new(&genesis, identity(&genesis)).unwrap();
    let (lockstep, total) = compare(lockstep, messages, &traders, 8);
    (lockstep.head().core_root.to_string(), total)
}

/// Runs a replay on a market with so many decimals of prices beside the twin; gives the number of fills.
fn compare(
    mut lockstep: Lockstep,
    messages: &[Message],
    traders: &Traders,
    price_decimals: u8,
) -> (Lockstep, usize) {
    let senders: Vec<Address> = keys().iter().map(RequestKey::address).collect();
    let ticks_per_unit = 10u64.pow(u32::from(price_decimals) - 4);
    let (mut twin, mut total) = (Twin { ticks_per_unit, ..Twin::default() }, 0);
    let run = lockstep.run(messages, traders, PER_BLOCK, |progress| {
        twin.fills.clear();
        twin.block(&senders, progress.transactions);
        assert_eq!(fills(progress.outcome, price_decimals), twin.fills, "at message {}", progress.messages);
        total += twin.fills.len();
    });
    run.unwrap();
    (lockstep, total)
}

fn perpetual_traders() -> Traders {
    Traders::new(keys(), u32::from(PERPETUAL.0)).unwrap()
}

/// The perpetual market before the first of these messages.
fn on_perpetual(leverage: u8, collateral: u64, messages: &[Message]) -> Result<Lockstep, LockstepError> {
    let genesis = perpetual_genesis();
    let perpetual = Perpetual { market: PERPETUAL, validator: validator(), leverage, collateral };
    let lockstep = Lockstep::new(&genesis, identity(&genesis)).unwrap();
    lockstep.on_perpetual(perpetual, &perpetual_traders(), messages)
}

/// Replays `messages` on the perpetual market.
fn replay_perpetual(messages: &[Message]) -> (Lockstep, usize) {
    let lockstep = on_perpetual(4, 1_000_000_000, messages).unwrap();
    compare(lockstep, messages, &perpetual_traders(), 6)
}

#[test]
fn traders_who_cannot_prepare_are_told_why() {
    let refused = |leverage, collateral| match on_perpetual(leverage, collateral, &made_up()) {
        Err(LockstepError::Unprepared(rejection)) => Some(rejection),
        _ => None,
    };
    assert_eq!(refused(4, 1_000), None);
    assert_eq!(refused(11, 1_000), Some(Rejection::LeverageOutOfRange));
    assert_eq!(refused(4, 9_000_000_000), Some(Rejection::InsufficientBalance));
}

#[test]
fn a_replay_on_a_perpetual_market_fills_as_on_a_book_with_leverage_and_funding_on() {
    let messages = made_up();
    let (lockstep, fills) = replay_perpetual(&messages);
    assert!(fills > 30, "{fills} fills are too few to mean anything");
    assert_eq!(replay_perpetual(&messages).0.head().core_root, lockstep.head().core_root);

    let exchange = &lockstep.chain().tables.exchange;
    let estimates = exchange.perp_estimates.peek(&PERPETUAL).unwrap();
    let prices = exchange.perp_prices.peek(&PERPETUAL).unwrap();
    assert!(estimates.rate.0 != 0 && prices.funding_index != 0, "an hour was paid: {estimates:?} {prices:?}");
    let dollars = prices.oracle.0 / 1_000_000;
    assert!((580..590).contains(&dollars), "the oracle follows the file: {dollars}");
    assert!(exchange.perp_totals.peek(&PERPETUAL).unwrap().open_interest.0 > 0);
    let short = [Rejection::InsufficientMargin, Rejection::InsufficientMarginAfterFill];
    assert!(short.iter().all(|why| !lockstep.tally.rejected.contains_key(why)), "{:?}", lockstep.tally);
}

#[test]
fn a_replay_ends_in_the_same_root_twice_and_fills_as_the_naive_twin_does() {
    let messages = made_up();
    let (root, fills) = replay(&messages);
    assert!(fills > 30, "{fills} fills are too few to mean anything");
    assert_eq!(replay(&messages), (root, fills));
}

#[test]
fn recorded_order_flow_ends_in_the_same_root_twice_and_fills_as_the_naive_twin_does() {
    let Some(messages) = recorded() else {
        println!("the recorded order flow is not at hand: set TANDEM_SHARED to the folder that holds {FILE}");
        return;
    };
    let (root, fills) = replay(&messages);
    assert!(fills > 0);
    assert_eq!(replay(&messages), (root, fills));
}

#[test]
fn one_message_more_or_less_is_another_root() {
    let messages = made_up();
    let (all, one_less) = (replay(&messages[..80]), replay(&messages[..79]));
    assert_ne!(all.0, one_less.0);
}
