//! The book against its naive twin: the same commands to both, results and books compared after each.
#![no_main]

#[path = "../../crates/book/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::{BookTables, Ledger, MARKET};
use tandem_book::{
    Book, Incoming, Limits, OrderKey, Owner, PlaceError, PlaceOutcome, SelfTrade, Side, TimeInForce, resting,
};
use tandem_fuzz::Choices;
use tandem_reference_book as naive;
use tandem_state::Tables;
use tandem_types::{OrderId, PriceRank, SizeLots};

const COMMANDS_MAX: u64 = 400;

/// What the outside says of owners while an order is placed.
#[derive(Clone, Copy)]
struct Outside {
    /// May not trade.
    refused: Option<Owner>,
    /// Must not trade with whoever places.
    friend: Option<Owner>,
}

/// What both books must agree on of an order: traded, decremented, resting, met.
type Answer = Option<(u64, u64, u64, u32)>;

fuzz_target!(|data: &[u8]| {
    let (mut tables, mut twin) = (BookTables::default(), naive::Book::default());
    let mut choices = Choices::new(data);
    let mut keys: Vec<OrderKey> = Vec::new();
    for id in 1..=COMMANDS_MAX {
        if choices.is_over() {
            break;
        }
        let target = usize::from(choices.byte());
        let recent = keys.len().checked_sub(1 + target % 64).map(|at| keys[at]);
        match (choices.below(6), recent) {
            (0, Some(key)) => {
                let cancelled = Book::new(MARKET, &mut tables.orders).cancel(&key);
                let theirs = twin.cancel(key.id.0);
                assert_eq!(cancelled.map(|order| order.remaining.0), theirs.map(|order| order.size));
            }
            (1, Some(key)) => {
                let to = u64::from(choices.below(12));
                let reduced = Book::new(MARKET, &mut tables.orders).reduce(&key, SizeLots(to));
                let theirs = twin.reduce(key.id.0, to).map(|before| before - to);
                assert_eq!(reduced.ok().map(|by| by.0), theirs);
            }
            _ => {
                let incoming = incoming(&mut choices, id);
                keys.push(OrderKey::new(MARKET, incoming.side, incoming.limit, incoming.id));
                let fills_max = u32::from(choices.pick(&[20u8, 0, 1, 3]));
                let refused = choices.pick(&[None, Some(Owner(0)), Some(Owner(1))]);
                let friend = choices.pick(&[None, None, Some(Owner(1)), Some(Owner(2))]);
                let outside = Outside { refused, friend };
                let ours = ours(&mut tables, &incoming, fills_max, outside);
                assert_eq!(ours, theirs(&mut twin, &incoming, fills_max, outside), "{incoming:?}");
            }
        }
        assert_same(&tables, &twin);
    }
});

fn incoming(choices: &mut Choices<'_>, id: u64) -> Incoming {
    let stays = [TimeInForce::Gtc, TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Alo, TimeInForce::Fok];
    let owns = [SelfTrade::CancelMaker, SelfTrade::CancelTaker, SelfTrade::CancelBoth, SelfTrade::Decrement];
    Incoming {
        id: OrderId(id),
        owner: Owner(u32::from(choices.below(4))),
        side: choices.pick(&[Side::Bid, Side::Ask]),
        limit: PriceRank(1_000 + u32::from(choices.below(10))),
        size: SizeLots(u64::from(choices.below(40))),
        time_in_force: choices.pick(&stays),
        self_trade: choices.pick(&owns),
    }
}

fn ours(tables: &mut BookTables, incoming: &Incoming, fills_max: u32, outside: Outside) -> Answer {
    let (refused, friends) = (outside.refused.into_iter().collect(), outside.friend.into_iter().collect());
    let mut ledger = Ledger { refused, friends, ..Ledger::default() };
    tables.checkpoint();
    let result = Book::new(MARKET, &mut tables.orders).place(incoming, &Limits { fills_max }, &mut ledger);
    match result {
        Ok(_) | Err(PlaceError::Rejected(_)) => tables.commit(),
        Err(PlaceError::FillOrKillRefused { .. } | PlaceError::Settlement(_)) => tables.rollback(),
    }
    let placed = result.ok()?;
    let rests = match placed.outcome {
        PlaceOutcome::Resting { remaining } => remaining.0,
        PlaceOutcome::Filled | PlaceOutcome::Cancelled { .. } => 0,
    };
    Some((placed.filled.0, placed.decremented.0, rests, placed.steps))
}

fn theirs(twin: &mut naive::Book, incoming: &Incoming, meets_max: u32, outside: Outside) -> Answer {
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
    let numbers = |owner: Option<Owner>| owner.into_iter().map(|owner| owner.0).collect();
    let (refused, friends) = (numbers(outside.refused), numbers(outside.friend));
    let outside = naive::Outside { refused, friends, unsettled: None };
    let accepted = twin.place(naive::Arriving { order, kind, own, meets_max }, &outside).ok()?;
    let rests = if let naive::End::Rests(left) = accepted.end { left } else { 0 };
    Some((accepted.traded, accepted.decremented, rests, accepted.met))
}

/// Both books hold the same orders in the same order of priority.
fn assert_same(tables: &BookTables, twin: &naive::Book) {
    for side in [Side::Bid, Side::Ask] {
        let ours = resting(&tables.orders, MARKET, side)
            .map(|(key, order)| (key.id.0, key.price().0, order.owner.0, order.remaining.0));
        let theirs = twin.side(side == Side::Bid);
        assert!(ours.eq(theirs.iter().map(|order| (order.id, order.price, order.owner, order.size))));
    }
}
