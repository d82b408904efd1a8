//! The book against its naive twin: the same seeded commands to both, everything compared after each.
//!
//! Commands come in blocks. Each block runs again on partial state made from what the first run read, and must end in
//! the same answers and the same delta. `TANDEM_TWIN_COMMANDS` sets how many commands run, `TANDEM_TWIN_SEED` which.

mod support;

use std::collections::BTreeMap;
use support::*;
use tandem_book::{
    Book, CancelReason, Incoming, Limits, Order, OrderKey, Owner, PlaceError, PlaceOutcome, PlaceRejection,
    Placed, ReduceRejection, SelfTrade, Side, TakerCancelReason, TimeInForce, resting,
};
use tandem_reference_book as naive;
use tandem_state::{Delta, ReadSet, Tables};
use tandem_types::{OrderId, PriceRank, SizeLots};

const COMMANDS_DEFAULT: u64 = 200_000;
const COMMANDS_PER_BLOCK: u64 = 50;

/// One command, with what the outside says while it runs.
#[derive(Clone, Debug)]
enum Command {
    Place {
        incoming: Incoming,
        fills_max: u32,
        refused: Vec<Owner>,
        friends: Vec<Owner>,
        unsettled: Option<OrderId>,
    },
    Cancel(OrderKey),
    Reduce(OrderKey, SizeLots),
}

/// What a command led to, and the steps that the settlement saw.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Place(Result<Placed, PlaceError<Unsettled>>, Vec<Step>),
    Cancel(Option<Order>),
    Reduce(Result<SizeLots, ReduceRejection>),
}

/// Seeded commands in a narrow band of prices, so that most of what can happen happens all the time. The band moves up
/// and down, and now and then an order comes that sweeps a whole side, so that books stay small.
struct Stream {
    random: u64,
    next_id: u64,
    /// Keys of recent orders, resting or gone.
    recent: Vec<OrderKey>,
}

