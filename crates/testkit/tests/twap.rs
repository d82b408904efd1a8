//! TWAP orders: their parts, what these catch up, and how they end.

use proptest::prelude::*;
use tandem_exchange::action::{Action, Decimal, Order, TwapCancel, TwapRequest};
use tandem_exchange::twap::{TWAP_INTERVAL_MS, TWAPS_MAX, Twap, TwapDue, TwapEnd, TwapKey};
use tandem_exchange::{Event, ItemStatus, Rejection};
use tandem_state::Tables;
use tandem_testkit::{DOGE, ETH, Harness, PURR, Signer, Step, asset, buy_perp, perp_asset, place, sell_perp};
use tandem_types::{AccountId, BlockTime, QuoteAtoms, SizeLots};

fn market() -> (Harness, [Signer; 2]) {
    tandem_testkit::market("100000")
}

/// A purchase of ETH in ten parts over five minutes.
fn twap(size: &str) -> TwapRequest {
    TwapRequest {
        asset: perp_asset(ETH),
        is_buy: true,
        size: Decimal::parse(size).unwrap(),
        reduce_only: false,
        minutes: 5,
        randomize: false,
    }
}

fn start(chain: &mut Harness, who: &Signer, request: TwapRequest) -> Step {
    chain.act(who, &Action::TwapOrder(request))
}

fn running(step: &Step) -> u64 {
    match step.items(0) {
        [ItemStatus::TwapRunning { id }] => *id,
        other => panic!("not running: {other:?}"),
    }
}

fn parts(step: &Step) -> Vec<u64> {
    let events = step.outcome.receipts.due.iter();
    events
        .filter_map(|event| if let Event::TwapPart { filled, .. } = event { Some(filled.0) } else { None })
        .collect()
}

fn end(step: &Step) -> Option<(SizeLots, TwapEnd)> {
    let events = step.receipts().iter().flat_map(|receipt| &receipt.events);
    events.chain(&step.outcome.receipts.due).find_map(|event| match event {
        Event::TwapEnded { filled, why, .. } => Some((*filled, *why)),
        _ => None,
    })
}

/// A block `seconds` after the last.
fn after(chain: &mut Harness, seconds: u64) -> Step {
    chain.step_ms = seconds * 1_000;
    chain.empty()
}

#[test]
fn each_part_is_even_and_thirty_seconds_after_the_one_before() {
    let (mut chain, [trader, maker]) = market();
    chain.act(&maker, &place(&[sell_perp(ETH, "2000", "5")]));
    // 103 lots in ten parts.
    let first = start(&mut chain, &trader, twap("1.03"));
    running(&first);
    let mut traded = vec![parts(&first)];
    for _ in 0..8 {
        assert_eq!(parts(&after(&mut chain, 29)), []);
        traded.push(parts(&after(&mut chain, 1)));
    }
    let last = after(&mut chain, 30);
    traded.push(parts(&last));
    assert_eq!(traded.concat(), [10, 10, 10, 11, 10, 10, 11, 10, 10, 11]);
    assert_eq!(end(&last), Some((SizeLots(103), TwapEnd::Finished)));
    let tables = &chain.chain.tables.exchange;
    assert!(tables.twaps.is_empty() && tables.twap_due.is_empty());
}

#[test]
fn what_was_missed_is_caught_up_at_three_times_the_even_part() {
    let (mut chain, [trader, maker]) = market();
    // Nobody sells within 3 %.
    chain.act(&maker, &place(&[sell_perp(ETH, "2061", "5")]));
    assert_eq!(parts(&start(&mut chain, &trader, twap("1"))), []);
    for _ in 0..5 {
        assert_eq!(parts(&after(&mut chain, 30)), []);
    }
    chain.step_ms = 100;
    chain.act(&maker, &place(&[sell_perp(ETH, "2060", "5")]));
    let mut traded = Vec::new();
    for _ in 0..3 {
        traded.extend(parts(&after(&mut chain, 30)));
    }
    // Seventy are due, then eighty, then ninety.
    assert_eq!(traded, [30, 30, 30]);
    let last = after(&mut chain, 30);
    assert_eq!((parts(&last), end(&last)), (vec![10], Some((SizeLots(100), TwapEnd::Finished))));
}

