//! The rules of matching as tables: book, order, what happened, what became of the order, book after.

mod support;

use support::*;
use tandem_book::{
    Book, CancelReason, Incoming, Level, Limits, OrderKey, Orders, Owner, PlaceError, PlaceOutcome, Placed,
    ReduceRejection, SelfTrade, Side, TakerCancelReason, TimeInForce, levels,
};
use tandem_state::Tables;
use tandem_types::{MarketId, OrderId, PriceRank, SizeLots};

struct Case {
    book: &'static str,
    order: &'static str,
    steps: &'static str,
    result: &'static str,
    after: &'static str,
}

/// `book | order | steps | result | book after`; a result of `rejected …` must leave the book as it was.
fn case(row: &'static str) -> Case {
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let [book, order, steps, result, after] = cells[..] else { panic!("five cells, not {row:?}") };
    Case { book, order, steps, result, after }
}

fn check(rows: &'static str, fills_max: u32, refused: &[&str]) {
    let refused = refused.iter().map(|name| owner(name)).collect();
    check_told(rows, fills_max, &Ledger { refused, ..Ledger::default() });
}

fn check_told(rows: &'static str, fills_max: u32, told: &Ledger) {
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let case = case(row);
        let mut tables = tables_of(case.book);
        let mut ledger = told.clone();
        tables.checkpoint();
        let limits = Limits { fills_max };
        let result = Book::new(MARKET, &mut tables.orders).place(&incoming(case.order), &limits, &mut ledger);
        if matches!(result, Err(PlaceError::FillOrKillRefused { .. } | PlaceError::Settlement(_))) {
            tables.rollback();
        }
        assert_eq!(spell_steps(&ledger.steps), case.steps, "steps of {row}");
        assert_eq!(spell_result(&result), case.result, "result of {row}");
        assert_eq!(spell_book(&tables.orders), case.after, "book after {row}");
    }
}

fn spell_result(result: &Result<Placed, PlaceError<Unsettled>>) -> String {
    let placed = match result {
        Ok(placed) => placed,
        Err(PlaceError::Rejected(rejection)) => return format!("rejected {rejection:?}"),
        Err(error) => return format!("{error:?}"),
    };
    let rest = match placed.outcome {
        PlaceOutcome::Filled => String::new(),
        PlaceOutcome::Resting { remaining } => format!(" rests {remaining}"),
        PlaceOutcome::Cancelled { remaining, why } => {
            let why = match why {
                TakerCancelReason::IocRemainder => "ioc",
                TakerCancelReason::SelfTrade => "self",
                TakerCancelReason::FillLimit => "limit",
            };
            format!(" cancels {remaining} {why}")
        }
    };
    format!("{} filled{rest}, {} steps", placed.filled, placed.steps)
}

#[test]
fn better_prices_trade_first_and_older_orders_first_within_a_price() {
    check(
        "
        A1 ask 5@102, B2 ask 5@101, A3 ask 5@101 | C9 bid 12@102 | B2 5@101, A3 5@101, A1 2@102 part | 12 filled, 3 steps               | A1 ask 3@102
        A1 bid 5@100, B2 bid 5@101, A3 bid 5@101 | C9 ask 12@100 | B2 5@101, A3 5@101, A1 2@100 part | 12 filled, 3 steps               | A1 bid 3@100
        A1 ask 5@102, B2 ask 5@101               | C9 bid 7@101  | B2 5@101                          | 5 filled rests 2, 1 steps        | C9 bid 2@101, A1 ask 5@102
        A1 ask 5@102                             | C9 bid 7@101  |                                   | 0 filled rests 7, 0 steps        | C9 bid 7@101, A1 ask 5@102
        A1 bid 5@100                             | C9 bid 7@100  |                                   | 0 filled rests 7, 0 steps        | A1 bid 5@100, C9 bid 7@100
        ",
        10,
        &[],
    );
}

