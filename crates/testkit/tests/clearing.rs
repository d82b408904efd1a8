//! The clearing house against its naive twin: the same seeded actions to both, everything compared after each.
//!
//! Each action is a block of its own, which the harness executes in every way there is. The twin is given the mark prices
//! and funding rates of that block; how those come about is tested beside them. `TANDEM_CAMPAIGN` multiplies the streams.

mod clearing_flood;
mod clearing_groups;
mod clearing_waiting;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use tandem_exchange::action::{Action, Decimal, Order, OrderKind, TimeInForce};
use tandem_exchange::fees::{FeeSchedule, FeeTier, Rates, RebateTier};
use tandem_exchange::perp::liquidation::{MarginUnit, TurnKey, VaultAddresses};
use tandem_exchange::perp::position::MarginMode;
use tandem_exchange::{
    BalanceKey, CloseReason, Event, ExchangeTables, ItemStatus, TREASURY, sub_account_address,
};
use tandem_reference_clearing::{
    Clearing, Fees, Market, Number, Stay, Tally, Wish, fraction, units, whole, zero,
};
use tandem_testkit::{
    DOGE, ETH, Harness, Random, Signer, Step, USD, approve_builder, buy_perp, cancel_perp, class_transfer,
    create_sub_account, isolated_margin, leverage, perp_genesis, place_built, register_referrer, sell_perp,
    set_referrer, sub_account_transfer, top_up, usd_send,
};
use tandem_types::{AccountId, Address, MarketId, OrderId};

const STREAMS: u64 = 16;
const ACTIONS: u64 = 320;
const TRADERS: u8 = 4;
/// Who quotes much and has much.
const MAKER: u8 = 5;
const USD_ATOMS: i128 = 100_000_000;
/// Accounts of the vaults, which come after those of the wallets.
const BACKSTOP: u32 = 6;
const INSURANCE: u32 = 7;
/// The sub-account of the first trader, which is made last.
const SUB_ACCOUNT: u8 = 8;
const LAST: u32 = 8;
const DAY_MS: u64 = 24 * 3_600_000;

/// Lots and ticks of a market, in the decimal digits behind the point, and the size of what is traded in it.
struct Form {
    id: MarketId,
    lot_digits: u8,
    tick_digits: u8,
    /// Ticks in the step of valid prices around the starting price.
    step: u64,
    lots_max: u64,
}

const FORMS: [Form; 2] = [
    Form { id: ETH, lot_digits: 2, tick_digits: 4, step: 1_000, lots_max: 150 },
    Form { id: DOGE, lot_digits: 0, tick_digits: 6, step: 10, lots_max: 30_000 },
];

impl Form {
    fn price(&self, ticks: u64) -> Number {
        fraction(i128::from(ticks), 10i128.pow(u32::from(self.tick_digits)))
    }

    fn size(&self, lots: i128) -> Number {
        fraction(lots, 10i128.pow(u32::from(self.lot_digits)))
    }
}

fn atoms(amount: i128) -> Number {
    fraction(amount, USD_ATOMS)
}

/// What has to happen at least once, or the streams show too little.
const WANTED: [&str; 14] = [
    "Trade",
    "Rebate",
    "Tier",
    "BuilderPaid",
    "ReferrerSet",
    "RewardsClaimed",
    "Funding",
    "IsolatedMargin",
    "NotAdmitted",
    "ReduceOnly",
    "SelfTrade",
    "InsufficientMargin",
    "InsufficientMarginAfterFill",
    "InsufficientWithdrawable",
];

/// What runs on the twin.
type Run = Box<dyn FnOnce(&mut Clearing) -> bool>;

struct Stream {
    random: Random,
    chain: Harness,
    twin: Clearing,
    oracle: [u64; 2],
    /// How large everything is, in multiples of the usual.
    scale: u64,
    /// How often what happened.
    seen: BTreeMap<String, u64>,
}

