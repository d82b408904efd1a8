//! What became of the commands of a replay, as a report shows it.

use crate::client::Answer;
use crate::figures::{SHARES, milliseconds};
use std::collections::BTreeMap;
use std::time::Duration;
use tandem_replay::Command;
use tandem_replay::load::Latencies;

/// Kinds of commands, in the order of the tables.
const KINDS: usize = 4;
const NAMES: [&str; KINDS] = ["orders (GTC)", "takes (IOC)", "reductions", "cancels"];

/// Counts of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    sent: u64,
    filled: u64,
    resting: u64,
    done: u64,
    rejected: u64,
}

/// Counts and latencies.
#[derive(Debug, Default)]
pub(super) struct Tally {
    kinds: [Counts; KINDS],
    rejected: BTreeMap<String, [u64; KINDS]>,
    /// Of answered requests: from sending, signed before, to the answer.
    latencies: Latencies,
    /// How much later than due requests were sent.
    late: Latencies,
}

const fn kind(command: &Command) -> usize {
    match command {
        Command::Place { .. } => 0,
        Command::Take { .. } => 1,
        Command::Reduce { .. } => 2,
        Command::Cancel { .. } => 3,
    }
}

impl Tally {
    /// Counts a request that was sent so much later than due.
    pub(super) fn sent(&mut self, command: &Command, late: Duration) {
        self.kinds[kind(command)].sent += 1;
        self.late.record(late);
    }

    /// Counts an answer that took so long.
    pub(super) fn answered(&mut self, command: &Command, answer: &Answer, latency: Duration) {
        let at = kind(command);
        let counts = &mut self.kinds[at];
        counts.filled += answer.filled;
        counts.resting += answer.resting;
        counts.done += answer.done;
        for reason in answer.refused.iter().chain(&answer.rejected) {
            counts.rejected += 1;
            self.rejected.entry(reason.clone()).or_default()[at] += 1;
        }
        self.latencies.record(latency);
    }

    /// Requests sent.
    pub(super) fn requests(&self) -> u64 {
        self.kinds.iter().map(|counts| counts.sent).sum()
    }

    /// Requests answered.
    pub(super) const fn answers(&self) -> usize {
        self.latencies.len()
    }

    /// Prints the tables; how late requests were only if there was a time for each.
    pub(super) fn print(&mut self, paced: bool) {
        print!("{}{}{}", self.outcomes(), self.rejections(), self.times());
        if paced {
            let [median, late, latest] = self.late.percentiles([5_000, 9_900, 10_000]).map(milliseconds);
            println!("sent late  half by at most {median} ms, 99% by {late} ms, all by {latest} ms");
        }
    }

    fn outcomes(&self) -> String {
        let mut table = "\n| what | sent | accepted | filled at once | resting | rejected | unanswered |\n\
            |---|---|---|---|---|---|---|\n"
            .to_owned();
        let mut all = Counts::default();
        for (name, counts) in NAMES.iter().zip(&self.kinds) {
            table += &counts.row(name);
            all.add(counts);
        }
        table + &all.row("all")
    }

    fn rejections(&self) -> String {
        if self.rejected.is_empty() {
            return "\nnothing was rejected\n".to_owned();
        }
        let mut table = format!("\n| rejected because | {} |\n|---|---|---|---|---|\n", NAMES.join(" | "));
        let mut rows: Vec<_> = self.rejected.iter().collect();
        rows.sort_by_key(|(reason, counts)| (std::cmp::Reverse(counts.iter().sum::<u64>()), *reason));
        for (reason, counts) in rows {
            table += &format!("| {reason} | {} |\n", counts.map(|count| count.to_string()).join(" | "));
        }
        table
    }

    fn times(&mut self) -> String {
        let times = self.latencies.percentiles(SHARES).map(milliseconds);
        format!(
            "\n| latency, ms | p50 | p90 | p99 | p99.9 | max |\n|---|---|---|---|---|---|\n\
             | signed request sent → decided answer | {} |\n\n",
            times.join(" | ")
        )
    }
}

impl Counts {
    const fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.filled += other.filled;
        self.resting += other.resting;
        self.done += other.done;
        self.rejected += other.rejected;
    }

    fn row(&self, name: &str) -> String {
        let Self { sent, filled, resting, done, rejected } = *self;
        let accepted = filled + resting + done;
        let unanswered = sent.saturating_sub(accepted + rejected);
        format!("| {name} | {sent} | {accepted} | {filled} | {resting} | {rejected} | {unanswered} |\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_say_what_became_of_each_kind() {
        let place = Command::Place { id: 1, buys: true, price: 5, size: 3 };
        let take = Command::Take { against: 1, buys: false, price: 5, size: 3 };
        let reduce = Command::Reduce { id: 1, buys: true, price: 5, size: 2 };
        let cancel = Command::Cancel { id: 1 };
        let no = |reason: &str| Answer { rejected: vec![reason.to_owned()], ..Answer::default() };
        let full = Answer { refused: Some("pool_full".to_owned()), ..Answer::default() };
        let answers = [
            (place, Answer { resting: 1, ..Answer::default() }),
            (place, Answer { filled: 1, ..Answer::default() }),
            (place, full),
            (take, Answer { filled: 1, ..Answer::default() }),
            (take, no("No match.")),
            (reduce, no("No match.")),
            (cancel, Answer { done: 1, ..Answer::default() }),
        ];
        let mut tally = Tally::default();
        for (command, answer) in &answers {
            tally.sent(command, Duration::from_millis(1));
            tally.answered(command, answer, Duration::from_millis(120));
        }
        tally.sent(&cancel, Duration::ZERO);
        assert_eq!((tally.requests(), tally.answers()), (8, 7));
        let lines: Vec<String> = tally.outcomes().lines().skip(3).map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "| orders (GTC) | 3 | 2 | 1 | 1 | 1 | 0 |",
                "| takes (IOC) | 2 | 1 | 1 | 0 | 1 | 0 |",
                "| reductions | 1 | 0 | 0 | 0 | 1 | 0 |",
                "| cancels | 2 | 1 | 0 | 0 | 0 | 1 |",
                "| all | 8 | 4 | 2 | 1 | 3 | 1 |",
            ]
        );
        let reasons: Vec<String> = tally.rejections().lines().skip(3).map(str::to_owned).collect();
        assert_eq!(reasons, ["| No match. | 0 | 1 | 1 | 0 |", "| pool_full | 1 | 0 | 0 | 0 |"]);
        assert!(tally.times().contains("| 120.0 | 120.0 | 120.0 | 120.0 | 120.0 |"));
    }
}
