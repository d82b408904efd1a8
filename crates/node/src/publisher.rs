//! Tells readers, subscribers and waiting clients of decided blocks, while the next block is built.
//!
//! One thread takes the blocks in their order: it moves the readers' copy on, then announces. The writer hands a block
//! over and goes on; it waits only if the block before is not published yet, so readers are never more than two blocks
//! behind. Nothing here is durable, and nothing of it is needed to build or to vote.

use crate::decided::DecidedBlock;
use crate::error::NodeError;
use crate::handle::Shared;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

/// What the thread is given.
enum Work {
    Publish(Arc<DecidedBlock>),
    /// Answered when everything before is published.
    Mark(Sender<()>),
}

/// See the module. Dropping it waits for what was handed over.
#[derive(Debug)]
pub(crate) struct Publisher {
    /// `None` once the thread is told to end.
    work: Option<SyncSender<Work>>,
    thread: Option<JoinHandle<Result<(), NodeError>>>,
}

impl Publisher {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`NodeError::Thread`] if the operating system gives none.
    pub(crate) fn start(shared: Arc<Shared>) -> Result<Self, NodeError> {
        let (work, given) = sync_channel(1);
        let thread = Builder::new().name("publisher".to_owned()).spawn(move || publish_all(&shared, &given));
        Ok(Self { work: Some(work), thread: Some(thread.map_err(NodeError::Thread)?) })
    }

    /// Hands a block over.
    ///
    /// # Errors
    /// What ended the thread at an earlier block.
    pub(crate) fn publish(&mut self, decided: Arc<DecidedBlock>) -> Result<(), NodeError> {
        self.hand_over(Work::Publish(decided))
    }

    /// Waits until everything handed over is published.
    ///
    /// # Errors
    /// What ended the thread.
    pub(crate) fn wait(&mut self) -> Result<(), NodeError> {
        let (sender, reached) = channel();
        self.hand_over(Work::Mark(sender))?;
        reached.recv().or_else(|_| self.end())
    }

    fn hand_over(&mut self, work: Work) -> Result<(), NodeError> {
        match &self.work {
            Some(sender) if sender.send(work).is_ok() => Ok(()),
            _ => self.end(),
        }
    }

    /// Ends the thread, and says why it had ended before, if it had.
    fn end(&mut self) -> Result<(), NodeError> {
        self.work = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) | None => Err(NodeError::Unpublished),
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        if self.thread.is_some()
            && let Err(error) = self.end()
        {
            tracing::error!(%error, "a decided block was not published");
        }
    }
}

fn publish_all(shared: &Shared, given: &Receiver<Work>) -> Result<(), NodeError> {
    for work in given {
        match work {
            Work::Publish(decided) => publish(shared, &decided)?,
            // Whoever asked may have gone.
            Work::Mark(reached) => drop(reached.send(())),
        }
    }
    Ok(())
}

/// Readers first: whoever hears of a block finds it.
fn publish(shared: &Shared, decided: &Arc<DecidedBlock>) -> Result<(), NodeError> {
    let height = decided.height();
    shared.write_follower().advance(decided).map_err(|error| NodeError::Delta { height, error })?;
    shared.announce(decided);
    Ok(())
}