#[test]
fn an_order_that_could_not_do_all_by_its_last_part_ends_with_what_it_has() {
    let (mut chain, [trader, maker]) = market();
    chain.act(&maker, &place(&[sell_perp(ETH, "2000", "0.15")]));
    assert_eq!(parts(&start(&mut chain, &trader, twap("1"))), [10]);
    let step = after(&mut chain, 30);
    assert_eq!(parts(&step), [5]);
    let mut last = step;
    while end(&last).is_none() {
        last = after(&mut chain, 30);
    }
    assert_eq!(end(&last), Some((SizeLots(15), TwapEnd::Finished)));
}

#[test]
fn a_part_that_is_refused_ends_the_order_and_one_that_meets_nobody_does_not() {
    let (mut chain, [trader, maker]) = market();
    let reduce = TwapRequest { reduce_only: true, ..twap("1") };
    let step = start(&mut chain, &trader, reduce);
    assert_eq!(end(&step), Some((SizeLots(0), TwapEnd::Refused(Rejection::ReduceOnlyWouldIncrease))));
    // A hundred each part, where 50x of a hundred thousand are margin for a thousand at 20x.
    chain.act(&maker, &place(&[sell_perp(ETH, "2000", "1000")]));
    let step = start(&mut chain, &trader, twap("20000"));
    assert!(
        matches!(end(&step), Some((_, TwapEnd::Refused(Rejection::InsufficientMargin)))),
        "{:?}",
        end(&step)
    );
}

#[test]
fn an_order_is_ended_by_its_owner_alone() {
    let (mut chain, [trader, other]) = market();
    let id = running(&start(&mut chain, &trader, twap("1")));
    let cancel = |asset, twap| Action::TwapCancel(TwapCancel { asset, twap });
    assert_eq!(chain.act(&other, &cancel(perp_asset(ETH), id)).rejection(0), Rejection::UnknownTwap);
    assert_eq!(chain.act(&trader, &cancel(perp_asset(DOGE), id)).rejection(0), Rejection::UnknownTwap);
    let step = chain.act(&trader, &cancel(perp_asset(ETH), id));
    assert_eq!(step.items(0), [ItemStatus::Done]);
    assert_eq!(end(&step), Some((SizeLots(0), TwapEnd::Cancelled)));
    assert_eq!(chain.act(&trader, &cancel(perp_asset(ETH), id)).rejection(0), Rejection::UnknownTwap);
    assert_eq!(parts(&after(&mut chain, 30)), []);
}

#[test]
fn malformed_twaps_are_refused_by_their_first_fault() {
    let (mut chain, [trader, _]) = market();
    let rows = [
        (TwapRequest { asset: asset(PURR), ..twap("1") }, Rejection::TwapUnsupported),
        (TwapRequest { minutes: 4, ..twap("1") }, Rejection::TwapDuration),
        (TwapRequest { minutes: 10_081, ..twap("1") }, Rejection::TwapDuration),
        (twap("0"), Rejection::SizeZero),
        (twap("1.001"), Rejection::SizeLot),
        // Parts of less than a lot round up to one of 20 USD; of DOGE at 0.1 USD, ten lots are one USD.
        (TwapRequest { asset: perp_asset(DOGE), ..twap("100") }, Rejection::TwapTooSmall),
        (twap("200000"), Rejection::OrderTooLarge),
    ];
    for (request, why) in rows {
        assert_eq!(start(&mut chain, &trader, request).rejection(0), why, "{request:?}");
    }
    for _ in 0..TWAPS_MAX {
        running(&start(&mut chain, &trader, twap("1")));
    }
    assert_eq!(start(&mut chain, &trader, twap("1")).rejection(0), Rejection::TooManyTwaps);
}

#[test]
fn parts_are_left_out_while_prices_are_stale() {
    let (mut chain, [trader, maker]) = market();
    chain.act(&maker, &place(&[sell_perp(ETH, "2000", "5")]));
    start(&mut chain, &trader, twap("1"));
    chain.quotes.clear();
    assert_eq!(parts(&after(&mut chain, 30)), []);
    chain.set_oracle(ETH, 20_000_000);
    assert_eq!(parts(&after(&mut chain, 30)), [20]);
}

