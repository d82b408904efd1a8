//! The exchange on the same commands: each is an action of one of a thousand accounts on a perpetual market, with its
//! margin checked, both sides' positions, fees and volumes settled, events and receipts made, and undone if refused. What
//! is not in it: signatures and nonces, the state tree, and roots. A block is sealed every thousand commands.

use crate::stream::{Command, MARKET};
use std::collections::HashMap;
use tandem_book::{Incoming, Side, TimeInForce as Stay};
use tandem_coprocessor::BlockContext;
use tandem_exchange::action::{
    Action, AssetId, Cancel, CancelOrders, Decimal, Grouping, Modify, Order, OrderKind, OrderRef,
    PlaceOrders, TimeInForce,
};
use tandem_exchange::perp::tiers::{MarginTiers, Tier};
use tandem_exchange::perp::{self, PerpConfig, PerpGenesis, PerpMarket};
use tandem_exchange::{
    Account, Call, Config, Event, Exchange, ExchangeGenesis, ExchangeTables, ItemStatus, Token, TokenName,
};
use tandem_oracle::MedianPrices;
use tandem_state::Tables;
use tandem_types::{
    AccountId, Address, BlockTime, Height, OrderId, PriceScale, PriceTicks, QuoteAtoms, SizeLots, Usd,
};

const ACCOUNTS: u64 = 1_000;
const FIRST: u64 = 10;
/// Sizes in hundredths, so prices in ten-thousandths of a dollar: the middle of the stream is 5 dollars.
const SIZE_DECIMALS: u8 = 2;
const PRICE_DECIMALS: u8 = 4;
const MIDDLE: PriceTicks = PriceTicks(50_000);
/// A million dollars each.
const COLLATERAL: Usd = Usd(100_000_000_000_000);

/// The exchange and what its traders remember.
pub struct Engine {
    tables: ExchangeTables,
    block: BlockContext,
    /// The exchange's number of each trader's order.
    ids: HashMap<u64, OrderId>,
    pub fills: u64,
    pub refused: u64,
}

impl Default for Engine {
    fn default() -> Self {
        let mut tables = ExchangeTables::default();
        genesis().write(&mut tables).expect("a good genesis");
        for account in FIRST..FIRST + ACCOUNTS {
            let account = AccountId(account as u32);
            tables.accounts.put(account, Account::new(Address([1; 20])));
            tables.collaterals.put(account, COLLATERAL);
        }
        let block = BlockContext { height: Height(1), time: BlockTime(1_700_000_000_000) };
        let price = MedianPrices { oracle: Some(MIDDLE), external: Some(MIDDLE) };
        let medians = vec![price; usize::from(MARKET.0) + 1];
        perp::prices::update(&mut tables, &medians, block.time, &mut Vec::new());
        tables.seal();
        Self { tables, block, ids: HashMap::new(), fills: 0, refused: 0 }
    }
}

impl Engine {
    /// The command as an action.
    pub fn apply(&mut self, command: &Command) {
        match command {
            Command::Place { name, incoming } => {
                let orders = vec![order(incoming)];
                let place = PlaceOrders { orders, grouping: Grouping::Na, builder: None };
                self.act(*name, &Action::Order(place));
            }
            Command::Cancel { name, .. } => {
                let order = self.ids.remove(name).unwrap_or(OrderId(u64::MAX));
                let cancels = vec![Cancel { asset: asset(), order }];
                self.act(*name, &Action::Cancel(CancelOrders { cancels, fast: None }));
            }
            Command::Move { name, incoming, .. } => {
                let target = self.ids.remove(name).unwrap_or(OrderId(u64::MAX));
                let modify = Modify { target: OrderRef::Id(target), order: order(incoming) };
                self.act(*name, &Action::Modify(modify));
            }
        }
    }

    fn act(&mut self, name: u64, action: &Action) {
        let call = Call { action, by_owner: true, scoped_agent: None, for_vault: false, co_signatures: 0 };
        let account = AccountId((FIRST + name % ACCOUNTS) as u32);
        let ran = tandem_coprocessor::run::<Exchange>(&mut self.tables, self.block, (), account, &call);
        let Ok((reply, _)) = ran else {
            self.refused += 1;
            return;
        };
        match reply.items.first() {
            Some(ItemStatus::Resting { id, .. }) => drop(self.ids.insert(name, *id)),
            Some(ItemStatus::Rejected(_)) => self.refused += 1,
            _ => {}
        }
        self.fills += reply.events.iter().filter(|event| matches!(event, Event::Trade(_))).count() as u64;
    }

    /// Ends a block.
    pub fn seal(&mut self) {
        tandem_exchange::end_block(&mut self.tables);
        std::hint::black_box(self.tables.seal());
        self.block.height = Height(self.block.height.0 + 1);
    }
}

fn asset() -> AssetId {
    AssetId(u32::from(MARKET.0))
}

fn order(incoming: &Incoming) -> Order {
    let ticks = incoming.limit.to_ticks(PriceScale::new(PRICE_DECIMALS).expect("a scale"));
    let stay = if incoming.time_in_force == Stay::Ioc { TimeInForce::Ioc } else { TimeInForce::Gtc };
    Order {
        asset: asset(),
        is_buy: incoming.side == Side::Bid,
        price: Decimal::new(ticks.0, PRICE_DECIMALS).expect("a price"),
        size: Decimal::new(incoming.size.0, SIZE_DECIMALS).expect("a size"),
        reduce_only: false,
        kind: OrderKind::Limit(stay),
        cloid: None,
        self_trade_prevention: None,
        expires: None,
    }
}

fn genesis() -> ExchangeGenesis {
    let name = |name| TokenName::new(name).expect("a name");
    let market = PerpMarket {
        name: name("M"),
        size_decimals: SIZE_DECIMALS,
        tiers: MarginTiers::new(&[Tier { from: QuoteAtoms(0), leverage_max: 50 }]).expect("tiers"),
        open_interest_max: SizeLots(u64::MAX),
        open_interest_notional_max: QuoteAtoms(u64::MAX),
        impact_notional_micros: 6_000_000_000,
    };
    ExchangeGenesis {
        config: Config {
            taker_fee_ppm: 700,
            maker_fee_ppm: 400,
            budget_base: u64::MAX / 4,
            open_orders_max: u32::MAX,
            notional_min: QuoteAtoms(1),
            activation_fee: QuoteAtoms(0),
            fees: tandem_exchange::fees::FeeSchedule::default(),
        },
        tokens: vec![Token { name: name("USDC"), wei_decimals: 8, size_decimals: 8 }],
        markets: Vec::new(),
        allocations: Vec::new(),
        perps: PerpGenesis {
            config: PerpConfig::default(),
            markets: vec![market; usize::from(MARKET.0) + 1],
            ..PerpGenesis::default()
        },
    }
}
