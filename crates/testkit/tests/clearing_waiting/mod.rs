//! Orders that wait for prices, to both.

use crate::{FORMS, LAST, Run, Stream, tenths_of};
use tandem_exchange::AccountOrder;
use tandem_exchange::action::{Action, Decimal, Grouping, Order, OrderKind, Tpsl, Trigger};
use tandem_exchange::trigger::Stage;
use tandem_reference_clearing::{Protect, Stay, Wish, zero};
use tandem_testkit::{buy_perp, cancel_perp, grouped, place_built, sell_perp};
use tandem_types::{AccountId, OrderId};

/// What has to happen at least once.
pub(crate) const WANTED: [&str; 11] = [
    "Waiting",
    "Armed",
    "Triggered",
    "TriggerRefused",
    "BadTriggerPrice",
    "WaitingForFill",
    "WaitingForTrigger",
    "SiblingFilled",
    "ParentEnded",
    "PositionClosed",
    "ParentRejected",
];

/// Which market, the mark there, and which side.
fn somewhere(stream: &mut Stream) -> (usize, u64, bool) {
    let at = usize::try_from(stream.random.below(2)).unwrap();
    let mark = stream.chain.chain.tables.exchange.perp_prices.peek(&FORMS[at].id).unwrap().mark.0;
    (at, mark, stream.random.below(2) == 0)
}

/// A valid price within so many thousandths of another, or the lowest there is.
fn near(stream: &mut Stream, at: usize, price: u64, thousandths: u64) -> u64 {
    let moved = 1_000 + stream.random.below(2 * thousandths + 1) - thousandths;
    (price * moved / 1_000 / FORMS[at].step * FORMS[at].step).max(FORMS[at].step)
}

/// An order that waits, for both.
fn protect(
    stream: &mut Stream,
    who: u8,
    (at, mark, buy): (usize, u64, bool),
    reduce_only: bool,
    lots: u64,
) -> (Order, Protect) {
    let form = &FORMS[at];
    let trigger = near(stream, at, mark, 12);
    let price = near(stream, at, trigger, 30);
    let (is_market, profit) = (stream.random.below(2) == 0, stream.random.below(2) == 0);
    let tpsl = if profit { Tpsl::TakeProfit } else { Tpsl::StopLoss };
    let decimal = |ticks| Decimal::new(ticks, form.tick_digits).unwrap();
    let base = if buy { buy_perp(form.id, "1", "1") } else { sell_perp(form.id, "1", "1") };
    let order = Order {
        price: decimal(price),
        size: Decimal::new(lots, form.lot_digits).unwrap(),
        kind: OrderKind::Trigger(Trigger { is_market, price: decimal(trigger), tpsl }),
        reduce_only,
        ..base
    };
    let wish = Wish {
        who: u32::from(who),
        market: at,
        buy,
        price: form.price(price),
        size: form.size(i128::from(lots)),
        stay: if is_market { Stay::Ioc } else { Stay::Gtc },
        reduce_only,
        zero: None,
        builder: None,
    };
    (order, Protect { wish, at: form.price(trigger), profit })
}

pub(crate) fn wait(stream: &mut Stream, who: u8) -> (Action, Run) {
    let place_at = somewhere(stream);
    let lots = 1 + stream.random.below(FORMS[place_at.0].lots_max);
    let reduce_only = stream.random.below(3) == 0;
    let (order, mut wanted) = protect(stream, who, place_at, reduce_only, lots);
    let tenths = tenths_of(lots);
    wanted.wish.builder = crate::builder(tenths);
    (place_built(&[order], &crate::builder_address(), tenths), Box::new(move |twin| twin.wait(&wanted)))
}

pub(crate) fn follow(stream: &mut Stream, who: u8) -> (Action, Run) {
    let place_at = somewhere(stream);
    let (order, mut wanted) = protect(stream, who, place_at, true, 0);
    wanted.wish.size = zero();
    (grouped(&[order], Grouping::PositionTpsl), Box::new(move |twin| twin.follow(&wanted)))
}

pub(crate) fn bracket(stream: &mut Stream, who: u8) -> (Action, Run) {
    let (at, mark, buy) = somewhere(stream);
    let lots = 1 + stream.random.below(FORMS[at].lots_max);
    let price = near(stream, at, mark, 6);
    let stay = stream.random.pick(&[Stay::Gtc, Stay::Gtc, Stay::Ioc]);
    let (parent, wish) = crate::limit(who, at, buy, price, lots, stay);
    let children: Vec<_> =
        (0..=stream.random.below(2)).map(|_| protect(stream, who, (at, mark, !buy), true, lots)).collect();
    let orders: Vec<_> = core::iter::once(parent).chain(children.iter().map(|(order, _)| *order)).collect();
    let children: Vec<_> = children.into_iter().map(|(_, wanted)| wanted).collect();
    let run =
        move |twin: &mut tandem_reference_clearing::Clearing| !twin.bracket(&wish, &children).is_empty();
    (grouped(&orders, Grouping::NormalTpsl), Box::new(run))
}

pub(crate) fn forget(stream: &mut Stream, who: u8) -> (Action, Run) {
    let mine = stream.twin.triggers.waiting.iter().filter(|waiting| waiting.wish.who == u32::from(who));
    let mine: Vec<_> = mine.map(|waiting| (waiting.id, waiting.wish.market)).collect();
    let nth = usize::try_from(stream.random.below(6)).unwrap();
    let (id, at) = mine.get(nth).copied().unwrap_or((u64::MAX, 0));
    let action = cancel_perp(FORMS[at].id, &[OrderId(id)]);
    (action, Box::new(move |twin| twin.forget(u32::from(who), id)))
}

/// The same orders wait for the same.
pub(crate) fn assert_same(stream: &Stream, action: &Action) {
    let tables = &stream.chain.chain.tables.exchange;
    let mut waiting = Vec::new();
    for account in (0..=LAST).map(AccountId) {
        let (mut from, to) = (AccountOrder::first(account), AccountOrder::last(account));
        while let Some((key, order)) = tables.trigger_orders.peek_first(&from, &to) {
            let form = FORMS.iter().find(|form| form.id == order.market).unwrap();
            let size = form.size(order.size.map_or(0, |size| i128::from(size.0)));
            waiting.push((key.id.0, size, order.stage == Stage::Price));
            from.id = key.id.next().unwrap();
        }
    }
    waiting.sort();
    let expected = stream.twin.triggers.waiting.iter();
    let mut expected: Vec<_> =
        expected.map(|waiting| (waiting.id, waiting.wish.size.clone(), waiting.armed)).collect();
    expected.sort();
    assert_eq!(waiting, expected, "waiting orders after {action:?}");
}
