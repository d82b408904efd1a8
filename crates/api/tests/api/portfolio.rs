//! What accounts were worth, by period.

use crate::driven::Driven;
use serde_json::{Value, json};
use tandem_testkit::{BTC, ETH, Signer, buy, class_transfer, place, sell, usd_send};

const HALF_HOUR_MS: u64 = 1_800_000;
const DAY_MS: u64 = 86_400_000;

async fn portfolio(driven: &Driven, who: &Signer) -> Value {
    driven.info(json!({ "type": "portfolio", "user": who.address().to_string() })).await
}

/// The values behind the times of a period's history.
fn values(portfolio: &Value, period: &str, history: &str) -> Vec<String> {
    let rows = portfolio.as_array().unwrap().iter().find(|row| row[0] == period).unwrap();
    let rows = rows[1][history].as_array().unwrap();
    rows.iter().map(|row| row[1].as_str().unwrap().to_owned()).collect()
}

fn volume(portfolio: &Value, period: &str) -> String {
    let rows = portfolio.as_array().unwrap();
    rows.iter().find(|row| row[0] == period).unwrap()[1]["vlm"].as_str().unwrap().to_owned()
}

impl Driven {
    /// A block that is the first of the next half hour.
    async fn pass_half_hour(&mut self) {
        self.chain.step_ms = HALF_HOUR_MS - self.chain.parent.time.0 % HALF_HOUR_MS + 1;
        self.empty().await;
        self.chain.step_ms = 100;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_profits_and_volumes_follow_marks_and_leave_out_what_was_put_in() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    driven.trade(&one, &two, "1").await;
    driven.pass_half_hour().await;
    driven.chain.set_oracle(ETH, 21_000_000);
    driven.pass_half_hour().await;
    let nonce = driven.chain.nonce();
    driven.act(&two, &usd_send(&one.address(), "500", nonce)).await;
    let nonce = driven.chain.nonce();
    driven.act(&one, &class_transfer("1000", false, nonce)).await;
    let mine = portfolio(&driven, &one).await;
    let words: Vec<&str> = mine.as_array().unwrap().iter().map(|row| row[0].as_str().unwrap()).collect();
    assert_eq!(words, ["day", "week", "month", "allTime", "perpDay", "perpWeek", "perpMonth", "perpAllTime"]);
    // When it was first seen it had moved 10,000 of its million to collateral. The fee of 0.9 is a loss; a half hour
    // later the position was worth 2000, at the next 2100 (and an hour had passed: funding of 0.02625); then it got 500.
    let perpetual = values(&mine, "perpDay", "accountValueHistory");
    assert_eq!(perpetual, ["10000", "9999.1", "10099.07375", "9599.07375"]);
    assert_eq!(values(&mine, "perpDay", "pnlHistory"), ["0", "-0.9", "99.07375", "99.07375"]);
    let all = values(&mine, "day", "accountValueHistory");
    let spot = all[0].parse::<i64>().unwrap() - 10_000;
    let with_spot = |value: &str, more: i64| {
        let (whole, rest) = value.split_once('.').unwrap_or((value, ""));
        let sum = whole.parse::<i64>().unwrap() + spot + more;
        if rest.is_empty() { sum.to_string() } else { format!("{sum}.{rest}") }
    };
    assert_eq!(all[2], with_spot("10099.07375", 0));
    assert_eq!(all[3], with_spot("9599.07375", 1_000));
    assert_eq!(values(&mine, "day", "pnlHistory"), ["0", "-0.9", "99.07375", "99.07375"]);
    assert_eq!((volume(&mine, "day"), volume(&mine, "perpDay")), ("2000".to_owned(), "2000".to_owned()));
    // Two days later the day has nothing of it, and the week has.
    driven.chain.step_ms = 2 * DAY_MS;
    driven.empty().await;
    let later = portfolio(&driven, &one).await;
    assert_eq!((volume(&later, "day"), volume(&later, "week")), ("0".to_owned(), "2000".to_owned()));
    assert_eq!(values(&later, "perpDay", "pnlHistory").first().map(String::as_str), Some("0"));
    let nobody = portfolio(&driven, &Signer::wallet(99)).await;
    assert_eq!(nobody[0], json!(["day", { "accountValueHistory": [], "pnlHistory": [], "vlm": "0" }]));
    driven.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_worth_what_they_last_traded_for() {
    let (mut driven, [one, two, _]) = Driven::market().await;
    driven.act(&one, &place(&[sell(BTC, "100", "1")])).await;
    driven.act(&two, &place(&[buy(BTC, "100", "1")])).await;
    driven.pass_half_hour().await;
    driven.act(&one, &place(&[sell(BTC, "150", "1")])).await;
    driven.act(&two, &place(&[buy(BTC, "150", "1")])).await;
    let mine = portfolio(&driven, &two).await;
    assert_eq!((volume(&mine, "day"), volume(&mine, "perpDay")), ("250".to_owned(), "0".to_owned()));
    let values: Vec<f64> =
        values(&mine, "day", "pnlHistory").iter().map(|value| value.parse().unwrap()).collect();
    // Ten and two more, less fees, are worth 50 more each.
    let gain = values.last().unwrap() - values[values.len() - 2];
    assert!((500.0..600.0).contains(&gain), "{values:?}");
    driven.stop().await;
}