#[test]
fn time_in_force_decides_what_becomes_of_the_rest() {
    check(
        "
        A1 ask 5@101               | C9 bid 7@101 ioc | A1 5@101           | 5 filled cancels 2 ioc, 1 steps                                |
        A1 ask 5@101               | C9 bid 5@101 ioc | A1 5@101           | 5 filled, 1 steps                                              |
        A1 ask 5@101               | C9 bid 5@100 ioc |                    | rejected NoMatch                                               | A1 ask 5@101
        A1 ask 5@101               | C9 bid 5@101 alo |                    | rejected PostOnlyWouldCross { best: PriceRank(101) }           | A1 ask 5@101
        C1 ask 5@101               | C9 bid 5@101 alo |                    | rejected PostOnlyWouldCross { best: PriceRank(101) }           | C1 ask 5@101
        A1 ask 5@101               | C9 bid 5@100 alo |                    | 0 filled rests 5, 0 steps                                      | C9 bid 5@100, A1 ask 5@101
        A1 ask 5@101, B2 ask 2@102 | C9 bid 7@102 fok | A1 5@101, B2 2@102 | 7 filled, 4 steps                                              |
        A1 ask 5@101, B2 ask 2@102 | C9 bid 8@102 fok |                    | rejected FillOrKillUnfilled { steps: 2 }                       | A1 ask 5@101, B2 ask 2@102
        A1 ask 5@101, B2 ask 2@102 | C9 bid 6@101 fok |                    | rejected FillOrKillUnfilled { steps: 1 }                       | A1 ask 5@101, B2 ask 2@102
                                   | C9 bid 6@101 fok |                    | rejected FillOrKillUnfilled { steps: 0 }                       |
        A1 ask 5@101               | C9 bid 0@101 fok |                    | rejected ZeroSize                                              | A1 ask 5@101
        ",
        10,
        &[],
    );
}

#[test]
fn nobody_trades_with_himself() {
    check(
        "
        C1 ask 5@101, B2 ask 5@101 | C9 bid 7@101 gtc maker     | C1 self, B2 5@101 | 5 filled rests 2, 2 steps         | C9 bid 2@101
        B1 ask 5@101, C2 ask 5@101 | C9 bid 7@101 gtc taker     | B1 5@101          | 5 filled cancels 2 self, 2 steps  | C2 ask 5@101
        B1 ask 5@101, C2 ask 5@101 | C9 bid 7@101 gtc both      | B1 5@101, C2 self | 5 filled cancels 2 self, 2 steps  |
        C1 ask 5@101, B2 ask 5@101 | C9 bid 7@101 gtc decrement | C1 self, B2 2@101 part | 2 filled cancels 0 self, 2 steps | B2 ask 3@101
        B1 ask 5@101, C2 ask 5@101 | C9 bid 7@101 gtc decrement | B1 5@101, C2 -2   | 5 filled cancels 0 self, 2 steps  | C2 ask 3@101
        C1 ask 5@101               | C9 bid 7@101 gtc decrement | C1 self           | 0 filled rests 2, 1 steps         | C9 bid 2@101
        C1 ask 5@101               | C9 bid 5@101 gtc decrement | C1 self           | 0 filled cancels 0 self, 1 steps  |
        C1 ask 5@101               | C9 bid 7@101 ioc maker     | C1 self           | 0 filled cancels 7 ioc, 1 steps   |
        C1 ask 5@101               | C9 bid 7@101 ioc taker     |                   | 0 filled cancels 7 self, 1 steps  | C1 ask 5@101
        C1 ask 5@101, B2 ask 7@101 | C9 bid 7@101 fok maker     | C1 self, B2 7@101 | 7 filled, 4 steps                 |
        B1 ask 5@101, C2 ask 7@101 | C9 bid 7@101 fok taker     |                   | rejected FillOrKillUnfilled { steps: 2 } | B1 ask 5@101, C2 ask 7@101
        B1 ask 5@101, C2 ask 7@101 | C9 bid 7@101 fok both      |                   | rejected FillOrKillUnfilled { steps: 2 } | B1 ask 5@101, C2 ask 7@101
        B1 ask 5@101, C2 ask 7@101 | C9 bid 7@101 fok decrement |                   | rejected FillOrKillUnfilled { steps: 2 } | B1 ask 5@101, C2 ask 7@101
        ",
        10,
        &[],
    );
}

