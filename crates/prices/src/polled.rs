//! What is fetched beside the votes, and remembered for them.
//!
//! A thread fetches, waits, and fetches again until its source is dropped. A vote looks at what was fetched last, and
//! never waits for the world: a fetch holds the memory only to store what it brought.

use crate::source::{Market, PriceSource, Sighting, SourceError};
use std::fmt;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tandem_types::BlockTime;

/// What fetches bring.
pub(crate) trait Memory: fmt::Debug + Send + 'static {
    /// The last sighting of a market at `now`, and when it was made.
    fn look(&self, market: &str, now: BlockTime) -> Result<(Sighting, BlockTime), SourceError>;

    /// Why the last fetch for this market failed, if it did.
    fn failure(&self, market: &str) -> Option<&str>;
}

/// Brings something into a memory.
pub(crate) trait Fetch: Send + 'static {
    /// What it fills.
    type Memory: Memory;

    /// Fetches once.
    fn fetch(&mut self, memory: &Shared<Self::Memory>);
}

/// A memory that a thread fills and votes look at.
#[derive(Debug)]
pub(crate) struct Shared<M>(Arc<Mutex<M>>);

impl<M> Shared<M> {
    #[cfg(test)]
    pub(crate) fn new(memory: M) -> Self {
        Self(Arc::new(Mutex::new(memory)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, M> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A source that a thread fetches for.
#[derive(Debug)]
pub(crate) struct Polled<M> {
    memory: Shared<M>,
    /// Milliseconds after which a sighting no longer counts; `None` never.
    age_ms_max: Option<u64>,
    /// The thread ends when this is dropped.
    _alive: mpsc::Sender<()>,
}

impl<M: Memory> Polled<M> {
    /// Fetches now and then every `interval`.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub(crate) fn start(
        memory: M,
        mut fetch: impl Fetch<Memory = M>,
        interval: Duration,
        age_ms_max: Option<u64>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Mutex::new(memory));
        let (alive, dropped) = mpsc::channel();
        let filled = Shared(Arc::clone(&shared));
        thread::Builder::new().name("prices".to_owned()).spawn(move || {
            loop {
                fetch.fetch(&filled);
                if dropped.recv_timeout(interval) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
        Ok(Self { memory: Shared(shared), age_ms_max, _alive: alive })
    }
}

impl<M: Memory> PriceSource for Polled<M> {
    fn sight(&mut self, market: &Market<'_>, now: BlockTime) -> Result<Sighting, SourceError> {
        sight(&*self.memory.lock(), self.age_ms_max, market.name, now)
    }
}

/// What a memory says of a market, unless that is too old. A failed fetch alone is no reason to be silent.
fn sight(
    memory: &impl Memory,
    age_ms_max: Option<u64>,
    market: &str,
    now: BlockTime,
) -> Result<Sighting, SourceError> {
    let (sighting, time) = memory.look(market, now)?;
    let age_ms = now.0.saturating_sub(time.0);
    if age_ms_max.is_some_and(|max| age_ms > max) {
        return Err(SourceError::Stale { failure: memory.failure(market).map(str::to_owned) });
    }
    Ok(sighting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::PriceMicros;

    #[derive(Debug, Default)]
    struct One {
        seen: Option<(u64, u64)>,
        failure: Option<String>,
    }

    impl Memory for One {
        fn look(&self, _: &str, _: BlockTime) -> Result<(Sighting, BlockTime), SourceError> {
            let (price, time) = self.seen.ok_or(SourceError::NotYet)?;
            Ok((Sighting { oracle: PriceMicros(price), external: None }, BlockTime(time)))
        }

        fn failure(&self, _: &str) -> Option<&str> {
            self.failure.as_deref()
        }
    }

    #[test]
    fn a_sighting_counts_until_it_is_too_old_whether_or_not_fetches_fail() {
        let stale = |failure: Option<&str>| Err(SourceError::Stale { failure: failure.map(str::to_owned) });
        let good = Ok(Sighting { oracle: PriceMicros(7), external: None });
        for (failure, now, age_ms_max, expected) in [
            (None, 1_000, Some(500), good.clone()),
            (Some("down"), 1_500, Some(500), good.clone()),
            (None, 1_501, Some(500), stale(None)),
            (Some("down"), 1_501, Some(500), stale(Some("down"))),
            (Some("down"), u64::MAX, None, good.clone()),
            // A clock behind the sighting's.
            (None, 900, Some(0), good),
        ] {
            let memory = One { seen: Some((7, 1_000)), failure: failure.map(str::to_owned) };
            assert_eq!(sight(&memory, age_ms_max, "BTC", BlockTime(now)), expected, "{failure:?} {now}");
        }
        assert_eq!(sight(&One::default(), None, "BTC", BlockTime(1)), Err(SourceError::NotYet));
    }

    /// Counts its fetches, and says when it is dropped.
    struct Counting(u64, mpsc::Sender<u64>);

    impl Fetch for Counting {
        type Memory = One;

        fn fetch(&mut self, memory: &Shared<One>) {
            self.0 += 1;
            memory.lock().seen = Some((self.0, 0));
            self.1.send(self.0).ok();
        }
    }

    #[test]
    fn fetches_go_on_until_the_source_is_dropped() {
        let (sender, fetched) = mpsc::channel();
        let fetch = Counting(0, sender);
        let mut polled = Polled::start(One::default(), fetch, Duration::from_millis(1), None).unwrap();
        assert_eq!([1, 2, 3].map(|_| fetched.recv().unwrap()), [1, 2, 3]);
        let market = Market { name: "BTC", last: None };
        assert!(polled.sight(&market, BlockTime(0)).unwrap().oracle.0 >= 3);
        drop(polled);
        // The channel closes with the thread.
        assert!(fetched.iter().all(|count| count > 3));
    }
}
