//! Tandem's book, with and without a table from order id to key; a block is sealed every thousand commands.

use crate::stream::{Command, LIMITS, MARKET};
use tandem_book::{Book, CancelReason, Fill, Incoming, Order, OrderKey, PlaceOutcome, Settlement};
use tandem_state::index::{Hashed, Ordered};
use tandem_state::{Tables, tables};
use tandem_types::{EngineId, OrderId, SizeLots};

tables! {
    /// Orders, and where each is.
    pub struct BenchTables in EngineId(0x72) {
        /// All orders.
        orders: Ordered<OrderKey, Order> = 1,
        /// The key of each order.
        keys: Hashed<OrderId, OrderKey> = 2,
    }
}

/// Counts trades.
#[derive(Default)]
pub struct Trades {
    pub fills: u64,
    pub lots: u64,
}

/// Counts trades and forgets the keys of orders that are gone.
struct WithKeys<'a> {
    trades: &'a mut Trades,
    keys: &'a mut tandem_state::Table<OrderId, OrderKey, Hashed<OrderId, OrderKey>>,
}

impl Settlement for Trades {
    type Error = core::convert::Infallible;
    fn admit(&mut self, _: &OrderKey, _: &Order, size: SizeLots) -> Result<SizeLots, Self::Error> {
        Ok(size)
    }
    fn fill(&mut self, fill: &Fill) -> Result<(), Self::Error> {
        self.fills += 1;
        self.lots += fill.size.0;
        Ok(())
    }
    fn maker_cancelled(&mut self, _: &OrderKey, _: &Order, _: CancelReason) -> Result<(), Self::Error> {
        Ok(())
    }
    fn maker_reduced(&mut self, _: &OrderKey, _: &Order, _: SizeLots) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl Settlement for WithKeys<'_> {
    type Error = core::convert::Infallible;
    fn admit(&mut self, _: &OrderKey, _: &Order, size: SizeLots) -> Result<SizeLots, Self::Error> {
        Ok(size)
    }
    fn fill(&mut self, fill: &Fill) -> Result<(), Self::Error> {
        if fill.maker_remaining.is_zero() {
            self.keys.remove(&fill.maker.id);
        }
        self.trades.fill(fill)
    }
    fn maker_cancelled(&mut self, maker: &OrderKey, _: &Order, _: CancelReason) -> Result<(), Self::Error> {
        self.keys.remove(&maker.id);
        Ok(())
    }
    fn maker_reduced(&mut self, _: &OrderKey, _: &Order, _: SizeLots) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// The tables and what happened on them.
#[derive(Default)]
pub struct Tandem {
    pub tables: BenchTables,
    pub trades: Trades,
}

impl Tandem {
    /// The command on the book alone: keys come with the commands.
    pub fn apply(&mut self, command: &Command) {
        let mut book = Book::new(MARKET, &mut self.tables.orders);
        match command {
            Command::Place { incoming, .. } => {
                let _ = book.place(incoming, &LIMITS, &mut self.trades);
            }
            Command::Cancel { key, .. } => {
                book.cancel(key);
            }
            Command::Move { key, incoming, .. } => {
                book.cancel(key);
                let _ = book.place(incoming, &LIMITS, &mut self.trades);
            }
        }
    }

    /// The command with a second table, from order id to key: commands name orders by id alone.
    pub fn apply_by_id(&mut self, command: &Command) {
        match command {
            Command::Place { incoming, .. } => self.place_by_id(incoming),
            Command::Cancel { key, .. } => self.cancel_by_id(key.id),
            Command::Move { key, incoming, .. } => {
                self.cancel_by_id(key.id);
                self.place_by_id(incoming);
            }
        }
    }

    fn place_by_id(&mut self, incoming: &Incoming) {
        let Self { tables, trades } = self;
        let mut settlement = WithKeys { trades, keys: &mut tables.keys };
        let placed = Book::new(MARKET, &mut tables.orders).place(incoming, &LIMITS, &mut settlement);
        if placed.is_ok_and(|placed| matches!(placed.outcome, PlaceOutcome::Resting { .. })) {
            let key = OrderKey::new(MARKET, incoming.side, incoming.limit, incoming.id);
            tables.keys.put(incoming.id, key);
        }
    }

    fn cancel_by_id(&mut self, id: OrderId) {
        if let Some(key) = self.tables.keys.remove(&id) {
            Book::new(MARKET, &mut self.tables.orders).cancel(&key);
        }
    }

    /// Ends a block.
    pub fn seal(&mut self) {
        std::hint::black_box(self.tables.seal());
    }
}
