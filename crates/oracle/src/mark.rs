//! The mark price: the median of what the oracle, the book and other venues say.
//!
//! Source: Hyperliquid, "Robust price indices"; what it leaves open is decided in `docs/exchange-rules.md`.

use crate::average::{Average, Memory};
use crate::{PRICE_TICKS_END, median};
use tandem_types::{BlockTime, PriceTicks};

/// What a market's book says at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookView {
    /// The best bid.
    pub bid: Option<PriceTicks>,
    /// The best ask.
    pub ask: Option<PriceTicks>,
    /// The last trade's price.
    pub last: Option<PriceTicks>,
}

impl BookView {
    /// Half way between bid and ask, rounded down; `None` unless both are quoted.
    #[must_use]
    pub fn mid(&self) -> Option<PriceTicks> {
        let (bid, ask) = (self.bid?, self.ask?);
        Some(PriceTicks(bid.0.midpoint(ask.0)))
    }

    /// The median of bid, ask and last trade; before the first trade the mid. `None` unless both sides are quoted.
    #[must_use]
    pub fn price(&self) -> Option<PriceTicks> {
        match (self.bid, self.ask, self.last) {
            (Some(bid), Some(ask), Some(last)) => Some(median::of_three(bid, ask, last)),
            _ => self.mid(),
        }
    }
}

/// The averages that the mark price remembers of its market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarkMemory {
    /// Of the book's mid less the oracle price, over 150 s.
    basis: Average,
    /// Of the book's price, over 30 s.
    book: Average,
    /// When either was last added to.
    time: BlockTime,
}
tandem_codec::record!(MarkMemory { basis, book, time });

impl MarkMemory {
    /// Takes in a market's book, and gives the mark price. Everything happens at an update of `oracle`, at `now`.
    pub fn update(
        &mut self,
        oracle: PriceTicks,
        book: &BookView,
        external: Option<PriceTicks>,
        now: BlockTime,
    ) -> PriceTicks {
        self.sample(oracle, book, now);
        let basis = self.basis.ticks().unwrap_or(0);
        let oracle_with_basis = bounded(i128::from(oracle.0).saturating_add(i128::from(basis)));
        let short = self.book.price().map_or(oracle, |price| bounded(i128::from(price.0)));
        let mark = match (book.price(), external) {
            (Some(book), Some(external)) => median::of_three(oracle_with_basis, book, external),
            (Some(only), None) | (None, Some(only)) => median::of_three(oracle_with_basis, only, short),
            (None, None) => oracle_with_basis,
        };
        bounded(i128::from(mark.0))
    }

    fn sample(&mut self, oracle: PriceTicks, book: &BookView, now: BlockTime) {
        let (Some(mid), Some(price)) = (book.mid(), book.price()) else { return };
        let ms = now.ms_since(self.time).unwrap_or(0);
        let signed = |ticks: PriceTicks| i64::try_from(ticks.0).unwrap_or(i64::MAX);
        self.basis.push(signed(mid).saturating_sub(signed(oracle)), ms, Memory::Long);
        self.book.push(signed(price), ms, Memory::Short);
        self.time = now;
    }
}

