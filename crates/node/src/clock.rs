//! This node's clock, and what it has to say about the times of blocks.
//!
//! The rules bound how far a block's time may step; whether a time is true only a clock can tell, so it is judged by
//! those who vote, before they vote, and by nobody after (ADR-0005). Only times ahead are refused: one that lags is
//! corrected by the next honest proposer, one that leads can't be, because time never goes back.
//! Source: Tendermint's proposer-based timestamps, without their lower bound.

use std::time::{SystemTime, UNIX_EPOCH};
use tandem_system::Parameters;
use tandem_types::{BlockTime, Header};

/// How far ahead of this node's clock a proposed block's time may be, in milliseconds: how far apart the clocks of
/// honest validators may be.
const LEAD_MAX_MS: u64 = 500;

/// Milliseconds since the Unix epoch.
pub(crate) fn now() -> BlockTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    BlockTime(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The time of a block to be built on `tip`: the clock's, within what the rules allow. A chain that stood still catches
/// up step by step.
pub(crate) fn time_to_build(now: BlockTime, tip: &Header, parameters: Option<&Parameters>) -> BlockTime {
    let latest = parameters.map_or(now, |parameters| parameters.latest_time_after(tip.height, tip.time));
    now.min(latest).max(tip.time.plus_ms(1))
}

/// Whether a proposed time is further ahead than honest clocks may be.
///
/// Asked of blocks that are proposed again, too: that a polka stands behind them is their proposer's word, and the
/// engine pairs proposals with blocks by id alone. A block whose time was good in an earlier round is good later.
pub(crate) const fn is_ahead(time: BlockTime, now: BlockTime) -> bool {
    time.0 > now.plus_ms(LEAD_MAX_MS).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_types::{ChainId, Height};

    #[test]
    fn a_block_is_built_at_the_clocks_time_within_the_rules() {
        let parameters = Parameters { time_step_max_ms: 60_000, ..Parameters::dev(ChainId(1)) };
        // Height and time of the tip, the clock, the block's time.
        let rows = [
            (0, 1_000, 500_000_000, 500_000_000),
            (0, 1_000, 500, 1_001),
            (7, 1_000, 1_100, 1_100),
            (7, 1_000, 61_000, 61_000),
            (7, 1_000, 61_001, 61_000),
            (7, 1_000, 500_000_000, 61_000),
            (7, 1_000, 1_000, 1_001),
            (7, 1_000, 0, 1_001),
        ];
        for (height, time, now, expected) in rows {
            let tip = Header { height: Height(height), time: BlockTime(time), ..Header::default() };
            let built = time_to_build(BlockTime(now), &tip, Some(&parameters));
            assert_eq!(built, BlockTime(expected), "on {height} at {time}, clock {now}");
        }
    }

    #[test]
    fn a_time_may_lead_the_clock_by_as_much_as_clocks_differ() {
        for (time, ahead) in [(0, false), (10_000, false), (10_500, false), (10_501, true), (u64::MAX, true)]
        {
            assert_eq!(is_ahead(BlockTime(time), BlockTime(10_000)), ahead, "{time}");
        }
        assert!(!is_ahead(BlockTime(u64::MAX), BlockTime(u64::MAX)));
    }
}
