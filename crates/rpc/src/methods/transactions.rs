//! Transactions: sent, waiting, mined.

use super::{Context, Methods, Registered};
use crate::argument::Arguments;
use crate::fault::Fault;
use crate::view::{ReceiptView, TransactionView};
use alloy_primitives::{B256, Bytes};
use jsonrpsee::types::ErrorObjectOwned;
use std::sync::Arc;
use tandem_node::SubmitError;

pub(super) fn register(methods: &mut Methods) -> Registered {
    methods.0.register_async_method("eth_sendRawTransaction", |params, context, _| async move {
        let raw = Arguments::of(&params)?.required::<Bytes>("transaction")?;
        let hash = send(&context, raw).await?;
        Ok::<B256, ErrorObjectOwned>(hash)
    })?;
    methods.read("eth_getTransactionByHash", transaction)?;
    methods.read("eth_getRawTransactionByHash", raw_transaction)?;
    methods.read("eth_getTransactionReceipt", receipt)
}

async fn send(context: &Context, raw: Bytes) -> Result<B256, Fault> {
    let sent = context.node.submit_evm(raw).await.map_err(|error| refusal(context, error))?;
    let hash = B256::from(sent.0);
    context.sent.push(hash);
    Ok(hash)
}

/// A refusal, with what only this chain's face knows.
fn refusal(context: &Context, error: SubmitError) -> Fault {
    match error {
        SubmitError::Evm(tandem_evm::TxRejection::WrongChain { signed }) => Fault::server(format!(
            "invalid sender: invalid chain id for signer: have {signed} want {}",
            context.chain_id()
        )),
        error => Fault::from(error),
    }
}

/// Looks into the blocks, then into the pool, and again into the blocks: a transaction leaves the pool after its block
/// is there, so it is found in one of them.
fn transaction(context: &Context, mut arguments: Arguments) -> Result<Option<TransactionView>, Fault> {
    let hash = arguments.required("hash")?;
    if let Some(mined) = mined(context, hash)? {
        return Ok(Some(mined));
    }
    let waiting = context.node.pool().with_evm(|lane| lane.find(&hash).map(Arc::clone));
    match waiting {
        Some(waiting) => Ok(Some(TransactionView::waiting(&waiting))),
        None => mined(context, hash),
    }
}

fn mined(context: &Context, hash: B256) -> Result<Option<TransactionView>, Fault> {
    let Some((block, index)) = context.blocks.of_transaction(hash)? else { return Ok(None) };
    Ok(block.transaction(index)?.map(|tx| TransactionView::mined(&tx, &block, index)))
}

fn raw_transaction(context: &Context, mut arguments: Arguments) -> Result<Option<Bytes>, Fault> {
    let hash = arguments.required("hash")?;
    if let Some((block, index)) = context.blocks.of_transaction(hash)? {
        return Ok(block.raw().get(index).cloned());
    }
    Ok(context.node.pool().with_evm(|lane| lane.find(&hash).map(|tx| tx.raw().clone())))
}

fn receipt(context: &Context, mut arguments: Arguments) -> Result<Option<ReceiptView>, Fault> {
    let Some((block, index)) = context.blocks.of_transaction(arguments.required("hash")?)? else {
        return Ok(None);
    };
    ReceiptView::of(&block, index)
}
