//! Gathers what blocks change and writes it to the checkpoint database every few blocks.
//!
//! Two overlays in memory: the *active* one takes new blocks, the *frozen* one is being written. The database moves
//! from the height before the frozen overlay to its last height in one atomic batch; only then are the frozen overlay
//! dropped and log files behind the checkpoint removed. Readers look into active, frozen and database in this order,
//! so they never miss an entry while it moves.

use super::{Config, expect_next};
use crate::{
    checkpoint::{Backend, Effects, IndexHit, IndexKind, Overlay, Snapshot, Space, index_key, pruned},
    error::StorageError,
    log::{BlockLog, UndecidedArea},
};
use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};
use tandem_types::Height;

/// Where the checkpoints are.
#[derive(Clone, Debug)]
pub struct Status {
    /// The last one written.
    pub checkpoint: Option<Height>,
    /// The last block staged.
    pub staged: Option<Height>,
    /// Memory that staged effects take, about.
    pub staged_bytes: u64,
    /// Why the last attempt failed, if it did. If transient, the next staged block tries again.
    pub error: Option<Arc<StorageError>>,
}

#[derive(Debug)]
struct Progress {
    checkpoint: Option<Height>,
    staged: Option<Height>,
    active: Overlay,
    frozen: Option<Arc<Overlay>>,
    /// The frozen overlay is to be written, now.
    wanted: bool,
    /// Someone is writing it.
    writing: bool,
    closing: bool,
    error: Option<Arc<StorageError>>,
}

/// What the writing thread and the callers share.
#[derive(Debug)]
struct Shared {
    backend: Box<dyn Backend>,
    log: Arc<BlockLog>,
    undecided: Arc<UndecidedArea>,
    interval: u64,
    history_blocks: Option<u64>,
    staged_bytes_max: u64,
    progress: Mutex<Progress>,
    changed: Condvar,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Checkpointer {
    shared: Arc<Shared>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Progress {
    fn staged_bytes(&self) -> u64 {
        self.active.bytes + self.frozen.as_ref().map_or(0, |frozen| frozen.bytes)
    }

    /// Moves the active overlay to the frozen place, if that is free and there is something to move.
    fn freeze(&mut self) {
        if self.frozen.is_none() && self.staged > self.checkpoint {
            self.frozen = Some(Arc::new(mem::take(&mut self.active)));
        }
        self.wanted = self.frozen.is_some();
    }

    fn is_due(&self, interval: u64) -> bool {
        // A failed attempt is repeated with every block.
        let behind =
            self.staged.zip(self.checkpoint).map_or(0, |(staged, checkpoint)| staged.0 - checkpoint.0);
        self.frozen.is_some() || behind >= interval
    }

    fn permanent_failure(&self) -> Result<(), StorageError> {
        match &self.error {
            Some(error) if !error.is_transient() => Err(StorageError::CheckpointFailed(Arc::clone(error))),
            _ => Ok(()),
        }
    }
}

impl Checkpointer {
    pub(super) fn start(
        backend: Box<dyn Backend>,
        checkpoint: Option<Height>,
        log: &Arc<BlockLog>,
        undecided: &Arc<UndecidedArea>,
        config: &Config,
    ) -> Result<Self, StorageError> {
        let progress = Progress {
            checkpoint,
            staged: checkpoint,
            active: Overlay::default(),
            frozen: None,
            wanted: false,
            writing: false,
            closing: false,
            error: None,
        };
        let shared = Arc::new(Shared {
            backend,
            log: Arc::clone(log),
            undecided: Arc::clone(undecided),
            interval: config.checkpoint_interval,
            history_blocks: config.history_blocks,
            staged_bytes_max: config.staged_bytes_max,
            progress: Mutex::new(progress),
            changed: Condvar::new(),
        });
        let thread = config.background.then(|| spawn(&shared)).transpose()?;
        Ok(Self { shared, thread })
    }

    pub(super) fn height(&self) -> Option<Height> {
        self.shared.lock().checkpoint
    }

    pub(super) fn status(&self) -> Status {
        let progress = self.shared.lock();
        Status {
            checkpoint: progress.checkpoint,
            staged: progress.staged,
            staged_bytes: progress.staged_bytes(),
            error: progress.error.clone(),
        }
    }

    /// The first state, written before this returns.
    pub(super) fn initialise(&self, height: Height, effects: Effects) -> Result<(), StorageError> {
        let mut progress = self.shared.lock();
        if let Some(height) = progress.checkpoint {
            return Err(StorageError::AlreadyInitialised(height));
        }
        let mut overlay = Overlay::default();
        overlay.add(height, effects);
        self.shared.backend.apply(&mut overlay.writes())?;
        progress.checkpoint = Some(height);
        progress.staged = Some(height);
        Ok(())
    }

    pub(super) fn stage(&self, height: Height, effects: Effects) -> Result<(), StorageError> {
        let mut progress = self.shared.lock();
        progress.permanent_failure()?;
        expect_next("effects of a block", height, progress.staged.ok_or(StorageError::Uninitialised)?)?;
        progress = self.wait_for_room(progress)?;
        progress.active.add(height, effects);
        progress.staged = Some(height);
        if progress.is_due(self.shared.interval) && !progress.writing {
            self.begin(progress);
        }
        Ok(())
    }

    fn wait_for_room<'a>(
        &'a self,
        mut progress: MutexGuard<'a, Progress>,
    ) -> Result<MutexGuard<'a, Progress>, StorageError> {
        while progress.staged_bytes() >= self.shared.staged_bytes_max {
            progress = self.write_and_wait(progress)?;
        }
        Ok(progress)
    }

