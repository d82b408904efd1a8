//! Checks the signatures of arriving actions on the worker threads, as many at a time as wait.
//!
//! An action that arrives while a worker is free is checked at once. Those that arrive while all are busy wait
//! together, and the next free worker takes a batch of them: the busier the node, the larger the batches, and the less
//! each signature costs. Nobody waits for a batch to fill.

use crate::workers::Workers;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tandem_exchange::Transaction;
use tandem_exchange::action::{CheckError, Network, SignedAction};
use tokio::sync::oneshot;

/// Most actions checked together: beyond, a signature hardly gets cheaper, and the first would wait for the last.
const BATCH_MAX: usize = 64;

type Verdict = Result<Transaction, CheckError>;

/// What waits, and how many workers are busy with it.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<(SignedAction, oneshot::Sender<Verdict>)>,
    busy: usize,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Verifier {
    network: Network,
    workers: Workers,
    queue: Arc<Mutex<Queue>>,
}

impl Verifier {
    /// A verifier for this network's signatures, on these threads.
    pub(crate) fn new(network: Network, workers: Workers) -> Self {
        Self { network, workers, queue: Arc::default() }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks an action. `None` if the program ends meanwhile.
    pub(crate) async fn check(&self, action: SignedAction) -> Option<Verdict> {
        let (sender, receiver) = oneshot::channel();
        let has_free_worker = {
            let mut queue = self.queue();
            queue.waiting.push_back((action, sender));
            let free = queue.busy < self.workers.count();
            queue.busy += usize::from(free);
            free
        };
        if has_free_worker {
            let verifier = self.clone();
            self.workers.spawn(move || while verifier.check_batch() {});
        }
        receiver.await.ok()
    }

    /// Takes a batch and checks it. `false` if nothing waited; then the worker is free.
    fn check_batch(&self) -> bool {
        let batch = {
            let mut queue = self.queue();
            if queue.waiting.is_empty() {
                queue.busy -= 1;
                return false;
            }
            let count = queue.waiting.len().min(BATCH_MAX);
            queue.waiting.drain(..count).collect::<Vec<_>>()
        };
        let (actions, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let verdicts = Transaction::from_each_signed(&actions, &self.network);
        // A client that has gone needs no verdict.
        senders.into_iter().zip(verdicts).for_each(|(sender, verdict)| drop(sender.send(verdict)));
        true
    }
}
