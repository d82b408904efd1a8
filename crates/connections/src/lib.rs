//! TCP connections of clients within bounds: how many, from whom, and how long they may keep the server waiting.
//!
//! The faces bring a service for HTTP/1; what it answers is theirs. A connection has a place among all and among those
//! of its address ([`Places`]) until its socket is closed, also while it is a WebSocket. One that does not send the head
//! of a request in time, or takes nothing of what is written to it, is closed ([`Patient`]). So clients that are idle,
//! slow or gone cost a bounded number of file descriptors and a bounded time.
#![forbid(unsafe_code)]

mod files;
mod limits;
mod listen;
mod patient;
mod places;
mod serve;

pub use files::{FilesError, raise_open_files};
pub use limits::ConnectionLimits;
pub use listen::listen;
pub use patient::Patient;
pub use places::{Place, Places};
pub use serve::{Doors, Peer, stopped};