impl Stream {
    fn new(seed: u64) -> Self {
        let mut genesis = perp_genesis();
        genesis.exchange.config.fees = fee_schedule();
        let mut chain = Harness::new(genesis);
        let scale = if seed.is_multiple_of(2) { 1 } else { 80 };
        let oracle = [20_000_000, 100_000];
        chain.set_oracle(ETH, oracle[0]);
        chain.set_oracle(DOGE, oracle[1]);
        let tiers =
            |tiers: &[(i128, u32)]| tiers.iter().map(|(usd, leverage)| (whole(*usd), *leverage)).collect();
        let open_interest_max = |form: &Form| (form.size(1_000_000_000), whole(20_000_000));
        let twin = Clearing {
            markets: vec![
                Market {
                    tiers: tiers(&[(0, 50), (1_000_000, 20)]),
                    open_interest_max: open_interest_max(&FORMS[0]),
                    order_max: whole(30_000_000),
                    tick: FORMS[0].price(1),
                    lot: FORMS[0].size(1),
                },
                Market {
                    tiers: tiers(&[(0, 10)]),
                    open_interest_max: open_interest_max(&FORMS[1]),
                    order_max: whole(2_000_000),
                    tick: FORMS[1].price(1),
                    lot: FORMS[1].size(1),
                },
            ],
            cash: (1..=5).map(|who| (who, whole(1_000_000))).collect(),
            backstop: BACKSTOP,
            insurance: INSURANCE,
            trading: twin_fees(),
            least: whole(10),
            ..Clearing::default()
        };
        let mut stream =
            Self { random: Random::seeded(seed), chain, twin, oracle, scale, seen: BTreeMap::new() };
        stream.fund(seed);
        stream
    }

    /// Prices, and some collateral for everyone.
    fn fund(&mut self, seed: u64) {
        let step = self.chain.empty();
        self.follow_prices(&step);
        // Vaults: both poor, the backstop rich, both with a little, the insurance fund rich.
        let vaults = VaultAddresses::default();
        for who in 1..=MAKER {
            self.run(who, approve_the_builder);
        }
        self.run(MAKER, transfer(90_000_000, true));
        let gifts = [(0, 0), (500_000, 0), (50_000, 5_000), (0, 200_000)];
        let (backstop, insurance) = gifts[usize::try_from(seed % 4).unwrap()];
        for (to, who, cents) in
            [(vaults.backstop, BACKSTOP, backstop), (vaults.insurance, INSURANCE, insurance)]
        {
            if cents > 0 {
                self.run(MAKER, gift(to, who, cents * self.scale));
            }
        }
        for who in 1..=TRADERS {
            let usd = (100 + self.random.below(400)) * self.scale;
            self.run(who, self::transfer(usd * 100, true));
            self.run(who, set_leverage);
            self.run(who, set_leverage);
        }
        self.run(1, make_sub_account);
        let cents = self.random.below(20_000) * self.scale;
        self.run(1, share(cents, true));
        self.run(SUB_ACCOUNT, set_leverage);
    }

    /// Runs one action on both and compares everything.
    fn run(&mut self, who: u8, plan: impl FnOnce(&mut Self, u8) -> (Action, Run)) {
        let (action, run) = plan(self, who);
        let step = match who {
            SUB_ACCOUNT => self.chain.act_for(&Signer::wallet(1), &sub_account(), &action),
            _ => self.chain.act(&Signer::wallet(who), &action),
        };
        self.follow_prices(&step);
        self.note(&step);
        self.twin.trading.today = step.outcome.header.time.0 / DAY_MS;
        let result = &step.receipts()[0].result;
        let done = result.as_ref().is_ok_and(|items| !matches!(items.as_slice(), [ItemStatus::Rejected(_)]));
        assert_eq!(done, run(&mut self.twin), "{who} {action:?} {result:?}");
        self.twin.due(step.outcome.header.time.0);
        self.assert_same(&action);
    }