/// A price that the rules can hold.
fn bounded(ticks: i128) -> PriceTicks {
    let last = PRICE_TICKS_END.saturating_sub(1);
    PriceTicks(u64::try_from(ticks.max(1)).unwrap_or(last).min(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn view(bid: u64, ask: u64, last: u64) -> BookView {
        let some = |price| (price > 0).then_some(PriceTicks(price));
        BookView { bid: some(bid), ask: some(ask), last: some(last) }
    }

    #[test]
    fn a_book_has_a_price_if_both_sides_are_quoted() {
        // bid, ask, last; mid, price (0 for none)
        let rows = [
            (99, 101, 0, 100, 100),
            (99, 102, 0, 100, 100),
            (99, 101, 100, 100, 100),
            (99, 101, 50, 100, 99),
            (99, 101, 150, 100, 101),
            (99, 0, 100, 0, 0),
            (0, 101, 100, 0, 0),
            (0, 0, 100, 0, 0),
        ];
        for (bid, ask, last, mid, price) in rows {
            let book = view(bid, ask, last);
            assert_eq!(book.mid().map_or(0, |mid| mid.0), mid);
            assert_eq!(book.price().map_or(0, |price| price.0), price, "{book:?}");
        }
    }

    #[test]
    fn the_mark_is_the_median_of_what_exists() {
        // Oracle 1000; then a first update with a book and external mid (0 for none) and the mark that it gives.
        let rows = [
            // Nothing but the oracle.
            (view(0, 0, 0), 0, 1_000),
            // Two: the third is the oracle price while no book was ever seen.
            (view(0, 0, 0), 1_200, 1_000),
            // Two: the third is the average of the book's price, here its only sample.
            (view(1_099, 1_101, 0), 0, 1_100),
            (view(899, 901, 5), 0, 899),
            // Three: the basis moves the oracle to the mid at once, with one sample.
            (view(1_099, 1_101, 0), 950, 1_100),
            (view(1_089, 1_109, 1_095), 1_200, 1_099),
            (view(1_089, 1_109, 1_095), 1_097, 1_097),
        ];
        for (book, external, mark) in rows {
            let external = (external > 0).then_some(PriceTicks(external));
            let given = MarkMemory::default().update(PriceTicks(1_000), &book, external, BlockTime(5_000));
            assert_eq!(given, PriceTicks(mark), "{book:?} {external:?}");
        }
    }

    #[test]
    fn an_emptied_book_leaves_its_basis_and_its_average() {
        let mut memory = MarkMemory::default();
        memory.update(PriceTicks(1_000), &view(1_009, 1_011, 0), None, BlockTime(1_000));
        // Of oracle with basis 1110, external 1050 and the average of the book 1010, the middle one.
        let mark =
            memory.update(PriceTicks(1_100), &view(0, 0, 0), Some(PriceTicks(1_050)), BlockTime(2_000));
        assert_eq!(mark, PriceTicks(1_050));
        assert_eq!(
            memory.update(PriceTicks(1_100), &view(0, 0, 0), None, BlockTime(3_000)),
            PriceTicks(1_110)
        );
    }

    proptest! {
        #[test]
        fn the_mark_is_bounded_whatever_is_given(
            rows in proptest::collection::vec((any::<u64>(), any::<[Option<u64>; 4]>(), any::<u64>()), 1..8),
        ) {
            let mut memory = MarkMemory::default();
            for (oracle, [bid, ask, last, external], now) in rows {
                let ticks = |price: Option<u64>| price.map(PriceTicks);
                let book = BookView { bid: ticks(bid), ask: ticks(ask), last: ticks(last) };
                let mark = memory.update(PriceTicks(oracle), &book, ticks(external), BlockTime(now));
                prop_assert!((1..PRICE_TICKS_END).contains(&mark.0));
            }
        }

        /// Whoever controls one of three inputs can't push the mark beyond the other two.
        #[test]
        fn one_input_alone_moves_the_mark_no_further_than_the_others(
            bid in 900u64..1_000, spread in 1u64..50, external in 900u64..1_100, wild in 1u64..10_000_000,
        ) {
            let book = view(bid, bid + spread, 0);
            let mut memory = MarkMemory::default();
            memory.sample(PriceTicks(1_000), &book, BlockTime(1));
            let mut other = memory;
            let calm = memory.update(PriceTicks(1_000), &book, Some(PriceTicks(external)), BlockTime(1));
            let pushed = other.update(PriceTicks(1_000), &book, Some(PriceTicks(wild)), BlockTime(1));
            let mid = book.mid().unwrap();
            prop_assert!(calm.0.abs_diff(mid.0) <= 1 && pushed.0.abs_diff(mid.0) <= 1);
        }
    }
}