#[test]
fn a_flood_of_parts_due_at_one_instant_leaves_blocks_in_time_and_each_has_its_turn() {
    const FLOOD: u64 = 20_000;
    let (mut chain, [trader, maker]) = market();
    chain.act(&maker, &place(&[buy_perp(ETH, "1900", "1")]));
    let account = chain.account(&trader.address());
    let at = chain.parent.time.plus_ms(10_000);
    let exchange = &mut chain.chain.tables.exchange;
    for id in 0..FLOOD {
        let twap = Twap {
            market: ETH,
            side: tandem_book::Side::Bid,
            size: SizeLots(100),
            reduce_only: false,
            randomize: false,
            parts: 10,
            started: at,
            next: at,
            filled: SizeLots(0),
            notional: QuoteAtoms(0),
        };
        // Of as many accounts as make no difference to whose turn it is.
        exchange.twaps.put(TwapKey { account, id }, twap);
        exchange.twap_due.put(TwapDue { time: at.0, id }, account);
    }
    exchange.next_twap.put((), FLOOD);
    chain.chain.tables.seal();
    chain.chain.rebuild_trees().unwrap();
    chain.parent.core_root = chain.chain.core_root();
    let due = |chain: &Harness, now: BlockTime| {
        let tables = &chain.chain.tables.exchange;
        tables
            .twap_due
            .peek_first(&TwapDue { time: 0, id: 0 }, &TwapDue { time: now.0, id: u64::MAX })
            .is_some()
    };
    chain.step_ms = 10_000;
    chain.empty();
    chain.step_ms = 100;
    let mut blocks = 1u64;
    while due(&chain, chain.parent.time) {
        chain.parent = chain.build(&[], &[]).unwrap().block.header;
        blocks += 1;
    }
    // 4,000,000 of work in parts of 8,150 and more: about 480 a block.
    assert!((FLOOD / 500..FLOOD / 400).contains(&blocks), "{blocks} blocks");
    let nexts = (0..FLOOD).map(|id| {
        let key = TwapKey { account: AccountId(account.0), id };
        chain.chain.tables.exchange.twaps.peek(&key).unwrap().next
    });
    assert!(nexts.into_iter().all(|next| next == at.plus_ms(TWAP_INTERVAL_MS)), "none lost a part");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    /// Whatever is offered when, a naive account of it says what each part trades.
    #[test]
    fn parts_do_what_a_naive_account_says(
        size in 60..3_000u64,
        offered in proptest::collection::vec(0..900u64, 10),
        waits in proptest::collection::vec(proptest::sample::select(vec![10u64, 30, 30, 30, 60, 100]), 12),
        randomize: bool,
    ) {
        let (mut chain, [trader, maker]) = market();
        let request = TwapRequest { size: Decimal::new(size, 2).unwrap(), randomize, ..twap("1") };
        let mut step = start(&mut chain, &trader, request);
        prop_assert_eq!(parts(&step), []);
        let (begun, mut filled, mut done_part) = (chain.parent.time.0, 0u64, 0u64);
        for (wait, lots) in waits.into_iter().zip(offered.into_iter().cycle()) {
            if end(&step).is_some() {
                break;
            }
            chain.step_ms = wait * 1_000;
            // What was not taken goes, so that each block offers what it says.
            let ask = Order { size: Decimal::new(lots.max(1), 2).unwrap(), ..sell_perp(ETH, "2000", "1") };
            let offer = if lots > 0 { place(&[ask]) } else { Action::Noop };
            step = chain.act_all(&[(&maker, Action::CancelAll(None)), (&maker, offer)]);
            let part = ((chain.parent.time.0 - begun) / 30_000).min(9);
            if part == done_part {
                prop_assert_eq!(parts(&step), []);
                continue;
            }
            let most = 3 * size.div_ceil(10);
            let wanted = ((part + 1) * size / 10).saturating_sub(filled).min(most);
            let traded: u64 = parts(&step).iter().sum();
            if randomize && part < 9 {
                prop_assert!(traded <= most.min(wanted * 6 / 5));
                prop_assert!(traded >= (wanted * 4 / 5).min(lots));
            } else {
                prop_assert_eq!(traded, wanted.min(lots));
            }
            filled += traded;
            done_part = part;
            prop_assert!(filled <= size);
        }
        let held = chain.position(&trader, ETH).map_or(0, |position| position.size.0);
        prop_assert_eq!(held, i64::try_from(filled).unwrap());
    }
}

fn cases() -> u32 {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    wanted.unwrap_or(32)
}
