//! What accounts were worth: as far as the index remembers, in samples of half an hour and longer.

use super::fields::Fields;
use crate::app::App;
use crate::clearing::Clearing;
use crate::error::ApiError;
use crate::format::Fixed;
use serde_json::{Value, json};
use tandem_exchange::BalanceKey;
use tandem_indexer::{DAY_MS, Indexer, Money, Sample};
use tandem_types::AccountId;

/// Each period with its length in milliseconds, and its word on the perpetual side alone.
const PERIODS: [(&str, &str, u64); 4] = [
    ("day", "perpDay", DAY_MS),
    ("week", "perpWeek", 7 * DAY_MS),
    ("month", "perpMonth", 30 * DAY_MS),
    ("allTime", "perpAllTime", u64::MAX),
];

pub(super) fn portfolio(app: &App, fields: &Fields<'_>) -> Result<Value, ApiError> {
    let views = app.views();
    let now = views.time();
    let history = views.markets().account(&fields.user()?).map_or_else(Vec::new, |account| {
        views.portfolios().history(account, now, worth(account, &views, app))
    });
    let of = |part: fn(&Money) -> i64| {
        let history = &history;
        move |(word, length): (&'static str, u64)| json!([word, period(history, now.0, length, part)])
    };
    let all = PERIODS.map(|(word, _, length)| (word, length)).map(of(|money| money.all));
    let perpetual = PERIODS.map(|(_, word, length)| (word, length)).map(of(|money| money.perpetual));
    Ok(json!(all.into_iter().chain(perpetual).collect::<Vec<_>>()))
}

/// Values and profits within a period, which begin with its first sample, and what was traded since.
fn period(history: &[Sample], now: u64, length: u64, part: fn(&Money) -> i64) -> Value {
    let begin = now.saturating_sub(length);
    let first = history.partition_point(|sample| sample.time < begin);
    let (before, within) = history.split_at(first);
    let of = |sample: &Sample| [sample.value, sample.flow].map(|money| i128::from(part(&money)));
    let [value_first, flow_first] = within.first().map(of).unwrap_or_default();
    let usd = |sample: &Sample, atoms: i128| json!([sample.time, Fixed::usd(atoms)]);
    let values = within.iter().map(|sample| usd(sample, of(sample)[0]));
    let profits = within.iter().map(|sample| {
        let [value, flow] = of(sample);
        usd(sample, value - value_first - (flow - flow_first))
    });
    let volume = |sample: Option<&Sample>| sample.map_or(0, |sample| i128::from(part(&sample.volume)));
    let traded = volume(within.last()) - volume(before.last());
    json!({
        "accountValueHistory": values.collect::<Vec<_>>(),
        "pnlHistory": profits.collect::<Vec<_>>(),
        "vlm": Fixed::usd(traded),
    })
}

/// What an account is worth: its perpetual side at mark, its tokens at their markets' last trades.
pub(crate) fn worth(account: AccountId, views: &Indexer, app: &App) -> Money {
    let state = app.node.state();
    let tables = &state.tables.exchange;
    let tokens = views.markets().tokens().map(|(token, _)| {
        let held = tables.balances.peek(&BalanceKey { account, token });
        held.map_or(0, |balance| views.spot_value(token, balance.total))
    });
    Money::perpetual(Clearing::of(account, tables).value()) + Money::spot(tokens.sum())
}