    fn note(&mut self, step: &Step) {
        let receipt = &step.receipts()[0];
        let whole = receipt.result.as_ref().err().map(|rejection| format!("{rejection:?}"));
        let items = receipt.result.iter().flatten().filter_map(|item| match item {
            ItemStatus::Rejected(rejection) => Some(format!("{rejection:?}")),
            ItemStatus::WaitingForFill { .. } => Some("WaitingForFill".to_owned()),
            ItemStatus::WaitingForTrigger { .. } => Some("WaitingForTrigger".to_owned()),
            ItemStatus::Done
            | ItemStatus::Resting { .. }
            | ItemStatus::Filled { .. }
            | ItemStatus::TwapRunning { .. }
            | ItemStatus::AccountMade { .. } => None,
        });
        let events =
            receipt.events.iter().chain(&step.outcome.receipts.due).filter_map(|event| match event {
                Event::Trade(trade) if !trade.maker_rebate.is_zero() => Some("Rebate".to_owned()),
                Event::Trade(_) => Some("Trade".to_owned()),
                Event::BuilderPaid(_) => Some("BuilderPaid".to_owned()),
                Event::RewardsClaimed { .. } => Some("RewardsClaimed".to_owned()),
                Event::Funding { .. } => Some("Funding".to_owned()),
                Event::Closed { reason, .. } => Some(format!("{reason:?}")),
                Event::IsolatedMargin { .. } => Some("IsolatedMargin".to_owned()),
                Event::Waiting { .. } => Some("Waiting".to_owned()),
                Event::Armed { .. } => Some("Armed".to_owned()),
                Event::Triggered { .. } => Some("Triggered".to_owned()),
                Event::TriggerRefused { .. } => Some("TriggerRefused".to_owned()),
                _ => None,
            });
        let friends = receipt.events.iter().filter_map(|event| match event {
            Event::Closed { account, reason: CloseReason::SelfTrade, .. } if *account != receipt.account => {
                Some("FriendsMeet".to_owned())
            }
            _ => None,
        });
        let holders = (1..=u32::from(MAKER)).map(AccountId);
        let holders = holders.filter_map(|account| self.chain.chain.tables.exchange.accounts.peek(&account));
        let tiers = holders.filter(|account| account.today.standing.tier > 0).map(|_| "Tier".to_owned());
        for what in items.chain(events).chain(friends).chain(whole).chain(tiers.take(1)) {
            *self.seen.entry(what).or_default() += 1;
        }
    }

    fn follow_prices(&mut self, step: &Step) {
        for (market, form) in FORMS.iter().enumerate() {
            let prices = self.chain.chain.tables.exchange.perp_prices.peek(&form.id).copied();
            if let Some(prices) = prices {
                self.twin.set_mark(market, form.price(prices.mark.0));
            }
        }
        for event in &step.outcome.receipts.due {
            if let Event::FundingRate { market, rate, oracle, .. } = event {
                let at = usize::from(market.0);
                let rate = fraction(i128::from(rate.0), 1_000_000_000_000);
                self.twin.pay_funding(at, &FORMS[at].price(oracle.0), &rate);
            }
        }
    }

