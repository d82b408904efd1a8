//! What the methods answer from.

use crate::blocks::Blocks;
use crate::config::Limits;
use crate::polling::Filters;
use crate::sent::Sent;
use std::sync::Arc;
use tandem_node::NodeHandle;
use tandem_stf::GenesisError;
use tokio::sync::Semaphore;

/// What the methods answer from.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) node: NodeHandle,
    pub(crate) blocks: Blocks,
    pub(crate) filters: Filters,
    pub(crate) sent: Sent,
    pub(crate) limits: Limits,
    /// Permits to execute messages.
    pub(crate) executions: Arc<Semaphore>,
}

impl Context {
    pub(crate) fn new(node: NodeHandle, limits: Limits) -> Result<Self, GenesisError> {
        Ok(Self {
            blocks: Blocks::new(node.clone())?,
            node,
            filters: Filters::new(&limits),
            sent: Sent::default(),
            executions: Arc::new(Semaphore::new(limits.executions_max.max(1))),
            limits,
        })
    }

    /// The chain's id.
    pub(crate) const fn chain_id(&self) -> u64 {
        self.node.identity().evm.chain_id
    }
}
