//! Where a validator's prices come from.
//!
//! - [`PriceSource`]: what the node asks with each vote that carries a report.
//! - [`Simulation`]: a seeded random walk, for chains without money.
//! - [`FileConfig`]: a file of times and prices, read again whenever it changes.
//! - [`HttpConfig`]: a server that answers with JSON.
//!
//! It knows neither blocks nor reports: the node asks for a market by its name, and makes the report. A source answers
//! from memory, at once; whatever has to be waited for is fetched beside it. One that has no price says why, and the
//! report goes without that market.
#![forbid(unsafe_code)]

mod file;
mod http;
mod polled;
mod series;
mod simulation;
mod source;

pub use file::FileConfig;
pub use http::{HttpConfig, HttpError};
pub use simulation::{Simulation, Walk};
pub use source::{Last, Market, PriceMicros, PriceSource, Sighting, SourceError};