    fn assert_same(&self, action: &Action) {
        clearing_waiting::assert_same(self, action);
        let (tables, twin) = (&self.chain.chain.tables.exchange, &self.twin);
        for who in 0..=LAST {
            let account = AccountId(who);
            let cash = tables.balances.peek(&BalanceKey { account, token: USD });
            let cash = atoms(cash.map_or(0, |balance| i128::from(balance.total.0)));
            let expected = if account == TREASURY { Some(&twin.fees) } else { twin.cash.get(&who) };
            assert_eq!(cash, expected.cloned().unwrap_or_else(zero), "cash of {who} after {action:?}");
            let collateral = tables.collaterals.peek(&account).map_or(0, |amount| i128::from(amount.0));
            let expected = twin.collateral.get(&who).cloned().unwrap_or_else(zero);
            assert_eq!(atoms(collateral), expected, "collateral of {who} after {action:?}");
            for (at, form) in FORMS.iter().enumerate() {
                let position =
                    tables.positions.peek(&tandem_exchange::PositionKey { account, market: form.id });
                let expected = twin.position(who, at);
                let Some(position) = position else {
                    assert_eq!((expected.size, expected.quote), (zero(), zero()), "{who} after {action:?}");
                    continue;
                };
                assert_eq!(form.size(i128::from(position.size.0)), expected.size, "{who} after {action:?}");
                assert_eq!(atoms(i128::from(position.quote.0)), expected.quote, "{who} after {action:?}");
                assert_eq!(atoms(i128::from(position.entry.0)), expected.entry, "{who} after {action:?}");
                let mode = (u32::from(position.leverage), position.mode == MarginMode::Isolated);
                assert_eq!(mode, (expected.leverage, expected.isolated));
                let counted = [position.bids, position.asks, position.reduce_only];
                let counted = counted.map(|lots| form.size(i128::from(lots.0)));
                assert_eq!(counted, twin.open_sizes(who, at), "{who} after {action:?}");
            }
        }
        for who in 1..=LAST {
            let owed = tables.referrers.peek(&AccountId(who)).map_or(0, |own| i128::from(own.unclaimed.0));
            let expected = twin.referrals.owed.get(&who).cloned().unwrap_or_else(zero);
            assert_eq!(atoms(owed), expected, "rewards of {who} after {action:?}");
        }
        let queued: Vec<_> = rows_of(tables);
        let expected: Vec<_> = twin.queue.iter().copied().collect();
        assert_eq!(queued, expected, "queue after {action:?}");
        for (at, form) in FORMS.iter().enumerate() {
            let pool =
                tables.perp_totals.peek(&form.id).map_or(0, |totals| i128::from(totals.funding_pool.0));
            assert_eq!(atoms(pool), twin.pools.get(&at).cloned().unwrap_or_else(zero));
            let mut open = Vec::new();
            for side in [tandem_book::Side::Bid, tandem_book::Side::Ask] {
                let resting = tandem_book::resting(&tables.orders, form.id, side);
                open.extend(resting.map(|(key, order)| (key.id.0, form.size(i128::from(order.remaining.0)))));
            }
            open.sort();
            let mine = twin.orders.iter().filter(|order| order.market == at);
            let mut expected: Vec<_> = mine.map(|order| (order.id, order.left.clone())).collect();
            expected.sort();
            assert_eq!(open, expected, "orders after {action:?}");
        }
    }

    /// Prices and time move on, now and then far.
    fn move_on(&mut self) {
        self.chain.step_ms = self.random.pick(&[100, 100, 100, 1_000, 6_000, 900_000]);
        if self.random.below(40) == 0 {
            self.chain.step_ms = DAY_MS;
        }
        for (oracle, form) in self.oracle.iter_mut().zip(&FORMS) {
            let wide = if self.random.below(6) == 0 { 60 } else { 3 };
            let mut thousandths = 1_000 + self.random.below(2 * wide + 1) - wide;
            if self.random.below(20) == 0 {
                thousandths = self.random.pick(&[700, 880, 940, 970, 1_030, 1_060, 1_120, 1_400]);
            }
            *oracle = (*oracle * thousandths / 1_000).clamp(50_000, 40_000_000);
            self.chain.set_oracle(form.id, *oracle);
        }
    }

