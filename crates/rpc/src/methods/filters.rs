//! Events: queried at once, or polled.

use super::{Context, Methods, Registered};
use crate::argument::{Arguments, BlockId};
use crate::fault::Fault;
use crate::logs::{self, LogQuery, Range, Span};
use crate::polling::{Filter, Topic};
use crate::view::LogView;
use alloy_primitives::{B256, U256};
use serde::Serialize;
use std::time::Instant;

/// Most hashes of blocks that one poll tells.
const POLLED_BLOCKS_MAX: u64 = 1_000;

pub(super) fn register(methods: &mut Methods) -> Registered {
    methods.read("eth_getLogs", |context, mut arguments| {
        logs::find(&context.blocks, &arguments.required("filter")?, &context.limits)
    })?;
    methods.read("eth_newFilter", |context, mut arguments| {
        let query: LogQuery = arguments.required("filter")?;
        let next = context.blocks.latest_number() + 1;
        context.filters.add(Filter { topic: Topic::Logs(query), next }, Instant::now())
    })?;
    methods.read("eth_newBlockFilter", |context, _| {
        let next = context.blocks.latest_number() + 1;
        context.filters.add(Filter { topic: Topic::Blocks, next }, Instant::now())
    })?;
    methods.read("eth_newPendingTransactionFilter", |context, _| {
        let next = context.sent.count();
        context.filters.add(Filter { topic: Topic::Sent, next }, Instant::now())
    })?;
    methods.read("eth_getFilterChanges", changes)?;
    methods.read("eth_getFilterLogs", filter_logs)?;
    methods.read("eth_uninstallFilter", |context, mut arguments| {
        Ok(context.filters.remove(arguments.required("id")?))
    })
}

/// What a poll tells.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Changes {
    Logs(Vec<LogView>),
    Hashes(Vec<B256>),
}

/// What is new since the last poll. An answer that would be too large ends early, and the next goes on from there.
fn changes(context: &Context, mut arguments: Arguments) -> Result<Changes, Fault> {
    let id: U256 = arguments.required("id")?;
    let filter = context.filters.find(id, Instant::now())?;
    let (changes, next) = match &filter.topic {
        Topic::Logs(query) => new_logs(context, query, filter.next)?,
        Topic::Blocks => new_blocks(context, filter.next)?,
        Topic::Sent => {
            let next = context.sent.count();
            (Changes::Hashes(context.sent.since(filter.next)), next)
        }
    };
    context.filters.advance(id, next);
    Ok(changes)
}

fn new_logs(context: &Context, query: &LogQuery, next: u64) -> Result<(Changes, u64), Fault> {
    let number = |id: &Option<BlockId>| match id {
        Some(BlockId::Number(number)) => Some(*number),
        Some(BlockId::Latest | BlockId::Pending | BlockId::Hash(_)) | None => None,
    };
    // A block that is there already has no new events.
    let Span::Range { from, to } = &query.span else { return Ok((Changes::Logs(Vec::new()), next)) };
    let latest = context.blocks.latest_number();
    let from = next.max(number(from).unwrap_or(0));
    let last =
        number(to).unwrap_or(latest).min(latest).min(from.saturating_add(context.limits.log_blocks_max));
    let found =
        logs::scan(&context.blocks, &query.filter, Range { from, to: last }, context.limits.logs_max)?;
    Ok((Changes::Logs(found.logs), found.next))
}

fn new_blocks(context: &Context, next: u64) -> Result<(Changes, u64), Fault> {
    let last = context.blocks.latest_number().min(next.saturating_add(POLLED_BLOCKS_MAX - 1));
    let mut hashes = Vec::new();
    for number in next..=last {
        hashes.push(context.blocks.by_number(number)?.ok_or_else(Fault::no_block)?.hash);
    }
    Ok((Changes::Hashes(hashes), next.max(last + 1)))
}

/// All that a filter of events means, told already or not.
fn filter_logs(context: &Context, mut arguments: Arguments) -> Result<Vec<LogView>, Fault> {
    match context.filters.find(arguments.required("id")?, Instant::now())?.topic {
        Topic::Logs(query) => logs::find(&context.blocks, &query, &context.limits),
        Topic::Blocks | Topic::Sent => Err(Fault::server("filter not found")),
    }
}
