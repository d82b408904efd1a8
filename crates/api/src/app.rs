//! What all connections share.
//!
//! Locks are taken in the order topics, views, the node's state; nobody who holds one takes an earlier one. The node's
//! writer waits for readers of its state, so that one is held for a few look-ups at most.

use crate::config::{ApiConfig, body_units};
use crate::counters::Counters;
use crate::rates::Rates;
use crate::views::Books;
use crate::ws::outbox::QueueRoom;
use crate::ws::topic::Topics;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tandem_indexer::Indexer;
use tandem_node::NodeHandle;
use tandem_types::{Height, TokenId};
use tokio::sync::{Semaphore, watch};

/// See the module.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) node: NodeHandle,
    pub(crate) config: ApiConfig,
    pub(crate) books: Books,
    pub(crate) counters: Counters,
    pub(crate) rates: Rates,
    /// WebSockets that are opened.
    pub(crate) opened: Rates,
    /// Messages that WebSockets send.
    pub(crate) messages: Rates,
    /// Atoms of each token given out at genesis; the exchange makes and destroys none.
    pub(crate) supply: BTreeMap<TokenId, u128>,
    /// Room for the bodies of requests that are long, in [`BODY_UNIT_BYTES`](crate::config::BODY_UNIT_BYTES).
    pub(crate) body_room: Semaphore,
    /// Room for what waits for slow readers.
    pub(crate) queue_room: Arc<QueueRoom>,
    /// Says that the server stops.
    pub(crate) stop: watch::Receiver<bool>,
    /// The height at which the views stand.
    viewed: watch::Sender<Height>,
    indexer: RwLock<Indexer>,
    topics: Mutex<Topics>,
}

impl App {
    pub(crate) fn new(
        node: NodeHandle,
        config: ApiConfig,
        indexer: Indexer,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let limits = config.limits;
        let mut supply = BTreeMap::new();
        for allocation in &node.genesis().exchange.allocations {
            *supply.entry(allocation.token).or_insert(0) += u128::from(allocation.amount.0);
        }
        Self {
            node,
            config,
            books: Books::default(),
            counters: Counters::default(),
            rates: Rates::default(),
            opened: Rates::default(),
            messages: Rates::default(),
            supply,
            body_room: Semaphore::new(body_units(limits.bodies_bytes_max)),
            queue_room: Arc::new(QueueRoom::new(limits.queues_bytes_max)),
            stop,
            viewed: watch::Sender::new(indexer.height()),
            indexer: RwLock::new(indexer),
            topics: Mutex::new(Topics::default()),
        }
    }

    /// The views.
    pub(crate) fn views(&self) -> RwLockReadGuard<'_, Indexer> {
        self.indexer.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn views_mut(&self) -> RwLockWriteGuard<'_, Indexer> {
        self.indexer.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn topics(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the views stand at `height`.
    pub(crate) fn announce(&self, height: Height) {
        self.viewed.send_replace(height);
    }

    /// Waits until the views stand at `height` or later, so that whoever is answered reads its own writes.
    pub(crate) async fn viewed(&self, height: Height) {
        if *self.viewed.borrow() >= height {
            return;
        }
        // The sender lives as long as this.
        self.viewed.subscribe().wait_for(|viewed| *viewed >= height).await.ok();
    }
}