impl Stream {
    /// SplitMix64.
    const fn below(&mut self, end: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.random;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    fn command(&mut self) -> Command {
        match self.below(20) {
            0..=3 if !self.recent.is_empty() => Command::Cancel(self.recent_key()),
            4 if !self.recent.is_empty() => Command::Reduce(self.recent_key(), SizeLots(self.below(12))),
            _ => self.place(),
        }
    }

    fn place(&mut self) -> Command {
        let side = self.pick(&[Side::Bid, Side::Ask]);
        let distance = u32::try_from(self.below(12)).unwrap();
        let middle = 1_000 + u32::try_from(self.next_id / 20 % 100).unwrap().abs_diff(50);
        let limit = PriceRank(if side == Side::Bid { middle + 6 - distance } else { middle - 6 + distance });
        let sweeps = self.below(200) == 0;
        let limit = match (sweeps, side) {
            (true, Side::Bid) => PriceRank(u32::MAX),
            (true, Side::Ask) => PriceRank(1),
            (false, _) => limit,
        };
        let size = match self.below(8) {
            _ if sweeps => 1_000_000,
            0 => self.below(150),
            _ => self.below(20),
        };
        let incoming = Incoming {
            id: OrderId(self.next_id),
            owner: Owner(u32::try_from(self.below(5)).unwrap()),
            side,
            limit,
            size: SizeLots(size),
            time_in_force: if sweeps {
                TimeInForce::Ioc
            } else {
                self.pick(&[
                    TimeInForce::Gtc,
                    TimeInForce::Gtc,
                    TimeInForce::Gtc,
                    TimeInForce::Ioc,
                    TimeInForce::Alo,
                    TimeInForce::Fok,
                ])
            },
            self_trade: self.pick(&[
                SelfTrade::CancelMaker,
                SelfTrade::CancelTaker,
                SelfTrade::CancelBoth,
                SelfTrade::Decrement,
            ]),
        };
        self.next_id += 1 + self.below(3);
        self.recent.push(OrderKey::new(MARKET, side, limit, incoming.id));
        if self.recent.len() > 60 {
            self.recent.remove(0);
        }
        let (refused, friends) = (self.owner_or_none(), self.owner_or_none());
        let unsettled = if self.below(8) == 0 { Some(self.recent_key().id) } else { None };
        Command::Place {
            incoming,
            fills_max: self.pick(&[0, 1, 2, 5, 20, 20, 20, 1_000]),
            refused,
            friends,
            unsettled,
        }
    }

    fn owner_or_none(&mut self) -> Vec<Owner> {
        if self.below(2) == 0 { vec![Owner(u32::try_from(self.below(5)).unwrap())] } else { vec![] }
    }

    fn recent_key(&mut self) -> OrderKey {
        let recent = self.recent.clone();
        self.pick(&recent)
    }
}

/// The command on the book.
fn run(tables: &mut BookTables, command: &Command) -> Answer {
    match command {
        Command::Cancel(key) => Answer::Cancel(Book::new(MARKET, &mut tables.orders).cancel(key)),
        Command::Reduce(key, to) => Answer::Reduce(Book::new(MARKET, &mut tables.orders).reduce(key, *to)),
        Command::Place { incoming, fills_max, refused, friends, unsettled } => {
            let (refused, friends) = (refused.clone(), friends.clone());
            let mut ledger = Ledger { refused, friends, unsettled: *unsettled, ..Ledger::default() };
            let limits = Limits { fills_max: *fills_max };
            tables.checkpoint();
            let result = Book::new(MARKET, &mut tables.orders).place(incoming, &limits, &mut ledger);
            match result {
                // A rejection has changed nothing, so keeping its writes is the harder test.
                Ok(_) | Err(PlaceError::Rejected(_)) => tables.commit(),
                Err(PlaceError::FillOrKillRefused { .. } | PlaceError::Settlement(_)) => {
                    tables.rollback();
                    ledger.steps.clear();
                }
            }
            Answer::Place(result, ledger.steps)
        }
    }
}

/// The command on the twin, its answer put into the book's words.
fn run_naive(book: &mut naive::Book, command: &Command) -> Answer {
    match command {
        Command::Cancel(key) => Answer::Cancel(book.cancel(key.id.0).map(|order| order_of(&order))),
        Command::Reduce(key, to) => {
            let known = book.orders.iter().any(|order| order.id == key.id.0);
            let lowered = book.reduce(key.id.0, to.0).map(|before| SizeLots(before - to.0));
            let why = match (to.0, known) {
                (0, _) => ReduceRejection::ZeroSize,
                (_, false) => ReduceRejection::NotResting,
                (_, true) => ReduceRejection::NotSmaller,
            };
            Answer::Reduce(lowered.ok_or(why))
        }
        Command::Place { incoming, fills_max, refused, friends, unsettled } => {
            let outside = naive::Outside {
                refused: refused.iter().map(|owner| owner.0).collect(),
                friends: friends.iter().map(|owner| owner.0).collect(),
                unsettled: unsettled.map(|id| id.0),
            };
            match book.place(arriving(incoming, *fills_max), &outside) {
                Ok(accepted) => {
                    let steps = accepted.events.iter().map(step_of).collect();
                    Answer::Place(Ok(placed_of(&accepted)), steps)
                }
                Err(refused) => Answer::Place(Err(error_of(refused)), Vec::new()),
            }
        }
    }
}

fn arriving(incoming: &Incoming, meets_max: u32) -> naive::Arriving {
    let order = naive::Resting {
        id: incoming.id.0,
        owner: incoming.owner.0,
        buys: incoming.side == Side::Bid,
        price: incoming.limit.0,
        size: incoming.size.0,
    };
    let kind = match incoming.time_in_force {
        TimeInForce::Gtc => naive::Kind::GoodTillCancelled,
        TimeInForce::Ioc => naive::Kind::ImmediateOrCancel,
        TimeInForce::Alo => naive::Kind::PostOnly,
        TimeInForce::Fok => naive::Kind::FillOrKill,
    };
    let own = match incoming.self_trade {
        SelfTrade::CancelMaker => naive::Own::CancelResting,
        SelfTrade::CancelTaker => naive::Own::CancelArriving,
        SelfTrade::CancelBoth => naive::Own::CancelBoth,
        SelfTrade::Decrement => naive::Own::Decrement,
    };
    naive::Arriving { order, kind, own, meets_max }
}

const fn order_of(order: &naive::Resting) -> Order {
    Order { owner: Owner(order.owner), remaining: SizeLots(order.size) }
}

const fn key_of(order: &naive::Resting) -> OrderKey {
    let side = if order.buys { Side::Bid } else { Side::Ask };
    OrderKey::new(MARKET, side, PriceRank(order.price), OrderId(order.id))
}

fn step_of(event: &naive::Event) -> Step {
    match event {
        naive::Event::Traded(order, size) => Step::Fill(tandem_book::Fill {
            maker: key_of(order),
            maker_owner: Owner(order.owner),
            price: PriceRank(order.price),
            size: SizeLots(*size),
            maker_remaining: SizeLots(order.size - size),
        }),
        naive::Event::CancelledForOwner(order) => {
            Step::Cancelled(key_of(order), order_of(order), CancelReason::SelfTrade)
        }
        naive::Event::CancelledRefused(order) => {
            Step::Cancelled(key_of(order), order_of(order), CancelReason::NotAdmitted)
        }
        naive::Event::Decremented(order, by) => {
            let left = Order { remaining: SizeLots(order.size - by), ..order_of(order) };
            Step::Reduced(key_of(order), left, SizeLots(*by))
        }
    }
}

fn placed_of(accepted: &naive::Accepted) -> Placed {
    let cancelled = |left, why| PlaceOutcome::Cancelled { remaining: SizeLots(left), why };
    let outcome = match accepted.end {
        naive::End::Filled => PlaceOutcome::Filled,
        naive::End::Rests(left) => PlaceOutcome::Resting { remaining: SizeLots(left) },
        naive::End::CancelledUnmatched(left) => cancelled(left, TakerCancelReason::IocRemainder),
        naive::End::CancelledForOwner(left) => cancelled(left, TakerCancelReason::SelfTrade),
        naive::End::CancelledAtLimit(left) => cancelled(left, TakerCancelReason::FillLimit),
    };
    Placed {
        filled: SizeLots(accepted.traded),
        decremented: SizeLots(accepted.decremented),
        outcome,
        steps: accepted.met,
    }
}

const fn error_of(refused: naive::Refused) -> PlaceError<Unsettled> {
    PlaceError::Rejected(match refused {
        naive::Refused::Empty => PlaceRejection::ZeroSize,
        naive::Refused::WouldTrade(best) => PlaceRejection::PostOnlyWouldCross { best: PriceRank(best) },
        naive::Refused::MetNobody => PlaceRejection::NoMatch,
        naive::Refused::NotInFull(steps) => PlaceRejection::FillOrKillUnfilled { steps },
        naive::Refused::NotInFullAsRefused(steps) => return PlaceError::FillOrKillRefused { steps },
        naive::Refused::Unsettled(id) => return PlaceError::Settlement(Unsettled(OrderId(id))),
    })
}

/// Everything that rests, in both books' order of priority.
fn assert_same_books(tables: &BookTables, twin: &naive::Book, command: &Command) {
    for side in [Side::Bid, Side::Ask] {
        let ours = resting(&tables.orders, MARKET, side).map(|(key, order)| (*key, *order));
        let theirs = twin.side(side == Side::Bid);
        assert!(ours.eq(theirs.iter().map(|order| (key_of(order), order_of(order)))), "after {command:?}");
    }
    assert_eq!(tables.orders.len(), twin.orders.len(), "after {command:?}");
}

/// Partial tables that know of `state` just what `reads` names.
fn partial(state: &BookTables, reads: &ReadSet) -> BookTables {
    let mut part = BookTables::default();
    part.begin_partial();
    for (key, value) in state.entries() {
        let in_range = |(from, to): &(Vec<u8>, Vec<u8>)| *from <= key && key <= *to;
        if reads.keys.contains(&key) || reads.ranges.iter().any(in_range) {
            part.load(&key, &value).unwrap();
        }
    }
    reads.keys.iter().for_each(|key| part.admit_key(key).unwrap());
    reads.ranges.iter().for_each(|(from, to)| part.admit_range(from, to).unwrap());
    part
}

fn assert_same_on_a_witness(
    before: &BookTables,
    reads: &ReadSet,
    block: &[(Command, Answer)],
    delta: &Delta,
) {
    let mut part = partial(before, reads);
    for (command, answer) in block {
        assert_eq!(run(&mut part, command), *answer, "on a witness: {command:?}");
    }
    assert!(part.misses().is_empty());
    assert_eq!(part.seal(), *delta);
}

/// A name for what happened, to see that everything did.
fn kind_of(answer: &Answer) -> Vec<&'static str> {
    let (result, steps) = match answer {
        Answer::Cancel(order) => return vec![if order.is_some() { "cancel" } else { "cancel of nothing" }],
        Answer::Reduce(Ok(_)) => return vec!["reduce"],
        Answer::Reduce(Err(_)) => return vec!["reduce rejected"],
        Answer::Place(result, steps) => (result, steps),
    };
    let result = match result {
        Err(PlaceError::Rejected(PlaceRejection::ZeroSize)) => "zero size",
        Err(PlaceError::Rejected(PlaceRejection::PostOnlyWouldCross { .. })) => "post-only crosses",
        Err(PlaceError::Rejected(PlaceRejection::NoMatch)) => "no match",
        Err(PlaceError::Rejected(PlaceRejection::FillOrKillUnfilled { .. })) => "fill-or-kill unfilled",
        Err(PlaceError::FillOrKillRefused { .. }) => "fill-or-kill refused",
        Err(PlaceError::Settlement(_)) => "unsettled",
        Ok(Placed { outcome: PlaceOutcome::Filled, .. }) => "filled",
        Ok(Placed { outcome: PlaceOutcome::Resting { .. }, .. }) => "resting",
        Ok(Placed { outcome: PlaceOutcome::Cancelled { why, .. }, .. }) => match why {
            TakerCancelReason::IocRemainder => "remainder cancelled",
            TakerCancelReason::SelfTrade => "taker cancelled",
            TakerCancelReason::FillLimit => "fill limit",
        },
    };
    let step = |step: &Step| match step {
        Step::Fill(_) => "fill",
        Step::Cancelled(_, _, CancelReason::SelfTrade) => "maker cancelled",
        Step::Cancelled(_, _, CancelReason::NotAdmitted) => "maker refused",
        Step::Reduced(..) => "maker reduced",
    };
    steps.iter().map(step).chain([result]).collect()
}

