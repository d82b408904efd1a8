//! The same commands on orderbook-rs, in its own words: `add_limit_order`, `cancel_order`, `UpdatePrice`.

use crate::stream::Command;
use orderbook_rs::OrderBook;
use pricelevel::{Id, OrderUpdate, Price, Side, TimeInForce};
use tandem_book::Incoming;

/// Its book.
pub struct Rival(OrderBook<()>);

impl Default for Rival {
    fn default() -> Self {
        Self(OrderBook::new("BENCH"))
    }
}

impl Rival {
    /// The command on its book.
    pub fn apply(&mut self, command: &Command) {
        match command {
            Command::Place { name, incoming } => self.place(*name, incoming),
            Command::Cancel { name, .. } => {
                let _ = std::hint::black_box(self.0.cancel_order(Id::from_u64(*name)));
            }
            Command::Move { name, incoming, .. } => {
                let update = OrderUpdate::UpdatePrice {
                    order_id: Id::from_u64(*name),
                    new_price: Price::new(incoming.limit.0.into()),
                };
                let _ = std::hint::black_box(self.0.update_order(update));
            }
        }
    }

    fn place(&self, name: u64, incoming: &Incoming) {
        let side = match incoming.side {
            tandem_book::Side::Bid => Side::Buy,
            tandem_book::Side::Ask => Side::Sell,
        };
        let time_in_force = match incoming.time_in_force {
            tandem_book::TimeInForce::Ioc => TimeInForce::Ioc,
            _ => TimeInForce::Gtc,
        };
        let price = u128::from(incoming.limit.0);
        let placed =
            self.0.add_limit_order(Id::from_u64(name), price, incoming.size.0, side, time_in_force, None);
        let _ = std::hint::black_box(placed);
    }

    /// Orders that rest, and their lots.
    pub fn resting(&self) -> (u64, u64) {
        let orders = self.0.get_all_orders();
        let lots = orders.iter().map(|order| order.visible_quantity().as_u64()).sum();
        (orders.len() as u64, lots)
    }
}