    pub(super) fn flush(&self) -> Result<(), StorageError> {
        let mut progress = self.shared.lock();
        let target = progress.staged;
        while progress.checkpoint < target {
            progress = self.write_and_wait(progress)?;
        }
        Ok(())
    }

    /// Writes the overlay that is frozen, or else the active one, and waits for the outcome.
    fn write_and_wait<'a>(
        &'a self,
        progress: MutexGuard<'a, Progress>,
    ) -> Result<MutexGuard<'a, Progress>, StorageError> {
        progress.permanent_failure()?;
        let before = progress.checkpoint;
        if progress.writing {
            drop(progress)
        } else {
            self.begin(progress)
        }
        let done = |progress: &mut Progress| progress.wanted || progress.writing;
        let progress =
            self.shared.changed.wait_while(self.shared.lock(), done).unwrap_or_else(PoisonError::into_inner);
        match &progress.error {
            Some(error) if progress.checkpoint == before => {
                Err(StorageError::CheckpointFailed(Arc::clone(error)))
            }
            _ => Ok(progress),
        }
    }

    /// Has the overlay written: by the thread if there is one, else here.
    fn begin(&self, mut progress: MutexGuard<'_, Progress>) {
        progress.freeze();
        drop(progress);
        match self.thread {
            Some(_) => self.shared.changed.notify_all(),
            None => self.shared.write_if_wanted(),
        }
    }

    pub(super) fn state(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        match self.shared.overlaid(|overlay| overlay.state(key).map(|value| value.map(<[u8]>::to_vec))) {
            Some(value) => Ok(value),
            None => self.shared.backend.snapshot()?.get(Space::State, key),
        }
    }

    pub(super) fn meta(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        match self.shared.overlaid(|overlay| overlay.meta(key).cloned()) {
            Some(value) => Ok(Some(value)),
            None => self.shared.backend.snapshot()?.get(Space::Meta, key),
        }
    }

    pub(super) fn lookup(&self, kind: IndexKind, key: &[u8]) -> Result<Option<IndexHit>, StorageError> {
        let key = index_key(kind, key);
        if let Some(hit) = self.shared.overlaid(|overlay| overlay.index(&key).cloned()) {
            return Ok(Some(hit));
        }
        let stored = self.shared.backend.snapshot()?.get(Space::Index, &key)?;
        Ok(stored.and_then(|bytes| IndexHit::from_bytes(&bytes)))
    }

    pub(super) fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StorageError> {
        self.shared.backend.snapshot()
    }
}

impl Drop for Checkpointer {
    /// Waits for the checkpoint being written; what is only staged is recovered from the log.
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn spawn(shared: &Arc<Shared>) -> Result<thread::JoinHandle<()>, StorageError> {
    let shared = Arc::clone(shared);
    let builder = thread::Builder::new().name("checkpoint".to_owned());
    builder.spawn(move || shared.write_until_closed()).map_err(|source| StorageError::Io {
        action: "start a thread for",
        path: "checkpoint".to_owned(),
        source,
    })
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn overlaid<T>(&self, find: impl Fn(&Overlay) -> Option<T>) -> Option<T> {
        let progress = self.lock();
        find(&progress.active).or_else(|| progress.frozen.as_deref().and_then(find))
    }

    fn write_until_closed(&self) {
        let _guard = PanicGuard(self);
        loop {
            let idle = |progress: &mut Progress| !progress.wanted && !progress.closing;
            let progress = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
            if progress.closing {
                return;
            }
            drop(progress);
            self.write_if_wanted();
        }
    }

    fn write_if_wanted(&self) {
        let mut progress = self.lock();
        progress.writing = mem::take(&mut progress.wanted);
        let frozen = progress.frozen.clone().filter(|_| progress.writing);
        drop(progress);
        let Some(frozen) = frozen else { return };
        let outcome = self.write(&frozen);
        let mut progress = self.lock();
        progress.writing = false;
        match outcome {
            Ok(()) => {
                progress.checkpoint = Some(frozen.height);
                progress.frozen = None;
                progress.error = None;
            }
            Err(error) => progress.error = Some(Arc::new(error)),
        }
        drop(progress);
        self.changed.notify_all();
    }

    fn write(&self, overlay: &Overlay) -> Result<(), StorageError> {
        let keep_from = self
            .history_blocks
            .map(|blocks| Height(overlay.height.0.saturating_add(1).saturating_sub(blocks)));
        let removals = match keep_from {
            Some(keep_from) => {
                let heights_max = usize::try_from(self.interval.saturating_mul(4)).unwrap_or(usize::MAX);
                pruned(self.backend.snapshot()?.as_ref(), keep_from, heights_max.max(16))?
            }
            None => Vec::new(),
        };
        self.backend.apply(&mut removals.into_iter().chain(overlay.writes()))?;
        // Files go only after the checkpoint that makes them superfluous is durable.
        if let Some(keep_from) = keep_from {
            self.log.prune(keep_from)?;
        }
        self.undecided.sweep()
    }
}

/// Should the writing thread panic, nobody waits for it for ever.
struct PanicGuard<'a>(&'a Shared);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        let mut progress = self.0.lock();
        (progress.wanted, progress.writing) = (false, false);
        progress.error = Some(Arc::new(StorageError::Stopped { path: "checkpoint".to_owned() }));
        drop(progress);
        self.0.changed.notify_all();
    }
}
