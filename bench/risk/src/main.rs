//! What a mark update costs: the risk index against margining everybody.
//!
//! 50,000 accounts hold two positions each, 100,000 in 100 markets, long and short, with 2 to 40 times leverage. All marks
//! of all markets move by the same part of themselves at once, and move back. *update* is `perp::prices::update`, which
//! reads the two first entries of each market's index; *due work* looks at whomever the prices have reached, within the
//! limit of a block, and goes on in the next; *everybody* margins each account once.
//!
//! Envelope: 100 markets × two searches of 1 µs are far below the 5 ms that an update may take; looking at an account with
//! two positions costs a few µs.
//!
//! Run with `cargo run --release`.

use std::time::{Duration, Instant};
use tandem_coprocessor::{BlockContext, Coprocessor, Handle, WorkMeter};
use tandem_exchange::perp::position::{MarginMode, Position};
use tandem_exchange::perp::tiers::{MarginTiers, Tier};
use tandem_exchange::perp::{self, PerpConfig, PerpGenesis, PerpMarket, PerpTotals, risk};
use tandem_exchange::{Account, Config, Exchange, ExchangeGenesis, ExchangeTables, PositionKey, Token, TokenName};
use tandem_oracle::MedianPrices;
use tandem_state::Tables;
use tandem_types::{
    AccountId, Address, BlockTime, Height, MarketId, PriceTicks, QuoteAtoms, SignedLots, SizeLots, Usd,
};

const MARKETS: u16 = 100;
const ACCOUNTS: u32 = 50_000;
const FIRST: u32 = 10;
const MARK: u64 = 20_000_000;
const LOTS: i64 = 100;
/// Moves in hundred-thousandths.
const MOVES: [u64; 7] = [10, 100, 500, 1_000, 1_500, 2_000, 5_000];
const BLOCKS_MAX: u32 = 10_000;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % end
    }
}

fn genesis() -> ExchangeTables {
    let tier = Tier { from: QuoteAtoms(0), leverage_max: 50 };
    let market = PerpMarket {
        name: TokenName::new("M").expect("a name"),
        size_decimals: 2,
        tiers: MarginTiers::new(&[tier]).expect("tiers"),
        open_interest_max: SizeLots(u64::MAX),
        open_interest_notional_max: QuoteAtoms(u64::MAX),
        impact_notional_micros: 6_000_000_000,
    };
    let genesis = ExchangeGenesis {
        config: Config {
            taker_fee_ppm: 700,
            maker_fee_ppm: 400,
            budget_base: 10_000,
            open_orders_max: 1_000,
            notional_min: QuoteAtoms(1_000_000_000),
            activation_fee: QuoteAtoms(0),
            fees: tandem_exchange::fees::FeeSchedule::default(),
        },
        tokens: vec![Token { name: TokenName::new("USDC").expect("a name"), wei_decimals: 8, size_decimals: 8 }],
        markets: Vec::new(),
        allocations: Vec::new(),
        perps: PerpGenesis {
            config: PerpConfig::default(),
            markets: vec![market; usize::from(MARKETS)],
            ..PerpGenesis::default()
        },
    };
    let mut tables = ExchangeTables::default();
    genesis.write(&mut tables).expect("a good genesis");
    tables
}

