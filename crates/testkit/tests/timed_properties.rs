//! Random blocks of everything that waits: expiring, triggered, grouped and parted orders, schedules, cancels, moving prices.
//!
//! The oracle is [`Harness::block`]: each block is built, checked, applied again, applied from its witness, undone and
//! followed; money is conserved and all lists agree after it. That an action is refused is as good as that it is not.

use proptest::{collection::vec, option, prelude::*, sample::select};
use tandem_exchange::Event;
use tandem_exchange::action::{
    Action, CancelByCloid, Grouping, Modify, Order, OrderKind, OrderRef, TimeInForce, Tpsl, TwapCancel,
    TwapRequest,
};
use tandem_testkit::{
    ETH, Harness, Signer, as_limit, buy_perp, cancel_perp, grouped, leverage, market, perp_asset, sell_perp,
    size, waiting,
};
use tandem_types::{Cloid, OrderId};

const TRADERS: u8 = 4;

/// An order in few numbers: prices are steps of 10 USD around 2,000.
#[derive(Clone, Copy, Debug)]
struct Wish {
    is_buy: bool,
    step: u8,
    lots: u8,
    reduce_only: bool,
    time_in_force: TimeInForce,
    cloid: Option<u8>,
    /// In how many blocks it expires.
    lasts: Option<u8>,
    /// Where it waits, and whether as a limit order.
    trigger: Option<(u8, Tpsl, bool)>,
}

#[derive(Clone, Debug)]
enum Step {
    Place(Vec<Wish>, Grouping),
    Modify(u8, Wish),
    Cancel(u8),
    CancelByCloid(u8),
    CancelAll,
    Schedule(Option<u8>),
    Twap(bool, u8, bool),
    TwapCancel(u8),
    Leverage(u8, bool),
}

fn wishes() -> impl Strategy<Value = Wish> {
    let trigger = option::weighted(0.4, (0..20u8, select(Tpsl::ALL), any::<bool>()));
    let shape = (any::<bool>(), 0..20u8, 1..60u8, any::<bool>(), select(TimeInForce::ALL));
    (shape, option::weighted(0.2, 0..4u8), option::weighted(0.2, 0..4u8), trigger).prop_map(
        |((is_buy, step, lots, reduce_only, time_in_force), cloid, lasts, trigger)| Wish {
            is_buy,
            step,
            lots,
            reduce_only,
            time_in_force,
            cloid,
            lasts,
            trigger,
        },
    )
}

/// A first order, and some that protect it.
fn brackets() -> impl Strategy<Value = Step> {
    (wishes(), vec(wishes(), 1..3)).prop_map(|(parent, children)| {
        let parent = Wish { trigger: None, reduce_only: false, ..parent };
        let protects = |child: Wish| Wish {
            is_buy: !parent.is_buy,
            reduce_only: true,
            trigger: child.trigger.or(Some((child.step, Tpsl::StopLoss, false))),
            ..child
        };
        let orders = core::iter::once(parent).chain(children.into_iter().map(protects)).collect();
        Step::Place(orders, Grouping::NormalTpsl)
    })
}

fn steps() -> impl Strategy<Value = (u8, Step)> {
    let follows = wishes().prop_map(|wish| {
        let trigger = wish.trigger.or(Some((wish.step, Tpsl::TakeProfit, true)));
        Step::Place(vec![Wish { reduce_only: true, trigger, ..wish }], Grouping::PositionTpsl)
    });
    let step = prop_oneof![
        8 => vec(wishes(), 1..4).prop_map(|orders| Step::Place(orders, Grouping::Na)),
        3 => brackets(),
        3 => follows,
        2 => (any::<u8>(), wishes()).prop_map(|(nth, wish)| Step::Modify(nth, wish)),
        1 => any::<u8>().prop_map(Step::Cancel),
        1 => (0..4u8).prop_map(Step::CancelByCloid),
        1 => Just(Step::CancelAll),
        1 => option::of(50..60u8).prop_map(Step::Schedule),
        1 => (any::<bool>(), 1..200u8, any::<bool>()).prop_map(|(buy, lots, vary)| Step::Twap(buy, lots, vary)),
        1 => (0..4u8).prop_map(Step::TwapCancel),
        1 => (1..60u8, any::<bool>()).prop_map(|(times, cross)| Step::Leverage(times, cross)),
    ];
    (1..=TRADERS, step)
}

