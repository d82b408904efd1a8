//! What a price update changes: oracle and mark prices, premium samples, and, once an hour, the funding index.
//!
//! It runs at the beginning of a block, so it sees the books as the block before left them, and nothing within a block
//! moves a price. Its work is bounded by markets and by the orders that impact prices visit; it writes no account.

use super::market::{PerpEstimates, PerpMarket, PerpPrices};
use super::risk;
use crate::receipt::Event;
use crate::tables::ExchangeTables;
use crate::trigger;
use alloc::vec::Vec;
use tandem_book::{Book, OrderKey, Side};
use tandem_oracle::mark::BookView;
use tandem_oracle::premium::{self, IMPACT_ORDERS_MAX};
use tandem_oracle::{Depth, MedianPrices, Rate};
use tandem_types::{BlockTime, MarketId, PriceTicks};

/// Least milliseconds between two premium samples.
pub const PREMIUM_INTERVAL_MS: u64 = 5_000;
/// Milliseconds of a funding period.
pub const FUNDING_INTERVAL_MS: u64 = 3_600_000;

/// How many perpetual markets there are: they are numbered from 0 without gaps.
pub fn market_count(tables: &mut ExchangeTables) -> u16 {
    let mut count = 0u16;
    while tables.perp_markets.contains(&MarketId(count)) {
        count = count.saturating_add(1);
    }
    count
}

/// Updates every market for which the validators have an oracle price; `medians` are those of markets from 0 on.
pub fn update(
    tables: &mut ExchangeTables,
    medians: &[MedianPrices],
    now: BlockTime,
    events: &mut Vec<Event>,
) {
    tables.cross_sums.clear();
    for (number, median) in (0u16..).zip(medians) {
        let id = MarketId(number);
        let (Some(oracle), Some(market)) = (median.oracle, tables.perp_markets.get(&id).copied()) else {
            continue;
        };
        Update { tables, id, market, now, events }.run(oracle, median.external);
    }
}

/// One market's update.
struct Update<'a> {
    tables: &'a mut ExchangeTables,
    id: MarketId,
    market: PerpMarket,
    now: BlockTime,
    events: &'a mut Vec<Event>,
}

impl Update<'_> {
    fn run(&mut self, oracle: PriceTicks, external: Option<PriceTicks>) {
        let first = PerpEstimates { hour: self.hour(), ..PerpEstimates::default() };
        let mut estimates = self.tables.perp_estimates.get(&self.id).copied().unwrap_or(first);
        let mut prices = self.tables.perp_prices.get(&self.id).copied().unwrap_or_default();
        self.pay_funding(&mut estimates, &mut prices, oracle);
        let book = self.book_view();
        prices.oracle = oracle;
        prices.mark = estimates.mark.update(oracle, &book, external, self.now);
        prices.time = self.now;
        if self.now.ms_since(estimates.sampled).is_some_and(|ms| ms >= PREMIUM_INTERVAL_MS) {
            self.sample_premium(&mut estimates, oracle);
        }
        self.tables.perp_prices.put(self.id, prices);
        trigger::pass(self.tables, self.id, prices.mark);
        self.tables.perp_estimates.put(self.id, estimates);
        self.select();
    }

    /// If the new prices have reached bounds of the risk index, the market is due to be gone through.
    fn select(&mut self) {
        if risk::first_due(self.tables, self.id).is_some() && !self.tables.risk_due.contains(&self.id) {
            self.tables.risk_due.put(self.id, self.now);
        }
    }

    fn hour(&self) -> u64 {
        self.now.0.checked_div(FUNDING_INTERVAL_MS).unwrap_or(0)
    }

    fn book_view(&mut self) -> BookView {
        let scale = self.market.price_scale();
        let last = self.tables.perp_totals.get(&self.id).and_then(|totals| totals.last);
        let mut book = Book::new(self.id, &mut self.tables.orders);
        let mut best = |side| book.best(side).map(|(price, _)| price.to_ticks(scale));
        BookView { bid: best(Side::Bid), ask: best(Side::Ask), last: last.map(|price| price.to_ticks(scale)) }
    }

    /// Pays the hour that has ended, once however many have, at the oracle price of now.
    fn pay_funding(&mut self, estimates: &mut PerpEstimates, prices: &mut PerpPrices, oracle: PriceTicks) {
        let hour = self.hour();
        if hour <= estimates.hour {
            return;
        }
        let samples = i64::from(estimates.samples);
        let premium = Rate(estimates.premium_sum.checked_div(samples).unwrap_or(0));
        let rate = premium::hourly_funding(premium);
        let paid = i128::from(oracle.0).saturating_mul(i128::from(rate.0));
        prices.funding_index = prices.funding_index.saturating_add(paid);
        prices.drift = prices.drift.after(paid);
        *estimates = PerpEstimates { hour, rate, premium_sum: 0, samples: 0, ..*estimates };
        self.events.push(Event::FundingRate { market: self.id, rate, premium, oracle });
    }

    fn sample_premium(&mut self, estimates: &mut PerpEstimates, oracle: PriceTicks) {
        let (bids, asks) = (self.depth(Side::Bid), self.depth(Side::Ask));
        (estimates.impact_bid, estimates.impact_ask) = (bids.bid(), asks.ask());
        estimates.premium = premium::premium(oracle, estimates.impact_bid, estimates.impact_ask);
        estimates.premium_sum = estimates.premium_sum.saturating_add(estimates.premium.0);
        estimates.samples = estimates.samples.saturating_add(1);
        estimates.sampled = self.now;
    }

    fn depth(&mut self, side: Side) -> Depth {
        let scale = self.market.price_scale();
        let mut depth = Depth::new(self.market.impact_notional_micros);
        let mut book = Book::new(self.id, &mut self.tables.orders);
        let mut after: Option<OrderKey> = None;
        for _ in 0..IMPACT_ORDERS_MAX {
            let Some((key, order)) = book.first_after(side, after) else { break };
            depth.take(key.price().to_ticks(scale), order.remaining);
            if depth.is_full() {
                break;
            }
            after = Some(key);
        }
        depth
    }
}
