//! Load in an open loop: what is sent when, and how long it took.
//!
//! [`Schedule`] says when each request is due, whatever became of those before it; [`Plan`] says what it asks for and who
//! signs it; [`Latencies`] are exact percentiles.

mod latency;
mod plan;
mod schedule;

pub use latency::Latencies;
pub use plan::{Mix, Plan};
pub use schedule::Schedule;
