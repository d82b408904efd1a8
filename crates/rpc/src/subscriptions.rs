//! `eth_subscribe`: heads, events and sent transactions over a WebSocket.
//!
//! A subscriber gets every block once, in order, from the one after its subscription on: what the node tells is only
//! that there is something new, and a subscriber that lags behind reads what it missed from the chain.

use crate::argument::Arguments;
use crate::blocks::EvmBlock;
use crate::fault::Fault;
use crate::logs::{LogFilter, matching};
use crate::methods::Context;
use crate::view::HeaderView;
use alloy_primitives::hex;
use jsonrpsee::core::traits::IdProvider;
use jsonrpsee::core::{RegisterMethodError, SubscriptionError};
use jsonrpsee::types::SubscriptionId;
use jsonrpsee::{PendingSubscriptionSink, RpcModule, SubscriptionSink};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;
use tandem_node::DecidedBlock;
use tokio::sync::broadcast::{self, error::RecvError};

/// What may be subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Heads,
    Logs(LogFilter),
    Sent,
}

pub(crate) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending, context, _| async move {
            match Arguments::of(&params).and_then(kind) {
                Ok(kind) => serve(kind, pending, context).await,
                Err(fault) => pending.reject(fault).await,
            }
        },
    )?;
    Ok(())
}

fn kind(mut arguments: Arguments) -> Result<Kind, Fault> {
    let name: String = arguments.required("subscription")?;
    match name.as_str() {
        "newHeads" => Ok(Kind::Heads),
        "logs" => {
            let query: Value = arguments.optional("filter")?.unwrap_or_default();
            let filter = LogFilter::parse(query.get("address"), query.get("topics"));
            filter.map(Kind::Logs).map_err(|why| Fault::invalid("filter", why))
        }
        "newPendingTransactions" => Ok(Kind::Sent),
        _ => Err(Fault::unsupported(format!("no \"{name}\" subscription in eth namespace"))),
    }
}

async fn serve(kind: Kind, pending: PendingSubscriptionSink, context: Arc<Context>) {
    // From here on nothing is missed, although the client learns its id only later.
    let blocks = context.node.subscribe();
    let sent = context.sent.subscribe();
    let next = context.blocks.latest_number() + 1;
    let Ok(sink) = pending.accept().await else { return };
    let ended = match kind {
        Kind::Sent => tell_sent(sent, &sink).await,
        Kind::Heads | Kind::Logs(_) => tell_blocks(&kind, blocks, next, &sink, &context).await,
    };
    if let Err(error) = ended {
        tracing::debug!(?error, "subscription ended");
    }
}

async fn tell_sent(
    mut sent: broadcast::Receiver<alloy_primitives::B256>,
    sink: &SubscriptionSink,
) -> Result<(), SubscriptionError> {
    loop {
        let event = tokio::select! {
            () = sink.closed() => return Ok(()),
            event = sent.recv() => event,
        };
        match event {
            Ok(hash) => sink.send(to_raw_value(&hash)?).await?,
            // Of what waits, only the newest is of use.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

async fn tell_blocks(
    kind: &Kind,
    mut events: broadcast::Receiver<Arc<DecidedBlock>>,
    mut next: u64,
    sink: &SubscriptionSink,
    context: &Arc<Context>,
) -> Result<(), SubscriptionError> {
    loop {
        let event = tokio::select! {
            () = sink.closed() => return Ok(()),
            event = events.recv() => event,
        };
        match event {
            Ok(block) if block.receipts.evm_header.is_none() => continue,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Ok(()),
        }
        while next <= context.blocks.latest_number() {
            for message in load(context, kind.clone(), next).await? {
                sink.send(message).await?;
            }
            next += 1;
        }
    }
}

/// What a subscription tells of a block, prepared where waiting for the disk is allowed.
async fn load(
    context: &Arc<Context>,
    kind: Kind,
    number: u64,
) -> Result<Vec<Box<RawValue>>, SubscriptionError> {
    let context = Arc::clone(context);
    let work = tokio::task::spawn_blocking(move || {
        let block = context.blocks.by_number(number).map_err(|fault| fault.message)?;
        let block = block.ok_or("a decided block is missing")?;
        messages(&kind, &block).map_err(|error| error.to_string())
    });
    let messages: Result<_, String> = work.await?;
    Ok(messages.map_err(std::io::Error::other)?)
}

fn messages(kind: &Kind, block: &EvmBlock) -> Result<Vec<Box<RawValue>>, serde_json::Error> {
    match kind {
        Kind::Heads => Ok(vec![to_raw_value(&HeaderView::of(block))?]),
        Kind::Logs(filter) => matching(block, filter).map(|log| to_raw_value(&log)).collect(),
        Kind::Sent => Ok(Vec::new()),
    }
}

/// Gives subscriptions ids as clients expect them: 128 random bits in hex.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids;

impl IdProvider for Ids {
    fn next_id(&self) -> SubscriptionId<'static> {
        let mut id = [0; 16];
        // Should the system have no randomness, ids repeat, and only the first subscription of a connection works.
        getrandom::fill(&mut id).ok();
        SubscriptionId::Str(hex::encode_prefixed(id).into())
    }
}
