//! A settlement that writes down what it is told, and a spelling of books and orders for tables of cases.
//!
//! An order is spelled `B12 bid 5@101`: owner B, id 12, five lots at rank 101.

#![allow(dead_code, unreachable_pub, reason = "compiled into each test file, which uses its part")]

use tandem_book::{
    CancelReason, Fill, Incoming, Order, OrderKey, Orders, Owner, SelfTrade, Settlement, Side, TimeInForce,
    resting,
};
use tandem_state::index::Ordered;
use tandem_state::{Tables, tables};
use tandem_types::{EngineId, MarketId, OrderId, PriceRank, SizeLots};

tables! {
    /// The tables of an exchange that has nothing but orders.
    pub struct BookTables in EngineId(0x71) {
        /// All markets' orders.
        orders: Ordered<OrderKey, Order> = 1,
    }
}

pub const MARKET: MarketId = MarketId(3);

/// One step of a match, as the settlement was told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Fill(Fill),
    Cancelled(OrderKey, Order, CancelReason),
    Reduced(OrderKey, Order, SizeLots),
}

/// Writes down each step, and refuses as it is told to.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub steps: Vec<Step>,
    /// Owners whose orders are not admitted.
    pub refused: Vec<Owner>,
    /// Owners with whom the taker must not trade.
    pub friends: Vec<Owner>,
    /// The most that a maker is admitted with, if anything bounds it.
    pub admitted_max: Option<SizeLots>,
    /// The order whose settlement errs, whatever happens to it.
    pub unsettled: Option<OrderId>,
}

/// Settlement erred, as it was told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsettled(pub OrderId);

impl Ledger {
    fn note(&mut self, id: OrderId, step: Step) -> Result<(), Unsettled> {
        if self.unsettled == Some(id) {
            return Err(Unsettled(id));
        }
        self.steps.push(step);
        Ok(())
    }
}

impl Settlement for Ledger {
    type Error = Unsettled;

    fn same_trader(&mut self, maker: Owner) -> bool {
        self.friends.contains(&maker)
    }

    fn admit(&mut self, _: &OrderKey, order: &Order, size: SizeLots) -> Result<SizeLots, Unsettled> {
        let admitted = self.admitted_max.map_or(size, |max| max.min(size));
        Ok(if self.refused.contains(&order.owner) { SizeLots::ZERO } else { admitted })
    }

    fn fill(&mut self, fill: &Fill) -> Result<(), Unsettled> {
        self.note(fill.maker.id, Step::Fill(*fill))
    }

    fn maker_cancelled(
        &mut self,
        maker: &OrderKey,
        order: &Order,
        reason: CancelReason,
    ) -> Result<(), Unsettled> {
        self.note(maker.id, Step::Cancelled(*maker, *order, reason))
    }

    fn maker_reduced(&mut self, maker: &OrderKey, order: &Order, by: SizeLots) -> Result<(), Unsettled> {
        self.note(maker.id, Step::Reduced(*maker, *order, by))
    }
}

/// `B12` as owner and id.
pub fn owner_and_id(word: &str) -> (Owner, OrderId) {
    let (letter, digits) = word.split_at(1);
    (owner(letter), OrderId(digits.parse().unwrap()))
}

/// `B` as an owner.
pub fn owner(letter: &str) -> Owner {
    Owner(u32::from(letter.as_bytes()[0] - b'A'))
}

/// `B12 bid 5@101`, and for incoming orders a time in force and a self-trade rule after it.
pub fn incoming(text: &str) -> Incoming {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (owner, id) = owner_and_id(words[0]);
    let (size, price) = words[2].split_once('@').unwrap();
    Incoming {
        id,
        owner,
        side: if words[1] == "bid" { Side::Bid } else { Side::Ask },
        limit: PriceRank(price.parse().unwrap()),
        size: SizeLots(size.parse().unwrap()),
        time_in_force: match words.get(3).copied().unwrap_or("gtc") {
            "gtc" => TimeInForce::Gtc,
            "ioc" => TimeInForce::Ioc,
            "alo" => TimeInForce::Alo,
            "fok" => TimeInForce::Fok,
            other => panic!("{other} is no time in force"),
        },
        self_trade: match words.get(4).copied().unwrap_or("maker") {
            "maker" => SelfTrade::CancelMaker,
            "taker" => SelfTrade::CancelTaker,
            "both" => SelfTrade::CancelBoth,
            "decrement" => SelfTrade::Decrement,
            other => panic!("{other} is no self-trade rule"),
        },
    }
}

/// A book with these orders, separated by commas.
pub fn tables_of(text: &str) -> BookTables {
    let mut tables = BookTables::default();
    for order in text.split(',').filter(|order| !order.trim().is_empty()) {
        let Incoming { id, owner, side, limit, size, .. } = incoming(order);
        tables.orders.put(OrderKey::new(MARKET, side, limit, id), Order { owner, remaining: size });
    }
    tables.seal();
    tables
}

/// An order as [`incoming`] reads it.
pub fn spell(key: &OrderKey, owner: Owner, size: SizeLots) -> String {
    let side = if key.side() == Side::Bid { "bid" } else { "ask" };
    format!("{}{} {side} {size}@{}", letter(owner), key.id, key.price().0)
}

fn letter(owner: Owner) -> char {
    char::from(b'A' + u8::try_from(owner.0).unwrap())
}

/// The book in order of priority, bids first, as [`tables_of`] reads it.
pub fn spell_book(orders: &Orders) -> String {
    let both = resting(orders, MARKET, Side::Bid).chain(resting(orders, MARKET, Side::Ask));
    both.map(|(key, order)| spell(key, order.owner, order.remaining)).collect::<Vec<_>>().join(", ")
}

/// The steps of a match: `A1 5@101` for a trade, `A1 refused`, `A1 self`, `A1 -3` for a decrement.
pub fn spell_steps(steps: &[Step]) -> String {
    let spell_step = |step: &Step| match step {
        Step::Fill(fill) => format!(
            "{}{} {}@{}{}",
            letter(fill.maker_owner),
            fill.maker.id,
            fill.size,
            fill.price.0,
            if fill.maker_remaining.is_zero() { "" } else { " part" }
        ),
        Step::Cancelled(key, order, reason) => {
            let reason = match reason {
                CancelReason::SelfTrade => "self",
                CancelReason::NotAdmitted => "refused",
            };
            format!("{}{} {reason}", letter(order.owner), key.id)
        }
        Step::Reduced(key, order, by) => format!("{}{} -{by}", letter(order.owner), key.id),
    };
    steps.iter().map(spell_step).collect::<Vec<_>>().join(", ")
}
