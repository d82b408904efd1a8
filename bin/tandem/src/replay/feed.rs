//! The commands of a file in their order, each with the instant when it is due.

use std::time::Duration;
use tandem_replay::{Flow, Message, Pending, Skipped, Traders};

/// What is still to be sent.
#[derive(Debug)]
pub(super) struct Feed<'a> {
    messages: std::slice::Iter<'a, Message>,
    traders: &'a Traders,
    first_ms: u64,
    /// How many times as fast as recorded; `None` as fast as may be.
    speed: Option<f64>,
    flow: Flow,
    next: Option<Pending>,
    /// Messages read, the next command's included.
    read: usize,
    all: usize,
}

impl<'a> Feed<'a> {
    /// All that these messages say.
    pub(super) fn new(messages: &'a [Message], traders: &'a Traders, speed: Option<f64>) -> Self {
        let first_ms = messages.first().map_or(0, |message| message.time_ms);
        let mut feed = Self {
            messages: messages.iter(),
            traders,
            first_ms,
            speed,
            flow: Flow::default(),
            next: None,
            read: 0,
            all: messages.len(),
        };
        feed.advance();
        feed
    }

    /// The next command and when it is due after the start; `None` at the end.
    pub(super) fn next(&self) -> Option<(&Pending, Duration)> {
        self.next.as_ref().map(|pending| (pending, self.due(pending)))
    }

    /// When a command is due after the start.
    pub(super) fn due(&self, pending: &Pending) -> Duration {
        let recorded = Duration::from_millis(pending.recorded_ms);
        self.speed.map_or(Duration::ZERO, |speed| recorded.div_f64(speed))
    }

    /// The next command, which is next no more.
    pub(super) fn take(&mut self) -> Option<Pending> {
        let next = self.next.take();
        self.advance();
        next
    }

    fn advance(&mut self) {
        for message in self.messages.by_ref() {
            self.read += 1;
            if let Some(command) = self.flow.command(message) {
                let recorded_ms = message.time_ms.saturating_sub(self.first_ms);
                self.next = Some(Pending { command, sender: self.traders.sender(&command), recorded_ms });
                break;
            }
        }
    }

    /// How many messages there are.
    pub(super) const fn all(&self) -> usize {
        self.all
    }

    /// How many messages are done with: sent, or skipped.
    pub(super) fn done(&self) -> usize {
        self.read - usize::from(self.next.is_some())
    }

    /// What was skipped so far.
    pub(super) const fn skipped(&self) -> Skipped {
        self.flow.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_crypto::secp256k1::SigningKey;
    use tandem_replay::{Command, RequestKey, read_messages};

    fn traders() -> Traders {
        let key = |seed| RequestKey::Secp256k1(SigningKey::from_bytes(&[seed; 32]).unwrap());
        Traders::new(vec![key(1), key(2)], 10_000).unwrap()
    }

    /// An order, a hidden execution, its cancel two seconds later, and something unknown.
    const LINES: &str = "5.5,1,3,7,20000,1\n6,5,9,1,1,1\n7.5,3,3,7,20000,1\n8,3,8,1,1,1\n";

    #[test]
    fn commands_come_in_order_and_skipped_messages_are_done_with() {
        let (messages, traders) = (read_messages(LINES.as_bytes()).unwrap(), traders());
        let mut feed = Feed::new(&messages, &traders, None);
        assert_eq!(feed.next().map(|(pending, _)| (pending.command.order(), pending.sender)), Some((3, 1)));
        assert_eq!(feed.done(), 0);
        feed.take();
        assert_eq!(feed.next().map(|(pending, _)| pending.command), Some(Command::Cancel { id: 3 }));
        assert_eq!(feed.done(), 2);
        assert_eq!(feed.take().map(|pending| pending.command), Some(Command::Cancel { id: 3 }));
        assert_eq!((feed.take(), feed.done(), feed.all()), (None, 4, 4));
        assert_eq!(feed.next(), None);
        assert_eq!(feed.skipped(), Skipped { unknown: 1, hidden: 1 });
    }

    #[test]
    fn commands_are_due_as_recorded_by_the_factor_or_at_once() {
        let (messages, traders) = (read_messages(LINES.as_bytes()).unwrap(), traders());
        for (speed, due_ms) in [(None, 0), (Some(1.0), 2_000), (Some(10.0), 200), (Some(0.5), 4_000)] {
            let mut feed = Feed::new(&messages, &traders, speed);
            assert_eq!(feed.next().unwrap().1, Duration::ZERO);
            feed.take();
            assert_eq!(feed.next().unwrap().1, Duration::from_millis(due_ms));
        }
    }
}
