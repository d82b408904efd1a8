//! Tells what this validator says to others, as it says it.

use super::context::Context;
use super::report::{Report, Reporter};
use arc_malachitebft_app_channel::app::engine::util::events::{Event, RxEvent};
use arc_malachitebft_app_channel::app::types::SignedConsensusMsg;
use tokio::sync::broadcast::error::RecvError;

/// Reports every signed message that leaves; ends with the engine.
pub(crate) async fn report(mut events: RxEvent<Context>, reporter: Reporter) {
    loop {
        match events.recv().await {
            Ok(Event::Published(message)) => {
                if let Some(report) = of(&message) {
                    reporter(report);
                }
            }
            // Reports are for people and tests; the engine does not wait for them.
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// `None` for a message in round nil, which the engine does not send.
fn of(message: &SignedConsensusMsg<Context>) -> Option<Report> {
    match message {
        SignedConsensusMsg::Vote(vote) => vote.message.plain().map(Report::Voted),
        SignedConsensusMsg::Proposal(proposal) => proposal.message.plain().map(Report::Proposed),
    }
}
