//! Replays recorded order flow as signed orders of many accounts, and says what became of it.
//!
//! Through the API of a running node (`live`), whose blocks then prove what happened; or on a chain of its own that the file
//! alone drives (`lockstep`).

mod accounts;
mod book;
mod feed;
mod live;
mod lockstep;
mod market;
mod progress;
mod tally;

use crate::cli::Replay;
use eyre::{Result, WrapErr, bail};
use std::fs::File;
use tandem_replay::{Message, Skipped, read_messages};

/// Runs `tandem replay`.
pub(crate) fn run(arguments: &Replay) -> Result<()> {
    let messages = messages(arguments)?;
    match arguments.lockstep {
        Some(per_block) => lockstep::run(arguments, &messages, per_block),
        None => live::run(arguments, &messages),
    }
}

fn messages(arguments: &Replay) -> Result<Vec<Message>> {
    let name = arguments.file.display();
    let file = File::open(&arguments.file).wrap_err_with(|| format!("opening {name}"))?;
    let mut messages = read_messages(file).wrap_err_with(|| {
        format!("{name} is not in LOBSTER's message format: lines of time,type,order,size,price,direction")
    })?;
    messages.truncate(arguments.messages.unwrap_or(usize::MAX));
    if messages.is_empty() {
        bail!("{name} has no messages");
    }
    Ok(messages)
}

/// Says what no account sent.
fn print_skipped(skipped: Skipped) {
    println!(
        "  skipped    {} about orders from before the file, {} of hidden orders",
        skipped.unknown, skipped.hidden
    );
}