#[test]
fn nobody_trades_with_friends() {
    check_told(
        "
        D1 ask 5@101, B2 ask 5@101 | C9 bid 7@101 gtc maker     | D1 self, B2 5@101 | 5 filled rests 2, 2 steps         | C9 bid 2@101
        B1 ask 5@101, D2 ask 5@101 | C9 bid 7@101 gtc taker     | B1 5@101          | 5 filled cancels 2 self, 2 steps  | D2 ask 5@101
        B1 ask 5@101, D2 ask 5@101 | C9 bid 7@101 gtc both      | B1 5@101, D2 self | 5 filled cancels 2 self, 2 steps  |
        B1 ask 5@101, D2 ask 5@101 | C9 bid 7@101 gtc decrement | B1 5@101, D2 -2   | 5 filled cancels 0 self, 2 steps  | D2 ask 3@101
        D1 ask 5@101, C2 ask 5@101 | C9 bid 12@101 gtc decrement | D1 self, C2 self | 0 filled rests 2, 2 steps         | C9 bid 2@101
        D1 ask 5@101               | C9 bid 7@101 ioc taker     |                   | 0 filled cancels 7 self, 1 steps  | D1 ask 5@101
        D1 ask 5@101, B2 ask 7@101 | C9 bid 7@101 fok maker     | D1 self, B2 7@101 | 7 filled, 4 steps                 |
        B1 ask 5@101, D2 ask 7@101 | C9 bid 7@101 fok taker     |                   | rejected FillOrKillUnfilled { steps: 2 } | B1 ask 5@101, D2 ask 7@101
        B1 ask 5@101, D2 ask 7@101 | C9 bid 7@101 fok decrement |                   | rejected FillOrKillUnfilled { steps: 2 } | B1 ask 5@101, D2 ask 7@101
        D1 ask 5@101               | C9 bid 5@101 alo           |                   | rejected PostOnlyWouldCross { best: PriceRank(101) } | D1 ask 5@101
        ",
        10,
        &Ledger { friends: vec![owner("D")], ..Ledger::default() },
    );
}

#[test]
fn makers_that_are_not_admitted_are_cancelled() {
    check(
        "
        D1 ask 5@101, B2 ask 5@101 | C9 bid 7@101     | D1 refused, B2 5@101 | 5 filled rests 2, 2 steps      | C9 bid 2@101
        D1 ask 5@101               | C9 bid 7@101 ioc | D1 refused           | 0 filled cancels 7 ioc, 1 steps |
        D1 ask 5@101               | D9 bid 7@101 ioc | D1 self              | 0 filled cancels 7 ioc, 1 steps |
        D1 ask 5@101, B2 ask 5@101 | C9 bid 5@101 fok | D1 refused, B2 5@101 | 5 filled, 3 steps              |
        D1 ask 5@101, B2 ask 5@101 | C9 bid 6@101 fok | D1 refused, B2 5@101 | FillOrKillRefused { steps: 4 } | D1 ask 5@101, B2 ask 5@101
        ",
        10,
        &["D"],
    );
}