struct Bench {
    tables: ExchangeTables,
    block: BlockContext,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            tables: genesis(),
            block: BlockContext { height: Height(1), time: BlockTime(1_700_000_000_000) },
        };
        bench.update(MARK);
        let mut random = Random(1);
        for number in 0..ACCOUNTS {
            bench.hold(AccountId(FIRST + number), &mut random, number % 2 == 0);
        }
        let accounts = (FIRST..FIRST + ACCOUNTS).map(AccountId);
        risk::rebuild(&mut bench.tables, bench.block, accounts).expect("sums in range");
        bench.tables.seal();
        bench
    }

    /// Two positions of one account, and the collateral of its leverage; sizes balance over pairs of accounts.
    fn hold(&mut self, account: AccountId, random: &mut Random, long: bool) {
        let size = if long { LOTS } else { -LOTS };
        let first = u16::try_from((account.0 / 2) % u32::from(MARKETS)).expect("a market");
        let notional = LOTS * i64::try_from(MARK).expect("a price") * 100;
        for market in [first, (first + 1) % MARKETS] {
            let position = Position {
                size: SignedLots(size),
                quote: Usd(-size.signum() * notional),
                entry: QuoteAtoms(notional.unsigned_abs()),
                ..Position::new(20, MarginMode::Cross)
            };
            let market = MarketId(market);
            self.tables.positions.put(PositionKey { account, market }, position);
            let totals = self.tables.perp_totals.peek(&market).copied().unwrap_or_default();
            let open_interest = SizeLots(totals.open_interest.0 + size.max(0).unsigned_abs());
            self.tables.perp_totals.put(market, PerpTotals { open_interest, ..totals });
        }
        // 2 to 40 times, in steps of a tenth.
        let tenths = 20 + i64::try_from(random.below(380)).expect("a small number");
        self.tables.collaterals.put(account, Usd(2 * notional * 10 / tenths));
        self.tables.accounts.put(account, Account::new(Address([1; 20])));
    }

    /// The next block, with all prices at `oracle`.
    fn update(&mut self, oracle: u64) -> Duration {
        let time = BlockTime(self.block.time.0 + 100);
        self.block = BlockContext { height: Height(self.block.height.0 + 1), time };
        let price = Some(PriceTicks(oracle));
        let medians = vec![MedianPrices { oracle: price, external: price }; usize::from(MARKETS)];
        let start = Instant::now();
        perp::prices::update(&mut self.tables, &medians, time, &mut Vec::new());
        start.elapsed()
    }

    /// One block's due work; its time, and whether nothing is left of the selection.
    fn due_work(&mut self) -> (Duration, bool) {
        let mut meter = WorkMeter::new(Exchange::DESCRIPTION.limits.due_work_max);
        let mut handle: Handle<'_, '_, Exchange> =
            Handle { tables: &mut self.tables, block: self.block, meter: &mut meter, interfaces: () };
        let start = Instant::now();
        Exchange::due_work(&mut handle).expect("due work does not fail");
        let time = start.elapsed();
        (time, self.tables.risk_due.is_empty())
    }

    /// Accounts with a changed entry of the risk index since the last call.
    fn looked_at(&mut self) -> usize {
        let delta = self.tables.seal();
        // Engine 0x10, table 64; the account is at the key's end.
        let mut accounts: Vec<_> =
            delta.changes_under(&[0x10, 64]).map(|change| change.key[change.key.len() - 4..].to_vec()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts.len()
    }

    fn margin_everybody(&mut self) -> Duration {
        let start = Instant::now();
        let mut below = 0u32;
        for account in FIRST..FIRST + ACCOUNTS {
            let margin = perp::cross_margin(&mut self.tables, AccountId(account)).expect("sums in range");
            below += u32::from(margin.excess() < 0);
        }
        assert!(below <= ACCOUNTS);
        start.elapsed()
    }
}

fn main() {
    let fresh = Bench::new();
    println!(
        "{ACCOUNTS} accounts, {} positions, {MARKETS} markets; all marks fall at once",
        fresh.tables.positions.len()
    );
    println!("fall      looked at   queued   blocks   update    due work, sum   most of a block   everybody");
    for fall in MOVES {
        let mut bench = Bench { tables: fresh.tables.clone(), block: fresh.block };
        let update = bench.update(MARK - MARK * fall / 100_000);
        let (mut sum, mut most, mut blocks) = (Duration::ZERO, Duration::ZERO, 0u32);
        let (mut looked_at, mut queued) = (0, 0);
        loop {
            let (time, is_done) = bench.due_work();
            (sum, most, blocks) = (sum + time, most.max(time), blocks + 1);
            queued = queued.max(bench.tables.liquidations.len());
            looked_at += bench.looked_at();
            if is_done || blocks == BLOCKS_MAX {
                break;
            }
            bench.block.time = BlockTime(bench.block.time.0 + 100);
        }
        let everybody = bench.margin_everybody();
        println!(
            "{:<8} {looked_at:>10} {queued:>8} {blocks:>8} {:>8.0} µs {:>12.0} µs {:>14.0} µs {:>9.0} µs",
            format!("{}.{:03} %", fall / 1_000, fall % 1_000),
            micros(update),
            micros(sum),
            micros(most),
            micros(everybody),
        );
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
