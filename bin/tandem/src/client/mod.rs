//! A client of a node's API, for the commands that use one: who it is, requests over WebSockets, what it answers.

mod answer;
mod link;
mod node;

pub(crate) use answer::{Answer, Said};
pub(crate) use link::{Client, Heard, Kind, PATIENCE, Stream, connect, post_text};
pub(crate) use node::{Health, Node};