    fn act(&mut self) {
        self.move_on();
        let who = self.random.pick(&[1, 2, 3, TRADERS, SUB_ACCOUNT]);
        let what = self.random.below(42);
        if who == SUB_ACCOUNT && matches!(what, 12 | 17..=19) {
            let cents = self.random.below(15_000) * self.scale;
            return self.run(1, share(cents, what != 17));
        }
        match what {
            20..=24 => self.run(MAKER, order),
            25 => self.run(MAKER, cancel),
            26..=29 => self.run(who, clearing_waiting::wait),
            30..=32 => self.run(who, clearing_waiting::bracket),
            33..=34 => self.run(who, clearing_waiting::follow),
            35 => self.run(who, clearing_waiting::forget),
            36 => self.run(who, move_margin),
            40..=41 => self.run(who, clearing_groups::group),
            0..=1 => self.refer(who),
            37..=39 | 2..=10 => self.run(who, order),
            11 => self.run(who, move_margin),
            12 => {
                let cents = self.random.below(12_000) * self.scale;
                self.run(who, transfer(cents, true));
            }
            13 => self.run(who, cancel),
            14..=15 => self.run(who, set_leverage),
            16 => self.run(who, move_margin),
            17 => {
                let cents = self.random.below(30_000) * self.scale;
                self.run(who, transfer(cents, false));
            }
            18 => {
                let cents = self.random.below(12_000) * self.scale;
                self.run(who, transfer(cents, true));
            }
            _ => self.run(who, send),
        }
    }
}

impl Stream {
    /// The one who quotes registers as soon as it may. From then on others register, name a code, or claim, as it does.
    fn refer(&mut self, who: u8) {
        if !self.twin.referrals.referrers.contains(&u32::from(MAKER)) {
            return self.run(MAKER, register);
        }
        match self.random.below(6) {
            0 => self.run(who, register),
            1..=3 => self.run(who, name_referrer),
            _ => {
                let who = self.random.pick(&[who, MAKER, MAKER]);
                self.run(who, claim);
            }
        }
    }
}

fn register(_: &mut Stream, who: u8) -> (Action, Run) {
    (register_referrer(&format!("CODE{who}")), Box::new(move |twin| twin.register(u32::from(who))))
}

fn name_referrer(stream: &mut Stream, who: u8) -> (Action, Run) {
    let referrer = stream.random.pick(&[1, 2, MAKER, MAKER]);
    let run = move |twin: &mut Clearing| twin.name_referrer(u32::from(who), u32::from(referrer));
    (set_referrer(&format!("CODE{referrer}")), Box::new(run))
}

fn claim(_: &mut Stream, who: u8) -> (Action, Run) {
    (Action::ClaimRewards, Box::new(move |twin| twin.claim(u32::from(who))))
}

fn order(stream: &mut Stream, who: u8) -> (Action, Run) {
    let random = &mut stream.random;
    let at = usize::try_from(random.below(2)).unwrap();
    let form = &FORMS[at];
    let mark = stream.chain.chain.tables.exchange.perp_prices.peek(&form.id).unwrap().mark.0;
    let is_maker = who == MAKER;
    let far = if random.below(3) == 0 && !is_maker { 80 } else { 4 };
    let thousandths = 1_000 + random.below(2 * far + 1) - far;
    let ticks = mark * thousandths / 1_000 / form.step * form.step;
    let lots = 1 + random.below(form.lots_max * stream.scale);
    let (buy, reduce_only) = (random.below(2) == 0, random.below(4) == 0 && !is_maker);
    let stay = random.pick(&[Stay::Gtc, Stay::Gtc, Stay::Ioc, Stay::Alo]);
    let stay = if is_maker { Stay::Gtc } else { stay };
    let (order, wish) = limit(who, at, buy, ticks, lots, stay);
    let (order, wish) = (Order { reduce_only, ..order }, Wish { reduce_only, ..wish });
    let tenths = tenths_of(lots);
    let wish = Wish { builder: builder(tenths), ..wish };
    (place_built(&[order], &builder_address(), tenths), Box::new(move |twin| twin.place(&wish)))
}

