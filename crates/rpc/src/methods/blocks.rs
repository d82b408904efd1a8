//! Blocks, by number and by hash.

use super::{Context, Methods, Registered};
use crate::argument::{Arguments, BlockId};
use crate::blocks::EvmBlock;
use crate::fault::Fault;
use crate::view::{BlockView, ReceiptView, TransactionView, place};
use alloy_primitives::{B256, U64};
use std::sync::Arc;

pub(super) fn register(methods: &mut Methods) -> Registered {
    methods.read("eth_blockNumber", |context, _| Ok(U64::from(context.blocks.latest_number())))?;
    methods.read("eth_getBlockByNumber", |context, mut arguments| {
        let block = by_number(context, &mut arguments)?;
        view(block, &mut arguments)
    })?;
    methods.read("eth_getBlockByHash", |context, mut arguments| {
        let block = by_hash(context, &mut arguments)?;
        view(block, &mut arguments)
    })?;
    methods.read("eth_getBlockTransactionCountByNumber", |context, mut arguments| {
        Ok(by_number(context, &mut arguments)?.map(|block| place(block.receipts.len())))
    })?;
    methods.read("eth_getBlockTransactionCountByHash", |context, mut arguments| {
        Ok(by_hash(context, &mut arguments)?.map(|block| place(block.receipts.len())))
    })?;
    methods.read("eth_getTransactionByBlockNumberAndIndex", |context, mut arguments| {
        let block = by_number(context, &mut arguments)?;
        transaction(block, &mut arguments)
    })?;
    methods.read("eth_getTransactionByBlockHashAndIndex", |context, mut arguments| {
        let block = by_hash(context, &mut arguments)?;
        transaction(block, &mut arguments)
    })?;
    methods.read("eth_getBlockReceipts", receipts)?;
    register_uncles(methods)
}

/// There are no uncles.
fn register_uncles(methods: &mut Methods) -> Registered {
    methods.read("eth_getUncleCountByBlockNumber", |context, mut arguments| {
        Ok(by_number(context, &mut arguments)?.map(|_| U64::ZERO))
    })?;
    methods.read("eth_getUncleCountByBlockHash", |context, mut arguments| {
        Ok(by_hash(context, &mut arguments)?.map(|_| U64::ZERO))
    })?;
    methods.read("eth_getUncleByBlockNumberAndIndex", |_, _| Ok(None::<BlockView>))?;
    methods.read("eth_getUncleByBlockHashAndIndex", |_, _| Ok(None::<BlockView>))
}

type Found = Option<Arc<EvmBlock>>;

fn by_number(context: &Context, arguments: &mut Arguments) -> Result<Found, Fault> {
    context.blocks.find(arguments.required::<BlockId>("block")?)
}

fn by_hash(context: &Context, arguments: &mut Arguments) -> Result<Found, Fault> {
    context.blocks.by_hash(arguments.required::<B256>("hash")?)
}

fn view(block: Found, arguments: &mut Arguments) -> Result<Option<BlockView>, Fault> {
    let is_full = arguments.optional("full")?.unwrap_or(false);
    block.map(|block| BlockView::of(&block, is_full)).transpose()
}

fn transaction(block: Found, arguments: &mut Arguments) -> Result<Option<TransactionView>, Fault> {
    let index: u64 = arguments.required("index")?;
    let (Some(block), Ok(index)) = (block, usize::try_from(index)) else { return Ok(None) };
    Ok(block.transaction(index)?.map(|tx| TransactionView::mined(&tx, &block, index)))
}

fn receipts(context: &Context, mut arguments: Arguments) -> Result<Option<Vec<ReceiptView>>, Fault> {
    let block = context.blocks.find(arguments.required("block")?)?;
    block.map(|block| ReceiptView::all(&block)).transpose()
}
