//! The exchange's public face: `/info`, `/exchange` and `/ws`, wire-compatible with Hyperliquid's.
//!
//! Existing SDKs work by changing their base URL. What their users miss comes as extra fields: sequence numbers and a
//! snapshot mark on every channel, ticks per price band, stable error codes, and for a wrong signature the address that it
//! recovers to with the hash that should have been signed.
//!
//! The face decides nothing. It turns JSON into the bytes that were signed ([`transcode`](mod@transcode)), hands them to
//! the node, and turns receipts and views into JSON; no number passes through floating point ([`Fixed`]).
//! Whoever has an answer reads its own writes: an answer waits until the views stand at its block.
//!
//! Bounds, each named where it is used: bytes of a body and of a message, connections in all and from one address, the
//! weight of one address's requests, idle time, patience with those who do not read, subscriptions, messages and bytes that wait for a slow reader.
#![forbid(unsafe_code)]

mod app;
mod clearing;
mod config;
mod counters;
mod docs;
mod error;
mod exchange;
mod feed;
mod format;
mod hex;
mod http;
mod info;
mod metrics;
mod rates;
mod request;
mod response;
mod server;
mod transcode;
mod views;
mod wire;
mod ws;

pub use config::{ApiConfig, Limits};
pub use error::{ApiError, ServeError};
pub use format::Fixed;
pub use request::{ExchangeRequest, Kind};
pub use server::{Server, serve};
pub use transcode::{TranscodeError, transcode};
