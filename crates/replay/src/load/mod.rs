//! Load in an open loop: what is sent when, and how long it took.
//!
//! [`Schedule`] says when each request is due, whatever became of those before it; [`Plan`] says what it asks for and who
//! signs it; [`request_body`] is the request as a client of the API writes it; [`Latencies`] are exact percentiles.

mod latency;
mod plan;
mod request;
mod schedule;

pub use latency::Latencies;
pub use plan::{Mix, Plan};
pub use request::{RequestKey, request_body};
pub use schedule::Schedule;
