//! Candles of one market, and its last day.
//!
//! A candle exists only where there was a trade, so a quiet market costs nothing.

use std::collections::VecDeque;
use tandem_types::{BlockTime, PriceRank};

/// Candles kept of each market and interval; what the API hands out at most.
pub const CANDLES_KEPT: usize = 5_000;
/// Milliseconds of a day.
pub const DAY_MS: u64 = 24 * 3_600_000;

/// How long a candle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interval {
    /// One minute.
    Minute,
    /// Three minutes.
    ThreeMinutes,
    /// Five minutes.
    FiveMinutes,
    /// A quarter of an hour.
    Quarter,
    /// Half an hour.
    Half,
    /// One hour.
    Hour,
    /// Two hours.
    TwoHours,
    /// Four hours.
    FourHours,
    /// Eight hours.
    EightHours,
    /// Twelve hours.
    TwelveHours,
    /// One day.
    Day,
    /// Three days.
    ThreeDays,
    /// One week, from Thursday on, as the Unix epoch began.
    Week,
    /// A month of the calendar, in UTC.
    Month,
}

impl Interval {
    /// Every interval, shortest first.
    pub const ALL: [Self; 14] = [
        Self::Minute,
        Self::ThreeMinutes,
        Self::FiveMinutes,
        Self::Quarter,
        Self::Half,
        Self::Hour,
        Self::TwoHours,
        Self::FourHours,
        Self::EightHours,
        Self::TwelveHours,
        Self::Day,
        Self::ThreeDays,
        Self::Week,
        Self::Month,
    ];

    /// Its length in minutes, of a month the longest, and its word.
    const fn row(self) -> (u64, &'static str) {
        match self {
            Self::Minute => (1, "1m"),
            Self::ThreeMinutes => (3, "3m"),
            Self::FiveMinutes => (5, "5m"),
            Self::Quarter => (15, "15m"),
            Self::Half => (30, "30m"),
            Self::Hour => (60, "1h"),
            Self::TwoHours => (120, "2h"),
            Self::FourHours => (240, "4h"),
            Self::EightHours => (480, "8h"),
            Self::TwelveHours => (720, "12h"),
            Self::Day => (1_440, "1d"),
            Self::ThreeDays => (4_320, "3d"),
            Self::Week => (10_080, "1w"),
            Self::Month => (44_640, "1M"),
        }
    }

    /// When the candle of a moment begins, in milliseconds.
    #[must_use]
    pub const fn start(self, time: u64) -> u64 {
        match self {
            Self::Month => month_start(time / DAY_MS) * DAY_MS,
            _ => time - time % self.ms(),
        }
    }

    /// When the candle that begins at `start` ends: the first moment of the next.
    #[must_use]
    pub const fn end(self, start: u64) -> u64 {
        match self {
            Self::Month => self.start(start + self.ms()),
            _ => start + self.ms(),
        }
    }

    const fn ms(self) -> u64 {
        self.row().0 * 60_000
    }

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.row().1
    }

    /// The interval of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.word() == word)
    }

    /// Its place in [`Interval::ALL`].
    const fn at(self) -> usize {
        self as usize
    }
}

/// The day, counted from 1970 on, on which the month of a day begins.
///
/// Counted in years that begin in March, so that the day that leap years add is the last: then months begin at
/// `⌊(153 m + 2) / 5⌋`. Days from 0000-03-01, 719,468 before 1970; eras of 400 years.
const fn month_start(day: u64) -> u64 {
    let days = day + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let start = era * 146_097 + 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5;
    start.saturating_sub(719_468)
}

/// The trades of one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candle {
    /// When it began, in milliseconds.
    pub start: u64,
    /// First price.
    pub open: PriceRank,
    /// Highest price.
    pub high: PriceRank,
    /// Lowest price.
    pub low: PriceRank,
    /// Last price.
    pub close: PriceRank,
    /// Size traded, in lots.
    pub lots: u128,
    /// Notional traded, in quote atoms.
    pub notional: u128,
    /// Number of trades.
    pub trades: u64,
}

