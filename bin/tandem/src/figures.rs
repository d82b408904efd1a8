//! Times as reports show them.

use std::time::Duration;

/// Of each ten thousand, so many took no longer: what reports show of latencies.
pub(crate) const SHARES: [u32; 5] = [5_000, 9_000, 9_900, 9_990, 10_000];

/// Milliseconds with one decimal.
pub(crate) fn milliseconds(time: Duration) -> String {
    let tenths = time.as_micros() / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Seconds with one decimal.
pub(crate) fn seconds(time: Duration) -> String {
    let tenths = time.as_millis() / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}