const KINDS: usize = 19;

fn number_from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn the_book_and_its_twin_agree_on_everything_after_each_command() {
    let commands = number_from_environment("TANDEM_TWIN_COMMANDS", COMMANDS_DEFAULT);
    let random = number_from_environment("TANDEM_TWIN_SEED", 1);
    let mut stream = Stream { random, next_id: 1, recent: Vec::new() };
    let (mut tables, mut twin) = (BookTables::default(), naive::Book::default());
    let mut kinds = BTreeMap::<&str, u64>::new();
    let mut resting_total = 0;
    for _ in 0..commands.div_ceil(COMMANDS_PER_BLOCK) {
        let before = tables.clone();
        tables.record(true);
        let mut block = Vec::new();
        for _ in 0..COMMANDS_PER_BLOCK {
            let command = stream.command();
            let answer = run(&mut tables, &command);
            assert_eq!(answer, run_naive(&mut twin, &command), "{command:?}");
            assert_same_books(&tables, &twin, &command);
            kind_of(&answer).into_iter().for_each(|kind| *kinds.entry(kind).or_default() += 1);
            resting_total += twin.orders.len();
            block.push((command, answer));
        }
        let delta = tables.seal();
        assert_same_on_a_witness(&before, &tables.take_reads(), &block, &delta);
    }
    println!(
        "{commands} commands, {} orders resting on average, {kinds:#?}",
        resting_total as u64 / commands
    );
    assert_eq!(kinds.len(), KINDS, "everything that can happen should happen: {kinds:?}");
}
