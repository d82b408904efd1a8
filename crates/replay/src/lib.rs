//! Order flow for the exchange: recorded and replayed, or made up as load.
//!
//! [`read_messages`] reads a day of LOBSTER messages; [`Flow`] turns them into what traders would have sent, keeping
//! book of what is still open; [`Traders`] sign it as many accounts, which [`needs`] says how to fund. [`Lockstep`] runs
//! it through the transition function with time and nonces from the file, so that two runs end in the same root; for a
//! node that decides for itself when to cut a block, [`Window`] says what may be under way at once. [`load`] is for
//! measuring a running node, and [`request_body`] is what clients of one send.
#![forbid(unsafe_code)]

mod flow;
mod key;
pub mod load;
mod lobster;
mod lockstep;
mod needs;
mod perpetual;
mod request;
mod traders;
mod window;

pub use flow::{Command, Flow, Skipped};
pub use key::{RequestKey, user_signed};
pub use lobster::{FlowError, Kind, Message, PRICE_DECIMALS, read_messages};
pub use lockstep::{Lockstep, LockstepError, Progress, Tally};
pub use needs::{Need, needs};
pub use perpetual::Perpetual;
pub use request::request_body;
pub use traders::Traders;
pub use window::{Pending, Window};