#[test]
fn a_maker_admitted_in_part_trades_that_part_and_ends() {
    let incoming = |id, owner, side, size| Incoming {
        id: OrderId(id),
        owner: Owner(owner),
        side,
        limit: PriceRank(101),
        size: SizeLots(size),
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTrade::CancelMaker,
    };
    let (mut orders, limits) = (Orders::default(), Limits { fills_max: 10 });
    let mut book = Book::new(MARKET, &mut orders);
    book.place(&incoming(1, 1, Side::Ask, 10), &limits, &mut Ledger::default()).unwrap();
    let mut ledger = Ledger { admitted_max: Some(SizeLots(4)), ..Ledger::default() };
    let placed = book.place(&incoming(2, 2, Side::Bid, 7), &limits, &mut ledger).unwrap();
    assert_eq!(
        (placed.filled, placed.outcome),
        (SizeLots(4), PlaceOutcome::Resting { remaining: SizeLots(3) })
    );
    let [Step::Fill(fill), Step::Cancelled(_, rest, CancelReason::NotAdmitted)] = ledger.steps[..] else {
        panic!("{:?}", ledger.steps)
    };
    assert_eq!((fill.size, fill.maker_remaining, rest.remaining), (SizeLots(4), SizeLots(6), SizeLots(6)));
    assert_eq!(book.best(Side::Ask), None);
}

#[test]
fn what_is_left_at_the_fill_limit_is_cancelled_and_never_rests_crossing() {
    check(
        "
        A1 ask 1@101, A2 ask 1@101, A3 ask 1@101 | C9 bid 7@101     | A1 1@101, A2 1@101   | 2 filled cancels 5 limit, 2 steps        | A3 ask 1@101
        A1 ask 1@101, A2 ask 1@101, A3 ask 1@102 | C9 bid 7@101     | A1 1@101, A2 1@101   | 2 filled rests 5, 2 steps                | C9 bid 5@101, A3 ask 1@102
        A1 ask 1@101, A2 ask 1@101, A3 ask 1@101 | C9 bid 2@101     | A1 1@101, A2 1@101   | 2 filled, 2 steps                        | A3 ask 1@101
        A1 ask 1@101, A2 ask 1@101, A3 ask 1@101 | C9 bid 7@101 ioc | A1 1@101, A2 1@101   | 2 filled cancels 5 limit, 2 steps        | A3 ask 1@101
        C1 ask 1@101, C2 ask 1@101, A3 ask 1@101 | C9 bid 7@101     | C1 self, C2 self     | 0 filled cancels 7 limit, 2 steps        | A3 ask 1@101
        A1 ask 1@101, A2 ask 1@101, A3 ask 1@101 | C9 bid 3@101 fok |                      | rejected FillOrKillUnfilled { steps: 2 } | A1 ask 1@101, A2 ask 1@101, A3 ask 1@101
        A1 ask 1@101, A2 ask 1@101, A3 ask 1@101 | C9 bid 2@101 fok | A1 1@101, A2 1@101   | 2 filled, 4 steps                        | A3 ask 1@101
        ",
        2,
        &[],
    );
}

#[test]
fn a_match_that_cannot_be_settled_is_rolled_back_whole() {
    let mut tables = tables_of("A1 ask 5@101, B2 ask 5@101");
    let mut ledger = Ledger { unsettled: Some(OrderId(2)), ..Ledger::default() };
    tables.checkpoint();
    let limits = Limits { fills_max: 10 };
    let result = Book::new(MARKET, &mut tables.orders).place(&incoming("C9 bid 7@101"), &limits, &mut ledger);
    assert_eq!(result, Err(PlaceError::Settlement(Unsettled(OrderId(2)))));
    tables.rollback();
    assert_eq!(spell_book(&tables.orders), "A1 ask 5@101, B2 ask 5@101");
    assert!(tables.seal().is_empty());
}

