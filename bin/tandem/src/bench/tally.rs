//! What became of the requests.

use crate::client::Answer;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tandem_replay::load::Latencies;

/// Counts of orders and cancels, and how long the requests took.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Sent.
    pub(super) sent: u64,
    /// Orders that rest or filled.
    pub(super) placed: u64,
    /// Cancels and the like that took effect.
    pub(super) done: u64,
    /// Rejected in a block, refused before, or without an answer, by reason.
    pub(super) refused: BTreeMap<String, u64>,
    /// Of requests that a block decided: from the instant when they were due.
    pub(super) latencies: Latencies,
    /// How late requests were sent.
    pub(super) late: Latencies,
    /// When the last answer came.
    pub(super) last_answer: Option<Instant>,
}

impl Tally {
    /// Counts `count` orders or cancels that came to nothing.
    pub(super) fn refuse(&mut self, reason: &str, count: u64) {
        if count > 0 {
            *self.refused.entry(reason.to_owned()).or_default() += count;
        }
    }

    /// Counts the answer to a request of `items` orders or cancels.
    pub(super) fn answered(&mut self, answer: &Answer, items: u32, latency: Duration, now: Instant) {
        self.last_answer = self.last_answer.max(Some(now));
        self.placed += answer.resting + answer.filled;
        self.done += answer.done;
        answer.rejected.iter().for_each(|reason| self.refuse(reason, 1));
        match &answer.refused {
            Some(reason) => self.refuse(reason, items.into()),
            None => self.latencies.record(latency),
        }
    }

    /// Adds those of another connection.
    pub(super) fn append(&mut self, other: Self) {
        self.sent += other.sent;
        self.placed += other.placed;
        self.done += other.done;
        other.refused.iter().for_each(|(reason, count)| self.refuse(reason, *count));
        self.latencies.append(other.latencies);
        self.late.append(other.late);
        self.last_answer = self.last_answer.max(other.last_answer);
    }
}
