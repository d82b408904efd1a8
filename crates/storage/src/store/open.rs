//! Opening a home: what is there, and whether it fits together.

use super::{Config, Store, checkpointer::Checkpointer, identity};
use crate::{
    checkpoint::{Backend, RedbBackend},
    error::{IoContext, StorageError},
    files::Files,
    log::{BlockLog, Place, UndecidedArea, Wal},
};
use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex},
};
use tandem_types::Height;

const LOG: &str = "log";
const UNDECIDED: &str = "undecided";
const CHECKPOINT: &str = "checkpoint";
const WAL: &str = "wal";
/// The directories of a home.
pub(super) const DIRS: [&str; 4] = [LOG, UNDECIDED, CHECKPOINT, WAL];
const LOCK: &str = "lock";

/// What was found in a home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The height of the state in [`Store::checkpoint`]; `None` in an empty home.
    pub checkpoint: Option<Height>,
    /// The blocks whose deltas lead from there to the last decided one: read each with [`Store::block`], apply it, and
    /// hand its effects to [`Store::stage`] again.
    pub replay: Option<RangeInclusive<Height>>,
    /// The heights of which there are undecided blocks: read them with [`Store::undecided`].
    pub undecided: Vec<Height>,
}

impl Store {
    /// Opens a home with the default checkpoint database, or makes one.
    ///
    /// # Errors
    /// [`StorageError::Locked`] if another process has it, [`StorageError::Corrupt`] or [`StorageError::Gap`] if
    /// acknowledged data is lost, [`StorageError::Version`], [`StorageError::NotAStore`], or one of the disk's.
    pub fn open(files: Arc<dyn Files>, config: Config) -> Result<(Self, Recovered), StorageError> {
        let cache_bytes = config.cache_bytes;
        Self::open_with(files, config, |files| Ok(Box::new(RedbBackend::open(files, cache_bytes)?)))
    }

    /// Opens a home with the checkpoint database that `backend` opens in its directory `checkpoint`.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(
        files: Arc<dyn Files>,
        config: Config,
        backend: impl FnOnce(Arc<dyn Files>) -> Result<Box<dyn Backend>, StorageError>,
    ) -> Result<(Self, Recovered), StorageError> {
        let lock = files.lock(LOCK).context("lock", LOCK)?;
        let lock = Arc::from(lock.ok_or_else(|| StorageError::Locked { path: LOCK.to_owned() })?);
        let secret = identity::load_or_create(files.as_ref(), config.secret)?;
        for dir in DIRS {
            files.create_dir(dir).context("create", dir)?;
        }
        let backend = backend(Arc::clone(&files))?;
        let checkpoint = backend.snapshot()?.height()?;
        let place = |dir| Place { files: Arc::clone(&files), dir, secret };
        let log = Arc::new(BlockLog::open(place(LOG), config.segment_bytes)?);
        let replay = replay(checkpoint, log.heights())?;
        let decided = log.heights().map(|heights| *heights.end()).or(checkpoint).unwrap_or_default();
        let limit = config.undecided_bytes_max;
        let undecided = UndecidedArea::open(place(UNDECIDED), config.segment_bytes, limit, decided)?;
        let recovered = Recovered { checkpoint, replay, undecided: undecided.heights() };
        let undecided = Arc::new(undecided);
        let checkpointer = Checkpointer::start(backend, checkpoint, &log, &undecided, &config)?;
        let wal = Mutex::new(Some(Wal::open(&place(WAL), Arc::clone(&lock))?));
        Ok((Self { log, undecided, checkpointer, wal, _lock: lock }, recovered))
    }
}

/// The blocks behind the checkpoint, all of which the log must hold.
fn replay(
    checkpoint: Option<Height>,
    log: Option<RangeInclusive<Height>>,
) -> Result<Option<RangeInclusive<Height>>, StorageError> {
    let Some(log) = log else { return Ok(None) };
    // A log without a checkpoint began after a state that isn't there any more.
    let Some(checkpoint) = checkpoint else { return Err(StorageError::Uninitialised) };
    let next = checkpoint.next().unwrap_or(checkpoint);
    if *log.start() > next || *log.end() < checkpoint {
        return Err(StorageError::Gap { log_first: *log.start(), log_last: *log.end(), checkpoint });
    }
    Ok((next <= *log.end()).then(|| next..=*log.end()))
}
