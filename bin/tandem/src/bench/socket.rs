//! One connection: sends what is due, hears the answers.

use super::tally::Tally;
use crate::client::{Answer, Said, Stream};
use futures_util::{SinkExt as _, StreamExt as _};
use std::collections::VecDeque;
use std::time::Instant;
use tandem_api::Limits;
use tandem_replay::load::Schedule;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// A connection and what is to be sent over it.
#[derive(Debug)]
pub(super) struct Client {
    stream: Stream,
    queue: VecDeque<(u64, Utf8Bytes)>,
    schedule: Schedule,
    start: Instant,
    items: u32,
    /// Requests without an answer. The node bounds them: at the bound, requests wait here, and their time runs.
    in_flight: usize,
    tally: Tally,
}

impl Client {
    /// Requests of `items` orders or cancels each, due by the schedule from `start` on.
    pub(super) fn new(
        stream: Stream,
        queue: VecDeque<(u64, Utf8Bytes)>,
        schedule: Schedule,
        start: Instant,
        items: u32,
    ) -> Self {
        Self { stream, queue, schedule, start, items, in_flight: 0, tally: Tally::default() }
    }

    /// Until everything is answered, the connection is lost, or the deadline has passed.
    pub(super) async fn run(mut self, deadline: Instant) -> Tally {
        while !self.queue.is_empty() || self.in_flight > 0 {
            let next = self.next_due();
            tokio::select! {
                message = self.stream.next() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(&text),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => {
                        self.tally.refuse("connection lost", self.unanswered());
                        return self.tally;
                    }
                    Some(Ok(_)) => {}
                },
                () = tokio::time::sleep_until(next.unwrap_or(deadline).into()), if next.is_some() => {
                    // A connection that breaks is told by the next read.
                    self.send_due().await.ok();
                }
                () = tokio::time::sleep_until(deadline.into()) => {
                    self.tally.refuse("unanswered", self.unanswered());
                    return self.tally;
                }
            }
        }
        self.tally
    }

    fn unanswered(&self) -> u64 {
        let requests = self.queue.len() + self.in_flight;
        u64::try_from(requests).unwrap_or(u64::MAX) * u64::from(self.items)
    }

    fn due(&self, request: u64) -> Instant {
        self.start + self.schedule.due(request)
    }

    /// When the next request is due; `None` if there is none, or no room for it.
    fn next_due(&self) -> Option<Instant> {
        let has_room = self.in_flight < Limits::default().posts_in_flight_max;
        self.queue.front().filter(|_| has_room).map(|(request, _)| self.due(*request))
    }

    async fn send_due(&mut self) -> Result<(), Error> {
        while let Some(due) = self.next_due() {
            let late = Instant::now().checked_duration_since(due);
            let (Some(late), Some((_, text))) = (late, self.queue.front()) else { break };
            let message = Message::Text(text.clone());
            self.queue.pop_front();
            self.in_flight += 1;
            self.tally.sent += u64::from(self.items);
            self.tally.late.record(late);
            self.stream.feed(message).await?;
        }
        self.stream.flush().await
    }

    fn hear(&mut self, text: &str) {
        let now = Instant::now();
        let Some(said) = Said::parse(text) else { return };
        self.in_flight = self.in_flight.saturating_sub(1);
        match said {
            Said::Response(id, response) => {
                let latency = now.saturating_duration_since(self.due(id));
                self.tally.answered(&Answer::of(response), self.items, latency, now);
            }
            Said::Refusal(reason) => self.tally.refuse(&reason, self.items.into()),
        }
    }
}
