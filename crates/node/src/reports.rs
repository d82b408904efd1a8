//! What this validator reports of prices with its votes.

use tandem_codec::Encode;
use tandem_consensus::EXTENSION_BYTES_MAX;
use tandem_exchange::ExchangeTables;
use tandem_exchange::perp::PerpMarket;
use tandem_oracle::{Quote, Report};
use tandem_prices::{Last, Market, PriceMicros, PriceSource, SourceError};
use tandem_types::{BlockTime, Decimals, MarketId, PriceTicks};

/// Asks the source, and makes reports of what it says.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    source: Option<Box<dyn PriceSource>>,
    /// What the source could not say last time: it is logged when it changes, not with every report.
    failed: Vec<(MarketId, SourceError)>,
}

impl Reporter {
    pub(crate) fn new(source: Box<dyn PriceSource>) -> Self {
        Self { source: Some(source), failed: Vec::new() }
    }

    /// The report to attach to a vote for a block of this time, and how many markets it lacks: because the source failed,
    /// because no price may be what it said, or because an extension holds no more. Without a source it is empty.
    pub(crate) fn report(&mut self, tables: &ExchangeTables, now: BlockTime) -> (Report, u64) {
        let Some(source) = &mut self.source else { return (Report::default(), 0) };
        let (mut quotes, mut failed) = (Vec::new(), Vec::new());
        for (id, market) in markets(tables) {
            match quote(source.as_mut(), tables, id, market, now) {
                Ok(quote) => quotes.push(quote),
                Err(error) => failed.push((id, error)),
            }
        }
        if failed != self.failed {
            warn(tables, &failed);
        }
        let report = fitting(&quotes);
        let lacks = failed.len() + quotes.len() - report.quotes().len();
        self.failed = failed;
        (report, u64::try_from(lacks).unwrap_or(u64::MAX))
    }
}

fn markets(tables: &ExchangeTables) -> impl Iterator<Item = (MarketId, &PerpMarket)> {
    let market = |number| Some((MarketId(number), tables.perp_markets.peek(&MarketId(number))?));
    (0..=u16::MAX).map_while(market)
}

fn quote(
    source: &mut dyn PriceSource,
    tables: &ExchangeTables,
    id: MarketId,
    market: &PerpMarket,
    now: BlockTime,
) -> Result<Quote, SourceError> {
    // A tick is 10^-(6-d) USD, so 10^d millionths.
    let micros_per_tick = Decimals::new(market.size_decimals).map_or(1, Decimals::power);
    let prices = tables.perp_prices.peek(&id);
    let last = prices.map(|prices| Last {
        oracle: PriceMicros(prices.oracle.0.saturating_mul(micros_per_tick)),
        time: prices.time,
    });
    let seen = source.sight(&Market { name: market.name.as_str(), last }, now)?;
    let ticks = |price: PriceMicros| PriceTicks(rounded(price.0, micros_per_tick));
    Ok(Quote { market: id, oracle: ticks(seen.oracle), external: seen.external.map(ticks) })
}

/// The nearest count of ticks, halves up.
const fn rounded(micros: u64, per_tick: u64) -> u64 {
    micros.saturating_add(per_tick / 2) / per_tick
}

/// The report of these quotes, or of as many from the first on as an extension holds.
fn fitting(quotes: &[Quote]) -> Report {
    let count_bytes = 0u32.to_bytes().len();
    let mut left = (EXTENSION_BYTES_MAX as usize).saturating_sub(count_bytes);
    let fits = |quote: &&Quote| {
        let rest = left.checked_sub(quote.to_bytes().len());
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    Report::new(&quotes.iter().take_while(fits).copied().collect::<Vec<_>>())
}

fn warn(tables: &ExchangeTables, failed: &[(MarketId, SourceError)]) {
    if failed.is_empty() {
        tracing::info!("the price source has all prices again");
    }
    for (id, error) in failed {
        let name = tables.perp_markets.peek(id).map(|market| market.name);
        let name = name.as_ref().map_or("", |name| name.as_str());
        tracing::warn!(market = name, %error, "no price to report");
    }
}
