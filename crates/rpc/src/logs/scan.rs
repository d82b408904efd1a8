//! Finding the events of a query, block by block.

use super::{LogFilter, LogQuery, Span};
use crate::argument::BlockId;
use crate::blocks::{Blocks, EvmBlock};
use crate::config::Limits;
use crate::fault::Fault;
use crate::view::{LogView, block_logs};

/// Numbers of blocks, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Range {
    /// The blocks of a span, as far as there are any yet.
    pub(crate) fn of(span: &Span, blocks: &Blocks) -> Result<Self, Fault> {
        let latest = blocks.latest_number();
        match span {
            Span::Block(hash) => {
                let number = blocks.by_hash(*hash)?.ok_or_else(|| Fault::server("unknown block"))?.number();
                Ok(Self { from: number, to: number })
            }
            Span::Range { from, to } => {
                let number = |id: &Option<BlockId>| match id {
                    None | Some(BlockId::Latest | BlockId::Pending) => Ok(latest),
                    Some(BlockId::Number(number)) => Ok(*number),
                    Some(BlockId::Hash(_)) => Err(Fault::invalid("filter", "ranges are of numbers")),
                };
                let (from, to) = (number(from)?, number(to)?);
                // Whoever asks from beyond the latest block on gets nothing yet.
                let is_open =
                    matches!(span, Span::Range { to: None | Some(BlockId::Latest | BlockId::Pending), .. });
                if from > to && !is_open {
                    return Err(Fault::invalid("filter", "fromBlock is after toBlock"));
                }
                Ok(Self { from, to: to.min(latest) })
            }
        }
    }
}

/// What a scan has found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The events, in the order of the chain.
    pub(crate) logs: Vec<LogView>,
    /// The number of the first block that was not looked at.
    pub(crate) next: u64,
}

/// The events of `filter` in a block.
pub(crate) fn matching<'a>(block: &'a EvmBlock, filter: &'a LogFilter) -> impl Iterator<Item = LogView> + 'a {
    let may_match = filter.may_match(&block.header.logs_bloom);
    let logs = block_logs(block).filter(move |(.., log)| may_match && filter.matches(log));
    logs.map(|place| LogView::of(block, place))
}

/// The events of `filter` in `range`, up to the end of the block in which they become more than `logs_max`.
pub(crate) fn scan(
    blocks: &Blocks,
    filter: &LogFilter,
    range: Range,
    logs_max: usize,
) -> Result<Found, Fault> {
    let mut found = Found { logs: Vec::new(), next: range.from };
    while found.next <= range.to && found.logs.len() <= logs_max {
        let block = blocks.by_number(found.next)?.ok_or_else(Fault::no_block)?;
        found.logs.extend(matching(&block, filter));
        found.next += 1;
    }
    Ok(found)
}

/// The answer to a query, whole or refused.
pub(crate) fn find(blocks: &Blocks, query: &LogQuery, limits: &Limits) -> Result<Vec<LogView>, Fault> {
    let range = Range::of(&query.span, blocks)?;
    let (blocks_max, logs_max) = (limits.log_blocks_max, limits.logs_max);
    if range.to.saturating_sub(range.from) >= blocks_max {
        return Err(Fault::limit(format!("range too large: at most {blocks_max} blocks in a query")));
    }
    let found = scan(blocks, &query.filter, range, logs_max)?;
    if found.logs.len() > logs_max {
        return Err(Fault::limit(format!(
            "query returned more than {logs_max} results: narrow it, blocks {} to {} have that many",
            range.from,
            found.next - 1
        )));
    }
    Ok(found.logs)
}
