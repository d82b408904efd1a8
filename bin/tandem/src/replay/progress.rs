//! How far a replay is, in one line on a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(100);
const WIDTH: usize = 40;

/// The line. Without a terminal nothing is shown.
#[derive(Debug)]
pub(super) struct Progress {
    all: usize,
    began: Instant,
    shown: Option<Instant>,
    on_terminal: bool,
}

impl Progress {
    /// Of so many messages.
    pub(super) fn new(all: usize) -> Self {
        Self { all, began: Instant::now(), shown: None, on_terminal: std::io::stderr().is_terminal() }
    }

    /// Shows that so many are done, unless something was shown just now.
    pub(super) fn show(&mut self, done: usize) {
        let now = Instant::now();
        let recently = self.shown.is_some_and(|shown| now.duration_since(shown) < INTERVAL);
        if self.on_terminal && (!recently || done == self.all) {
            self.shown = Some(now);
            eprint!("\r{}\x1b[K", self.line(done, now.duration_since(self.began)));
            // A terminal that is gone takes no line.
            drop(std::io::stderr().flush());
        }
    }

    fn line(&self, done: usize, elapsed: Duration) -> String {
        let filled = (done * WIDTH).checked_div(self.all).unwrap_or(WIDTH).min(WIDTH);
        let per_second = (done as u128 * 1_000).checked_div(elapsed.as_millis()).unwrap_or(0);
        format!("[{:<WIDTH$}] {done} of {}   {per_second}/s", "#".repeat(filled), self.all)
    }

    /// Ends the line.
    pub(super) fn end(&self) {
        if self.shown.is_some() {
            eprintln!();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_as_messages_are_done() {
        let line = |done, all| Progress::new(all).line(done, Duration::from_secs(2));
        assert_eq!(line(0, 80), format!("[{}] 0 of 80   0/s", " ".repeat(40)));
        assert_eq!(line(40, 80), format!("[{}{}] 40 of 80   20/s", "#".repeat(20), " ".repeat(20)));
        assert_eq!(line(80, 80), format!("[{}] 80 of 80   40/s", "#".repeat(40)));
        assert_eq!(line(0, 0), format!("[{}] 0 of 0   0/s", "#".repeat(40)));
    }
}
