//! The best levels of a book, as a report shows them.

use eyre::{Result, WrapErr};
use serde::Deserialize;

/// Levels of a side that are shown.
pub(super) const LEVELS_SHOWN: usize = 5;

/// A price level.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Level {
    /// Its price.
    #[serde(rename = "px")]
    pub(super) price: String,
    /// What rests there.
    #[serde(rename = "sz")]
    pub(super) size: String,
    /// In how many orders.
    #[serde(rename = "n")]
    pub(super) orders: u32,
}

/// A book, best levels first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Book {
    /// Who buys.
    pub(super) bids: Vec<Level>,
    /// Who sells.
    pub(super) asks: Vec<Level>,
}

impl Book {
    /// From the answer to `l2Book`.
    pub(super) fn parse(data: serde_json::Value) -> Result<Self> {
        #[derive(Deserialize)]
        struct Sides {
            levels: [Vec<Level>; 2],
        }
        let sides: Sides = serde_json::from_value(data).wrap_err("the answer to l2Book")?;
        let [bids, asks] = sides.levels;
        Ok(Self { bids, asks })
    }

    /// Prints the best levels, the best offer right above the best bid.
    pub(super) fn print(&self) {
        println!("Book       {:>12} {:>8} {:>7}", "price", "shares", "orders");
        let shown = self.asks.len().min(LEVELS_SHOWN);
        self.asks.iter().take(shown).rev().for_each(|level| level.print("ask"));
        self.bids.iter().take(LEVELS_SHOWN).for_each(|level| level.print("bid"));
        if self.bids.is_empty() && self.asks.is_empty() {
            println!("  is empty");
        }
    }
}

impl Level {
    fn print(&self, side: &str) {
        println!("  {side}      {:>12} {:>8} {:>7}", self.price, self.size, self.orders);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bids_come_first_in_an_answer() {
        let level = |price: &str| Level { price: price.into(), size: "7.0".into(), orders: 2 };
        let answer = json!({ "coin": "@2", "time": 5, "levels": [
            [{ "px": "1.5", "sz": "7.0", "n": 2 }, { "px": "1.4", "sz": "7.0", "n": 2 }],
            [{ "px": "1.6", "sz": "7.0", "n": 2 }],
        ] });
        let book = Book { bids: vec![level("1.5"), level("1.4")], asks: vec![level("1.6")] };
        assert_eq!(Book::parse(answer).unwrap(), book);
        assert!(Book::parse(json!({ "levels": [] })).is_err());
    }
}
