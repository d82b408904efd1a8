//! Order flow for the exchange: recorded and replayed, or made up as load.
//!
//! [`read_messages`] reads a day of LOBSTER messages; [`Flow`] turns them into what traders would have sent, keeping
//! book of what is still open; [`Traders`] sign it as many accounts; [`Lockstep`] runs it through the transition function
//! with time and nonces from the file, so that two runs end in the same root. [`load`] is for measuring a running node.
#![forbid(unsafe_code)]

mod flow;
pub mod load;
mod lobster;
mod lockstep;
mod traders;

pub use flow::{Command, Flow, Skipped};
pub use lobster::{FlowError, Kind, Message, read_messages};
pub use lockstep::{Lockstep, LockstepError, Progress, Tally};
pub use traders::Traders;