/// A limit order, for both.
fn limit(who: u8, at: usize, buy: bool, ticks: u64, lots: u64, stay: Stay) -> (Order, Wish) {
    let form = &FORMS[at];
    let base = if buy { buy_perp(form.id, "1", "1") } else { sell_perp(form.id, "1", "1") };
    let order = Order {
        price: Decimal::new(ticks, form.tick_digits).unwrap(),
        size: Decimal::new(lots, form.lot_digits).unwrap(),
        kind: OrderKind::Limit(match stay {
            Stay::Gtc => TimeInForce::Gtc,
            Stay::Ioc => TimeInForce::Ioc,
            Stay::Alo => TimeInForce::Alo,
        }),
        ..base
    };
    let (price, size) = (form.price(ticks), form.size(i128::from(lots)));
    let who = u32::from(who);
    (order, Wish { who, market: at, buy, price, size, stay, reduce_only: false, zero: None, builder: None })
}

/// Fees of builders, in tenths of a basis point.
const TENTHS: [u64; 4] = [0, 0, 7, 100];

/// The fee of an order of a size.
fn tenths_of(lots: u64) -> u64 {
    TENTHS[usize::try_from(lots % 4).unwrap()]
}

/// What a builder's fee is to the twin: one trader builds for all.
fn builder(tenths: u64) -> Option<(u32, Number)> {
    (tenths > 0).then(|| (u32::from(MAKER), fraction(i128::from(tenths), 100_000)))
}

fn builder_address() -> Address {
    Signer::wallet(MAKER).address()
}

fn approve_the_builder(stream: &mut Stream, _: u8) -> (Action, Run) {
    (approve_builder(&builder_address(), "0.1%", stream.chain.nonce()), Box::new(|_| true))
}

fn cancel(stream: &mut Stream, who: u8) -> (Action, Run) {
    let mine: Vec<_> = stream.twin.orders.iter().filter(|order| order.who == u32::from(who)).collect();
    let nth = usize::try_from(stream.random.below(4)).unwrap();
    let (id, at) = mine.get(nth).map_or((u64::MAX, 0), |order| (order.id, order.market));
    let action = cancel_perp(FORMS[at].id, &[OrderId(id)]);
    (action, Box::new(move |twin| twin.cancel(u32::from(who), id)))
}

fn set_leverage(stream: &mut Stream, who: u8) -> (Action, Run) {
    let at = usize::try_from(stream.random.below(2)).unwrap();
    let wanted = stream.random.pick(&[3u64, 5, 10, 10, 20, 50, 50, 51]);
    let cross = stream.random.below(2) == 0;
    let action = leverage(FORMS[at].id, wanted, cross);
    let wanted = u32::try_from(wanted).unwrap();
    (action, Box::new(move |twin| twin.set_leverage(u32::from(who), at, wanted, !cross)))
}

fn move_margin(stream: &mut Stream, who: u8) -> (Action, Run) {
    let isolated = stream.twin.positions.iter().find(|((other, _), position)| {
        *other == u32::from(who) && position.isolated && position.size != zero()
    });
    let at = isolated.map_or(0, |((_, at), _)| *at);
    let micros = stream.random.below(200_000_000) * stream.scale;
    let micros = i64::try_from(micros).unwrap() - 100_000_000 * i64::try_from(stream.scale).unwrap();
    if micros % 6 == 0 {
        return top_up_margin(who, at, micros.unsigned_abs() % 400 + 1);
    }
    let amount = fraction(i128::from(micros), 1_000_000);
    let run = move |twin: &mut Clearing| twin.isolated_margin(u32::from(who), at, &amount);
    (isolated_margin(FORMS[at].id, micros), Box::new(run))
}

/// Tops an isolated position up to a leverage in tenths.
fn top_up_margin(who: u8, at: usize, tenths: u64) -> (Action, Run) {
    let wanted = fraction(i128::from(tenths), 10);
    let text = match tenths % 10 {
        0 => format!("{}", tenths / 10),
        tenth => format!("{}.{tenth}", tenths / 10),
    };
    let run = move |twin: &mut Clearing| twin.top_up(u32::from(who), at, &wanted);
    (top_up(FORMS[at].id, &text), Box::new(run))
}