/// The last 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayStats {
    /// The price 24 hours ago, or the first since.
    pub price_before: Option<PriceRank>,
    /// The last price.
    pub price_last: Option<PriceRank>,
    /// Size traded, in lots.
    pub lots: u128,
    /// Notional traded, in quote atoms.
    pub notional: u128,
}

/// The candles of one market.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candles {
    series: [VecDeque<Candle>; Interval::ALL.len()],
}

impl Candles {
    /// Adds a trade. Trades come in the order of time.
    pub(crate) fn add(&mut self, time: BlockTime, price: PriceRank, lots: u64, notional: u128) {
        for interval in Interval::ALL {
            let start = interval.start(time.0);
            let series = &mut self.series[interval.at()];
            if series.back().is_none_or(|last| last.start < start) {
                if series.len() >= CANDLES_KEPT {
                    series.pop_front();
                }
                let (open, high, low, close) = (price, price, price, price);
                series.push_back(Candle { start, open, high, low, close, lots: 0, notional: 0, trades: 0 });
            }
            if let Some(candle) = series.back_mut() {
                candle.high = candle.high.max(price);
                candle.low = candle.low.min(price);
                candle.close = price;
                candle.lots = candle.lots.saturating_add(u128::from(lots));
                candle.notional = candle.notional.saturating_add(notional);
                candle.trades = candle.trades.saturating_add(1);
            }
        }
    }

    /// Candles that begin within `from..=to`, oldest first.
    pub(crate) fn between(&self, interval: Interval, from: u64, to: u64) -> impl Iterator<Item = &Candle> {
        let series = &self.series[interval.at()];
        let first = series.partition_point(|candle| candle.start < from);
        series.range(first..).take_while(move |candle| candle.start <= to)
    }

    pub(crate) fn last(&self, interval: Interval) -> Option<&Candle> {
        self.series[interval.at()].back()
    }

    /// The 24 hours before `now`, to the minute.
    pub(crate) fn day(&self, now: BlockTime) -> DayStats {
        let minutes = &self.series[Interval::Minute.at()];
        let first = minutes.partition_point(|candle| candle.start < now.0.saturating_sub(DAY_MS));
        let before = first.checked_sub(1).and_then(|at| minutes.get(at)).map(|candle| candle.close);
        let mut stats = DayStats {
            price_before: before.or_else(|| minutes.get(first).map(|candle| candle.open)),
            price_last: minutes.back().map(|candle| candle.close),
            ..DayStats::default()
        };
        for candle in minutes.range(first..) {
            stats.lots = stats.lots.saturating_add(candle.lots);
            stats.notional = stats.notional.saturating_add(candle.notional);
        }
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days from 1970-01-01 on, counted year by year and month by month.
    fn naive_month_starts(years: u64) -> Vec<u64> {
        let (mut day, mut starts) = (0, Vec::new());
        for year in 1970..1970 + years {
            let leap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
            for length in [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
                starts.push(day);
                day += length;
            }
        }
        starts
    }

    #[test]
    fn months_begin_and_end_as_the_calendar_says() {
        let starts = naive_month_starts(450);
        for pair in starts.windows(2) {
            let (start, next) = (pair[0] * DAY_MS, pair[1] * DAY_MS);
            for time in [start, start + 1, (start + next) / 2, next - 1] {
                assert_eq!(Interval::Month.start(time), start);
            }
            assert_eq!(Interval::Month.end(start), next);
        }
    }

    #[test]
    fn other_intervals_divide_time_evenly() {
        let time = 1_700_000_123_456;
        for interval in Interval::ALL.into_iter().filter(|interval| *interval != Interval::Month) {
            let start = interval.start(time);
            assert!(start <= time && time < interval.end(start), "{interval:?}");
            assert_eq!(interval.start(interval.end(start)), interval.end(start), "{interval:?}");
        }
        assert_eq!(Interval::Week.end(0) - Interval::Week.start(0), 7 * DAY_MS);
    }
}
