//! When the next height starts.
//!
//! The engine starts a height when we answer `Finalized`, so the answer waits until one block time after the block's
//! own time. That time is in the header, the same for all, so validators start together whatever their latency was;
//! an engine target counted from each node's own start lets them drift apart.

use super::Host;
use crate::engine::context::{Context, Height};
use crate::engine::peers;
use crate::{Application, ExtensionPolicy};
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::engine::host::{HeightParams, Next};
use arc_malachitebft_app_channel::app::types::core::VoteExtensionPolicy;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tandem_types::BlockTime;

/// Subtracted from the wait: what the timer's granularity and the start of a height add. Measured.
const LEAD: Duration = Duration::from_micros(1_500);

impl<A: Application> Host<A> {
    pub(super) fn ready(&self, reply: Reply<(Height, HeightParams<Context>)>) {
        let (start, wiring) = ((self.height().into(), self.params()), &self.wiring);
        let peers = peers::wait(wiring.network_requests.clone(), wiring.peers_wanted, wiring.peers_wait);
        self.wiring.runtime.spawn(async move {
            peers.await;
            reply.send(start).ok();
        });
    }

    pub(super) fn start_next(&self, reply: Reply<Next<Context>>) {
        let next = Next::Start(self.height().into(), self.params());
        let wait = wait(SystemTime::now(), self.tip.time, self.block_time());
        self.wiring.runtime.spawn(async move {
            tokio::time::sleep(wait).await;
            reply.send(next).ok();
        });
    }

    const fn block_time(&self) -> Duration {
        Duration::from_millis(self.tip.next.block_time_ms)
    }

    fn params(&self) -> HeightParams<Context> {
        let next = &self.tip.next;
        // Others' late precommits are worth having: for their authors' rewards, and as a spare in the certificate.
        let gather = (next.validators.validators().len() > 1).then(|| self.block_time() * 3 / 5);
        let policy = match next.extensions {
            ExtensionPolicy::Disabled => VoteExtensionPolicy::Disabled,
            ExtensionPolicy::Required => VoteExtensionPolicy::Required,
        };
        HeightParams::new(next.validators.clone(), self.wiring.timeouts.engine(), gather)
            .with_vote_extension_policy(policy)
    }
}

/// Time left from `now` until a block time after `last`, at most two block times: a clock may be wrong, the chain's
/// time may be ahead of it.
fn wait(now: SystemTime, last: BlockTime, block_time: Duration) -> Duration {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let due = Duration::from_millis(last.0).saturating_add(block_time).saturating_sub(LEAD);
    due.saturating_sub(now).min(block_time * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_height_waits_for_the_block_time_and_never_for_a_wrong_clock() {
        let block_time = Duration::from_millis(100);
        let wait_at =
            |now_us: u64| wait(UNIX_EPOCH + Duration::from_micros(now_us), BlockTime(5_000), block_time);
        for (now_us, wait_us) in [
            (5_000_000, 98_500),
            (5_030_000, 68_500),
            (5_098_499, 1),
            (5_098_500, 0),
            (9_000_000, 0),
            (4_900_000, 198_500),
            (0, 200_000),
        ] {
            assert_eq!(wait_at(now_us), Duration::from_micros(wait_us), "at {now_us} µs");
        }
    }
}