fn transfer(cents: u64, to_perp: bool) -> impl FnOnce(&mut Stream, u8) -> (Action, Run) {
    move |stream, who| {
        let text = format!("{}.{:02}", cents / 100, cents % 100);
        let nonce = stream.chain.nonce();
        let amount = fraction(i128::from(cents), if to_perp { 100 } else { -100 });
        let run = move |twin: &mut Clearing| twin.class_transfer(u32::from(who), &amount);
        (class_transfer(&text, to_perp, nonce), Box::new(run))
    }
}

fn gift(address: Address, to: u32, cents: u64) -> impl FnOnce(&mut Stream, u8) -> (Action, Run) {
    move |stream, who| {
        let text = format!("{}.{:02}", cents / 100, cents % 100);
        let nonce = stream.chain.nonce();
        let amount = fraction(i128::from(cents), 100);
        let run = move |twin: &mut Clearing| twin.send(u32::from(who), to, &amount);
        (usd_send(&address, &text, nonce), Box::new(run))
    }
}

fn send(stream: &mut Stream, who: u8) -> (Action, Run) {
    let to = 1 + u8::try_from(stream.random.below(u64::from(TRADERS))).unwrap();
    let cents = stream.random.below(20_000);
    let text = format!("{}.{:02}", cents / 100, cents % 100);
    let nonce = stream.chain.nonce();
    let amount = fraction(i128::from(cents), 100);
    let run = move |twin: &mut Clearing| twin.send(u32::from(who), u32::from(to), &amount);
    (usd_send(&Signer::wallet(to).address(), &text, nonce), Box::new(run))
}

/// Tiers of volume in USD with the rates of taker and maker, and of parts of all volume with rebates, in millionths.
const TIERS: [(u32, u32, u32); 3] = [(20_000, 400, 120), (200_000, 350, 80), (5_000_000, 300, 0)];
const REBATES: [(u32, u32); 2] = [(100_000, 10), (300_000, 30)];

fn fee_schedule() -> FeeSchedule {
    let tiers = TIERS.map(|(above_usd, taker_ppm, maker_ppm)| {
        let perp = Rates { taker_ppm, maker_ppm };
        FeeTier { above_usd: above_usd.into(), perp, spot: perp }
    });
    let rebates = REBATES.map(|(above_share_ppm, rebate_ppm)| RebateTier { above_share_ppm, rebate_ppm });
    FeeSchedule::new(&tiers, &rebates).unwrap()
}

fn twin_fees() -> Fees {
    let ppm = |ppm: u32| fraction(i128::from(ppm), 1_000_000);
    let tier = |(above, taker, maker): (u32, u32, u32)| (whole(above.into()), (ppm(taker), ppm(maker)));
    Fees {
        base: (ppm(450), ppm(150)),
        tiers: TIERS.map(tier).to_vec(),
        rebates: REBATES.map(|(share, rebate)| (ppm(share), ppm(rebate))).to_vec(),
        holders: BTreeMap::from([(u32::from(SUB_ACCOUNT), 1)]),
        ..Fees::default()
    }
}

fn sub_account() -> Address {
    sub_account_address(&Signer::wallet(1).address(), 0)
}

/// Its master pays a dollar for it.
fn make_sub_account(_: &mut Stream, who: u8) -> (Action, Run) {
    let run = move |twin: &mut Clearing| {
        *twin.cash.get_mut(&u32::from(who)).unwrap() -= whole(1);
        twin.fees += whole(1);
        true
    };
    (create_sub_account("any"), Box::new(run))
}

/// Collateral from the master to the sub-account, or back.
fn share(cents: u64, deposit: bool) -> impl FnOnce(&mut Stream, u8) -> (Action, Run) {
    move |_, who| {
        let (from, to) = if deposit { (who, SUB_ACCOUNT) } else { (SUB_ACCOUNT, who) };
        let amount = fraction(i128::from(cents), 100);
        let run = move |twin: &mut Clearing| twin.send(u32::from(from), u32::from(to), &amount);
        (sub_account_transfer(&sub_account(), deposit, cents * 10_000), Box::new(run))
    }
}

