//! A replay in lockstep: the same file gives the same root, and the fills are those of the naive twin.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use tandem_crypto::secp256k1::SigningKey;
use tandem_evm::{Admission, HardFork};
use tandem_exchange::action::{
    Action, Decimal, Network, NetworkKind, Order, OrderKind, OrderRef, TimeInForce,
};
use tandem_exchange::perp::PerpGenesis;
use tandem_exchange::{
    Allocation, Config, Event, ExchangeGenesis, SPOT_ASSET_BASE, Token, TokenName, Transaction,
};
use tandem_reference_book::{Arriving, Book, Event as TwinEvent, Kind, Outside, Own, Resting};
use tandem_replay::{Lockstep, Message, RequestKey, Traders, read_messages};
use tandem_stf::{Genesis, Identity, Outcome};
use tandem_system::{Parameters, SystemGenesis, Validator};
use tandem_types::{Address, BlockTime, ChainId, PriceScale, QuoteAtoms, TokenAtoms, TokenId};

const ACCOUNTS: u8 = 16;
const PER_BLOCK: usize = 40;
/// Ticks of 10^-8 USD in a ten-thousandth of a dollar.
const TICKS_PER_UNIT: u64 = 10_000;
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
                let ticks = u64::from(maker.price) * TICKS_PER_UNIT;
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

fn fills(outcome: &Outcome) -> Vec<Fill> {
    let scale = PriceScale::new(8).unwrap();
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
    let senders: Vec<Address> = keys().iter().map(RequestKey::address).collect();
    let mut lockstep = Lockstep::new(&genesis, identity(&genesis)).unwrap();
    let (mut twin, mut total) = (Twin::default(), 0);
    lockstep
        .run(messages, &traders, PER_BLOCK, |progress| {
            twin.fills.clear();
            twin.block(&senders, progress.transactions);
            assert_eq!(fills(progress.outcome), twin.fills, "at message {}", progress.messages);
            total += twin.fills.len();
        })
        .unwrap();
    (lockstep.head().core_root.to_string(), total)
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
