//! Prices from a file that is read again whenever it changes.

use crate::polled::{Fetch, Memory, Polled, Shared};
use crate::series::Series;
use crate::source::{PriceSource, Sighting, SourceError};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use tandem_types::BlockTime;

/// Longest file, in bytes: a year of one market at 1 s, or an hour of two hundred.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Which file, and how it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileConfig {
    /// Lines of `time_ms,market,price` or `time_ms,market,price,external`.
    pub path: PathBuf,
    /// How often it is looked at.
    pub interval: Duration,
    /// Milliseconds after which a line no longer counts; `None` never.
    pub age_ms_max: Option<u64>,
}

impl FileConfig {
    /// The source: of each market, the last line that is not later than the block voted for.
    ///
    /// # Errors
    /// If the operating system gives no thread. A file that is not there yet is no error.
    pub fn start(self) -> io::Result<Box<dyn PriceSource>> {
        let fetch = ReadFile { path: self.path, read: None };
        let polled = Polled::start(Lines::default(), fetch, self.interval, self.age_ms_max)?;
        Ok(Box::new(polled))
    }
}

/// What the file said when it was last read whole, and why it could not be read since.
#[derive(Debug, Default)]
struct Lines {
    series: Option<Series>,
    failure: Option<String>,
}

impl Memory for Lines {
    fn look(&self, market: &str, now: BlockTime) -> Result<(Sighting, BlockTime), SourceError> {
        match (&self.series, &self.failure) {
            (Some(series), _) => series.at(market, now),
            (None, Some(failure)) => Err(SourceError::Failed(failure.clone())),
            (None, None) => Err(SourceError::NotYet),
        }
    }

    fn failure(&self, _: &str) -> Option<&str> {
        self.failure.as_deref()
    }
}

/// Reads the file when its length or time has changed.
struct ReadFile {
    path: PathBuf,
    read: Option<(u64, SystemTime)>,
}

impl Fetch for ReadFile {
    type Memory = Lines;

    fn fetch(&mut self, memory: &Shared<Lines>) {
        match self.changed() {
            Ok(None) => {}
            Ok(Some(series)) => *memory.lock() = Lines { series: Some(series), failure: None },
            Err(error) => memory.lock().failure = Some(error),
        }
    }
}

impl ReadFile {
    fn changed(&mut self) -> Result<Option<Series>, String> {
        let named = |error: io::Error| format!("{}: {error}", self.path.display());
        let metadata = fs::metadata(&self.path).map_err(named)?;
        let state = (metadata.len(), metadata.modified().map_err(named)?);
        if self.read == Some(state) {
            return Ok(None);
        }
        let mut text = String::new();
        let file = File::open(&self.path).map_err(named)?;
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(named)?;
        let series = Series::parse(&text)
            .map_err(|line| format!("{}: line {line} is not time_ms,market,price", self.path.display()))?;
        self.read = Some(state);
        Ok(Some(series))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::polled::Polled;
    use crate::source::{Market, PriceMicros};

    /// The memory after one fetch.
    fn fetched(fetch: &mut ReadFile, shared: &Shared<Lines>) -> Result<u64, SourceError> {
        fetch.fetch(shared);
        shared.lock().look("BTC", BlockTime(5)).map(|(seen, _)| seen.oracle.0 / 1_000_000)
    }

    #[test]
    fn a_file_is_read_when_it_changes_and_a_broken_one_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("prices.csv");
        let mut fetch = ReadFile { path: path.clone(), read: None };
        let shared = Shared::new(Lines::default());
        assert!(matches!(fetched(&mut fetch, &shared), Err(SourceError::Failed(_))), "it is not there");

        fs::write(&path, "0,BTC,7\n").unwrap();
        assert_eq!(fetched(&mut fetch, &shared), Ok(7));
        assert_eq!(shared.lock().failure, None);
        fs::write(&path, "0,BTC,8\n3,BTC,10\n").unwrap();
        assert_eq!(fetched(&mut fetch, &shared), Ok(10));
        fs::write(&path, "0,BTC,8\n3,BTC,10\nwhat").unwrap();
        assert_eq!(fetched(&mut fetch, &shared), Ok(10));
        assert!(shared.lock().failure.as_deref().unwrap().contains("line 3"));
        fs::remove_file(&path).unwrap();
        assert_eq!(fetched(&mut fetch, &shared), Ok(10));
    }

    #[test]
    fn a_file_is_a_source() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("prices.csv");
        fs::write(&path, "1000,BTC,7.5\n").unwrap();
        let config = FileConfig { path: path.clone(), interval: Duration::from_millis(1), age_ms_max: None };
        let mut source = config.start().unwrap();
        let market = Market { name: "BTC", last: None };
        let seen = loop {
            match source.sight(&market, BlockTime(1_000)) {
                Err(SourceError::NotYet) => std::thread::yield_now(),
                other => break other.unwrap(),
            }
        };
        assert_eq!(seen.oracle, PriceMicros(7_500_000));
        let read = ReadFile { path, read: None };
        let mut old = Polled::start(Lines::default(), read, Duration::from_millis(1), Some(10)).unwrap();
        let stale = loop {
            match old.sight(&market, BlockTime(1_011)) {
                Err(SourceError::NotYet) => std::thread::yield_now(),
                other => break other,
            }
        };
        assert_eq!(stale, Err(SourceError::Stale { failure: None }));
    }
}
