//! Requests to their handlers.

use crate::app::App;
use crate::config::body_units;
use crate::error::ApiError;
use crate::{docs, exchange, info, metrics, ws};
use axum::body::{Body, HttpBody, to_bytes};
use axum::http::header::{self, HeaderValue};
use axum::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;
use tandem_connections::Peer;
use tokio::sync::SemaphorePermit;

const JSON: &str = "application/json";

/// What is served where, for the error that names it.
const PATHS: &str =
    "POST /info, POST /exchange, GET /ws, GET /health, GET /metrics, GET /openapi.json, GET /docs";

/// Bodies up to this length are read without asking for room: an order, a few cancels.
const BODY_SHORT_BYTES: usize = 8 << 10;

/// Answers one request.
pub(crate) async fn handle(app: Arc<App>, peer: Peer, request: Request<Incoming>) -> Response<Body> {
    let ip = peer.ip;
    let is_weighed = matches!(request.uri().path(), "/info" | "/exchange");
    let mut response = match route(&app, peer, request).await {
        Ok(response) => response,
        Err(error) => of_error(&error),
    };
    if let Some(left) = app.rates.left(ip, &app.config.limits).filter(|_| is_weighed) {
        left.write(response.headers_mut());
        let names = "retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset";
        let exposed = HeaderValue::from_static(names);
        response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    // Pages of any origin may use a public API; nothing here is guarded by cookies.
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    app.counters.count_response(response.status());
    response
}

async fn route(app: &Arc<App>, peer: Peer, request: Request<Incoming>) -> Result<Response<Body>, ApiError> {
    let method = request.method().clone();
    match (request.uri().path(), method) {
        ("/exchange", Method::POST) => {
            let body = read_body(app, request).await?;
            app.counters.exchange_requests.add();
            exchange::answer(app, peer.ip, &body).await.map(|body| ok(JSON, body))
        }
        ("/info", Method::POST) => {
            let body = read_body(app, request).await?;
            app.counters.info_requests.add();
            info::answer(app, peer.ip, &body).map(|body| ok(JSON, body))
        }
        ("/ws", Method::GET) => ws::upgrade(app, peer, request).await,
        ("/health", Method::GET) => Ok(metrics::health(app)),
        ("/metrics", Method::GET) => Ok(ok("text/plain; version=0.0.4", metrics::text(app))),
        ("/openapi.json", Method::GET) => Ok(ok(JSON, docs::openapi())),
        ("/" | "/docs", Method::GET) => Ok(ok("text/html; charset=utf-8", docs::PAGE)),
        (_, Method::OPTIONS) => Ok(preflight()),
        ("/exchange" | "/info" | "/ws" | "/health" | "/metrics" | "/openapi.json" | "/docs", method) => {
            let text = format!("{method} is not served here: use {PATHS}");
            Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text))
        }
        (path, _) => {
            let shown: String = path.chars().take(80).collect();
            let text = format!("nothing at {shown}: use {PATHS}");
            Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", text))
        }
    }
}

async fn read_body(app: &App, request: Request<Incoming>) -> Result<Bytes, ApiError> {
    let limits = &app.config.limits;
    let max = limits.body_bytes_max;
    let too_long = || {
        let text = format!("body is longer than {max} bytes");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_long", text).with("max", max)
    };
    let body = request.into_body();
    let hint = body.size_hint();
    let bytes = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    if bytes(hint.lower()) > max {
        return Err(too_long());
    }
    let longest = hint.upper().map_or(max, bytes).min(max);
    let _room = (longest > BODY_SHORT_BYTES).then(|| body_room(app, longest)).transpose()?;
    // One byte more than allowed tells a body that is too long from one that broke off.
    let read = to_bytes(Body::new(body), max);
    match tokio::time::timeout(Duration::from_millis(limits.body_timeout_ms), read).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if is_length(&error) => Err(too_long()),
        Ok(Err(_)) => Err(ApiError::new(StatusCode::BAD_REQUEST, "broken_body", "body broke off")),
        Err(_) => {
            Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", "body took too long to arrive"))
        }
    }
}

/// Room for a long body, until it is read.
fn body_room(app: &App, bytes: usize) -> Result<SemaphorePermit<'_>, ApiError> {
    let count = u32::try_from(body_units(bytes)).unwrap_or(u32::MAX);
    app.body_room.try_acquire_many(count).map_err(|_| {
        let text = "too many long requests are being read";
        let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", text);
        ApiError { retry_after_s: Some(1), ..error }
    })
}

/// Whether reading stopped at the limit.
fn is_length(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.to_string().contains("length limit") {
            return true;
        }
        source = error.source();
    }
    false
}

pub(crate) fn ok(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    with_status(StatusCode::OK, content_type, body)
}

pub(crate) fn with_status(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(crate) fn of_error(error: &ApiError) -> Response<Body> {
    let mut response = with_status(error.status, JSON, error.body().to_string());
    if let Some(seconds) = error.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What a browser asks before it posts JSON to another origin.
fn preflight() -> Response<Body> {
    let mut response = with_status(StatusCode::NO_CONTENT, JSON, Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}
