//! More waiting orders at one price than a block fires: after as many blocks as it takes, all is as the twin makes it, which
//! fires them all at once.

use crate::{FORMS, MAKER, Run, Stream, limit};
use tandem_exchange::Event;
use tandem_exchange::action::{Action, Decimal, Order, OrderKind, Tpsl, Trigger};
use tandem_reference_clearing::{Clearing, Protect, Stay};
use tandem_testkit::{ETH, place};

/// Traders who are rich enough that no margin binds: what is refused for it may depend on how far a block came.
const WHO: [u8; 3] = [2, 3, 4];
const BATCHES: u64 = 5;
const BATCH: u64 = 100;
const LOTS_MAX: u64 = 3;
/// Where those that trade find somebody to trade with.
const BID: u64 = 17_800_000;

/// A bid that is enough for all.
fn bid(_: &mut Stream, who: u8) -> (Action, Run) {
    let lots = WHO.len() as u64 * BATCHES * BATCH * LOTS_MAX;
    let (order, wish) = limit(who, 0, true, BID, lots, Stay::Gtc);
    (place(&[order]), Box::new(move |twin| twin.place(&wish)))
}

/// Stops between 1,800 and 1,990, in no order: some sell into the bid, others come to rest at 2,100.
fn stops(stream: &mut Stream, who: u8) -> (Action, Run) {
    let all: Vec<_> = (0..BATCH).map(|_| stop(stream, who)).collect();
    let orders: Vec<Order> = all.iter().map(|(order, _)| *order).collect();
    let wanted: Vec<Protect> = all.into_iter().map(|(_, wanted)| wanted).collect();
    let run = move |twin: &mut Clearing| wanted.iter().all(|order| twin.wait(order));
    (place(&orders), Box::new(run))
}

fn stop(stream: &mut Stream, who: u8) -> (Order, Protect) {
    let (form, lots) = (&FORMS[0], 1 + stream.random.below(LOTS_MAX));
    let trigger = 18_000_000 + stream.random.below(1_900) * 1_000;
    let is_market = stream.random.below(2) == 0;
    let (ticks, stay) = if is_market { (17_000_000, Stay::Ioc) } else { (21_000_000, Stay::Gtc) };
    let (order, wish) = limit(who, 0, false, ticks, lots, stay);
    let price = Decimal::new(trigger, form.tick_digits).unwrap();
    let kind = OrderKind::Trigger(Trigger { is_market, price, tpsl: Tpsl::StopLoss });
    (Order { kind, ..order }, Protect { wish, at: form.price(trigger), profit: false })
}

#[test]
fn triggers_that_take_several_blocks_end_as_if_all_had_fired_at_once() {
    let mut stream = Stream::new(1);
    stream.run(MAKER, bid);
    for who in WHO {
        (0..BATCHES).for_each(|_| stream.run(who, stops));
    }
    stream.chain.set_oracle(ETH, 17_900_000);
    let (mut blocks, mut fired) = (0, 0);
    while blocks == 0 || !stream.chain.chain.tables.exchange.due_triggers.is_empty() {
        let step = stream.chain.empty();
        stream.follow_prices(&step);
        let due = &step.outcome.receipts.due;
        assert!(!due.iter().any(|event| matches!(event, Event::TriggerRefused { .. })), "nothing binds");
        fired += due.iter().filter(|event| matches!(event, Event::Triggered { .. })).count();
        blocks += 1;
    }
    assert!(blocks > 1, "one block fires {fired}");
    assert_eq!(fired as u64, WHO.len() as u64 * BATCHES * BATCH);
    stream.twin.due(stream.chain.parent.time.0);
    stream.assert_same(&Action::Noop);
}
