//! Says so when no block becomes final.
//!
//! A node that diverged waits for ever, and tasks of the engine's network die without stopping the engine: somebody
//! has to be told.

use super::report::{Report, Reporter};
use std::time::Duration;
use tandem_types::Height;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// Reports [`Report::Stalled`] after each `limit` without a new tip; ends with the sender of tips.
pub(crate) async fn watch(mut tip: watch::Receiver<Height>, limit: Duration, reporter: Reporter) {
    let mut last = Instant::now();
    loop {
        match timeout(limit, tip.changed()).await {
            Ok(Ok(())) => last = Instant::now(),
            Ok(Err(_)) => return,
            Err(_) => {
                let height = Height(tip.borrow().0.saturating_add(1));
                let for_ms = u64::try_from(last.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::error!(%height, for_ms, "no block became final");
                reporter(Report::Stalled { height, for_ms });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn a_standstill_is_reported_again_and_again_until_the_end() {
        let (tip, receiver) = watch::channel(Height(6));
        let (sender, mut reports) = mpsc::unbounded_channel();
        let reporter: Reporter = Arc::new(move |report| sender.send(report).unwrap());
        let watching = tokio::spawn(watch(receiver, Duration::from_millis(1), reporter));
        for _ in 0..2 {
            let report = reports.recv().await.unwrap();
            assert!(matches!(report, Report::Stalled { height: Height(7), for_ms: 1.. }), "{report:?}");
        }
        drop(tip);
        watching.await.unwrap();
    }
}