#[test]
fn reducing_keeps_the_place_in_the_queue_and_growing_is_refused() {
    let mut tables = tables_of("A1 ask 5@101, B2 ask 5@101");
    let mut book = Book::new(MARKET, &mut tables.orders);
    let key = OrderKey::new(MARKET, Side::Ask, PriceRank(101), OrderId(1));
    let other_market = OrderKey::new(MarketId(4), Side::Ask, PriceRank(101), OrderId(1));
    assert_eq!(book.reduce(&key, SizeLots(0)), Err(ReduceRejection::ZeroSize));
    assert_eq!(book.reduce(&other_market, SizeLots(1)), Err(ReduceRejection::NotResting));
    assert_eq!(
        book.reduce(&OrderKey::new(MARKET, Side::Ask, PriceRank(101), OrderId(7)), SizeLots(1)),
        Err(ReduceRejection::NotResting)
    );
    assert_eq!(book.reduce(&key, SizeLots(5)), Err(ReduceRejection::NotSmaller));
    assert_eq!(book.reduce(&key, SizeLots(2)), Ok(SizeLots(3)));
    assert_eq!(spell_book(&tables.orders), "A1 ask 2@101, B2 ask 5@101");
}

#[test]
fn cancelling_takes_out_that_order_and_only_in_its_market() {
    let mut tables = tables_of("A1 ask 5@101, B2 ask 5@101");
    let key = OrderKey::new(MARKET, Side::Ask, PriceRank(101), OrderId(1));
    assert_eq!(Book::new(MarketId(4), &mut tables.orders).cancel(&key), None);
    let mut book = Book::new(MARKET, &mut tables.orders);
    assert_eq!(book.cancel(&key).map(|order| order.remaining), Some(SizeLots(5)));
    assert_eq!(book.cancel(&key), None);
    assert_eq!(spell_book(&tables.orders), "B2 ask 5@101");
}

#[test]
fn markets_do_not_see_each_other() {
    let mut tables = tables_of("A1 ask 5@101");
    let limits = Limits { fills_max: 10 };
    for market in [MarketId(2), MarketId(4)] {
        let mut book = Book::new(market, &mut tables.orders);
        assert_eq!(book.best(Side::Ask), None);
        let placed = book.place(&incoming("C9 bid 5@101"), &limits, &mut Ledger::default()).unwrap();
        assert_eq!(placed.outcome, PlaceOutcome::Resting { remaining: SizeLots(5) });
    }
    let mut book = Book::new(MARKET, &mut tables.orders);
    assert_eq!(book.best(Side::Bid), None);
    assert_eq!(book.best(Side::Ask).map(|(price, _)| price), Some(PriceRank(101)));
}

#[test]
fn levels_add_up_the_orders_of_a_price_best_first() {
    let tables = tables_of("A1 bid 5@100, B2 bid 6@100, A3 bid 1@99, A4 bid 1@98, A5 ask 1@101");
    let bids = levels(&tables.orders, MARKET, Side::Bid, 2);
    let level = |price, size, orders| Level { price: PriceRank(price), size: SizeLots(size), orders };
    assert_eq!(bids, [level(100, 11, 2), level(99, 1, 1)]);
    assert_eq!(levels(&tables.orders, MARKET, Side::Ask, 9), [level(101, 1, 1)]);
    assert_eq!(levels(&tables.orders, MARKET, Side::Ask, 0), []);
    assert_eq!(levels(&tables.orders, MarketId(4), Side::Ask, 9), []);
}

#[test]
fn the_extremes_of_price_size_and_id_fit() {
    let mut tables = tables_of("A1 ask 18446744073709551615@4294967295, A18446744073709551615 bid 1@0");
    let limits = Limits { fills_max: u32::MAX };
    let mut book = Book::new(MARKET, &mut tables.orders);
    let order = incoming("B2 bid 18446744073709551615@4294967295");
    let placed = book.place(&order, &limits, &mut Ledger::default()).unwrap();
    assert_eq!((placed.filled, placed.outcome), (SizeLots(u64::MAX), PlaceOutcome::Filled));
    let last = book.first_after(Side::Bid, None).unwrap().0;
    assert_eq!(last.id, OrderId(u64::MAX));
    assert_eq!(book.first_after(Side::Bid, Some(last)), None);
}