/// The queue of liquidations, as the twin writes it.
fn rows_of(tables: &ExchangeTables) -> Vec<(u64, u32, Option<usize>)> {
    let mut rows = Vec::new();
    let mut from = TurnKey { due: 0, unit: MarginUnit::cross(AccountId(0)) };
    let last = TurnKey { due: u64::MAX, unit: MarginUnit::cross(AccountId(u32::MAX)) };
    while let Some((key, ())) = tables.liquidation_queue.peek_first(&from, &last) {
        let TurnKey { due, unit } = *key;
        rows.push((due, unit.account.0, unit.isolated.map(|market| usize::from(market.0))));
        let next = unit.isolated.map_or(MarketId(0), |market| MarketId(market.0 + 1));
        from = TurnKey { due, unit: MarginUnit::isolated(unit.account, next) };
    }
    rows
}

fn campaign() -> u64 {
    let wanted = std::env::var("TANDEM_CAMPAIGN").ok().and_then(|count| count.parse().ok());
    wanted.unwrap_or(1)
}

/// When everyone has been touched and holds nothing, pools hold dust: never less than nothing.
fn assert_pools_end_at_dust(stream: &Stream) {
    let twin = &stream.twin;
    let mut settled = zero();
    for at in 0..FORMS.len() {
        for who in 1..=LAST {
            let position = twin.position(who, at);
            let value = twin.own_health(who, at).value;
            settled += position.size * &twin.prices[&at].mark + position.quote - value;
        }
    }
    let pools = twin.pools.values().fold(settled, |sum, pool| sum + pool);
    assert!(pools >= zero(), "pools end at {pools}");
    assert!(units(&pools, USD_ATOMS) <= i128::from(ACTIONS) * 8, "pools hold more than dust");
}

/// What streams have shown.
#[derive(Default)]
struct Shown {
    streams: u64,
    seen: BTreeMap<String, u64>,
    /// Liquidation orders, parts, backstop, insurance, deleveraged.
    tally: [u64; 5],
}

impl Shown {
    fn add(&mut self, other: Self) {
        self.streams += other.streams;
        for (sum, count) in self.tally.iter_mut().zip(other.tally) {
            *sum += count;
        }
        other.seen.into_iter().for_each(|(what, count)| *self.seen.entry(what).or_default() += count);
    }
}

fn run_stream(seed: u64) -> Shown {
    let mut stream = Stream::new(seed);
    let money = stream.twin.money();
    for _ in 0..ACTIONS {
        stream.act();
        assert_eq!(stream.twin.money(), money, "money is conserved");
    }
    assert_pools_end_at_dust(&stream);
    let Tally { orders, parts, backstop, insurance, deleveraged } = stream.twin.tally;
    Shown { streams: 1, seen: stream.seen, tally: [orders, parts, backstop, insurance, deleveraged] }
}

/// Runs streams on all cores, each with a seed of its own.
fn run_streams(count: u64) -> Shown {
    let (next, shown) = (AtomicU64::new(0), Mutex::new(Shown::default()));
    let run = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= count {
                return;
            }
            let stream = run_stream(seed);
            let mut shown = shown.lock().unwrap();
            shown.add(stream);
            if shown.streams % 128 == 0 {
                println!("{} actions agree", shown.streams * ACTIONS);
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(run))));
    shown.into_inner().unwrap()
}

#[test]
fn random_actions_do_what_the_naive_twin_does() {
    let Shown { seen, tally, .. } = run_streams(STREAMS * campaign());
    for what in WANTED.into_iter().chain(clearing_waiting::WANTED).chain(clearing_groups::WANTED) {
        assert!(seen.contains_key(what), "streams without {what} show too little: {seen:?}");
    }
    println!("liquidation orders, parts, backstop, insurance, deleveraged: {tally:?}");
    assert!(tally.iter().all(|count| *count > 0), "streams show too little: {tally:?}");
}
