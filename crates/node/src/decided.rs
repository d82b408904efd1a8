//! A final block with all that readers may want of it.

use crate::error::NodeError;
use bytes::Bytes;
use std::sync::Arc;
use tandem_codec::{Decode, Encode};
use tandem_state::Delta;
use tandem_stf::{BlockReceipts, block_id};
use tandem_storage::BlockRecord;
use tandem_types::{Block, BlockId, Height};

/// A final block.
#[derive(Clone, Debug)]
pub struct DecidedBlock {
    /// Its id.
    pub id: BlockId,
    /// Header and body.
    pub block: Block,
    /// What it did.
    pub receipts: BlockReceipts,
    /// What it changed.
    pub delta: Arc<Delta>,
    /// The commit certificate, encoded.
    pub certificate: Bytes,
}

impl DecidedBlock {
    /// Its height.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.block.header.height
    }

    /// The record that makes it durable.
    #[must_use]
    pub fn record(&self, bytes: &[u8]) -> BlockRecord {
        BlockRecord {
            height: self.height(),
            id: self.id,
            block: bytes.to_vec(),
            certificate: self.certificate.to_vec(),
            receipts: self.receipts.to_bytes(),
            delta: self.delta.to_bytes(),
        }
    }

    /// The block of a record.
    ///
    /// # Errors
    /// [`NodeError::Record`] if the record is not one of this program's.
    pub fn from_record(record: &BlockRecord) -> Result<Self, NodeError> {
        let fault = |error| NodeError::Record { height: record.height, error };
        let block = Block::from_bytes(&record.block).map_err(fault)?;
        Ok(Self {
            id: block_id(&block.header),
            block,
            receipts: BlockReceipts::from_bytes(&record.receipts).map_err(fault)?,
            delta: Arc::new(Delta::from_bytes(&record.delta).map_err(fault)?),
            certificate: Bytes::copy_from_slice(&record.certificate),
        })
    }
}