fn hundredths(lots: u8) -> String {
    let text = format!("{}.{:02}", lots / 100, lots % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn usd(step: u8) -> String {
    (1_900 + 10 * u32::from(step)).to_string()
}

fn order(chain: &Harness, wish: &Wish) -> Order {
    let make = if wish.is_buy { buy_perp } else { sell_perp };
    let base = Order {
        reduce_only: wish.reduce_only,
        kind: OrderKind::Limit(wish.time_in_force),
        cloid: wish.cloid.map(|number| Cloid([number; 16])),
        expires: wish.lasts.map(|blocks| chain.now().plus_ms(u64::from(blocks) * chain.step_ms)),
        ..make(ETH, &usd(wish.step), &hundredths(wish.lots))
    };
    match wish.trigger {
        None => base,
        Some((at, tpsl, true)) => as_limit(waiting(base, &usd(at), tpsl)),
        Some((at, tpsl, false)) => waiting(base, &usd(at), tpsl),
    }
}

/// One of the last orders that the chain has numbered.
fn lately(chain: &Harness, nth: u8) -> OrderId {
    let next = chain.chain.tables.exchange.counters.peek(&()).map_or(0, |counters| counters.order.0);
    OrderId(next.saturating_sub(1 + u64::from(nth % 24)))
}

fn action(chain: &Harness, step: &Step) -> Action {
    match step {
        Step::Place(wishes, grouping) => {
            let orders: Vec<_> = wishes.iter().map(|wish| order(chain, wish)).collect();
            grouped(&orders, *grouping)
        }
        Step::Modify(nth, wish) => {
            Action::Modify(Modify { target: OrderRef::Id(lately(chain, *nth)), order: order(chain, wish) })
        }
        Step::Cancel(nth) => cancel_perp(ETH, &[lately(chain, *nth)]),
        Step::CancelByCloid(number) => {
            Action::CancelByCloid(vec![CancelByCloid { asset: perp_asset(ETH), cloid: Cloid([*number; 16]) }])
        }
        Step::CancelAll => Action::CancelAll(None),
        Step::Schedule(hundreds) => {
            Action::ScheduleCancel(hundreds.map(|ms| chain.now().plus_ms(u64::from(ms) * 100)))
        }
        Step::Twap(is_buy, lots, randomize) => Action::TwapOrder(TwapRequest {
            asset: perp_asset(ETH),
            is_buy: *is_buy,
            size: size(&hundredths(*lots)),
            reduce_only: false,
            minutes: 5,
            randomize: *randomize,
        }),
        Step::TwapCancel(twap) => {
            Action::TwapCancel(TwapCancel { asset: perp_asset(ETH), twap: u64::from(*twap) })
        }
        Step::Leverage(times, cross) => leverage(ETH, u64::from(*times), *cross),
    }
}

/// Every order and every waiting order ends once, and none that has ended trades.
#[derive(Debug, Default)]
struct Lives {
    ended: std::collections::BTreeSet<OrderId>,
}

impl Lives {
    fn follow(&mut self, events: &[Event]) {
        for event in events {
            let id = match event {
                Event::Closed { id, .. } | Event::TriggerRefused { id, .. } | Event::Triggered { id, .. } => {
                    *id
                }
                Event::Trade(trade) => {
                    assert!(!self.ended.contains(&trade.maker_order), "{trade:?}");
                    continue;
                }
                _ => continue,
            };
            assert!(self.ended.insert(id), "order {id} ended before");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn whatever_waits_conserves_money_and_ends_once(
        blocks in vec((vec(steps(), 0..7), 0..20u8, select(vec![100u64, 100, 100, 1_000, 5_000, 30_000])), 1..14)
    ) {
        let (mut chain, _) = market::<{ TRADERS as usize }>("2000");
        let mut lives = Lives::default();
        for (steps, oracle, step_ms) in blocks {
            chain.step_ms = step_ms;
            chain.set_oracle(ETH, (1_900 + 10 * u64::from(oracle)) * 10_000);
            let actions: Vec<_> = steps.iter().map(|(who, step)| (*who, action(&chain, step))).collect();
            let signed: Vec<_> =
                actions.iter().map(|(who, action)| chain.sign(&Signer::wallet(*who), action)).collect();
            let made = chain.block(&signed, &[]);
            prop_assert!(made.refused.is_empty());
            for receipt in made.receipts() {
                lives.follow(&receipt.events);
            }
            lives.follow(&made.outcome.receipts.due);
        }
        // In the end everything can be taken back.
        for number in 1..=TRADERS {
            chain.act(&Signer::wallet(number), &Action::CancelAll(None));
        }
        let tables = &chain.chain.tables.exchange;
        prop_assert!(tables.trigger_orders.is_empty() && tables.account_orders.is_empty());
    }
}

fn cases() -> u32 {
    let wanted = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    wanted.unwrap_or(48)
}
