//! In its steady state the book takes no memory: neither a place nor a cancel, a fill or a rollback allocates.
//!
//! Memory is taken when the table holds more orders, or a block more writes, than ever before; so the same blocks run
//! twice, and the second run is counted. Sealing a block makes its delta, which is memory by its nature, and stays
//! outside.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use support::*;
use tandem_book::{
    Book, CancelReason, Fill, Incoming, Limits, Order, OrderKey, Owner, SelfTrade, Settlement, Side,
    TimeInForce,
};
use tandem_state::Tables;
use tandem_types::{OrderId, PriceRank, SizeLots};

/// Counts what each thread asks of the system's allocator.
struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ASKED.with(|asked| asked.set(asked.get() + 1));
}

#[expect(unsafe_code, reason = "an allocator cannot be written without; it only counts")]
// SAFETY: each call goes to the system's allocator with the caller's arguments, so its guarantees hold. Counting
// neither allocates (the cell is const-initialised and has no destructor) nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller meets the contract of `alloc`, which is the same here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the pointer came from `System` by this allocator; the rest is the caller's contract.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System` by this allocator; the rest is the caller's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A settlement that only counts, as writing steps down would take memory.
#[derive(Debug, Default)]
struct Tally {
    fills: u64,
    cancels: u64,
    reductions: u64,
}

impl Settlement for Tally {
    type Error = Unsettled;

    fn admit(&mut self, _: &OrderKey, order: &Order, size: SizeLots) -> Result<SizeLots, Unsettled> {
        Ok(if order.owner == Owner(4) { SizeLots::ZERO } else { size })
    }

    fn fill(&mut self, _: &Fill) -> Result<(), Unsettled> {
        self.fills += 1;
        Ok(())
    }

    fn maker_cancelled(&mut self, _: &OrderKey, _: &Order, _: CancelReason) -> Result<(), Unsettled> {
        self.cancels += 1;
        Ok(())
    }

    fn maker_reduced(&mut self, _: &OrderKey, _: &Order, _: SizeLots) -> Result<(), Unsettled> {
        self.reductions += 1;
        Ok(())
    }
}

/// A block of orders of all kinds around a middle that moves from block to block, and a cancel of each order that is
/// a few hundred orders old. Each fifth order is rolled back.
fn block(tables: &mut BookTables, keys: &mut [OrderKey; 256], number: u64, tally: &mut Tally) {
    let kinds = [TimeInForce::Gtc, TimeInForce::Alo, TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok];
    let rules = [SelfTrade::CancelMaker, SelfTrade::Decrement, SelfTrade::CancelTaker, SelfTrade::CancelBoth];
    let pick = |number: u64, count: usize| usize::try_from(number).unwrap() % count;
    for at in number * 1_000..(number + 1) * 1_000 {
        let mixed = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let side = if mixed & 1 == 0 { Side::Bid } else { Side::Ask };
        let limit = PriceRank(u32::try_from(1_000 + (mixed >> 1) % 16 + number % 7).unwrap());
        let incoming = Incoming {
            id: OrderId(at),
            owner: Owner(u32::try_from((mixed >> 8) % 5).unwrap()),
            side,
            limit,
            size: SizeLots(1 + (mixed >> 12) % 9),
            time_in_force: kinds[pick(mixed >> 16, kinds.len())],
            self_trade: rules[pick(mixed >> 20, rules.len())],
        };
        let mut book = Book::new(MARKET, &mut tables.orders);
        book.cancel(&keys[pick(at, 256)]);
        keys[pick(at, 256)] = OrderKey::new(MARKET, side, limit, incoming.id);
        tables.checkpoint();
        let mut book = Book::new(MARKET, &mut tables.orders);
        let result = book.place(&incoming, &Limits { fills_max: 20 }, tally);
        if at % 5 == 0 || result.is_err() { tables.rollback() } else { tables.commit() }
    }
}

#[test]
fn a_steady_book_does_not_allocate() {
    let mut tables = BookTables::default();
    let mut asked = [0, 0];
    let mut tally = Tally::default();
    for asked in &mut asked {
        let mut keys = [OrderKey::best_of(MARKET, Side::Bid); 256];
        for number in 0..100 {
            let before = ASKED.with(Cell::get);
            block(&mut tables, &mut keys, number, &mut tally);
            *asked += ASKED.with(Cell::get) - before;
            tables.seal();
        }
    }
    assert!(tally.fills > 10_000 && tally.cancels > 1_000 && tally.reductions > 1_000, "{tally:?}");
    assert!(asked[0] > 0, "the first run takes memory, or nothing was counted");
    assert_eq!(asked[1], 0, "the second run of the same blocks does not");
}
