//! Threads for what arrives, apart for each lane.
//!
//! Each lane's signatures are checked on threads of its own, so that a flood that keeps one lane's busy leaves the other's
//! free; the operating system shares the processor between them. The program's common threads check none of them: they
//! check the blocks that others propose, which must not wait for clients.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::sync::Arc;
use tokio::sync::oneshot;

/// A lane's threads, as many as the machine has processors.
#[derive(Clone, Debug)]
pub(crate) struct Workers(Arc<ThreadPool>);

impl Workers {
    /// Threads that are called `name` and a number.
    ///
    /// # Errors
    /// [`ThreadPoolBuildError`] if the operating system gives none.
    pub(crate) fn new(name: &'static str) -> Result<Self, ThreadPoolBuildError> {
        let threads = ThreadPoolBuilder::new().thread_name(move |number| format!("{name}-{number}"));
        threads.build().map(|pool| Self(Arc::new(pool)))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.current_num_threads()
    }

    /// Does `work` on one of them, after whatever came before.
    pub(crate) fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        self.0.spawn(work);
    }

    /// What `work` gives, done on one of them; `None` if the program ends meanwhile.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.spawn(move || drop(sender.send(work())));
        receiver.await.ok()
    }
}
