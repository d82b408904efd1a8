//! Queries of events: what they ask for, which events that is, and finding them.

mod filter;
mod query;
mod scan;

pub(crate) use filter::LogFilter;
pub(crate) use query::{LogQuery, Span};
pub(crate) use scan::{Range, find, matching, scan};

#[cfg(test)]
mod tests;
