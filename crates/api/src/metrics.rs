//! `/metrics` and `/health`.

use crate::app::App;
use crate::http;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::json;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tandem_exchange::action::NetworkKind;
use tandem_types::{BlockTime, MarketId};

/// Without a block for that long the chain counts as stalled, in milliseconds.
const STALLED_MS: u64 = 10_000;

/// Everything in Prometheus's text format.
pub(crate) fn text(app: &App) -> String {
    let mut out = String::with_capacity(4096);
    let node = app.node.metrics();
    let load = |value: &AtomicU64| value.load(Ordering::Relaxed);
    let (actions, evm) = app.node.pool().len();
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let own = &app.counters;
    let rows = [
        ("chain_height_blocks", "gauge", "Height of the last decided block.", load(&node.height)),
        ("chain_blocks_total", "counter", "Blocks decided since the start.", load(&node.blocks)),
        ("chain_actions_total", "counter", "Exchange actions decided.", load(&node.actions)),
        ("chain_items_total", "counter", "Orders, cancels and the like decided.", load(&node.items)),
        ("chain_trades_total", "counter", "Trades.", load(&node.trades)),
        ("chain_evm_gas_total", "counter", "Gas used by EVM blocks.", load(&node.evm_gas)),
        ("state_leaves_total", "counter", "Entries of the exchange's state changed.", load(&node.leaves)),
        ("store_bytes_total", "counter", "Bytes written for blocks.", load(&node.stored_bytes)),
        ("oracle_reports_total", "counter", "Price reports in decided blocks.", load(&node.price_reports)),
        (
            "oracle_source_failures_total",
            "counter",
            "Prices missing from this validator's reports because its source had none.",
            load(&node.price_failures),
        ),
        (
            "oracle_age_ms",
            "gauge",
            "Age of the oldest market's oracle price at the last block.",
            oracle_age_ms(app),
        ),
        ("pool_refused_total", "counter", "Submissions refused at admission.", load(&node.refused)),
        ("pool_actions_count", "gauge", "Exchange actions waiting.", count(actions)),
        ("pool_evm_transactions_count", "gauge", "EVM transactions waiting.", count(evm)),
        ("api_exchange_requests_total", "counter", "Requests to /exchange.", own.exchange_requests.value()),
        ("api_info_requests_total", "counter", "Requests to /info.", own.info_requests.value()),
        ("api_responses_ok_total", "counter", "Responses with a status below 400.", own.responses_ok.value()),
        (
            "api_responses_client_error_total",
            "counter",
            "Responses with a status of 4xx.",
            own.responses_client_error.value(),
        ),
        (
            "api_responses_server_error_total",
            "counter",
            "Responses with a status of 5xx.",
            own.responses_server_error.value(),
        ),
        ("api_connections_count", "gauge", "Open connections.", count(own.connections.taken())),
        (
            "api_connections_refused_total",
            "counter",
            "Connections closed for want of room.",
            load(&own.connections_refused),
        ),
        ("api_websockets_count", "gauge", "Open WebSockets.", count(own.websockets.taken())),
        (
            "api_websockets_slow_total",
            "counter",
            "WebSockets closed because their reader was too slow.",
            own.websockets_slow.value(),
        ),
        ("api_queued_bytes", "gauge", "Bytes that slow readers keep waiting.", count(app.queue_room.taken())),
        ("api_subscriptions_count", "gauge", "Subscriptions.", count(app.topics().subscriptions())),
    ];
    for (name, kind, help, value) in rows {
        // Writing to a string does not fail.
        write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n").ok();
    }
    if let Some(more) = app.config.metrics {
        more(&mut out);
    }
    out
}

/// The age of the oldest oracle price of any perpetual market, in milliseconds. One that never had any is as old as the
/// Unix epoch.
fn oracle_age_ms(app: &App) -> u64 {
    let state = app.node.state();
    let (now, exchange) = (state.head().time, &state.tables.exchange);
    let markets = (0..=u16::MAX).map(MarketId).take_while(|id| exchange.perp_markets.peek(id).is_some());
    let updated = |id| exchange.perp_prices.peek(&id).map_or(BlockTime(0), |prices| prices.time);
    markets.map(|id| now.0.saturating_sub(updated(id).0)).max().unwrap_or(0)
}

/// Whether the chain moves.
pub(crate) fn health(app: &App) -> Response<Body> {
    let (height, time) = {
        let state = app.node.state();
        (state.head().height.0, state.head().time.0)
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
    let age_ms = u64::try_from(now).unwrap_or(u64::MAX).saturating_sub(time);
    let stalled = age_ms > STALLED_MS;
    let status = if stalled { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let network = &app.node.identity().network;
    let body = json!({
        "status": if stalled { "stalled" } else { "ok" },
        "height": height,
        "time": time,
        "ageMs": age_ms,
        "network": network_word(network.kind),
        "chainId": network.chain_id.0,
        "genesisHash": network.genesis_hash.to_string(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    http::with_status(status, "application/json", body.to_string())
}

/// What decides how clients sign, as the genesis file calls it.
const fn network_word(kind: NetworkKind) -> &'static str {
    match kind {
        NetworkKind::Production => "production",
        NetworkKind::Test => "test",
        NetworkKind::Dev => "dev",
    }
}
