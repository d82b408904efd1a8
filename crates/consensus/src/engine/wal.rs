//! The write-ahead log: what this validator has said and heard at the height being decided.
//!
//! The engine writes an entry before it acts on it, and syncs before a signed message leaves. So a validator that comes
//! back after a crash repeats what it said, and never contradicts it. The engine's own log is a plain file that a power
//! cut can leave in a state it refuses (ADR-0006); here it is the node's, behind [`Wal`], and this file is the
//! engine's actor in front of it.
//!
//! A log that fails ends consensus: what is on disk is then unknown, and signing on would be unsafe.

use super::context::{Context, Height as EngineHeight};
use super::wire::Wire;
use arc_malachitebft_app_channel::app::consensus::Input;
use arc_malachitebft_app_channel::app::engine::wal::{Msg, WalRef, WalReply, decode_entry, encode_entry};
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::fmt::Display;
use std::io;
use std::sync::mpsc;
use std::thread;
use tandem_types::Height;
use tokio::sync::oneshot;

/// Keeps the entries of one height through crashes. Entries are opaque. One thread calls all methods.
pub trait Wal: Send + 'static {
    /// Begins a height and forgets those before it. Gives the entries that were synced in this height before a crash,
    /// in order, and perhaps some of those after them without a gap, all of them durable; none if the height has begun
    /// in this process before.
    ///
    /// # Errors
    /// If synced entries cannot be read.
    fn begin(&mut self, height: Height) -> io::Result<Vec<Vec<u8>>>;

    /// Begins a height and forgets what there is of it, durably.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn reset(&mut self, height: Height) -> io::Result<()>;

    /// Adds an entry to the height that has begun.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn append(&mut self, entry: &[u8]) -> io::Result<()>;

    /// Returns once all entries are durable.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn sync(&mut self) -> io::Result<()>;
}

/// A log at work.
pub(crate) struct Running {
    /// For the engine.
    pub(crate) actor: WalRef<Context>,
    /// Why it failed, if it does; closed when it ends.
    pub(crate) failed: oneshot::Receiver<io::Error>,
    /// Closed when the log is dropped.
    pub(crate) closed: oneshot::Receiver<()>,
}

/// Starts the actor, and the thread on which the log may wait for the disk.
pub(crate) async fn spawn(wal: Box<dyn Wal>) -> Result<Running, ractor::SpawnErr> {
    let (failure, failed) = oneshot::channel();
    let (open, closed) = oneshot::channel();
    let writer = Writer { wal, height: None, failure: Some(failure), _open: open };
    let (actor, _) = Actor::spawn(None, Front, writer).await?;
    Ok(Running { actor, failed, closed })
}

/// Hands messages to the thread. The engine awaits the answer to each, so few ever wait.
struct Front;

#[async_trait]
impl Actor for Front {
    type Msg = Msg<Context>;
    type State = mpsc::Sender<Msg<Context>>;
    type Arguments = Writer;

    async fn pre_start(
        &self,
        _: ActorRef<Self::Msg>,
        mut writer: Writer,
    ) -> Result<Self::State, ActorProcessingErr> {
        let (sender, messages) = mpsc::channel();
        thread::Builder::new().name("wal".to_owned()).spawn(move || {
            for message in messages {
                writer.handle(message);
            }
        })?;
        Ok(sender)
    }

    async fn handle(
        &self,
        _: ActorRef<Self::Msg>,
        message: Self::Msg,
        thread: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        // Should the thread be gone, the engine sees that nobody answers, and stops.
        thread.send(message).ok();
        Ok(())
    }
}

/// The thread's side.
struct Writer {
    wal: Box<dyn Wal>,
    height: Option<EngineHeight>,
    failure: Option<oneshot::Sender<io::Error>>,
    /// Dropped after the log.
    _open: oneshot::Sender<()>,
}

impl Writer {
    fn handle(&mut self, message: Msg<Context>) {
        match message {
            Msg::StartedHeight(height, reply) => {
                let begun = self.begin(height);
                self.answer(reply, begun);
            }
            Msg::Reset(height, reply) => {
                self.height = Some(height);
                let reset = self.wal.reset(height.into());
                self.answer(reply, reset);
            }
            Msg::Append(height, entry, reply) => {
                let appended = self.append(height, entry);
                self.answer(reply, appended);
            }
            Msg::Flush(reply) => {
                let synced = self.wal.sync();
                self.answer(reply, synced);
            }
            // A developer's aid of the engine that nothing here asks for.
            Msg::Dump => {}
        }
    }

    fn begin(&mut self, height: EngineHeight) -> io::Result<Vec<io::Result<Input<Context>>>> {
        self.height = Some(height);
        let entries = self.wal.begin(height.into())?;
        Ok(entries.iter().map(|entry| decode_entry(&Wire, entry.as_slice())).collect())
    }

    /// What comes late, for a height that is over, needs no keeping.
    fn append(&mut self, height: EngineHeight, entry: Input<Context>) -> io::Result<()> {
        if self.height != Some(height) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        encode_entry(entry, &Wire, &mut bytes)?;
        self.wal.append(&bytes)
    }

    fn answer<T: Send>(&mut self, reply: WalReply<T>, result: io::Result<T>) {
        let result = result.map_err(|error| {
            self.fail(&error);
            error.into()
        });
        // Refused only by an engine that is stopping.
        reply.send(result).ok();
    }

    fn fail(&mut self, error: &(impl Display + ?Sized)) {
        if let Some(failure) = self.failure.take() {
            failure.send(io::Error::other(error.to_string())).ok();
        }
    }
}
