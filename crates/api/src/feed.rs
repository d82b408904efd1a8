//! From decided blocks to views and subscribers.

use crate::app::App;
use crate::info;
use std::pin::pin;
use std::sync::Arc;
use tandem_connections::stopped;
use tandem_exchange::BalanceKey;
use tandem_indexer::Indexer;
use tandem_node::{DecidedBlock, NodeError, NodeHandle};
use tandem_types::{Height, TokenAtoms};
use tokio::sync::broadcast;

/// Blocks of the past that are held in memory at once while the views are filled.
const PAST_CHUNK: u64 = 64;

/// The views at the node's head, filled from the last `past` blocks that it keeps.
pub(crate) fn fill(node: &NodeHandle, past: u64) -> Result<Indexer, NodeError> {
    let (mut indexer, head) = {
        let state = node.state();
        (Indexer::new(&state.tables, state.head()), state.head().height.0)
    };
    let kept = node.heights().map_or(head + 1, |heights| heights.start().0).max(1);
    let first = kept.max((head + 1).saturating_sub(past));
    let balance = balances(node);
    let mut learning = indexer.past();
    let mut from = first;
    while from <= head {
        let to = head.min(from + PAST_CHUNK - 1);
        for height in from..=to {
            if let Some(block) = node.block(Height(height))? {
                learning.learn(&block, &balance);
            }
        }
        from = to + 1;
    }
    indexer.set_past(learning);
    Ok(indexer)
}

/// Looks balances up in the node's state.
fn balances(node: &NodeHandle) -> impl Fn(BalanceKey) -> TokenAtoms + '_ {
    |key| node.state().tables.exchange.balances.peek(&key).map_or(TokenAtoms::ZERO, |balance| balance.total)
}

/// Follows the chain until the server stops or the node does.
pub(crate) async fn run(app: Arc<App>, mut blocks: broadcast::Receiver<Arc<DecidedBlock>>) {
    let mut stop = pin!(stopped(app.stop.clone()));
    loop {
        let next = tokio::select! {
            () = &mut stop => return,
            next = blocks.recv() => next,
        };
        match next {
            Ok(block) => app.follow(&block),
            // The next block says how many were missed; they are read from the store then.
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

impl App {
    /// Moves views and subscribers on to `block`, over those before it that were missed.
    fn follow(&self, block: &DecidedBlock) {
        loop {
            let next = self.views().height().0 + 1;
            if block.height().0 < next {
                return;
            }
            if block.height().0 == next {
                return self.apply(block);
            }
            match self.node.block(Height(next)) {
                Ok(Some(missed)) => self.apply(&missed),
                Ok(None) | Err(_) => return self.begin_anew(),
            }
        }
    }

    fn apply(&self, block: &DecidedBlock) {
        let mut topics = self.topics();
        let changes = self.views_mut().apply(block, &balances(&self.node));
        self.sample();
        topics.publish(&changes, self);
        drop(topics);
        self.announce(block.height());
    }

    /// Values whoever is to be valued, by the state of now.
    fn sample(&self) {
        let views = self.views();
        let due = views.portfolios().due(views.time()).into_iter();
        let values: Vec<_> = due.map(|account| (account, info::worth(account, &views, self))).collect();
        drop(views);
        self.views_mut().sample(&values);
    }

    /// Missed blocks are gone: the views begin anew from the state, and subscribers get snapshots.
    fn begin_anew(&self) {
        tracing::warn!("blocks missed by the API's views are pruned: views begin anew");
        let mut topics = self.topics();
        let indexer = {
            let state = self.node.state();
            Indexer::new(&state.tables, state.head())
        };
        let height = indexer.height();
        *self.views_mut() = indexer;
        topics.publish_snapshots(self);
        drop(topics);
        self.announce(height);
    }
}
